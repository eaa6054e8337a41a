#include "report/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/ascii.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "model/latency_histogram.h"
#include "report/prometheus.h"

enum { METRICS_LABELS_MAX = 2048, METRICS_KEPT_MAX = 32 };

#define METRICS_MAX       ((size_t)16 << 20)
#define METRICS_PERIOD_NS (60 * CLOCK_NS_PER_S)

struct metrics {
    const struct job *job;
    char *path;           /* owned */
    struct buffer before; /* the file of the run before */
    bool was_read, has_warned;
    uint64_t next_ns; /* monotonic */
};

struct metrics_writer {
    const struct run_stats *stats;
    const struct metrics_progress *progress; /* NULL: the run has ended */
    struct slice before;
    struct buffer *out;
    struct buffer labels; /* `import="…",command="…"` */
};

static void metrics_name(const struct metrics_writer *metrics, const char *name, const char *help)
{
    prometheus_write_family(metrics->out, name, "gauge", help);
}

static void metrics_begin_sample(const struct metrics_writer *metrics, const char *name, const char *label,
                                 const char *value)
{
    buffer_printf(metrics->out, PROMETHEUS_PREFIX "%s{%s", name, metrics->labels.data);
    if (label) {
        buffer_printf(metrics->out, ",%s=\"", label);
        prometheus_write_label(metrics->out, value);
        buffer_append_char(metrics->out, '"');
    }
    buffer_append_text(metrics->out, "} ");
}

static void metrics_count(const struct metrics_writer *metrics, const char *name, const char *label,
                          const char *value, uint64_t count)
{
    metrics_begin_sample(metrics, name, label, value);
    buffer_printf(metrics->out, "%" PRIu64 "\n", count);
}

static void metrics_decimal(const struct metrics_writer *metrics, const char *name, const char *label,
                            const char *value, double number)
{
    metrics_begin_sample(metrics, name, label, value);
    buffer_printf(metrics->out, "%.6f\n", number);
}

struct metrics_row {
    const char *label_value;
    uint64_t count;
};

static void metrics_rows(const struct metrics_writer *metrics, const char *name, const char *label,
                         const char *help, const struct metrics_row *rows, size_t count)
{
    metrics_name(metrics, name, help);
    for (size_t i = 0; i < count; i++)
        metrics_count(metrics, name, label, rows[i].label_value, rows[i].count);
}

static void metrics_records(const struct metrics_writer *metrics)
{
    const struct run_stats *stats = metrics->stats;
    const struct metrics_row records[] = {
        {"read", stats->read},
        {"skipped", stats->skipped},
        {"valid", stats->valid},
        {"rejected", stats->rejected},
        {"warned", stats->warned},
        {"created", stats->created},
        {"updated", stats->updated},
        {"unchanged", stats->unchanged},
        {"refused", stats->refused},
        {"in_doubt", stats->in_doubt + (metrics->progress ? metrics->progress->in_doubt : 0)},
        {"unsent", stats->unsent},
        {"absent", stats->absent},
        {"in_doubt_absent", stats->in_doubt_absent},
        {"provider_warned", stats->provider_warned},
    };
    const struct metrics_row plan[] = {
        {"create", stats->plan.create},       {"update", stats->plan.update},
        {"unchanged", stats->plan.unchanged}, {"settle", stats->plan.settle},
        {"refused", stats->plan.refused},     {"twins", stats->plan.twins},
    };
    uint64_t bytes = 0, complete = 0;
    for (size_t i = 0; i < stats->input_count; i++) {
        bytes += stats->inputs[i].bytes;
        complete += stats->inputs[i].complete;
    }
    metrics_rows(
        metrics, "records", "state",
        "Records of the last run, or so far of the one in progress, by outcome; read and valid are sums of others.",
        records, sizeof records / sizeof *records);
    metrics_rows(metrics, "plan_records", "action",
                 "Planned actions for the valid records, by comparison with the ledger.", plan,
                 sizeof plan / sizeof *plan);
    metrics_name(metrics, "input_bytes", "Bytes of input read.");
    metrics_count(metrics, "input_bytes", NULL, NULL, bytes);
    metrics_name(metrics, "input_files", "Input files of the job.");
    metrics_count(metrics, "input_files", NULL, NULL, stats->input_count);
    metrics_name(metrics, "input_complete_files", "Input files read to their end.");
    metrics_count(metrics, "input_complete_files", NULL, NULL, complete);
}

static void metrics_rules(const struct metrics_writer *metrics, const char *name, const char *help,
                          enum verdict_level level, const uint32_t *ranking)
{
    struct buffer rule;
    buffer_init(&rule, METRICS_LABELS_MAX);
    metrics_name(metrics, name, help);
    for (size_t i = 0; i < metrics->stats->rule_count; i++) {
        const struct run_stats_rule *counted = &metrics->stats->rules[ranking[i]];
        if (counted->level != level)
            continue;
        buffer_reset(&rule);
        buffer_printf(&rule, "%s/%s", field_name(counted->field), counted->rule);
        metrics_count(metrics, name, "rule", rule.data, counted->records);
    }
    buffer_clear(&rule);
}

/* Cumulative, as Prometheus wants them: a bucket holds those below it too. */
static void metrics_latencies(const struct metrics_writer *metrics)
{
    const struct latency_histogram *latencies = &metrics->stats->latencies;
    uint64_t count = 0;

    prometheus_write_family(metrics->out, "latency_seconds", "histogram",
                            "Time from sending a request to its complete reply.");
    for (size_t i = 0; i < LATENCY_HISTOGRAM_BUCKETS; i++) {
        count += latencies->counts[i];
        metrics_count(metrics, "latency_seconds_bucket", "le", latency_histogram_bound(i), count);
    }
    metrics_decimal(metrics, "latency_seconds_sum", NULL, NULL,
                    (double)latencies->sum_ns / (double)CLOCK_NS_PER_S);
    metrics_count(metrics, "latency_seconds_count", NULL, NULL, count);
}

static void metrics_requests(const struct metrics_writer *metrics)
{
    const struct run_stats *stats = metrics->stats;

    metrics_name(metrics, "requests", "Requests sent.");
    metrics_count(metrics, "requests", NULL, NULL, stats->requests);
    metrics_name(metrics, "retries", "Retried requests, by cause.");
    for (int cause = 0; cause < RETRY_CAUSES; cause++)
        metrics_count(metrics, "retries", "cause", retry_cause_word((enum retry_cause)cause),
                      stats->retries[cause]);
    metrics_latencies(metrics);
    if (metrics->progress)
        return;
    metrics_name(metrics, "requests_per_second", "Mean rate of the last run while there was work.");
    metrics_decimal(metrics, "requests_per_second", NULL, NULL, stats->rate_per_s);
}

/* The value of the sample `kyc_import_NAME{…command="COMMAND"}` in the previous file, as it is written there;
 * empty when it has none. state: a further label's value; NULL: none. */
static struct slice metrics_find(const struct metrics_writer *metrics, const char *name, const char *state)
{
    char begin[256], sample[256];
    snprintf(begin, sizeof begin, PROMETHEUS_PREFIX "%s{", name);
    snprintf(sample, sizeof sample, ",command=\"%s\"%s%s%s} ", metrics->stats->command,
             state ? ",state=\"" : "", state ? state : "", state ? "\"" : "");
    size_t sample_len = strlen(sample), len = 0;
    struct slice before = metrics->before, line;
    while (slice_next_line(&before, &line)) {
        const char *found =
            slice_begins_with(line, begin) ? memmem(line.data, line.len, sample, sample_len) : NULL;
        if (!found)
            continue;
        struct slice value = slice_skip(line, (size_t)(found - line.data) + sample_len);
        while (len < value.len && (ascii_is_digit(value.data[len]) || value.data[len] == '.'))
            len++;
        return slice_make(value.data, len > 0 && len < METRICS_KEPT_MAX && value.data[0] != '.' ? len : 0);
    }
    return slice_make("", 0);
}

static void metrics_keep_sample(const struct metrics_writer *metrics, const char *name, const char *state)
{
    struct slice value = metrics_find(metrics, name, state);

    if (value.len == 0)
        return;
    metrics_begin_sample(metrics, name, state ? "state" : NULL, state);
    buffer_append(metrics->out, value);
    buffer_append_char(metrics->out, '\n');
}

/* What the runs before have left: the family with its value in the previous file, or nothing. */
static void metrics_keep(const struct metrics_writer *metrics, const char *name, const char *help)
{
    if (metrics_find(metrics, name, NULL).len == 0)
        return;
    metrics_name(metrics, name, help);
    metrics_keep_sample(metrics, name, NULL);
}

/* Of the ledger's users, at the end of the last run that knew them. */
static void metrics_verification(const struct metrics_writer *metrics)
{
    const struct run_stats *stats = metrics->stats;

    if (!stats->verification.is_known &&
        metrics_find(metrics, REFRESH_METRIC, refresh_report_state(0)).len == 0)
        return;
    metrics_name(metrics, REFRESH_METRIC, REFRESH_METRIC_HELP);
    for (unsigned state = 0; state < REFRESH_STATES; state++)
        if (stats->verification.is_known)
            metrics_count(metrics, REFRESH_METRIC, "state", refresh_report_state(state),
                          stats->verification.customers[state]);
        else
            metrics_keep_sample(metrics, REFRESH_METRIC, refresh_report_state(state));
}

/* A time that keeps its value until the event happens again. */
static void metrics_time(const struct metrics_writer *metrics, const char *name, const char *help,
                         bool happened, uint64_t time_s)
{
    if (!happened) {
        metrics_keep(metrics, name, help);
        return;
    }
    metrics_name(metrics, name, help);
    metrics_count(metrics, name, NULL, NULL, time_s);
}

static bool is_complete(const struct run_stats *stats)
{
    for (size_t i = 0; i < stats->input_count; i++)
        if (!stats->inputs[i].complete)
            return false;
    return stats->status <= 1 && stats->unsent == 0 && !stats->is_partial;
}

static void metrics_times(const struct metrics_writer *metrics)
{
    static const char status_help[] =
        "Exit status of the last run that ended: 0 success, 1 some records need a look, more is worse.";
    static const char duration_help[] = "Duration of the last run that ended.";
    const struct run_stats *stats = metrics->stats;
    bool ended = !metrics->progress;
    uint64_t now_s = (stats->finished_ns ? stats->finished_ns : clock_real_ns()) / CLOCK_NS_PER_S;

    metrics_name(metrics, "updated_timestamp_seconds",
                 "When this file was written: every minute during a run, and at its end.");
    metrics_count(metrics, "updated_timestamp_seconds", NULL, NULL, now_s);
    metrics_name(metrics, "run_in_progress",
                 "1 during a run, and after one that was killed (then the file is not updated any more).");
    metrics_count(metrics, "run_in_progress", NULL, NULL, !ended);
    metrics_name(metrics, "last_start_timestamp_seconds", "When the last run began.");
    metrics_count(metrics, "last_start_timestamp_seconds", NULL, NULL, stats->started_ns / CLOCK_NS_PER_S);
    if (ended) {
        metrics_name(metrics, "status", status_help);
        metrics_count(metrics, "status", NULL, NULL, (uint64_t)stats->status);
        metrics_name(metrics, "duration_seconds", duration_help);
        metrics_decimal(metrics, "duration_seconds", NULL, NULL, stats->seconds);
    } else {
        metrics_keep(metrics, "status", status_help);
        metrics_keep(metrics, "duration_seconds", duration_help);
    }
    metrics_time(metrics, "last_run_timestamp_seconds", "When the last run ended, with any status.", ended,
                 now_s);
    metrics_time(metrics, "last_end_timestamp_seconds",
                 "When a run last finished, with or without rejects (status 0 or 1).",
                 ended && stats->status <= 1, now_s);
    metrics_time(metrics, "last_complete_timestamp_seconds",
                 "When a run last ended with status 0 or 1, its input read to the end and nothing unsent.",
                 ended && stats->finished_ns && is_complete(stats), now_s);
    metrics_time(metrics, "last_success_timestamp_seconds",
                 "When a run last had status 0: every row valid and done.", ended && stats->status == 0,
                 now_s);
}

/* Of the ledger; a run that could not begin knows no newer values. */
static void metrics_in_doubt(const struct metrics_writer *metrics)
{
    static const char name[] = "in_doubt_customers", oldest_name[] = "in_doubt_oldest_timestamp_seconds";
    static const char help[] =
        "Customers of the ledger in doubt, when the last run began or, once it has ended, at its end.";
    static const char oldest_help[] =
        "When the request was first sent that is in doubt for the longest time; missing: none is.";
    const struct run_stats *stats = metrics->stats;

    if (!stats->ledger_in_doubt.is_known) {
        metrics_keep(metrics, name, help);
        metrics_keep(metrics, oldest_name, oldest_help);
        return;
    }
    metrics_name(metrics, name, help);
    metrics_count(metrics, name, NULL, NULL, stats->ledger_in_doubt.customers);
    if (!stats->ledger_in_doubt.oldest_ns)
        return;
    metrics_name(metrics, oldest_name, oldest_help);
    metrics_count(metrics, oldest_name, NULL, NULL, stats->ledger_in_doubt.oldest_ns / CLOCK_NS_PER_S);
}

static void metrics_share(const struct metrics_writer *metrics)
{
    if (!metrics->progress || metrics->progress->share < 0)
        return;
    metrics_name(metrics, "progress_ratio", "Share of the input that is done, 0 to 1; only during a run.");
    metrics_decimal(metrics, "progress_ratio", NULL, NULL, metrics->progress->share);
}

void metrics_write(const struct run_stats *stats, struct slice before,
                   const struct metrics_progress *progress, struct buffer *out)
{
    struct metrics_writer metrics = {.stats = stats, .progress = progress, .before = before, .out = out};
    uint32_t *ranking = run_stats_rank_rules(stats);

    buffer_init(&metrics.labels, METRICS_LABELS_MAX);
    buffer_append_text(&metrics.labels, "import=\"");
    prometheus_write_label(&metrics.labels, stats->job);
    buffer_printf(&metrics.labels, "\",command=\"%s\"", stats->command);

    metrics_times(&metrics);
    metrics_share(&metrics);
    metrics_records(&metrics);
    metrics_rules(&metrics, "rejects", "Records rejected by a rule or refused by the provider, by rule.",
                  VERDICT_REJECT, ranking);
    metrics_rules(&metrics, "warnings", "Records with a warning, by rule.", VERDICT_WARN, ranking);
    metrics_in_doubt(&metrics);
    metrics_requests(&metrics);
    metrics_verification(&metrics);
    buffer_clear(&metrics.labels);
    free(ranking);
}

struct metrics *metrics_new(const struct job *job)
{
    struct metrics *metrics = memory_new(1, sizeof *metrics);

    metrics->job = job;
    metrics->path = job->metrics_path ? memory_copy(slice_from(job->metrics_path))
                                      : file_join(job->report_folder, METRICS_FILE_NAME);
    buffer_init(&metrics->before, METRICS_MAX);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    buffer_clear(&metrics->before);
    free(metrics->path);
    free(metrics);
}

/* Once: later the file has this run's own values. */
static void read_before(struct metrics *metrics)
{
    struct error error;

    if (metrics->was_read)
        return;
    metrics->was_read = true;
    /* A missing file is not an error. */
    if (file_read(metrics->path, &metrics->before, &error) != 0 && access(metrics->path, F_OK) == 0)
        log_warning("the previous metrics cannot be read, so the time of the last success is lost: %s",
                    error.text);
}

static int save(struct metrics *metrics, const struct run_stats *stats,
                const struct metrics_progress *progress, struct error *error)
{
    struct buffer text;

    read_before(metrics);
    buffer_init(&text, METRICS_MAX);
    metrics_write(stats, buffer_slice(&metrics->before), progress, &text);
    int result = prometheus_save(metrics->path, metrics->job->report_folder, &text, error);
    buffer_clear(&text);
    return result;
}

bool metrics_is_due(const struct metrics *metrics, uint64_t mono_ns)
{
    return mono_ns >= metrics->next_ns;
}

void metrics_update(struct metrics *metrics, const struct run_stats *stats,
                    const struct metrics_progress *progress, uint64_t mono_ns)
{
    struct error error;

    metrics->next_ns = mono_ns + METRICS_PERIOD_NS;
    if (save(metrics, stats, progress, &error) == 0 || metrics->has_warned)
        return;
    metrics->has_warned = true;
    log_warning("%s", error.text);
}

bool metrics_is_begun(const struct metrics *metrics)
{
    return metrics->next_ns != 0;
}

int metrics_save(struct metrics *metrics, const struct run_stats *stats, struct error *error)
{
    return save(metrics, stats, NULL, error);
}
