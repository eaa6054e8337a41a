/* status_help: what an exit status means and what to do next, for reports. Thread: any; pure. */
#ifndef KYC_REPORT_STATUS_HELP_H
#define KYC_REPORT_STATUS_HELP_H

#include <stdbool.h>

struct status_help {
    const char *brief;   /* a few words: `interrupted` */
    const char *meaning; /* a clause: `interrupted; run again to resume` */
    const char *action;  /* what to do: sentences */
};

/* Of a check (is_dry) or a run. Empty texts for a status above 7. */
struct status_help status_help_find(int status, bool is_dry);

#endif
