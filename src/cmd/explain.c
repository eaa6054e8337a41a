/* explain: shows one record step by step: source, normalized, verdicts, ledger, payload. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/explain_write.h"
#include "cmd/load_job.h"
#include "cmd/output.h"

#include "core/log.h"
#include "job/job_load.h"
#include "pipeline/find_record.h"

enum { RESULT_MAX = 1 << 26 };

static void show(void *context, const struct found_record *found)
{
    explain_write(context, found);
}

static int fail_not_found(const struct options *options, const struct job *job, uint64_t rows,
                          struct error *error)
{
    const char *input = job->input.paths[0];

    if (options->key)
        return error_set(error, ERROR_USAGE,
                         "no record has the external_id `%s` (%" PRIu64 " rows were read)", options->key,
                         rows);
    return error_set(error, ERROR_USAGE, "%s: there is no row %" PRIu64 ", the input has %" PRIu64 " rows",
                     input, options->row, rows);
}

static int explain(const struct options *options, struct job *job, const struct provider *provider,
                   struct error *error)
{
    const struct record_search search = {
        .job = job, .provider = provider, .row = options->row, .key = options->key};
    struct explain_settings settings = {.job = job, .provider = provider, .unmask = options->unmask};
    struct buffer out;
    uint64_t rows;

    buffer_init(&out, RESULT_MAX);
    settings.out = &out;
    int status = find_record(&search, show, &settings, &rows, error);
    if (status == 1)
        status = output_result(buffer_slice(&out), 0);
    else if (status == 0)
        status = fail_not_found(options, job, rows, error);
    buffer_clear(&out);
    return status;
}

int command_explain(const struct options *options)
{
    const struct provider *provider;
    struct error error;

    if (!options->row == !options->key) {
        log_error("%s\nhint: kyc-import explain %s --row N, or --key ID",
                  options->row ? "--row N and --key ID cannot be combined" : "no record given",
                  options->argument);
        return ERROR_USAGE;
    }
    struct job *job = load_job(options, LOAD_JOB_READ, &provider, &error);
    int status = job ? explain(options, job, provider, &error) : -1;
    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
