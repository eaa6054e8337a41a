#include "cmd/status_verify.h"

#include <inttypes.h>

#include "core/plural.h"
#include "core/utf8.h"
#include "ledger/ledger_verify.h"
#include "pipeline/ledger_continuity.h"

enum {
    SHOWN_MAX = 50,     /* as text */
    LISTED_MAX = 20000, /* as JSON; more would tell nothing new */
};

struct finding_writer {
    struct buffer *out;
    struct json_writer *json; /* NULL: text */
    uint64_t count;
};

static const char *what_to_do(enum ledger_finding_kind kind)
{
    switch (kind) {
    case LEDGER_FINDING_FILE:
        return "keep a copy, restore the ledger with its key from a backup, and check the disk";
    case LEDGER_FINDING_EVENT:
    case LEDGER_FINDING_MISSING:
    case LEDGER_FINDING_RUN:
        return "another program changed the history: keep a copy, and restore the ledger with its key from the last backup that verifies";
    case LEDGER_FINDING_REPORT:
        return "restore the newest backup of the ledger with its key before the next run: a run on an older ledger creates the missing customers again. If this is the newest, kyc-import adopt completes it where the provider lists its users, or kyc-import run --new-ledger continues";
    case LEDGER_FINDING_GONE:
        return "restore this row from a backup that has this event, or the ledger with its key, before the next run";
    case LEDGER_FINDING_CUSTOMER:
        return "another program changed the row: restore it from a backup that has this event; kyc-import status JOB --against-provider shows what the provider has";
    case LEDGER_FINDING_TASK:
        return "another program changed the row: restore it from a backup that has this event, before the next kyc-import links or documents";
    case LEDGER_FINDING_USER:
        break;
    }
    return "compare both at the provider, and restore the row of the other customer from a backup";
}

static void write_nonzero_member(struct json_writer *json, const char *key, int64_t number)
{
    if (number == 0)
        return;
    json_write_key(json, key);
    json_write_signed(json, number);
}

static void write_json(struct json_writer *json, const struct ledger_finding *finding)
{
    json_write_object(json);
    json_write_key(json, "kind");
    json_write_text(json, ledger_finding_word(finding->kind));
    write_nonzero_member(json, "event", finding->event);
    write_nonzero_member(json, "last_event", finding->last_event);
    write_nonzero_member(json, "run", finding->run);
    write_nonzero_member(json, "customer", finding->customer);
    write_nonzero_member(json, "task", finding->task);
    if (finding->external_id.len) {
        json_write_key(json, "external_id");
        json_write_any(json, finding->external_id);
    }
    json_write_key(json, "what");
    json_write_any(json, finding->text);
    json_write_key(json, "what_to_do");
    json_write_text(json, what_to_do(finding->kind));
    json_write_object_end(json);
}

static void write_text(struct buffer *out, const struct ledger_finding *finding)
{
    bool names_event = false;

    buffer_append_text(out, "  ");
    switch (finding->kind) {
    case LEDGER_FINDING_FILE:
        buffer_append_text(out, "file");
        break;
    case LEDGER_FINDING_REPORT:
        buffer_append_text(out, "last report");
        break;
    case LEDGER_FINDING_RUN:
        buffer_printf(out, "run %" PRId64, finding->run);
        break;
    case LEDGER_FINDING_EVENT:
    case LEDGER_FINDING_MISSING:
        names_event = true;
        if (finding->last_event)
            buffer_printf(out, "events %" PRId64 " to %" PRId64, finding->event, finding->last_event);
        else
            buffer_printf(out, "event %" PRId64, finding->event);
        break;
    case LEDGER_FINDING_TASK:
        buffer_printf(out, "task %" PRId64 "%s", finding->task, finding->customer ? " of " : "");
        break;
    case LEDGER_FINDING_GONE:
    case LEDGER_FINDING_CUSTOMER:
    case LEDGER_FINDING_USER:
        break;
    }
    /* Whoever changed the ledger may have written lines of this text into it. */
    if (finding->external_id.len) {
        buffer_printf(out, "%scustomer ", names_event ? ", " : "");
        utf8_append_escaped(out, finding->external_id);
    } else if (finding->customer) {
        buffer_printf(out, "%scustomer with id %" PRId64, names_event ? ", " : "", finding->customer);
    }
    buffer_append_text(out, ": ");
    utf8_append_escaped(out, finding->text);
    buffer_printf(out, "\n      %s\n", what_to_do(finding->kind));
}

static void write_finding(void *context, const struct ledger_finding *finding)
{
    struct finding_writer *writer = context;
    uint64_t max = writer->json ? LISTED_MAX : SHOWN_MAX;

    if (writer->count++ >= max)
        return;
    if (writer->json) {
        write_json(writer->json, finding);
        return;
    }
    if (writer->count == 1)
        buffer_append_text(writer->out, "\nThis ledger does not verify:\n");
    write_text(writer->out, finding);
}

void status_verify_write_counts(const struct ledger_verified *verified, struct buffer *out)
{
    buffer_printf(out, "%" PRIu64 " event%s, %" PRIu64 " customer%s, %" PRIu64 " run%s", verified->events,
                  plural_s(verified->events), verified->customers, plural_s(verified->customers),
                  verified->runs, plural_s(verified->runs));
}

static void sum_up(const struct finding_writer *writer, const struct ledger_verified *verified)
{
    struct buffer *out = writer->out;

    if (verified->findings > SHOWN_MAX)
        buffer_printf(out, "  … and %" PRIu64 " more (--json lists them)\n", verified->findings - SHOWN_MAX);
    buffer_append_text(out, "\nverified: ");
    status_verify_write_counts(verified, out);
    if (verified->tasks)
        buffer_printf(out, ", %" PRIu64 " links and documents", verified->tasks);
    buffer_append_text(out, ": ");
    if (verified->findings)
        buffer_printf(out, "%" PRIu64 " finding%s", verified->findings, plural_s(verified->findings));
    else
        buffer_append_text(out, "the chain holds, and every customer agrees with its events");
    if (verified->erased)
        buffer_printf(out, " (%" PRIu64 " erased)", verified->erased);
    buffer_append_char(out, '\n');
}

static void sum_up_json(struct json_writer *json, const struct ledger_verified *verified)
{
    const struct {
        const char *key;
        uint64_t count;
    } stats[] = {
        {"events", verified->events}, {"customers", verified->customers}, {"runs", verified->runs},
        {"tasks", verified->tasks},   {"erased", verified->erased},       {"count", verified->findings},
    };

    json_write_array_end(json);
    for (size_t i = 0; i < sizeof stats / sizeof *stats; i++) {
        json_write_key(json, stats[i].key);
        json_write_unsigned(json, stats[i].count);
    }
    json_write_object_end(json);
}

int status_verify_write(struct ledger *ledger, const struct job *job, const struct provider *provider,
                        struct buffer *out, struct json_writer *json, struct error *error)
{
    struct finding_writer writer = {.out = out, .json = json};
    struct ledger_verified verified;
    char head[LEDGER_HEAD_SIZE];

    if (ledger_continuity_head(job, provider, ledger, head, error) != 0)
        return -1;
    if (json) {
        json_write_key(json, "verify");
        json_write_object(json);
        json_write_key(json, "findings");
        json_write_array(json);
    }
    int result = ledger_verify(ledger, head, write_finding, &writer, &verified, error);
    if (json)
        sum_up_json(json, &verified);
    else if (result == 0)
        sum_up(&writer, &verified);
    if (result != 0)
        return -1;
    return verified.findings ? (int)ERROR_LEDGER : 0;
}
