#include "cmd/status_audit.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/output.h"
#include "cmd/run_audit.h"

enum {
    SHOWN_MAX = 50,     /* as text */
    LISTED_MAX = 20000, /* as JSON */
};

struct finding_writer {
    struct buffer *out;
    struct json_writer *json; /* NULL: text */
    uint64_t count;
};

static const struct {
    const char *word, *what, *what_to_do;
} kinds[AUDIT_KINDS] = {
    [AUDIT_MISSING] =
        {"missing", "the provider has no such user",
         "ask the provider what became of it. A run does not create a user for a customer that has one in the ledger"},
    [AUDIT_FOREIGN] = {"foreign", "the provider has this user for another customer",
                       "compare both at the provider: one of them has the other's user"},
    [AUDIT_UNKNOWN] =
        {"unknown", "a user at the provider that is not in the ledger",
         "if it is a customer of yours, take it into the ledger: kyc-import adopt JOB, or resolve JOB --key ID --user USER_ID"},
    [AUDIT_UNCLEAR] = {"unclear", "the answer does not identify the user",
                       "look this user up at the provider"},
    [AUDIT_NO_ANSWER] = {"no_answer", "no answer came", "run this command again"},
};

static void write_text(struct finding_writer *writer, const struct audit_finding *finding)
{
    struct buffer *out = writer->out;

    if (writer->count == 1)
        buffer_append_text(out, "\nDiffers at the provider:\n");
    buffer_printf(out, "  %.*s%suser %.*s: %s", (int)finding->external_id.len,
                  finding->external_id.len ? finding->external_id.data : "",
                  finding->external_id.len ? ", " : "", (int)finding->user_id.len, finding->user_id.data,
                  kinds[finding->kind].what);
    if (finding->detail.len)
        buffer_printf(out, " (%.*s)", (int)finding->detail.len, finding->detail.data);
    buffer_printf(out, "\n      %s\n", kinds[finding->kind].what_to_do);
}

static void write_present_member(struct json_writer *json, const char *key, struct slice text)
{
    if (text.len == 0)
        return;
    json_write_key(json, key);
    json_write_string(json, text);
}

static void write_finding(void *context, const struct audit_finding *finding)
{
    struct finding_writer *writer = context;
    struct json_writer *json = writer->json;

    if (writer->count++ >= (json ? LISTED_MAX : SHOWN_MAX))
        return;
    if (!json) {
        write_text(writer, finding);
        return;
    }
    json_write_object(json);
    json_write_key(json, "kind");
    json_write_text(json, kinds[finding->kind].word);
    write_present_member(json, "external_id", finding->external_id);
    write_present_member(json, "user_id", finding->user_id);
    write_present_member(json, "told", finding->detail);
    if (finding->http_status) {
        json_write_key(json, "http_status");
        json_write_signed(json, finding->http_status);
    }
    json_write_key(json, "what");
    json_write_text(json, kinds[finding->kind].what);
    json_write_key(json, "what_to_do");
    json_write_text(json, kinds[finding->kind].what_to_do);
    json_write_object_end(json);
}

static void write_states(const struct finding_writer *writer, const struct audit_counts *stats)
{
    struct buffer *out = writer->out;
    const char *separator = "verification at the provider: ";

    if (writer->json) {
        json_write_key(writer->json, "verification");
        json_write_object(writer->json);
        for (unsigned state = 0; state < REFRESH_STATES; state++)
            json_write_member_unsigned(writer->json, refresh_report_state(state), stats->states[state]);
        json_write_member_unsigned(writer->json, "stale", stats->stale);
        json_write_object_end(writer->json);
        return;
    }
    for (unsigned state = 0; state < REFRESH_STATES; state++) {
        if (stats->states[state] == 0)
            continue;
        buffer_printf(out, "%s%" PRIu64 " %s", separator, stats->states[state], refresh_report_state(state));
        separator = ", ";
    }
    if (stats->stale)
        buffer_printf(out, "; %" PRIu64 " differ from the ledger (kyc-import refresh JOB reads them)",
                      stats->stale);
    if (strcmp(separator, ", ") == 0)
        buffer_append_char(out, '\n');
}

/* complete: every user of the ledger was compared. */
static void sum_up(const struct finding_writer *writer, const struct audit_counts *stats, bool complete)
{
    struct json_writer *json = writer->json;
    struct buffer *out = writer->out;

    if (json) {
        json_write_array_end(json);
        write_states(writer, stats);
        json_write_member_unsigned(json, "asked", stats->asked);
        json_write_member_unsigned(json, "there", stats->present);
        json_write_member_unsigned(json, "not_named", stats->not_named);
        for (size_t i = 0; i < AUDIT_KINDS; i++)
            json_write_member_unsigned(json, kinds[i].word, stats->findings[i]);
        json_write_member_unsigned(json, "requests", stats->requests);
        json_write_key(json, "complete");
        json_write_bool(json, complete);
        json_write_object_end(json);
        return;
    }
    if (writer->count > SHOWN_MAX)
        buffer_printf(out, "  … and %" PRIu64 " more (--json lists them)\n", writer->count - SHOWN_MAX);
    buffer_printf(out,
                  "\nagainst the provider: %" PRIu64 " of the ledger's users requested, %" PRIu64 " found",
                  stats->asked, stats->present);
    for (size_t i = 0; i < AUDIT_KINDS; i++)
        if (stats->findings[i])
            buffer_printf(out, ", %" PRIu64 " %s", stats->findings[i], kinds[i].word);
    if (stats->not_named)
        buffer_printf(out, " (for %" PRIu64 " of them the answer does not name the customer)",
                      stats->not_named);
    buffer_append_text(out, complete ? "\n" : "; not all were compared\n");
    write_states(writer, stats);
}

int status_audit_write(struct ledger *ledger, struct job *job, const struct provider *provider,
                       struct buffer *out, struct json_writer *json)
{
    struct finding_writer writer = {.out = out, .json = json};
    struct audit_parts parts = {
        .job = job, .provider = provider, .ledger = ledger, .each = write_finding, .context = &writer};
    struct audit_counts stats;
    struct error error = {0};
    int status = 0;

    if (json) {
        json_write_key(json, "provider");
        json_write_object(json);
        json_write_key(json, "findings");
        json_write_array(json);
    }
    int result = run_audit(&parts, &stats, &error);
    for (size_t i = 0; i < AUDIT_KINDS; i++)
        if (stats.findings[i])
            status = 1;
    sum_up(&writer, &stats, result == 0);
    if (result == 0)
        return status;
    return error_worse_status(status, output_error(&error));
}
