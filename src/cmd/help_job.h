/* help_job: the help on what a job file may have: settings, rules, forms of dates. Thread: any. */
#ifndef KYC_CMD_HELP_JOB_H
#define KYC_CMD_HELP_JOB_H

#include <stdbool.h>

#include "cmd/help_page.h"

/* Every setting: what it does, the form of its value, its default, an example. */
void help_job(struct help_page *page);
/* The settings of a name: a path (`delivery.rate`), the end of one (`rate`), and all below it (`delivery`).
 * False: there is none. */
bool help_job_setting(struct help_page *page, const char *name);
/* Calls visit with the path of each setting: `input.csv.delimiter`, `rules[].field`, `fields.FIELD.format`.
 */
void help_job_paths(void (*visit)(const char *path, void *context), void *context);

/* The rules that a job may have, and every verdict that there is: its meaning, and what to do. */
void help_job_rules(struct help_page *page);
/* One verdict, such as `phone/format`. False: there is none of this name. */
bool help_job_verdict(struct help_page *page, const char *name);
/* The forms of dates. */
void help_job_dates(struct help_page *page);

#endif
