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
#include "report/prometheus.h"
#include "report/report_file.h"

enum { METRICS_MODE = 0644, METRICS_LABELS_MAX = 2048 };

#define METRICS_MAX     ((size_t)16 << 20)
#define METRICS_SUCCESS "last_success_timestamp_seconds"
#define METRICS_END     "last_end_timestamp_seconds"

struct metrics {
    const struct run_stats *stats;
    struct buffer *out;
    struct buffer labels; /* `job="…",command="…"` */
};

static void metrics_family(const struct metrics *metrics, const char *name, const char *type,
                           const char *help)
{
    prometheus_write_family(metrics->out, name, type, help);
}

static void metrics_name(const struct metrics *metrics, const char *name, const char *help)
{
    metrics_family(metrics, name, "gauge", help);
}

static void metrics_begin_sample(const struct metrics *metrics, const char *name, const char *label,
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

static void metrics_count(const struct metrics *metrics, const char *name, const char *label,
                          const char *value, uint64_t count)
{
    metrics_begin_sample(metrics, name, label, value);
    buffer_printf(metrics->out, "%" PRIu64 "\n", count);
}

static void metrics_decimal(const struct metrics *metrics, const char *name, const char *label,
                            const char *value, double number)
{
    metrics_begin_sample(metrics, name, label, value);
    buffer_printf(metrics->out, "%.6f\n", number);
}

struct metrics_row {
    const char *label_value;
    uint64_t count;
};

static void metrics_rows(const struct metrics *metrics, const char *name, const char *label, const char *help,
                         const struct metrics_row *rows, size_t count)
{
    metrics_name(metrics, name, help);
    for (size_t i = 0; i < count; i++)
        metrics_count(metrics, name, label, rows[i].label_value, rows[i].count);
}

static void metrics_records(const struct metrics *metrics)
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
        {"in_doubt", stats->in_doubt},
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
    metrics_rows(metrics, "records", "state",
                 "Records of the last run by outcome; read and valid are sums of others.", records,
                 sizeof records / sizeof *records);
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

static void metrics_rules(const struct metrics *metrics, const char *name, const char *help,
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

static void metrics_verification(const struct metrics *metrics)
{
    if (!metrics->stats->verification.is_known)
        return;
    metrics_name(metrics, REFRESH_METRIC, REFRESH_METRIC_HELP);
    for (unsigned state = 0; state < REFRESH_STATES; state++)
        metrics_count(metrics, REFRESH_METRIC, "state", refresh_report_state(state),
                      metrics->stats->verification.customers[state]);
}

static void metrics_requests(const struct metrics *metrics)
{
    const struct run_stats *stats = metrics->stats;
    metrics_name(metrics, "requests", "Requests sent in the last run.");
    metrics_count(metrics, "requests", NULL, NULL, stats->requests);
    metrics_name(metrics, "retries", "Retried requests, by cause.");
    for (int cause = 0; cause < RETRY_CAUSES; cause++)
        metrics_count(metrics, "retries", "cause", retry_cause_word((enum retry_cause)cause),
                      stats->retries[cause]);
    /* `quantile` is a summary's own label: promtool refuses it in a gauge. */
    metrics_family(metrics, "latency_seconds", "summary",
                   "Time from sending a request to its complete reply, in the last run.");
    metrics_decimal(metrics, "latency_seconds", "quantile", "0.5", stats->p50_ms / 1000);
    metrics_decimal(metrics, "latency_seconds", "quantile", "0.95", stats->p95_ms / 1000);
    metrics_decimal(metrics, "latency_seconds", "quantile", "0.99", stats->p99_ms / 1000);
    metrics_decimal(metrics, "latency_seconds", "quantile", "1", stats->max_ms / 1000);
    metrics_decimal(metrics, "latency_seconds_sum", NULL, NULL,
                    (double)stats->latency_sum_ns / (double)CLOCK_NS_PER_S);
    metrics_count(metrics, "latency_seconds_count", NULL, NULL, stats->replies);
    metrics_name(metrics, "requests_per_second", "Mean rate while there was work.");
    metrics_decimal(metrics, "requests_per_second", NULL, NULL, stats->rate_per_s);
}

/* The value of the sample `kyc_import_NAME{…command="COMMAND"…}` in the previous file; false when it has
 * none. */
static bool metrics_find(struct slice before, const char *name, const char *command, uint64_t *value)
{
    char begin[256], sample[256];
    snprintf(begin, sizeof begin, PROMETHEUS_PREFIX "%s{", name);
    snprintf(sample, sizeof sample, ",command=\"%s\"} ", command);
    size_t sample_len = strlen(sample);
    struct slice line;
    while (slice_next_line(&before, &line)) {
        const char *found =
            slice_begins_with(line, begin) ? memmem(line.data, line.len, sample, sample_len) : NULL;
        if (found) {
            const char *digit = found + sample_len;
            for (*value = 0; digit < line.data + line.len && ascii_is_digit(*digit); digit++)
                *value = *value * 10 + (uint64_t)(*digit - '0');
            return *value > 0;
        }
    }
    return false;
}

/* A time that keeps its value until the event happens again (now). */
static void metrics_last(const struct metrics *metrics, struct slice before, const char *name, bool now,
                         uint64_t now_s)
{
    uint64_t time_s = now_s;
    if (now || metrics_find(before, name, metrics->stats->command, &time_s))
        metrics_count(metrics, name, NULL, NULL, time_s);
}

static void metrics_times(const struct metrics *metrics, struct slice before)
{
    const struct run_stats *stats = metrics->stats;
    uint64_t now_s = (stats->finished_ns ? stats->finished_ns : clock_real_ns()) / CLOCK_NS_PER_S;
    metrics_name(metrics, "status",
                 "Exit status of the last run: 0 success, 1 some records need a look, more is worse.");
    metrics_count(metrics, "status", NULL, NULL, (uint64_t)stats->status);
    metrics_name(metrics, "duration_seconds", "Duration of the last run.");
    metrics_decimal(metrics, "duration_seconds", NULL, NULL, stats->seconds);
    metrics_name(metrics, "last_run_timestamp_seconds", "When the last run ended, with any status.");
    metrics_count(metrics, "last_run_timestamp_seconds", NULL, NULL, now_s);
    metrics_name(metrics, METRICS_END, "When a run last finished, with or without rejects (status 0 or 1).");
    metrics_last(metrics, before, METRICS_END, stats->status <= 1, now_s);
    metrics_name(metrics, METRICS_SUCCESS, "When a run last had status 0: every row valid and done.");
    metrics_last(metrics, before, METRICS_SUCCESS, stats->status == 0, now_s);
}

void metrics_write(const struct run_stats *stats, struct slice before, struct buffer *out)
{
    struct metrics metrics = {.stats = stats, .out = out};
    uint32_t *ranking = run_stats_rank_rules(stats);
    buffer_init(&metrics.labels, METRICS_LABELS_MAX);
    buffer_append_text(&metrics.labels, "job=\"");
    prometheus_write_label(&metrics.labels, stats->job);
    buffer_printf(&metrics.labels, "\",command=\"%s\"", stats->command);

    metrics_times(&metrics, before);
    metrics_records(&metrics);
    metrics_rules(&metrics, "rejects", "Records rejected by a rule or refused by the provider, by rule.",
                  VERDICT_REJECT, ranking);
    metrics_rules(&metrics, "warnings", "Records with a warning, by rule.", VERDICT_WARN, ranking);
    metrics_requests(&metrics);
    metrics_verification(&metrics);
    buffer_clear(&metrics.labels);
    free(ranking);
}

int metrics_save(const struct run_stats *stats, const struct job *job, struct error *error)
{
    char *own_path = job->metrics_path ? NULL : file_join(job->report_folder, METRICS_FILE_NAME);
    const char *path = job->metrics_path ? job->metrics_path : own_path;
    struct error fault = {0};
    struct buffer before, text;
    buffer_init(&before, METRICS_MAX);
    buffer_init(&text, METRICS_MAX);
    if (file_read(path, &before, &fault) != 0 && access(path, F_OK) == 0) /* a missing file is not an error */
        log_warning("the previous metrics cannot be read, so the time of the last success is lost: %s",
                    fault.text);
    metrics_write(stats, buffer_slice(&before), &text);
    int result = report_file_save(path, METRICS_MODE, &text, error);
    buffer_clear(&before);
    buffer_clear(&text);
    free(own_path);
    return result;
}
