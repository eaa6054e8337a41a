#include "cmd/load_job.h"

#include "job/job_load.h"
#include "provider/provider_table.h"

struct job *load_job(const struct options *options, enum load_job_mode mode, const struct provider **provider,
                     struct error *error)
{
    const struct job_overrides overrides = {
        .sets = options->sets,
        .set_count = options->set_count,
        .inputs = options->inputs,
        .input_count = options->input_count,
        .report = options->report,
        .secrets = mode == LOAD_JOB_SEND || mode == LOAD_JOB_ASK,
        .check = mode == LOAD_JOB_CHECK || mode == LOAD_JOB_ASK,
    };
    struct job *job = job_load(options->argument, &overrides, error);

    *provider = job ? provider_of_job(job, overrides.secrets, error) : NULL;
    if (*provider) {
        if (!options->again) /* of merge, which loads the job once more for each shard that it makes */
            job_forget_sources(job);
        return job;
    }
    job_free(job);
    return NULL;
}
