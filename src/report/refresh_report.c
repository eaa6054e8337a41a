#include "report/refresh_report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/slice.h"
#include "report/prometheus.h"
#include "report/report_file.h"

enum { JSON_MODE = 0600, FILE_MAX = 1 << 20 };

const char *refresh_report_state(unsigned state)
{
    assert(state < REFRESH_STATES);
    return state == REFRESH_DELETED ? REFRESH_DELETED_WORD : verification_word((enum verification)state);
}

static uint64_t count_changes(const struct refresh_stats *stats)
{
    uint64_t count = 0;

    for (unsigned from = 0; from < REFRESH_STATES; from++)
        for (unsigned to = 0; to < REFRESH_STATES; to++)
            count += stats->reading.changes[from][to];
    return count;
}

static void write_changes(const struct refresh_stats *stats, struct buffer *out)
{
    if (count_changes(stats) == 0) {
        buffer_append_text(out, "\nNo state has changed.\n");
        return;
    }
    buffer_append_text(out, "\nChanges that this refresh found:\n");
    for (unsigned from = 0; from < REFRESH_STATES; from++)
        for (unsigned to = 0; to < REFRESH_STATES; to++)
            if (stats->reading.changes[from][to])
                buffer_printf(out, "%12" PRIu64 "  %s → %s\n", stats->reading.changes[from][to],
                              refresh_report_state(from), refresh_report_state(to));
}

static void write_customers(const struct refresh_stats *stats, struct buffer *out)
{
    char since[CLOCK_RFC3339_SIZE];

    if (!stats->is_counted) {
        buffer_append_text(out, REFRESH_NOT_COUNTED "\n");
        return;
    }
    /* Before a first refresh there is nothing to compare with. */
    buffer_append_text(out, "   customers  verification");
    if (stats->since_ns)
        buffer_printf(out, "   changed since the last refresh (%s)", clock_rfc3339(stats->since_ns, since));
    buffer_append_char(out, '\n');
    for (unsigned state = 0; state < REFRESH_STATES; state++)
        if (stats->since_ns)
            buffer_printf(out, "%12" PRIu64 "  %-13s  %" PRIu64 "\n", stats->customers[state],
                          refresh_report_state(state), stats->changed[state]);
        else
            buffer_printf(out, "%12" PRIu64 "  %s\n", stats->customers[state], refresh_report_state(state));
}

void refresh_report_text(const struct refresh_stats *stats, struct buffer *out)
{
    const struct refresh_reading *reading = &stats->reading;

    write_customers(stats, out);
    write_changes(stats, out);
    buffer_printf(out, "\n%" PRIu64 " user%s read with %" PRIu64 " request%s", reading->read,
                  reading->read == 1 ? "" : "s", stats->requests, stats->requests == 1 ? "" : "s");
    if (reading->stateless)
        buffer_printf(out, ", %" PRIu64 " answer%s without a state", reading->stateless,
                      reading->stateless == 1 ? "" : "s");
    if (reading->unclear)
        buffer_printf(out, ", %" PRIu64 " unclear answer%s", reading->unclear,
                      reading->unclear == 1 ? "" : "s");
    if (reading->no_answer)
        buffer_printf(out, ", %" PRIu64 " without an answer", reading->no_answer);
    buffer_append_text(out, stats->complete ? "\n" : "; not every user was requested\n");
}

void refresh_report_json_states(struct json_writer *json, const char *key,
                                const uint64_t counts[REFRESH_STATES])
{
    json_write_key(json, key);
    json_write_object(json);
    for (unsigned state = 0; state < REFRESH_STATES; state++)
        json_write_member_unsigned(json, refresh_report_state(state), counts[state]);
    json_write_object_end(json);
}

/* null: they are not known. */
static void write_counted(struct json_writer *json, const struct refresh_stats *stats, const char *key,
                          const uint64_t counts[REFRESH_STATES])
{
    if (stats->is_counted) {
        refresh_report_json_states(json, key, counts);
        return;
    }
    json_write_key(json, key);
    json_write_null(json);
}

static void write_time(struct json_writer *json, const char *key, uint64_t real_ns)
{
    char text[CLOCK_RFC3339_SIZE];

    json_write_key(json, key);
    if (real_ns)
        json_write_text(json, clock_rfc3339(real_ns, text));
    else
        json_write_null(json);
}

static void write_readings(struct json_writer *json, const struct refresh_reading *reading)
{
    json_write_member_unsigned(json, "read", reading->read);
    json_write_member_unsigned(json, "without_state", reading->stateless);
    json_write_member_unsigned(json, "unclear", reading->unclear);
    json_write_member_unsigned(json, "no_answer", reading->no_answer);
    json_write_key(json, "changes");
    json_write_array(json);
    for (unsigned from = 0; from < REFRESH_STATES; from++)
        for (unsigned to = 0; to < REFRESH_STATES; to++) {
            if (!reading->changes[from][to])
                continue;
            json_write_object(json);
            json_write_member(json, "from", slice_from(refresh_report_state(from)));
            json_write_member(json, "to", slice_from(refresh_report_state(to)));
            json_write_member_unsigned(json, "count", reading->changes[from][to]);
            json_write_object_end(json);
        }
    json_write_array_end(json);
    json_write_key(json, "unknown_words");
    json_write_array(json);
    for (size_t i = 0; i < reading->word_count; i++)
        json_write_any(json, slice_from(reading->words[i]));
    json_write_array_end(json);
}

static void write_reasons(struct json_writer *json, const struct refresh_stats *stats)
{
    json_write_key(json, "reasons");
    json_write_array(json);
    for (size_t i = 0; i < stats->reason_count; i++) {
        json_write_object(json);
        json_write_member(json, "state", slice_from(refresh_report_state(stats->reasons[i].state)));
        json_write_key(json, "reason");
        json_write_any(json, slice_from(stats->reasons[i].text));
        json_write_member_unsigned(json, "count", stats->reasons[i].customers);
        json_write_object_end(json);
    }
    json_write_array_end(json);
    json_write_member_unsigned(json, "other_reasons", stats->other_reasons);
}

void refresh_report_json(const struct refresh_stats *stats, struct buffer *out)
{
    struct json_writer json;

    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_key(&json, "job");
    json_write_any(&json, slice_from(stats->job));
    write_time(&json, "started", stats->started_ns);
    write_time(&json, "finished", stats->finished_ns);
    write_time(&json, "since", stats->since_ns);
    json_write_key(&json, "status");
    json_write_signed(&json, stats->status);
    json_write_key(&json, "complete");
    json_write_bool(&json, stats->complete);
    json_write_member_unsigned(&json, "requests", stats->requests);
    write_readings(&json, &stats->reading);
    write_counted(&json, stats, "customers", stats->customers);
    write_counted(&json, stats, "changed", stats->changed);
    write_reasons(&json, stats);
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}

/* state: NULL: none. */
static void write_sample(const struct refresh_stats *stats, const char *name, const char *state,
                         uint64_t value, struct buffer *out)
{
    buffer_printf(out, PROMETHEUS_PREFIX "%s{import=\"", name);
    prometheus_write_label(out, stats->job);
    buffer_append_char(out, '"');
    if (state)
        buffer_printf(out, ",state=\"%s\"", state);
    buffer_printf(out, "} %" PRIu64 "\n", value);
}

static void write_state_metrics(const struct refresh_stats *stats, const char *name, const char *help,
                                const uint64_t counts[REFRESH_STATES], struct buffer *out)
{
    prometheus_write_family(out, name, "gauge", help);
    for (unsigned state = 0; state < REFRESH_STATES; state++)
        write_sample(stats, name, refresh_report_state(state), counts[state], out);
}

void refresh_report_metrics(const struct refresh_stats *stats, struct buffer *out)
{
    const struct {
        const char *name, *help;
        uint64_t value;
    } rows[] = {
        {"refresh_status",
         "Exit status of the last refresh that could begin: 0 success, 1 customers need a look, more is worse.",
         (uint64_t)stats->status},
        {"refresh_timestamp_seconds", "When the last refresh that could begin ended, with any status.",
         stats->finished_ns / CLOCK_NS_PER_S},
        {"refresh_complete_timestamp_seconds", "When a refresh last ended with status 0 or 1; 0: never.",
         (stats->status <= 1 ? stats->finished_ns : stats->since_ns) / CLOCK_NS_PER_S},
        {"refresh_requests", "Requests sent in the last refresh.", stats->requests},
        {"refresh_read_users", "Users whose state the last refresh has read.", stats->reading.read},
        {"refresh_failed_users",
         "Users that the last refresh requested without reading a state: no answer, or an unclear one.",
         stats->reading.stateless + stats->reading.unclear + stats->reading.no_answer},
    };

    if (stats->is_counted) {
        write_state_metrics(stats, REFRESH_METRIC, REFRESH_METRIC_HELP, stats->customers, out);
        write_state_metrics(
            stats, "verification_changed_customers",
            "Customers whose verification changed since the refresh before the last one, by their state now.",
            stats->changed, out);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        prometheus_write_family(out, rows[i].name, "gauge", rows[i].help);
        write_sample(stats, rows[i].name, NULL, rows[i].value, out);
    }
}

int refresh_report_save(const struct refresh_stats *stats, const char *folder, const char *metrics_path,
                        struct error *error)
{
    char *path = file_join(folder, "refresh.json");
    struct error second;
    struct buffer text;

    buffer_init(&text, FILE_MAX);
    refresh_report_json(stats, &text);
    int result = report_file_save(path, JSON_MODE, &text, error);
    free(path);
    buffer_reset(&text);
    refresh_report_metrics(stats, &text);
    if (prometheus_save(metrics_path, folder, &text, result == 0 ? error : &second) != 0)
        result = -1;
    buffer_clear(&text);
    return result;
}
