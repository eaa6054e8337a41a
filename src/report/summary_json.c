#include "report/summary_json.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"
#include "report/ellipsize.h"
#include "report/report_file.h"

enum { SUMMARY_JSON_MODE = 0600, SUMMARY_JSON_TEXT_COLUMNS = 4096 };

#define SUMMARY_JSON_MAX ((size_t)64 << 20)

static void summary_json_decimal(struct json_writer *json, const char *key, double number, int decimals)
{
    json_write_key(json, key);
    json_write_decimal(json, number, decimals);
}

/* A path may contain any bytes, JSON only UTF-8. */
static void summary_json_text(struct json_writer *json, const char *key, const char *text)
{
    json_write_key(json, key);
    struct slice whole = slice_from(text);
    if (!text) {
        json_write_null(json);
    } else if (utf8_is_valid(whole)) {
        json_write_string(json, whole);
    } else {
        struct buffer readable;
        buffer_init(&readable, 4 * (size_t)SUMMARY_JSON_TEXT_COLUMNS);
        ellipsize_append(&readable, whole, SUMMARY_JSON_TEXT_COLUMNS);
        json_write_string(json, buffer_slice(&readable));
        buffer_clear(&readable);
    }
}

static void summary_json_time(struct json_writer *json, const char *key, uint64_t real_ns)
{
    char text[CLOCK_RFC3339_SIZE];
    summary_json_text(json, key, clock_rfc3339(real_ns, text));
}

void summary_json_write_inputs(const struct run_stats *stats, struct json_writer *json)
{
    json_write_array(json);
    for (size_t i = 0; i < stats->input_count; i++) {
        const struct run_stats_input *input = &stats->inputs[i];
        json_write_object(json);
        summary_json_text(json, "path", input->path);
        json_write_member_unsigned(json, "bytes", input->bytes);
        json_write_member_unsigned(json, "records", input->records);
        json_write_key(json, "complete");
        json_write_bool(json, input->complete);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void summary_json_plan(struct json_writer *json, const struct run_stats *stats)
{
    json_write_key(json, "plan");
    json_write_object(json);
    json_write_member_unsigned(json, "create", stats->plan.create);
    json_write_member_unsigned(json, "update", stats->plan.update);
    json_write_member_unsigned(json, "unchanged", stats->plan.unchanged);
    json_write_member_unsigned(json, "settle", stats->plan.settle);
    json_write_member_unsigned(json, "refused", stats->plan.refused);
    json_write_member_unsigned(json, "twins", stats->plan.twins);
    json_write_object_end(json);
}

static void summary_json_verification(struct json_writer *json, const struct run_stats *stats)
{
    if (stats->verification.is_known) {
        refresh_report_json_states(json, "verification", stats->verification.customers);
        return;
    }
    json_write_key(json, "verification");
    json_write_null(json);
}

static void summary_json_rules(struct json_writer *json, const struct run_stats *stats, const char *key,
                               enum verdict_level level, const uint32_t *ranking)
{
    json_write_key(json, key);
    json_write_object(json);
    struct buffer name;
    buffer_init(&name, SUMMARY_JSON_MAX);
    for (size_t i = 0; i < stats->rule_count; i++) {
        const struct run_stats_rule *rule = &stats->rules[ranking[i]];
        if (rule->level != level)
            continue;
        buffer_reset(&name);
        buffer_printf(&name, "%s/%s", field_name(rule->field), rule->rule);
        json_write_member_unsigned(json, name.data, rule->records);
    }
    buffer_clear(&name);
    json_write_object_end(json);
}

static void summary_json_requests(struct json_writer *json, const struct run_stats *stats)
{
    json_write_member_unsigned(json, "requests", stats->requests);
    json_write_key(json, "retries");
    json_write_object(json);
    for (int cause = 0; cause < RETRY_CAUSES; cause++)
        json_write_member_unsigned(json, retry_cause_word((enum retry_cause)cause), stats->retries[cause]);
    json_write_object_end(json);

    json_write_key(json, "breaker");
    json_write_object(json);
    json_write_member_unsigned(json, "pauses", stats->pauses);
    summary_json_decimal(json, "seconds", (double)stats->pause_ns / (double)CLOCK_NS_PER_S, 1);
    json_write_object_end(json);

    json_write_key(json, "latency_ms");
    json_write_object(json);
    summary_json_decimal(json, "p50", stats->p50_ms, 1);
    summary_json_decimal(json, "p95", stats->p95_ms, 1);
    summary_json_decimal(json, "p99", stats->p99_ms, 1);
    summary_json_decimal(json, "max", stats->max_ms, 1);
    json_write_object_end(json);
    summary_json_decimal(json, "rate_per_s", stats->rate_per_s, 1);
    json_write_member_unsigned(json, "max_per_second", stats->max_per_second);
}

void summary_json_write(const struct run_stats *stats, struct buffer *out)
{
    struct json_writer writer, *json = &writer;
    json_write_begin(json, out);
    json_write_object(json);
    summary_json_text(json, "job", stats->job);
    summary_json_text(json, "command", stats->command);
    json_write_key(json, "status");
    json_write_signed(json, stats->status);
    summary_json_time(json, "started", stats->started_ns);
    summary_json_time(json, "finished", stats->finished_ns);
    summary_json_decimal(json, "seconds", stats->seconds, 3);
    json_write_key(json, "input");
    summary_json_write_inputs(stats, json);
    json_write_key(json, "partial");
    json_write_bool(json, stats->is_partial);
    json_write_member_unsigned(json, "read", stats->read);
    json_write_member_unsigned(json, "skipped", stats->skipped);
    json_write_member_unsigned(json, "valid", stats->valid);
    json_write_member_unsigned(json, "rejected", stats->rejected);
    json_write_member_unsigned(json, "warned", stats->warned);
    summary_json_plan(json, stats);
    json_write_key(json, "estimated_seconds");
    if (stats->is_dry)
        json_write_decimal(json, stats->estimate.seconds, 1);
    else
        json_write_null(json);
    json_write_member_unsigned(json, "created", stats->created);
    json_write_member_unsigned(json, "updated", stats->updated);
    json_write_member_unsigned(json, "unchanged", stats->unchanged);
    json_write_member_unsigned(json, "refused", stats->refused);
    json_write_member_unsigned(json, "in_doubt", stats->in_doubt);
    json_write_member_unsigned(json, "unsent", stats->unsent);
    json_write_member_unsigned(json, "absent", stats->absent);
    json_write_member_unsigned(json, "in_doubt_absent", stats->in_doubt_absent);
    json_write_member_unsigned(json, "provider_warned", stats->provider_warned);
    summary_json_verification(json, stats);

    uint32_t *ranking = run_stats_rank_rules(stats);
    summary_json_rules(json, stats, "rejects_by_rule", VERDICT_REJECT, ranking);
    summary_json_rules(json, stats, "warnings_by_rule", VERDICT_WARN, ranking);
    free(ranking);
    summary_json_requests(json, stats);
    summary_json_text(json, "chain_head", stats->chain_head);
    summary_json_text(json, "stopped", stats->stopped);
    json_write_object_end(json);
    buffer_append_char(out, '\n');
}

int summary_json_save(const struct run_stats *stats, const char *folder, struct error *error)
{
    char *path = file_join(folder, SUMMARY_JSON_NAME);
    struct buffer text;
    buffer_init(&text, SUMMARY_JSON_MAX);
    summary_json_write(stats, &text);
    int result = report_file_save(path, SUMMARY_JSON_MODE, &text, error);
    buffer_clear(&text);
    free(path);
    return result;
}
