/* refresh: asks the provider for the verification of the users in the ledger. */
#include <inttypes.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/notify.h"
#include "cmd/output.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/quantity.h"
#include "core/text.h"
#include "dispatch/refresh.h"
#include "dispatch/refresh_counts.h"
#include "job/job_load.h"
#include "pipeline/job_series.h"
#include "report/html_refresh.h"
#include "report/refresh_report.h"

enum { RESULT_MAX = 1 << 20, COUNTS_MAX = 1024, TEXT_SIZE = 128, OLDER_HOURS_MAX = 24 * 366 };

enum {
    UNVERIFIED = 1 << VERIFICATION_UNKNOWN | 1 << VERIFICATION_PENDING | 1 << VERIFICATION_ACTION_NEEDED |
                 1 << VERIFICATION_REJECTED | OPTIONS_DELETED
};

static int read_selection(const struct options *options, uint64_t now_ns, struct ledger_selection *due,
                          struct error *error)
{
    unsigned states = options->only ? options->only : (unsigned)UNVERIFIED;
    char fault[QUANTITY_FAULT_SIZE];
    uint64_t older_ns = 0;

    if (options->older && !quantity_read(slice_from(options->older), &quantity_duration, "--older", 0,
                                         OLDER_HOURS_MAX * CLOCK_NS_PER_HOUR, &older_ns, fault))
        return error_set(error, ERROR_USAGE, "--older: %s", fault);
    *due = (struct ledger_selection){.states = states & ~(unsigned)OPTIONS_DELETED,
                                     .with_deleted = (states & OPTIONS_DELETED) != 0,
                                     .read_before_ns = now_ns - older_ns};
    return 0;
}

static int finish_run(struct job_series *series, struct refresh_stats *stats, struct error *error)
{
    struct buffer counts;

    buffer_init(&counts, COUNTS_MAX);
    buffer_printf(&counts, "{\"read\":%" PRIu64 ",\"requests\":%" PRIu64 "}", stats->reading.read,
                  stats->requests);
    int result = job_series_finish(series, stats->status, buffer_slice(&counts), error);
    buffer_clear(&counts);
    return result;
}

/* Customers that need a look, with the command that lists them. */
static void warn_of_customers(const struct refresh_stats *stats, const struct job *job)
{
    uint64_t rejected = stats->changed[VERIFICATION_REJECTED],
             action_needed = stats->changed[VERIFICATION_ACTION_NEEDED];
    char since[CLOCK_RFC3339_SIZE];

    if (!stats->since_ns)
        log_warning("%" PRIu64 " customer%s rejected, and %" PRIu64
                    " %s action\nhint: kyc-import results %s --verification rejected,action_needed",
                    rejected, rejected == 1 ? " is" : "s are", action_needed,
                    action_needed == 1 ? "needs" : "need", job->path);
    else
        log_warning(
            "since the last refresh %" PRIu64 " customer%s became rejected, and %" PRIu64
            " %s action\nhint: kyc-import results %s --verification rejected,action_needed --since %s",
            rejected, rejected == 1 ? "" : "s", action_needed, action_needed == 1 ? "needs" : "need",
            job->path, clock_rfc3339(stats->since_ns, since));
}

static void warn(const struct refresh_stats *stats, const struct job *job, const struct provider *provider)
{
    const struct refresh_reading *reading = &stats->reading;

    for (size_t i = 0; i < reading->word_count; i++)
        log_warning(
            "unknown word of the provider for a verification: `%s`; these users count as pending\nhint: kyc-import help %s lists the known words; check whether the provider has changed them",
            reading->words[i], provider->name);
    if (reading->stateless)
        log_warning(
            "%" PRIu64
            " answer%s no verification state, so the ledger keeps what it had\nhint: check whether the provider has changed its answers",
            reading->stateless, reading->stateless == 1 ? " has" : "s have");
    if (reading->unclear || reading->no_answer)
        log_warning(
            "the state of %" PRIu64
            " user%s could not be read\nhint: run refresh again; kyc-import status %s --against-provider shows which users differ",
            reading->unclear + reading->no_answer, reading->unclear + reading->no_answer == 1 ? "" : "s",
            job->path);
    if (stats->changed[VERIFICATION_REJECTED] || stats->changed[VERIFICATION_ACTION_NEEDED])
        warn_of_customers(stats, job);
}

/* Merges into stats->status. */
static void add_error(struct refresh_stats *stats, const struct error *error)
{
    stats->status = error_worse_status(stats->status, output_error(error));
}

static void run_refresh(const struct options *options, struct job_series *series,
                        const struct ledger_selection *due, struct refresh_stats *stats)
{
    const struct refresh_parts parts = {.job = series->job,
                                        .provider = series->provider,
                                        .ledger = series->ledger,
                                        .queue = series->queue,
                                        .due = *due,
                                        .limit = options->limit};
    struct error error;
    bool is_broken = false; /* and reported: the ledger is read and written all the same, if it can be */

    stats->complete = refresh_run(&parts, &stats->reading, &stats->requests, &error) == 0;
    if (!stats->complete) {
        add_error(stats, &error);
        is_broken = error.scope == ERROR_LEDGER || ledger_has_failed(series->ledger);
    }
    stats->is_counted = refresh_counts_read(series->ledger, stats, &error) == 0;
    if (!stats->is_counted && !is_broken)
        add_error(stats, &error);
    if (stats->changed[VERIFICATION_REJECTED] || stats->changed[VERIFICATION_ACTION_NEEDED] ||
        stats->reading.unclear || stats->reading.no_answer)
        stats->status = error_worse_status(stats->status, 1);
    if (finish_run(series, stats, &error) != 0 && !is_broken)
        add_error(stats, &error);
}

/* A file that cannot be written changes the status: in the other files, and in the ledger, too. */
static void save_report(struct job_series *series, struct refresh_stats *stats)
{
    const struct job *job = series->job;
    int recorded = stats->status;
    struct error error;

    if (refresh_report_save(stats, job->report_folder, job->refresh_metrics_path, &error) != 0)
        add_error(stats, &error);
    if (html_refresh_save(stats, job, &error) != 0)
        add_error(stats, &error);
    if (stats->status == recorded)
        return;
    (void)refresh_report_save(stats, job->report_folder, job->refresh_metrics_path, &error);
    (void)finish_run(series, stats, &error);
}

static int print(const struct options *options, const struct refresh_stats *stats)
{
    struct buffer out;

    buffer_init(&out, RESULT_MAX);
    if (options->json)
        refresh_report_json(stats, &out);
    else if (!options->quiet || stats->status != 0)
        refresh_report_text(stats, &out);
    int status = output_result(buffer_slice(&out), stats->status);
    buffer_clear(&out);
    return status;
}

/* For the notification. */
static void describe(const struct refresh_stats *stats, char text[TEXT_SIZE])
{
    uint64_t unread = stats->reading.unclear + stats->reading.no_answer;

    if (!stats->is_counted)
        text_format(text, TEXT_SIZE, "the customers were not counted, %" PRIu64 " not read", unread);
    else
        text_format(
            text, TEXT_SIZE, "%" PRIu64 " became rejected, %" PRIu64 " need action, %" PRIu64 " not read",
            stats->changed[VERIFICATION_REJECTED], stats->changed[VERIFICATION_ACTION_NEEDED], unread);
}

/* summary: the counts, once there are some; text: those that a person looks for. */
static int refresh_job(const struct options *options, struct job *job, const struct provider *provider,
                       struct buffer *summary, char text[TEXT_SIZE], struct error *error)
{
    struct refresh_stats stats = {.job = job->name, .started_ns = clock_real_ns()};
    struct ledger_selection due;
    struct job_series series;
    int status = -1;

    if (read_selection(options, stats.started_ns, &due, error) != 0 ||
        job_series_open(&series, REFRESH_COMMAND, job, provider, error) != 0)
        return -1;
    if (refresh_since(series.ledger, &stats.since_ns, error) == 0) {
        if (stats.since_ns > stats.started_ns) /* the clock was set back */
            stats.since_ns = stats.started_ns;
        run_refresh(options, &series, &due, &stats);
        stats.finished_ns = clock_real_ns();
        warn(&stats, job, provider);
        save_report(&series, &stats);
        status = print(options, &stats);
        refresh_report_json(&stats, summary);
        describe(&stats, text);
    } else {
        struct error ignored;
        (void)job_series_finish(&series, (int)error->scope, slice_make(NULL, 0), &ignored);
    }
    job_series_close(&series);
    return status;
}

int command_refresh(const struct options *options)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, LOAD_JOB_SEND, &provider, &error);
    char text[TEXT_SIZE] = "";
    struct notify_end end = {.command = REFRESH_COMMAND, .started_ns = clock_real_ns(), .text = text};
    struct buffer summary;

    buffer_init(&summary, RESULT_MAX);
    int status = job ? refresh_job(options, job, provider, &summary, text, &error) : -1;
    if (status < 0)
        status = output_error(&error);
    end.status = status;
    end.summary = buffer_slice(&summary);
    if (job)
        notify_send(job, &end);
    buffer_clear(&summary);
    job_free(job);
    return status;
}
