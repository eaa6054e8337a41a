/* job_load: reads a job file into a struct job. The only user of libfyaml.
 *
 * Every error has its file:line:column, the line and, for a misspelt name, the nearest known one. The
 * provider's own demands (its name, the settings that only some providers have, its credentials) are checked
 * by provider_of_job. Thread: one at a time. Owner: job_free, which wipes the secrets.
 */
#ifndef KYC_JOB_JOB_LOAD_H
#define KYC_JOB_JOB_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "model/job.h"

/* What the command line changes. */
struct job_overrides {
    const char **sets; /* `delivery.rate=5/s`: dotted KEY=VALUE, VALUE as YAML; credentials are refused */
    size_t set_count;
    const char **inputs; /* instead of input.path, relative to the working directory; `-` standard input */
    size_t input_count;
    const char *report; /* instead of report, relative to the working directory; NULL: the job's */
    bool secrets;       /* load the credentials (run, probe); else only their form is checked */
    bool check;         /* a dry run: its report and metrics replace nothing of a run's */
};

/* NULL with ERROR_USAGE. A job file that every account may change is refused when secrets are loaded, and
 * warned about otherwise. */
struct job *job_load(const char *path, const struct job_overrides *overrides, struct error *error);
/* Empties the environment variables that it has read (secret_forget_source), once nothing loads it again. */
void job_forget_sources(struct job *job);
/* Overwrites and frees every credential, once nothing will be sent any more. What opens the ledger again, and
 * the secrets of `notify`, are kept until job_free. */
void job_forget_secrets(struct job *job);
void job_free(struct job *job);

#endif
