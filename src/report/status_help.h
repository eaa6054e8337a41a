/* status_help: what an exit status means and what to do next, for help, manual and reports. Thread: any;
 * pure. */
#ifndef KYC_REPORT_STATUS_HELP_H
#define KYC_REPORT_STATUS_HELP_H

#include <stdbool.h>

enum { STATUS_HELP_COUNT = 8 }; /* 0, 1, and those of enum error_scope (core/error.h) */

struct status_help {
    /* Of a report, which is that of one run: */
    const char *brief;   /* a few words: `interrupted` */
    const char *meaning; /* a clause: `interrupted; run again to resume` */
    const char *action;  /* what to do: sentences */
    /* Of the manual, which is that of all commands: */
    const char *definition; /* all that ends with it */
    const char *scheduler;  /* what a scheduler should do */
};

/* Of a check (is_dry) or a run. Empty texts for a status that is not below STATUS_HELP_COUNT. */
struct status_help status_help_find(int status, bool is_dry);

#endif
