#include "pipeline/job_series.h"

#include "core/clock.h"
#include "core/digest.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"

static int record_end(struct job_series *series, int status, struct slice counts, struct error *error)
{
    if (ledger_begin(series->ledger, error) != 0 ||
        ledger_run_finish(series->ledger, status, slice_make(NULL, 0), counts, clock_real_ns(), error) != 0)
        return -1;
    return ledger_commit(series->ledger, error);
}

/* Records outside of the ledger what it has now; a failure becomes the end of the run. 0, or -1. */
static int record_head(struct job_series *series, int status, struct slice counts, struct error *error)
{
    struct error ignored;

    if (ledger_continuity_record(series->job, series->provider, series->ledger, error) == 0)
        return 0;
    (void)record_end(series, error_worse_status(status, (int)error->scope), counts, &ignored);
    return -1;
}

static int start(struct job_series *series, const char *command, struct error *error)
{
    uint8_t digest[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1];

    digest_sha256(series->job->text, slice_make(NULL, 0), digest);
    if (ledger_continuity_check(series->job, series->provider, series->ledger, error) != 0 ||
        ledger_begin(series->ledger, error) != 0 ||
        ledger_run_start(series->ledger, command, KYC_VERSION, digest_hex(digest, sizeof digest, hex),
                         clock_real_ns(), error) != 0 ||
        ledger_commit(series->ledger, error) != 0)
        return -1;
    return record_head(series, 0, slice_make(NULL, 0), error);
}

int job_series_open(struct job_series *series, const char *command, struct job *job,
                    const struct provider *provider, struct error *error)
{
    *series = (struct job_series){.job = job, .provider = provider};
    series->queue = coordinator_queue_new(1);
    if (signals_start(&series->signals, series->queue, error) == 0) {
        series->ledger =
            job_ledger_open(job, provider, JOB_LEDGER_EXCLUSIVE, &series->signals.stop_fd, error);
        if (series->ledger && start(series, command, error) == 0)
            return 0;
    }
    job_series_close(series);
    return -1;
}

int job_series_finish(struct job_series *series, int status, struct slice counts, struct error *error)
{
    struct error ignored;

    if (record_end(series, status, counts, error) == 0)
        return record_head(series, status, counts, error);
    (void)record_end(series, error_worse_status(status, (int)error->scope), counts, &ignored);
    return -1;
}

void job_series_close(struct job_series *series)
{
    ledger_close(series->ledger);
    signals_stop(&series->signals);
    coordinator_queue_free(series->queue);
    *series = (struct job_series){.job = NULL};
}
