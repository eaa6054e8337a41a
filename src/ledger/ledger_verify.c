#include "ledger/ledger_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "ledger/ledger_replay.h"
#include "ledger/ledger_sqlite.h"

enum { TEXT_MAX = 4096 };

/* A run and its head in the chain. */
struct known_run {
    int64_t id;
    bool has_head;
    uint8_t head[DIGEST_SHA256_LEN];
    int64_t head_at; /* the event after which the chain had this head; 0: before the first; -1: never */
    int64_t first_event, last_event; /* 0: none */
};

struct verify {
    struct ledger *ledger;
    void (*each)(void *context, const struct ledger_finding *finding);
    void *context;
    struct ledger_verified *verified;
    struct buffer text;
    struct known_run *runs;       /* by id; the last one is the report's head */
    struct known_run **by_head;   /* those that have one */
    size_t run_count, head_count; /* run_count: without the report's */
    struct ledger_chain chain;
    uint8_t computed[DIGEST_SHA256_LEN]; /* of the last event, where it differs from the stored one */
    bool uncertain;                      /* either of the two may be what the next event continued */
};

const char *ledger_finding_word(enum ledger_finding_kind kind)
{
    static const char *const words[] = {
        [LEDGER_FINDING_FILE] = "file",         [LEDGER_FINDING_EVENT] = "event",
        [LEDGER_FINDING_MISSING] = "missing",   [LEDGER_FINDING_RUN] = "run",
        [LEDGER_FINDING_REPORT] = "report",     [LEDGER_FINDING_GONE] = "gone",
        [LEDGER_FINDING_CUSTOMER] = "customer", [LEDGER_FINDING_USER] = "user",
    };
    return words[kind];
}

__attribute__((format(printf, 3, 4))) static void
report_finding(struct verify *verify, struct ledger_finding finding, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    text_format_va(text, sizeof text, format, arguments);
    va_end(arguments);
    finding.text = slice_from(text);
    verify->verified->findings++;
    verify->each(verify->context, &finding);
}

/* Runs and heads. */

static int by_head(const void *left, const void *right)
{
    const struct known_run *const *a = left, *const *b = right;
    return memcmp((*a)->head, (*b)->head, DIGEST_SHA256_LEN);
}

static void add_run(struct verify *verify, int64_t id, struct slice head)
{
    struct known_run *run = &verify->runs[verify->run_count];

    *run = (struct known_run){.id = id, .head_at = -1};
    run->has_head = head.len > 0;
    if (run->has_head && !ledger_file_read_hex(head, run->head, sizeof run->head))
        memset(run->head, 0xff, sizeof run->head); /* not the head of any chain */
}

static int load_runs(struct verify *verify, const char *report_head, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(verify->ledger, LEDGER_SQL_RUNS, error);
    size_t capacity = 64;
    int row;

    verify->runs = memory_new(capacity, sizeof *verify->runs);
    if (!statement)
        return -1;
    while ((row = ledger_sqlite_row(verify->ledger, statement, error)) == 1) {
        int64_t id = sqlite3_column_int64(statement, 0), next = 1;
        if (verify->run_count > 0)
            next = verify->runs[verify->run_count - 1].id + 1;
        if (id > next)
            report_finding(verify, (struct ledger_finding){.kind = LEDGER_FINDING_RUN, .run = next},
                           id == next + 1 ? "its row is missing"
                                          : "the rows from here to run %" PRId64 " are missing",
                           id - 1);
        struct slice lacks = ledger_sqlite_lacks(statement);
        if (lacks.len > 0)
            report_finding(verify, (struct ledger_finding){.kind = LEDGER_FINDING_RUN, .run = id},
                           "it has no %.*s", (int)lacks.len, lacks.data);
        add_run(verify, id, ledger_sqlite_column(statement, 1));
        if (++verify->run_count == capacity)
            verify->runs = memory_resize(verify->runs, capacity *= 2, sizeof *verify->runs);
    }
    if (row < 0)
        return -1;
    verify->verified->runs = verify->run_count;
    add_run(verify, 0, slice_from(report_head));
    verify->by_head = memory_new(verify->run_count + 1, sizeof(struct known_run *));
    for (size_t i = 0; i <= verify->run_count; i++)
        if (verify->runs[i].has_head)
            verify->by_head[verify->head_count++] = &verify->runs[i];
    qsort(verify->by_head, verify->head_count, sizeof(struct known_run *), by_head);
    return 0;
}

/* Marks the runs with this head, which the chain has after event. */
static void mark_head(struct verify *verify, const uint8_t *head, int64_t event)
{
    size_t low = 0, high = verify->head_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(verify->by_head[middle]->head, head, DIGEST_SHA256_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < verify->head_count && memcmp(verify->by_head[low]->head, head, DIGEST_SHA256_LEN) == 0;
         low++)
        verify->by_head[low]->head_at = event;
}

static struct known_run *find_run(struct verify *verify, int64_t id)
{
    size_t low = 0, high = verify->run_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (verify->runs[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < verify->run_count && verify->runs[low].id == id ? &verify->runs[low] : NULL;
}

static void check_heads(struct verify *verify)
{
    for (size_t i = 0; i <= verify->run_count; i++) {
        const struct known_run *run = &verify->runs[i];
        bool is_report = i == verify->run_count;
        struct ledger_finding finding = {.kind = is_report ? LEDGER_FINDING_REPORT : LEDGER_FINDING_RUN,
                                         .run = run->id};
        if (run->has_head && run->head_at < 0)
            report_finding(
                verify, finding,
                is_report
                    ? "the chain does not hold the head that the last run recorded beside the ledger and in the report folder: events are missing at the end, or the ledger is older"
                    : "the chain does not hold the head with which it ended: events are missing or were changed");
        else if (run->has_head && !is_report && run->head_at < run->last_event)
            report_finding(verify, finding,
                           "its chain_head is that of event %" PRId64 ", and its last event is %" PRId64,
                           run->head_at, run->last_event);
    }
}

/* The chain. */

/* Reads a row of LEDGER_SQL_EVENTS; its slices are valid until the next step. False when its customer is
 * gone.
 */
static bool read_event(struct ledger *ledger, sqlite3_stmt *statement, struct ledger_event *event)
{
    *event = (struct ledger_event){
        .id = sqlite3_column_int64(statement, 0),
        .run = sqlite3_column_int64(statement, 1),
        .customer_id = sqlite3_column_int64(statement, 2),
        .row = sqlite3_column_int64(statement, 4),
        .operation = ledger_sqlite_column(statement, 5),
        .outcome = ledger_sqlite_column(statement, 6),
        .user_id = ledger_sqlite_column(statement, 7),
        .digest = ledger_sqlite_column(statement, 8),
        .http_status = sqlite3_column_int64(statement, 9),
        .code = ledger_sqlite_column(statement, 10),
        .request_id = ledger_sqlite_column(statement, 11),
        .attempt = sqlite3_column_int64(statement, 12),
        .latency_ms = sqlite3_column_int64(statement, 13),
        .at_ns = sqlite3_column_int64(statement, 14),
    };
    struct slice external_id = ledger_sqlite_column(statement, 3);
    struct slice former = ledger_sqlite_column(statement, 16); /* of the next rekey event, if any */
    if (external_id.len == 0)
        return false;
    if (former.len == DIGEST_SHA256_LEN)
        memcpy(event->customer, former.data, DIGEST_SHA256_LEN);
    else
        ledger_customer_digest(ledger, external_id, event->customer);
    return true;
}

/* True if the stored chain of the event continues the chain before it. After an event of which only the
 * stored chain was changed, the next one continues the computed chain. */
static bool follows(struct verify *verify, const struct ledger_event *event, struct slice stored)
{
    struct ledger_chain chain = verify->chain;
    bool fits = false;

    ledger_chain_add(verify->ledger, event, &chain);
    if (verify->uncertain && memcmp(chain.head, stored.data, DIGEST_SHA256_LEN) != 0) {
        memcpy(chain.head, verify->computed, DIGEST_SHA256_LEN);
        ledger_chain_add(verify->ledger, event, &chain);
    }
    fits = memcmp(chain.head, stored.data, DIGEST_SHA256_LEN) == 0;
    memcpy(verify->computed, chain.head, DIGEST_SHA256_LEN);
    verify->uncertain = !fits;
    return fits;
}

static void mark_run(struct verify *verify, const struct ledger_event *event)
{
    struct known_run *run = event->run ? find_run(verify, event->run) : NULL;

    if (run && !run->first_event)
        run->first_event = event->id;
    if (run)
        run->last_event = event->id;
    if (event->run && !run)
        report_finding(
            verify,
            (struct ledger_finding){.kind = LEDGER_FINDING_RUN, .run = event->run, .event = event->id},
            "event %" PRId64 " belongs to this run, whose row is missing", event->id);
}

static void check_event(struct verify *verify, sqlite3_stmt *statement, int64_t *reported_run)
{
    struct ledger_event event;
    bool has_customer = read_event(verify->ledger, statement, &event);
    struct slice stored = ledger_sqlite_column(statement, 15);
    int64_t next = verify->chain.last_event + 1;
    bool is_next = event.id == next, whole = stored.len == DIGEST_SHA256_LEN;
    struct ledger_finding finding = {.kind = LEDGER_FINDING_EVENT,
                                     .event = event.id,
                                     .customer = event.customer_id,
                                     .external_id = ledger_sqlite_column(statement, 3)};

    struct slice lacks = ledger_sqlite_lacks(statement);

    verify->verified->events++;
    if (!is_next)
        report_finding(verify, (struct ledger_finding){.kind = LEDGER_FINDING_MISSING, .event = next},
                       event.id - 1 > next ? "the events from here to %" PRId64 " are missing"
                                           : "it is missing",
                       event.id - 1);
    if (!whole)
        report_finding(verify, finding, "its chain is missing");
    else if (has_customer && is_next && !follows(verify, &event, stored))
        report_finding(verify, finding,
                       "it, or the external_id of its customer, was changed after it was written");
    else if (lacks.len > 0) /* a NULL is written as a 0 is */
        report_finding(verify, finding, "it has no %.*s", (int)lacks.len, lacks.data);
    else if (!has_customer || !is_next)
        verify->uncertain = false; /* reported elsewhere; continue from the stored chain */
    if (event.run != *reported_run)
        mark_run(verify, &event);
    else if (find_run(verify, event.run))
        find_run(verify, event.run)->last_event = event.id;
    *reported_run = event.run;
    if (whole)
        memcpy(verify->chain.head, stored.data, DIGEST_SHA256_LEN);
    verify->chain.last_event = event.id;
    mark_head(verify, verify->chain.head, event.id);
    if (verify->uncertain)
        mark_head(verify, verify->computed, event.id);
}

static int walk_chain(struct verify *verify, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(verify->ledger, LEDGER_SQL_EVENTS, error);
    int64_t reported_run = 0;
    int row;

    if (!statement)
        return -1;
    mark_head(verify, verify->chain.head, 0);
    while ((row = ledger_sqlite_row(verify->ledger, statement, error)) == 1)
        check_event(verify, statement, &reported_run);
    if (row == 0)
        check_heads(verify);
    return row;
}

/* Customers and their events, side by side. */

struct histories {
    sqlite3_stmt *statement;
    int64_t customer; /* of the event that was read last; INT64_MAX: the end */
    struct ledger_replay replay;
};

static int next_event(struct verify *verify, struct histories *histories, struct error *error)
{
    int more = ledger_sqlite_row(verify->ledger, histories->statement, error);

    if (more >= 0)
        histories->customer = more ? sqlite3_column_int64(histories->statement, 0) : INT64_MAX;
    return more < 0 ? -1 : 0;
}

static void replay_event(struct histories *histories)
{
    sqlite3_stmt *statement = histories->statement;
    const struct ledger_replay_event event = {
        .id = sqlite3_column_int64(statement, 1),
        .run = sqlite3_column_int64(statement, 2),
        .operation = ledger_sqlite_column(statement, 3),
        .outcome = ledger_sqlite_column(statement, 4),
        .user_id = ledger_sqlite_column(statement, 5),
        .digest = ledger_sqlite_column(statement, 6),
        .http_status = sqlite3_column_int64(statement, 7),
        .code = ledger_sqlite_column(statement, 8),
        .request_id = ledger_sqlite_column(statement, 9),
        .attempt = sqlite3_column_int64(statement, 10),
    };
    ledger_replay_add(&histories->replay, &event);
}

/* Reports every customer before this one that has events, but no row. */
static int report_gone(struct verify *verify, struct histories *histories, int64_t customer,
                       struct error *error)
{
    while (histories->customer < customer) {
        int64_t gone = histories->customer, first = sqlite3_column_int64(histories->statement, 1);
        report_finding(
            verify, (struct ledger_finding){.kind = LEDGER_FINDING_GONE, .customer = gone, .event = first},
            "its row is gone, but its events remain, from %" PRId64
            " on: the next run would create this customer again (to erase a customer, keep its row, with `erased:` and its digest as the external_id)",
            first);
        while (histories->customer == gone)
            if (next_event(verify, histories, error) != 0)
                return -1;
    }
    return 0;
}

/* former: receives the digest of its former key. */
static void read_row(struct ledger *ledger, sqlite3_stmt *statement, struct ledger_replay_row *stored_row,
                     uint8_t former[DIGEST_SHA256_LEN])
{
    *stored_row = (struct ledger_replay_row){
        .state = ledger_sqlite_column(statement, 2),
        .user_id = ledger_sqlite_column(statement, 3),
        .digest = ledger_sqlite_column(statement, 4),
        .member_digests = ledger_sqlite_column(statement, 5),
        .operation = ledger_sqlite_column(statement, 6),
        .pending_digest = ledger_sqlite_column(statement, 7),
        .pending_member_digests = ledger_sqlite_column(statement, 8),
        .pending_email_digest = ledger_sqlite_column(statement, 17),
        .refusals = sqlite3_column_int64(statement, 9),
        .first_sent_at = sqlite3_column_int64(statement, 10),
        .http_status = sqlite3_column_int64(statement, 11),
        .code = ledger_sqlite_column(statement, 12),
        .request_id = ledger_sqlite_column(statement, 13),
        .attempts = sqlite3_column_int64(statement, 14),
        .first_run = sqlite3_column_int64(statement, 15),
        .updated_run = sqlite3_column_int64(statement, 16),
        .identity = ledger_sqlite_column(statement, 18),
        .twin = ledger_sqlite_column(statement, 19),
        .verdict = sqlite3_column_int64(statement, 21),
        .left_out = ledger_sqlite_column(statement, 22),
    };
    struct slice former_key = ledger_sqlite_column(statement, 20);
    if (former_key.len == 0)
        return;
    ledger_customer_digest(ledger, former_key, former);
    stored_row->former_key = slice_make((const char *)former, DIGEST_SHA256_LEN);
}

static int check_customer(struct verify *verify, struct histories *histories, sqlite3_stmt *statement,
                          struct error *error)
{
    struct ledger_finding finding = {.kind = LEDGER_FINDING_CUSTOMER,
                                     .customer = sqlite3_column_int64(statement, 0),
                                     .external_id = ledger_sqlite_column(statement, 1)};
    struct ledger_replay_row stored_row;
    uint8_t former[DIGEST_SHA256_LEN];

    struct slice lacks = ledger_sqlite_lacks(statement);

    read_row(verify->ledger, statement, &stored_row, former);
    verify->verified->customers++;
    if (report_gone(verify, histories, finding.customer, error) != 0)
        return -1;
    ledger_replay_begin(&histories->replay, stored_row.first_run);
    while (histories->customer == finding.customer) {
        replay_event(histories);
        if (next_event(verify, histories, error) != 0)
            return -1;
    }
    if (ledger_customer_is_erased(finding.external_id))
        verify->verified->erased++;
    else if (!ledger_replay_agrees(&histories->replay, &stored_row, &verify->text))
        report_finding(verify, finding, "%s", verify->text.data);
    else if (lacks.len > 0)
        report_finding(verify, finding, "it has no %.*s", (int)lacks.len, lacks.data);
    return 0;
}

static int check_customers(struct verify *verify, struct error *error)
{
    sqlite3_stmt *customers = ledger_sqlite_prepare(verify->ledger, LEDGER_SQL_CUSTOMER_ROWS, error);
    struct histories histories = {.customer = INT64_MIN};
    int row = -1;

    histories.statement = ledger_sqlite_prepare(verify->ledger, LEDGER_SQL_HISTORIES, error);
    if (!customers || !histories.statement || next_event(verify, &histories, error) != 0)
        return -1;
    ledger_replay_init(&histories.replay);
    while ((row = ledger_sqlite_row(verify->ledger, customers, error)) == 1)
        if (check_customer(verify, &histories, customers, error) != 0) {
            ledger_sqlite_release(customers);
            row = -1;
            break;
        }
    if (row == 0)
        row = report_gone(verify, &histories, INT64_MAX, error);
    if (histories.customer != INT64_MAX)
        ledger_sqlite_release(histories.statement);
    ledger_replay_clear(&histories.replay);
    return row;
}

/* The schema has a unique index, but another program may have dropped it. */
static int check_users(struct verify *verify, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(verify->ledger, LEDGER_SQL_SHARED_USERS, error);
    int row;

    if (!statement)
        return -1;
    while ((row = ledger_sqlite_row(verify->ledger, statement, error)) == 1) {
        struct slice user = ledger_sqlite_column(statement, 0);
        report_finding(verify,
                       (struct ledger_finding){.kind = LEDGER_FINDING_USER,
                                               .customer = sqlite3_column_int64(statement, 1)},
                       "customers %" PRId64 " and %" PRId64 " have the same user_id %.*s",
                       (int64_t)sqlite3_column_int64(statement, 1),
                       (int64_t)sqlite3_column_int64(statement, 2), (int)user.len, user.data);
    }
    return row;
}

static int check_file(struct verify *verify, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(verify->ledger, LEDGER_SQL_INTEGRITY, error);
    int row;

    if (!statement)
        return -1;
    while ((row = ledger_sqlite_row(verify->ledger, statement, error)) == 1) {
        struct slice text = ledger_sqlite_column(statement, 0);
        if (!slice_is(text, "ok"))
            report_finding(verify, (struct ledger_finding){.kind = LEDGER_FINDING_FILE}, "%.*s",
                           (int)text.len, text.data);
    }
    return row;
}

int ledger_verify(struct ledger *ledger, const char *report_head,
                  void (*each)(void *context, const struct ledger_finding *finding), void *context,
                  struct ledger_verified *verified, struct error *error)
{
    struct verify verify = {.ledger = ledger, .each = each, .context = context, .verified = verified};
    struct error ignored;

    *verified = (struct ledger_verified){.findings = 0};
    if (ledger_sqlite_exec(ledger, "PRAGMA temp_store = FILE", error) != 0 ||
        ledger_sqlite_exec(ledger, "BEGIN", error) != 0)
        return -1;
    buffer_init(&verify.text, TEXT_MAX);
    int result = load_runs(&verify, report_head, error);
    if (result == 0)
        result = check_file(&verify, error);
    if (result == 0)
        result = walk_chain(&verify, error);
    if (result == 0)
        result = check_users(&verify, error);
    if (result == 0)
        result = check_customers(&verify, error);
    buffer_clear(&verify.text);
    free(verify.by_head);
    free(verify.runs);
    int ended = ledger_sqlite_exec(ledger, "COMMIT", result == 0 ? error : &ignored);
    return result == 0 ? ended : -1;
}
