/* load_job: loads the job of a command line, and finds its provider.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_LOAD_JOB_H
#define KYC_CMD_LOAD_JOB_H

#include "cmd/options.h"
#include "core/error.h"
#include "model/job.h"
#include "provider/provider.h"

enum load_job_mode {
    LOAD_JOB_READ,  /* without credentials */
    LOAD_JOB_CHECK, /* the same; report and metrics are those of a dry run */
    LOAD_JOB_ASK,   /* with credentials, for a dry run that asks the provider */
    LOAD_JOB_SEND,  /* with credentials */
};

/* Empties the environment variables of the secrets, but for options->again; after an error they stay, so that
 * `probe` can load the job once more, without the credentials. NULL with ERROR_USAGE. Owner: job_free
 * (job/job_load.h); *provider is constant. */
struct job *load_job(const struct options *options, enum load_job_mode mode, const struct provider **provider,
                     struct error *error);

#endif
