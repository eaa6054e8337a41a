/* check and run: one pipeline, with and without the sender. */
#include <inttypes.h>
#include <string.h>

#include "cmd/adopt_report.h"
#include "cmd/check_shard.h"
#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/notify.h"
#include "cmd/output.h"
#include "cmd/run_report.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "delivery/throughput_estimate.h"
#include "job/job_load.h"
#include "pipeline/pipeline.h"
#include "report/metrics.h"
#include "report/report_keep.h"
#include "report/summary_json.h"

enum { NOTIFY_TEXT_MAX = 2048, RESULT_MAX = 1 << 24 };

enum pass { PASS_CHECK, PASS_RUN, PASS_STRICT_FIRST, PASS_STRICT_SECOND };

struct report_parts {
    const struct job *job;
    const struct provider *provider;
    struct metrics *metrics;
    enum pass pass;
};

/* Only the reports of runs are kept: those of a check, and of run --dry-run, are not a night's. */
static int save_report(void *context, struct run_stats *stats, int status)
{
    const struct report_parts *parts = context;
    const struct job *job = parts->job;
    struct report_history history;

    if (parts->pass == PASS_CHECK)
        run_report_estimate(job, parts->provider, stats);
    if (parts->pass == PASS_CHECK || job->report_keep == 0)
        return run_report_save(job, stats, parts->metrics, NULL, status);
    report_history_read(job->report_folder, &history);
    report_history_add(&history, stats);
    report_history_select(&history, job->report_keep);
    status = run_report_save(job, stats, parts->metrics, &history, status);
    history.runs[0].status = status;
    report_keep_run(stats, job, &history);
    report_history_clear(&history);
    return status;
}

/* Sends the notification of the run's end. stats: NULL: it did not get so far; the reports have been
 * made of it, and the provider's words, which may name customers, are left out of it now. */
static void notify(const struct job *job, struct run_stats *stats, enum pass pass, int status)
{
    char text[NOTIFY_TEXT_MAX] = "";
    struct buffer summary;

    buffer_init(&summary, RESULT_MAX);
    if (stats && stats->finished_ns) {
        if (stats->stopped && stats->stopped_brief[0])
            stats->stopped = stats->stopped_brief;
        summary_json_write(stats, &summary);
        if (pass == PASS_STRICT_FIRST)
            text_format(text, sizeof text, "%" PRIu64 " rejected, so nothing was sent (--strict)",
                        stats->rejected);
        else
            text_format(text, sizeof text,
                        "%" PRIu64 " created, %" PRIu64 " updated, %" PRIu64 " rejected, %" PRIu64
                        " refused, %" PRIu64 " in doubt, %" PRIu64 " unsent%s%s",
                        stats->created, stats->updated, stats->rejected, stats->refused, stats->in_doubt,
                        stats->unsent, stats->stopped ? "; " : "", stats->stopped ? stats->stopped : "");
    }
    const struct notify_end end = {.command = "run",
                                   .status = status,
                                   .started_ns = stats ? stats->started_ns : clock_real_ns(),
                                   .summary = buffer_slice(&summary),
                                   .text = text};
    notify_send(job, &end);
    buffer_clear(&summary);
}

/* One pass over the input, and its report. Returns the exit status, or PIPELINE_ALL_VALID: a second pass
 * follows. */
static int run_pass(const struct options *options, struct job *job, const struct provider *provider,
                    enum pass pass, const struct input_snapshot *strict, const struct adopt_report *plan)
{
    struct metrics *metrics = metrics_new(job);
    struct report_parts report = {.job = job, .provider = provider, .metrics = metrics, .pass = pass};
    const struct pipeline_settings settings = {
        .job = job,
        .provider = provider,
        .send = pass == PASS_RUN || pass == PASS_STRICT_SECOND,
        .limit = options->limit,
        .retry_refused = options->retry_refused,
        .accept_updates = options->accept_updates,
        .new_ledger = options->new_ledger,
        .snapshot = strict,
        .is_first_pass = pass == PASS_STRICT_FIRST,
        .metrics = pass == PASS_RUN || pass == PASS_STRICT_SECOND ? metrics : NULL,
        .report = save_report,
        .report_context = &report,
    };
    struct run_stats *stats =
        run_report_new(job, pass == PASS_CHECK, pass == PASS_CHECK || pass == PASS_STRICT_FIRST);
    int status = pipeline_run(&settings, stats);

    if (status != PIPELINE_ALL_VALID)
        job_forget_secrets(job);
    if (stats->finished_ns) {
        status = run_report_print(options, job, stats, plan, status);
    } else if (status != PIPELINE_ALL_VALID && (status != (int)ERROR_BUSY || metrics_is_begun(metrics))) {
        /* The run did not start: the last report stays, but the metrics show the failure, unless they are
         * those of the run that holds the ledger. */
        struct error error;
        stats->status = status;
        status = run_report_merge_status(metrics_save(metrics, stats, &error), &error, status);
    }
    if (pass != PASS_CHECK && status != PIPELINE_ALL_VALID)
        notify(job, stats, pass, status);
    run_stats_free(stats);
    metrics_free(metrics);
    return status;
}

static int run_strict(const struct options *options, struct job *job, const struct provider *provider)
{
    struct error error;
    struct input_snapshot *strict = input_snapshot_new(&job->input, &error);

    if (!strict) {
        notify(job, NULL, PASS_STRICT_FIRST, output_error(&error));
        return (int)error.scope;
    }
    int status = run_pass(options, job, provider, PASS_STRICT_FIRST, strict, NULL);
    if (status == PIPELINE_ALL_VALID) {
        log_info("all rows are valid: reading the input again and sending");
        status = run_pass(options, job, provider, PASS_STRICT_SECOND, strict, NULL);
    } else if (status == 1) {
        log_error(
            "nothing was sent (--strict): not every row is valid\nhint: correct the rows that the report names, or run without --strict");
    }
    input_snapshot_free(strict);
    return status;
}

static int run_job(const struct options *options, struct job *job, const struct provider *provider, bool send)
{
    char bound[THROUGHPUT_ESTIMATE_TEXT_SIZE];

    throughput_estimate_describe(job, provider, THROUGHPUT_ESTIMATE_LATENCY_MS, bound);
    log_info("%s", bound);
    if (send && options->strict)
        return run_strict(options, job, provider);
    return run_pass(options, job, provider, send ? PASS_RUN : PASS_CHECK, NULL, NULL);
}

static int load_and_run(const struct options *options, bool send)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, send ? LOAD_JOB_SEND : LOAD_JOB_CHECK, &provider, &error);
    int status = job ? run_job(options, job, provider, send) : output_error(&error);

    job_free(job);
    return status;
}

/* The export is read once for the plan and once for the check. */
static int fail_pipe(const struct job *job, struct error *error)
{
    for (size_t i = 0; i < job->input.path_count; i++)
        if (strcmp(job->input.paths[i], "-") == 0)
            return error_set(
                error, ERROR_USAGE,
                "--against-provider reads the input twice, so it cannot be standard input\nhint: write it to a file first");
    return 0;
}

/* A check that also shows what adopt would do: it asks the provider, and sends and writes nothing else. */
static int check_against_provider(const struct options *options, struct job *job,
                                  const struct provider *provider)
{
    const struct adopt_job_settings settings = {
        .job = job, .provider = provider, .limit = options->limit, .is_dry = true};
    struct adopt_job_result result = {.finished_ns = 0};
    struct adopt_report plan = {.job = job, .provider = provider, .result = &result, .is_dry = true};
    struct error error;
    int asked = fail_pipe(job, &error);

    if (asked == 0)
        asked = adopt_job_run(&settings, &result, &error);
    int status = asked == 0 ? adopt_job_status(&result) : output_error(&error);
    if (status != (int)ERROR_USAGE) {
        plan.status = status;
        if (result.finished_ns && adopt_report_save(&plan, &error) != 0)
            status = error_worse_status(status, output_error(&error));
        status = error_worse_status(
            status, run_pass(options, job, provider, PASS_CHECK, NULL, result.finished_ns ? &plan : NULL));
    }
    adopt_job_clear(&result);
    return status;
}

static int check_one_shard(const struct options *options)
{
    struct check_shard which = {.folder = options->report, .repeats = options->repeats};
    struct error error;

    if (shard_plan_read(options->shard, &which.shard, &which.of, &error) != 0)
        return output_error(&error);
    if (!options->limit && !options->against_provider)
        return check_shard_run(options, &which, false);
    error_set(&error, ERROR_USAGE,
              "--shard and %s exclude each other\nhint: a shard reads whole files, and asks nobody",
              options->limit ? "--limit" : "--against-provider");
    return output_error(&error);
}

int command_check(const struct options *options)
{
    const struct provider *provider;
    struct error error;

    if (options->shard)
        return check_one_shard(options);
    if (options->repeats || options->shard_key) {
        error_set(&error, ERROR_USAGE, "%s needs --shard\nhint: kyc-import check %s --shard I/N",
                  options->repeats ? "--repeats" : "--shard-key", options->argument);
        return output_error(&error);
    }
    if (!options->against_provider)
        return load_and_run(options, false);
    struct job *job = load_job(options, LOAD_JOB_ASK, &provider, &error);
    int status = job ? check_against_provider(options, job, provider) : output_error(&error);
    job_free(job);
    return status;
}

int command_run(const struct options *options)
{
    return load_and_run(options, !options->dry_run);
}
