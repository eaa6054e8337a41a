/* job_ledger_setting: the place of a ledger, as a job or a command line names it.
 *
 * Thread: one at a time.
 */
#ifndef KYC_JOB_JOB_LEDGER_SETTING_H
#define KYC_JOB_JOB_LEDGER_SETTING_H

#include "core/error.h"
#include "model/job.h"

/* The location (ledger/ledger.h) that a value of `ledger` names: sqlite:PATH, relative to the job file's
 * folder, or a URL. NULL with ERROR_USAGE, whose message has no part of a URL. Owner: the caller frees. */
char *job_ledger_setting_location(const struct job *job, const char *value, struct error *error);

#endif
