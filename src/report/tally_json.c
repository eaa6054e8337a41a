#include "report/tally.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "report/figures.h"
#include "report/report_folder.h"

enum { TALLY_SUMMARY_MODE = 0600, TALLY_TEXT_COLUMNS = 4096 };

#define TALLY_SUMMARY_NAME "summary.json"
#define TALLY_SUMMARY_MAX  ((size_t)64 << 20)

static void tally_json_count(struct json_writer *json, const char *key, uint64_t count)
{
    json_write_key(json, key);
    json_write_unsigned(json, count);
}

static void tally_json_decimal(struct json_writer *json, const char *key, double number, int decimals)
{
    json_write_key(json, key);
    json_write_decimal(json, number, decimals);
}

/* A path may hold any byte, JSON only UTF-8. */
static void tally_json_text(struct json_writer *json, const char *key, const char *text)
{
    json_write_key(json, key);
    struct slice whole = slice_from(text);
    if (!text) {
        json_write_null(json);
    } else if (text_is_utf8(whole)) {
        json_write_string(json, whole);
    } else {
        struct buffer tame;
        buffer_init(&tame, 4 * (size_t)TALLY_TEXT_COLUMNS);
        figures_append_cut(&tame, whole, TALLY_TEXT_COLUMNS);
        json_write_string(json, buffer_slice(&tame));
        buffer_clear(&tame);
    }
}

static void tally_json_time(struct json_writer *json, const char *key, uint64_t real_ns)
{
    char text[CLOCK_RFC3339_SIZE];
    tally_json_text(json, key, clock_rfc3339(real_ns, text));
}

void tally_write_inputs(const struct tally *tally, struct json_writer *json)
{
    json_write_array(json);
    for (size_t i = 0; i < tally->input_count; i++) {
        const struct tally_input *input = &tally->inputs[i];
        json_write_object(json);
        tally_json_text(json, "path", input->path);
        tally_json_count(json, "bytes", input->bytes);
        tally_json_count(json, "records", input->records);
        json_write_key(json, "complete");
        json_write_bool(json, input->complete);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void tally_json_plan(struct json_writer *json, const struct tally *tally)
{
    json_write_key(json, "plan");
    json_write_object(json);
    tally_json_count(json, "create", tally->plan.create);
    tally_json_count(json, "update", tally->plan.update);
    tally_json_count(json, "unchanged", tally->plan.unchanged);
    tally_json_count(json, "settle", tally->plan.settle);
    tally_json_count(json, "refused", tally->plan.refused);
    tally_json_count(json, "twins", tally->plan.twins);
    json_write_object_end(json);
}

static void tally_json_rules(struct json_writer *json, const struct tally *tally, const char *key,
                             enum verdict_level level, const uint32_t *ranking)
{
    json_write_key(json, key);
    json_write_object(json);
    struct buffer name;
    buffer_init(&name, TALLY_SUMMARY_MAX);
    for (size_t i = 0; i < tally->rule_count; i++) {
        const struct tally_rule *rule = &tally->rules[ranking[i]];
        if (rule->level != level)
            continue;
        buffer_reset(&name);
        buffer_printf(&name, "%s/%s", field_name(rule->field), rule->rule);
        tally_json_count(json, name.data, rule->records);
    }
    buffer_clear(&name);
    json_write_object_end(json);
}

static void tally_json_requests(struct json_writer *json, const struct tally *tally)
{
    tally_json_count(json, "requests", tally->requests);
    json_write_key(json, "retries");
    json_write_object(json);
    for (int cause = 0; cause < RETRY_CAUSES; cause++)
        tally_json_count(json, retry_cause_word((enum retry_cause)cause), tally->retries[cause]);
    json_write_object_end(json);

    json_write_key(json, "breaker");
    json_write_object(json);
    tally_json_count(json, "pauses", tally->pauses);
    tally_json_decimal(json, "seconds", (double)tally->pause_ns / (double)CLOCK_NS_PER_S, 1);
    json_write_object_end(json);

    json_write_key(json, "latency_ms");
    json_write_object(json);
    tally_json_decimal(json, "p50", tally->p50_ms, 1);
    tally_json_decimal(json, "p95", tally->p95_ms, 1);
    tally_json_decimal(json, "p99", tally->p99_ms, 1);
    tally_json_decimal(json, "max", tally->max_ms, 1);
    json_write_object_end(json);
    tally_json_decimal(json, "rate_per_s", tally->rate_per_s, 1);
    tally_json_count(json, "max_per_second", tally->max_per_second);
}

void tally_write_json(const struct tally *tally, struct buffer *out)
{
    struct json_writer writer, *json = &writer;
    json_write_begin(json, out);
    json_write_object(json);
    tally_json_text(json, "job", tally->job);
    tally_json_text(json, "command", tally->command);
    json_write_key(json, "status");
    json_write_signed(json, tally->status);
    tally_json_time(json, "started", tally->started_ns);
    tally_json_time(json, "finished", tally->finished_ns);
    tally_json_decimal(json, "seconds", tally->seconds, 3);
    json_write_key(json, "input");
    tally_write_inputs(tally, json);
    tally_json_count(json, "read", tally->read);
    tally_json_count(json, "valid", tally->valid);
    tally_json_count(json, "rejected", tally->rejected);
    tally_json_count(json, "warned", tally->warned);
    tally_json_plan(json, tally);
    tally_json_count(json, "created", tally->created);
    tally_json_count(json, "updated", tally->updated);
    tally_json_count(json, "unchanged", tally->unchanged);
    tally_json_count(json, "refused", tally->refused);
    tally_json_count(json, "in_doubt", tally->in_doubt);
    tally_json_count(json, "unsent", tally->unsent);
    tally_json_count(json, "absent", tally->absent);
    tally_json_count(json, "in_doubt_absent", tally->in_doubt_absent);
    tally_json_count(json, "provider_warned", tally->provider_warned);

    uint32_t *ranking = tally_ranking(tally);
    tally_json_rules(json, tally, "rejects_by_rule", VERDICT_REJECT, ranking);
    tally_json_rules(json, tally, "warnings_by_rule", VERDICT_WARN, ranking);
    free(ranking);
    tally_json_requests(json, tally);
    tally_json_text(json, "chain_head", tally->chain_head);
    tally_json_text(json, "stopped", tally->stopped);
    json_write_object_end(json);
    buffer_append_char(out, '\n');
}

int tally_save(const struct tally *tally, const char *folder, struct error *error)
{
    char *path = file_join(folder, TALLY_SUMMARY_NAME);
    struct buffer text;
    buffer_init(&text, TALLY_SUMMARY_MAX);
    tally_write_json(tally, &text);
    int result = report_folder_save(path, TALLY_SUMMARY_MODE, &text, error);
    buffer_clear(&text);
    free(path);
    return result;
}
