/* check and run: one pipeline, with and without the sender. */
#include <inttypes.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "core/clock.h"
#include "core/log.h"
#include "job/job_load.h"
#include "pipeline/pipeline.h"

enum { RESULT_MAX = 1 << 24 };

/* The report's summary, and the result on standard output. */
static int report(const struct options *options, const struct job *job, struct tally *tally, int status)
{
    struct buffer out;
    struct error error;

    if (tally_save(tally, job->report_folder, &error) != 0) {
        log_error("%s", error.text);
        status = error_worse_status(status, (int)error.scope);
    }
    buffer_init(&out, RESULT_MAX);
    if (options->json)
        tally_write_json(tally, &out);
    else if (!options->quiet)
        tally_write_table(tally, job->report_folder, &out);
    else if (status == 1)
        log_warning("%" PRIu64 " rejected, %" PRIu64 " refused, %" PRIu64 " in doubt, %" PRIu64
                    " unsent: see %s",
                    tally->rejected, tally->refused, tally->in_doubt, tally->unsent, job->report_folder);
    status = command_print(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}

static int run_job(const struct options *options, struct job *job, const struct provider *provider,
                   bool send)
{
    const struct pipeline_settings settings = {
        .job = job,
        .provider = provider,
        .send = send,
        .limit = options->limit,
        .retry_refused = options->retry_refused,
        .new_ledger = options->new_ledger,
        .progress = options->progress,
    };
    struct tally *tally = tally_new(job->input.path_count);

    tally->job = job->name;
    tally->command = send ? "run" : "check";
    tally->is_dry = !send;
    tally->started_ns = clock_real_ns();
    for (size_t i = 0; i < job->input.path_count; i++)
        tally->inputs[i].path = job->input.paths[i];
    int status = pipeline_run(&settings, tally);
    if (tally->finished_ns) /* else it did not begin: the last report stands */
        status = report(options, job, tally, status);
    tally_free(tally);
    return status;
}

static int load_and_run(const struct options *options, bool send)
{
    const struct job_overrides overrides = {
        .sets = options->sets,
        .set_count = options->set_count,
        .inputs = options->inputs,
        .input_count = options->input_count,
        .report = options->report,
        .secrets = send,
    };
    struct error error = {0};
    struct job *job = job_load(options->argument, &overrides, &error);
    const struct provider *provider = job ? provider_of_job(job, send, &error) : NULL;
    int status = (int)error.scope;

    if (provider)
        status = run_job(options, job, provider, send);
    else
        log_error("%s", error.text);
    job_free(job);
    return status;
}

int command_check(const struct options *options)
{
    return load_and_run(options, false);
}

int command_run(const struct options *options)
{
    return load_and_run(options, !options->dry_run);
}
