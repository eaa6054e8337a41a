#include "ledger/ledger_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash_table.h"
#include "core/memory.h"
#include "core/text.h"
#include "ledger/ledger_internal.h"
#include "ledger/ledger_verify_rows.h"
#include "ledger/ledger_verify_tasks.h"

enum {
    CANDIDATES_MAX = 3,
    /* A customer's first event is that of its insertion, so in a whole ledger no event names a customer with
     * a larger id than its own. Where events are missing some do; an id beyond this bound was planted, and
     * must not size an array. */
    IDS_FREE = 1 << 20,
    IDS_PER_EVENT = 4,
};

/* Columns of the rows as stored. */
enum {
    EVENT_ID,
    EVENT_RUN,
    EVENT_CUSTOMER,
    EVENT_ROW,
    EVENT_OPERATION,
    EVENT_OUTCOME,
    EVENT_SEAL = 10,
    EVENT_BODY
};
enum { EVENT_BODY_DIGEST = LEDGER_EVENT_COLUMNS - 2, EVENT_CHAIN };
enum { RUN_ID, RUN_EPOCH, RUN_FINISHED = 4, RUN_CHAIN_HEAD = LEDGER_RUN_COLUMNS - 1 };
enum { CUSTOMER_ID, CUSTOMER_EXTERNAL_ID, CUSTOMER_USER_ID = 4 };
enum { TASK_ID, TASK_CUSTOMER };

/* A run and its head in the chain. */
struct known_run {
    int64_t id, epoch;
    struct ledger_seal row, seal; /* computed from its row; of its last event */
    int64_t last_event;           /* that seals it; 0: none */
    bool is_finished, has_head;
    uint8_t head[DIGEST_SHA256_LEN];
    int64_t head_at; /* the event after which the chain had this head; 0: before the first; -1: never */
};

/* A finding that names a customer; its key is looked up in one pass at the end. */
struct suspect {
    int64_t customer, event, last_event, task;
    const char *text; /* NULL: the row is not the one that event sealed */
    enum ledger_finding_kind kind;
};

struct verify {
    struct ledger *ledger;
    void (*each)(void *context, const struct ledger_finding *finding);
    void *context;
    struct ledger_verified *verified;
    struct known_run *runs;                     /* by id; the last one is the report's head */
    struct known_run **by_head;                 /* those that have one */
    size_t run_count, run_capacity, head_count; /* run_count: without the report's */
    int64_t missing_run;                        /* the last one that was reported */

    /* Of each customer, by id from 1: the seal of its last event. */
    struct ledger_seal *seals;
    int64_t seal_count, seal_capacity;
    struct ledger_verify_tasks tasks;

    /* The chains that the next event may continue: one, but more after a commit that did not fit. */
    struct ledger_chain chains[CANDIDATES_MAX];
    size_t chain_count;
    int64_t last_event;
    int64_t first, customer; /* of the open commit: its first event (0: none), and that one's customer */
    bool is_reported;        /* a finding explains that it does not fit */
    bool has_gap;            /* events before it, or in it, are missing */
    bool lacks_events;       /* some are missing somewhere */

    struct suspect *suspects;
    size_t suspect_count, suspect_capacity, suspect_done;
    struct hash_table *users;
};

const char *ledger_finding_word(enum ledger_finding_kind kind)
{
    static const char *const words[] = {
        [LEDGER_FINDING_FILE] = "file",         [LEDGER_FINDING_EVENT] = "event",
        [LEDGER_FINDING_MISSING] = "missing",   [LEDGER_FINDING_RUN] = "run",
        [LEDGER_FINDING_REPORT] = "report",     [LEDGER_FINDING_GONE] = "gone",
        [LEDGER_FINDING_CUSTOMER] = "customer", [LEDGER_FINDING_USER] = "user",
        [LEDGER_FINDING_TASK] = "task",
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

static void add_suspect(struct verify *verify, struct suspect suspect)
{
    if (verify->suspect_count == verify->suspect_capacity) {
        verify->suspect_capacity = verify->suspect_capacity ? 2 * verify->suspect_capacity : 64;
        verify->suspects =
            memory_resize(verify->suspects, verify->suspect_capacity, sizeof *verify->suspects);
    }
    verify->suspects[verify->suspect_count++] = suspect;
}

/* Runs and heads. */

static int by_head(const void *left, const void *right)
{
    const struct known_run *const *a = left, *const *b = right;
    return memcmp((*a)->head, (*b)->head, DIGEST_SHA256_LEN);
}

static void add_run(struct verify *verify, int64_t id, struct slice head)
{
    if (verify->run_count == verify->run_capacity) {
        verify->run_capacity = verify->run_capacity ? 2 * verify->run_capacity : 64;
        verify->runs = memory_resize(verify->runs, verify->run_capacity, sizeof *verify->runs);
    }
    struct known_run *run = &verify->runs[verify->run_count];

    *run = (struct known_run){.id = id, .head_at = -1, .has_head = head.len > 0};
    if (run->has_head && !digest_read_hex(head, run->head, sizeof run->head))
        memset(run->head, 0xff, sizeof run->head); /* not the head of any chain */
}

static bool load_run(void *context, const struct ledger_value *values)
{
    struct verify *verify = context;
    const struct ledger_value *head = &values[RUN_CHAIN_HEAD];

    add_run(verify, values[RUN_ID].number, head->is_null ? slice_make(NULL, 0) : head->bytes);
    struct known_run *run = &verify->runs[verify->run_count++];
    run->has_head = !head->is_null; /* an empty text is not the head of any chain */
    if (run->has_head && head->bytes.len == 0)
        memset(run->head, 0xff, sizeof run->head);
    run->is_finished = !values[RUN_FINISHED].is_null;
    run->epoch = values[RUN_EPOCH].number;
    ledger_sealer_seal(verify->ledger->sealer, &ledger_run_table, values, run->row.bytes);
    return true;
}

static int load_runs(struct verify *verify, const char *report_head, struct error *error)
{
    if (store_each_row(verify->ledger->store, &ledger_run_table, load_run, verify, error) != 0)
        return -1;
    verify->verified->runs = verify->run_count;
    add_run(verify, 0, slice_from(report_head));
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    verify->by_head = memory_new(verify->run_count + 1, sizeof *verify->by_head);
    for (size_t i = 0; i <= verify->run_count; i++)
        if (verify->runs[i].has_head)
            verify->by_head[verify->head_count++] = &verify->runs[i];
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    qsort(verify->by_head, verify->head_count, sizeof *verify->by_head, by_head);
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

/* What is wrong with a run; its head counts only where its row is right. */
static void check_run(struct verify *verify, const struct known_run *run, int64_t *epoch)
{
    const struct ledger_finding finding = {
        .kind = LEDGER_FINDING_RUN, .run = run->id, .event = run->last_event};

    if (run->last_event == 0) {
        report_finding(verify, finding, "no event records its start");
        return;
    }
    if (memcmp(&run->row, &run->seal, sizeof run->seal) != 0) {
        report_finding(verify, finding,
                       "its row is not the one that event %" PRId64
                       " sealed: it was changed, or replaced by an older one",
                       run->last_event);
        return;
    }
    if (run->epoch <= *epoch)
        report_finding(verify, finding, "its epoch is %" PRId64 ", and that of an earlier run is %" PRId64,
                       run->epoch, *epoch);
    else
        *epoch = run->epoch;
    if (!run->is_finished && run->has_head)
        report_finding(verify, finding, "it has a chain_head, and no event records its end");
    else if (run->is_finished && (!run->has_head || run->head_at != run->last_event))
        report_finding(verify, finding,
                       "its chain_head is not the chain after event %" PRId64 ", with which it ended",
                       run->last_event);
}

static void check_runs(struct verify *verify)
{
    const struct known_run *report = &verify->runs[verify->run_count];
    int64_t epoch = INT64_MIN;

    for (size_t i = 0; i < verify->run_count; i++)
        check_run(verify, &verify->runs[i], &epoch);
    if (report->has_head && report->head_at < 0)
        report_finding(
            verify, (struct ledger_finding){.kind = LEDGER_FINDING_REPORT},
            "the chain does not hold the head that the last run recorded (LEDGER.head, or ledger-*.head in the report folder or in ledger_witness): events are missing at the end, or the ledger is older");
}

/* The chain. */

static void report_event(struct verify *verify, int64_t customer, int64_t first, int64_t last,
                         const char *text)
{
    if (customer > 0)
        add_suspect(verify, (struct suspect){.customer = customer,
                                             .event = first,
                                             .last_event = last,
                                             .text = text,
                                             .kind = LEDGER_FINDING_EVENT});
    else
        report_finding(
            verify, (struct ledger_finding){.kind = LEDGER_FINDING_EVENT, .event = first, .last_event = last},
            "%s", text);
    verify->is_reported = true;
}

static struct ledger_seal read_seal(const struct ledger_value *value)
{
    struct ledger_seal seal = {{0}};

    if (value->bytes.len == sizeof seal.bytes)
        memcpy(seal.bytes, value->bytes.data, sizeof seal.bytes);
    return seal;
}

/* An event of customer 0. */
static void keep_run_seal(struct verify *verify, const struct ledger_value *event)
{
    int64_t id = event[EVENT_ID].number, run_id = event[EVENT_RUN].number;
    struct known_run *run = find_run(verify, run_id);

    if (!slice_is(event[EVENT_OPERATION].bytes, "run") || (!slice_is(event[EVENT_OUTCOME].bytes, "started") &&
                                                           !slice_is(event[EVENT_OUTCOME].bytes, "finished")))
        report_event(verify, 0, id, 0,
                     "it belongs to no customer, and is neither the start nor the end of a run");
    if (run) {
        run->seal = read_seal(&event[EVENT_SEAL]);
        run->last_event = id;
    } else if (run_id != verify->missing_run) {
        report_finding(verify,
                       (struct ledger_finding){.kind = LEDGER_FINDING_RUN, .run = run_id, .event = id},
                       "its row is missing: event %" PRId64 " belongs to it", id);
        verify->missing_run = run_id;
    }
}

/* An event of a task. */
static void keep_task_seal(struct verify *verify, const struct ledger_value *event, int64_t max)
{
    int64_t id = event[EVENT_ID].number, task = event[EVENT_ROW].number;
    const struct ledger_verify_task last = {
        .customer = event[EVENT_CUSTOMER].number, .event = id, .seal = read_seal(&event[EVENT_SEAL])};
    const char *text = NULL;

    if (task < 1 || task > max)
        text = "its task has an id that this ledger cannot have given";
    else
        text = ledger_verify_tasks_event(&verify->tasks, task, &last,
                                         slice_is(event[EVENT_OUTCOME].bytes, "journalled"));
    if (text)
        report_event(verify, last.customer, id, 0, text);
}

static bool is_of_task(const struct ledger_value *event)
{
    struct slice operation = event[EVENT_OPERATION].bytes;

    return slice_is(operation, "link") || slice_is(operation, "document");
}

static void keep_seal(struct verify *verify, const struct ledger_value *event)
{
    int64_t id = event[EVENT_ID].number, customer = event[EVENT_CUSTOMER].number;
    int64_t max = IDS_FREE + IDS_PER_EVENT * (int64_t)verify->verified->events;

    if (customer == 0) {
        keep_run_seal(verify, event);
        return;
    }
    if (customer < 0 || customer > max) {
        report_event(verify, 0, id, 0, "its customer has an id that this ledger cannot have given");
        return;
    }
    if (is_of_task(event)) {
        keep_task_seal(verify, event, max);
        return;
    }
    if (customer > verify->seal_capacity) {
        int64_t capacity = customer > 2 * verify->seal_capacity ? customer : 2 * verify->seal_capacity;
        verify->seals = memory_resize(verify->seals, (size_t)capacity, sizeof *verify->seals);
        verify->seal_capacity = capacity;
    }
    if (customer > verify->seal_count) {
        memset(&verify->seals[verify->seal_count], 0,
               (size_t)(customer - verify->seal_count) * sizeof *verify->seals);
        verify->seal_count = customer;
    }
    verify->seals[customer - 1] = read_seal(&event[EVENT_SEAL]);
}

/* The chain covers B, the digest of the body; so B must be that of the columns, unless they are empty. */
static void check_body(struct verify *verify, const struct ledger_value *event)
{
    bool is_empty = true;

    if (event[EVENT_BODY_DIGEST].is_null)
        return;
    for (size_t i = EVENT_BODY; i < EVENT_BODY_DIGEST; i++)
        is_empty = is_empty && event[i].is_null;
    if (!is_empty)
        report_event(
            verify, event[EVENT_CUSTOMER].number, event[EVENT_ID].number, 0,
            "it has both its data and the body_digest that takes their place when they are erased: one of them was added");
    else if (event[EVENT_BODY_DIGEST].bytes.len != DIGEST_SHA256_LEN)
        report_event(verify, event[EVENT_CUSTOMER].number, event[EVENT_ID].number, 0,
                     "its body_digest is not a digest of 32 bytes");
}

/* A stored chain ends the commit. After one that does not fit, later events may continue it (an event was
 * changed) or a computed one (the stored chain was). */
static void end_commit(struct verify *verify, int64_t event, struct slice stored)
{
    struct ledger_chain chains[CANDIDATES_MAX];
    size_t fits = 0, count = 0;

    while (fits < verify->chain_count &&
           (stored.len != DIGEST_SHA256_LEN ||
            memcmp(verify->chains[fits].head, stored.data, DIGEST_SHA256_LEN) != 0))
        fits++;
    if (fits < verify->chain_count) {
        verify->chains[0] = verify->chains[fits];
        verify->chain_count = 1;
    } else {
        if (!verify->is_reported && !verify->has_gap)
            report_event(
                verify, verify->first == event ? verify->customer : 0, verify->first,
                verify->first == event ? 0 : event,
                verify->first == event
                    ? "it was changed after it was written"
                    : "one of these events, which one commit wrote, was changed after it was written");
        if (stored.len == DIGEST_SHA256_LEN) {
            chains[count].last_event = event;
            memcpy(chains[count++].head, stored.data, DIGEST_SHA256_LEN);
            mark_head(verify, (const uint8_t *)stored.data, event);
        }
        for (size_t i = 0;
             i < verify->chain_count && count < CANDIDATES_MAX && (!verify->has_gap || count == 0); i++)
            chains[count++] = verify->chains[i];
        memcpy(verify->chains, chains, count * sizeof *chains);
        verify->chain_count = count;
    }
    verify->first = 0;
    verify->is_reported = verify->has_gap = false;
}

static void check_order(struct verify *verify, int64_t id)
{
    int64_t next = verify->last_event + 1;

    if (id == next)
        return;
    verify->has_gap = verify->lacks_events = true;
    report_finding(verify,
                   (struct ledger_finding){.kind = LEDGER_FINDING_MISSING,
                                           .event = next,
                                           .last_event = id - 1 > next ? id - 1 : 0},
                   id - 1 > next ? "they are missing, so the events of the same commit cannot be checked"
                                 : "it is missing, so the other events of its commit cannot be checked");
}

static bool check_event(void *context, const struct ledger_value *event)
{
    struct verify *verify = context;
    int64_t id = event[EVENT_ID].number;
    const struct ledger_value *chain = &event[EVENT_CHAIN];

    verify->verified->events++;
    if (id < 1) { /* ids begin with 1, and the rows come in their order */
        report_event(verify, 0, id, 0, "it has an id that no event can have: it was added");
        verify->is_reported = false;
        return true;
    }
    check_order(verify, id);
    if (verify->first == 0) {
        verify->first = id;
        verify->customer = event[EVENT_CUSTOMER].number;
    }
    for (size_t i = 0; i < verify->chain_count; i++) {
        ledger_sealer_add(verify->ledger->sealer, event, &verify->chains[i]);
        mark_head(verify, verify->chains[i].head, id);
    }
    check_body(verify, event);
    keep_seal(verify, event);
    if (!chain->is_null)
        end_commit(verify, id, chain->bytes);
    verify->last_event = id;
    return true;
}

static int walk_events(struct verify *verify, struct error *error)
{
    verify->chain_count = 1; /* zeros */
    mark_head(verify, verify->chains[0].head, 0);
    if (store_each_row(verify->ledger->store, &ledger_event_table, check_event, verify, error) != 0)
        return -1;
    if (verify->first != 0)
        report_event(verify, 0, verify->first, verify->first == verify->last_event ? 0 : verify->last_event,
                     "the last event has no chain: it was removed, or events after it are missing");
    return 0;
}

/* Rows and seals. */

static bool has_seal(const struct verify *verify, int64_t customer)
{
    static const struct ledger_seal none;

    return customer >= 1 && customer <= verify->seal_count &&
           memcmp(&verify->seals[customer - 1], &none, sizeof none) != 0;
}

/* Customers between these ids (of neighbouring rows), without a row. */
static void report_gone(struct verify *verify, int64_t after, int64_t before)
{
    for (int64_t id = after + (after < INT64_MAX); id < before && id <= verify->seal_count; id++)
        add_suspect(
            verify,
            (struct suspect){
                .customer = id,
                .kind = LEDGER_FINDING_GONE,
                .text =
                    has_seal(verify, id)
                        ? NULL
                        : "neither a row nor an event has this id, and ids have no gaps: the next run would create this customer again"});
}

static void compare(struct verify *verify, const struct ledger_verify_rows *rows)
{
    int64_t last = 0;

    for (size_t i = 0, range = 0; i < rows->count; i++) {
        if (range + 1 < rows->range_count && rows->ranges[range + 1].begin == i)
            range++;
        int64_t id = rows->ranges[range].id + (int64_t)(i - rows->ranges[range].begin);
        if (id > 0) {
            report_gone(verify, last, id);
            last = id;
        }
        if (!has_seal(verify, id))
            add_suspect(verify, (struct suspect){
                                    .customer = id,
                                    .kind = LEDGER_FINDING_CUSTOMER,
                                    .text = "it has no event: its row was added, or its events are missing"});
        else if (memcmp(&verify->seals[id - 1], &rows->seals[i], sizeof *rows->seals) != 0)
            add_suspect(verify, (struct suspect){.customer = id, .kind = LEDGER_FINDING_CUSTOMER});
    }
    report_gone(verify, last, INT64_MAX);
}

/* Tasks. */

static void add_task_suspect(void *context, int64_t task, const struct ledger_verify_task *last,
                             const char *text)
{
    add_suspect(context, (struct suspect){.customer = last->customer,
                                          .event = last->event,
                                          .task = task,
                                          .kind = LEDGER_FINDING_TASK,
                                          .text = text});
}

static bool compare_task(void *context, const struct ledger_value *values)
{
    struct verify *verify = context;
    struct ledger_verify_task row = {.customer = values[TASK_CUSTOMER].number};

    ledger_sealer_seal(verify->ledger->sealer, &ledger_task_table, values, row.seal.bytes);
    ledger_verify_tasks_row(&verify->tasks, values[TASK_ID].number, &row, add_task_suspect, verify);
    return true;
}

static int compare_tasks(struct verify *verify, struct error *error)
{
    if (store_each_row(verify->ledger->store, &ledger_task_table, compare_task, verify, error) != 0)
        return -1;
    ledger_verify_tasks_end(&verify->tasks, add_task_suspect, verify);
    verify->verified->tasks = verify->tasks.rows;
    return 0;
}

static int by_customer(const void *left, const void *right)
{
    const struct suspect *a = left, *b = right;

    if (a->customer != b->customer)
        return a->customer < b->customer ? -1 : 1;
    return a->event < b->event ? -1 : a->event > b->event;
}

/* The first suspect of a customer; suspect_count: none. */
static size_t find_suspect(const struct verify *verify, int64_t customer)
{
    size_t low = 0, high = verify->suspect_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (verify->suspects[middle].customer < customer)
            low = middle + 1;
        else
            high = middle;
    }
    return low < verify->suspect_count && verify->suspects[low].customer == customer ? low
                                                                                     : verify->suspect_count;
}

/* The seal of a customer is that of its last event. */
static bool name_event(void *context, const struct ledger_value *event)
{
    struct verify *verify = context;
    int64_t customer = event[EVENT_CUSTOMER].number;

    if (is_of_task(event))
        return true;
    for (size_t i = find_suspect(verify, customer);
         i < verify->suspect_count && verify->suspects[i].customer == customer; i++)
        if (verify->suspects[i].kind == LEDGER_FINDING_GONE ||
            verify->suspects[i].kind == LEDGER_FINDING_CUSTOMER)
            verify->suspects[i].event = event[EVENT_ID].number;
    return true;
}

static void report_suspect(struct verify *verify, const struct suspect *suspect, struct slice external_id)
{
    const struct ledger_finding finding = {.kind = suspect->kind,
                                           .event = suspect->event,
                                           .last_event = suspect->last_event,
                                           .customer = suspect->customer,
                                           .task = suspect->task,
                                           .external_id = external_id};

    if (suspect->text)
        report_finding(verify, finding, "%s", suspect->text);
    else if (suspect->kind == LEDGER_FINDING_GONE)
        report_finding(verify, finding,
                       "its row, which event %" PRId64
                       " sealed, is missing: the next run would create this customer again",
                       suspect->event);
    else
        report_finding(verify, finding,
                       "its row is not the one that event %" PRId64
                       " sealed: it was changed, or replaced by an older one%s",
                       suspect->event, verify->lacks_events ? ", or its later events are missing" : "");
}

/* The unique index forbids it, but another program may have dropped that. Two users with the same 64-bit hash
 * would be reported too: 3 in a million for ten million users, and only in a ledger that is damaged already.
 */
static void check_user(struct verify *verify, int64_t id, struct slice user_id)
{
    struct hash_table_entry *entry = hash_table_ensure(verify->users, hash_table_hash(user_id));
    int64_t other = (int64_t)((uint64_t)entry->value << 32 | entry->mark);

    if (other != 0)
        report_finding(verify, (struct ledger_finding){.kind = LEDGER_FINDING_USER, .customer = other},
                       "customers %" PRId64 " and %" PRId64 " have the same user_id %.*s", other, id,
                       (int)user_id.len, user_id.data);
    entry->mark = (uint32_t)id;
    entry->value = (uint32_t)((uint64_t)id >> 32);
}

/* Rows and suspects come in the order of their ids. */
static bool name_customer(void *context, const struct ledger_value *row)
{
    struct verify *verify = context;
    int64_t id = row[CUSTOMER_ID].number;
    const struct suspect *suspect = &verify->suspects[verify->suspect_done];

    for (; verify->suspect_done < verify->suspect_count && suspect->customer <= id;
         suspect = &verify->suspects[++verify->suspect_done])
        report_suspect(verify, suspect,
                       suspect->customer == id ? row[CUSTOMER_EXTERNAL_ID].bytes : slice_make(NULL, 0));
    if (row[CUSTOMER_USER_ID].bytes.len > 0)
        check_user(verify, id, row[CUSTOMER_USER_ID].bytes);
    return true;
}

/* Two more passes, of a ledger that is damaged. */
static int report_suspects(struct verify *verify, struct error *error)
{
    struct store *store = verify->ledger->store;
    int result = 0;

    add_suspect(verify, (struct suspect){.customer = INT64_MAX}); /* the end */
    verify->suspect_count--;
    qsort(verify->suspects, verify->suspect_count, sizeof *verify->suspects, by_customer);
    verify->users = hash_table_new();
    if (verify->suspect_count > 0)
        result = store_each_row(store, &ledger_event_table, name_event, verify, error);
    if (result == 0)
        result = store_each_row(store, &ledger_customer_table, name_customer, verify, error);
    for (; verify->suspect_done < verify->suspect_count && result == 0; verify->suspect_done++)
        report_suspect(verify, &verify->suspects[verify->suspect_done], slice_make(NULL, 0));
    hash_table_free(verify->users);
    return result;
}

static void report_texts(struct verify *verify, const struct ledger_verify_rows *rows)
{
    const struct ledger_finding finding = {.kind = LEDGER_FINDING_FILE};

    for (size_t i = 0; i < rows->text_count; i++)
        report_finding(verify, finding, "%s", rows->texts[i]);
    if (rows->texts_lost > 0)
        report_finding(verify, finding, "%" PRIu64 " more findings like these", rows->texts_lost);
}

static int verify_view(struct verify *verify, struct store *view, const char *report_head,
                       struct error *error)
{
    struct ledger_verify_rows rows;

    ledger_verify_rows_start(&rows, view, verify->ledger->key);
    int result = load_runs(verify, report_head, error);
    if (result == 0)
        result = walk_events(verify, error);
    if (ledger_verify_rows_finish(&rows, result == 0 ? error : &(struct error){.scope = ERROR_NONE}) != 0)
        result = -1;
    report_texts(verify, &rows);
    verify->verified->customers = rows.count;
    verify->verified->erased = rows.erased;
    if (result == 0) {
        check_runs(verify);
        compare(verify, &rows);
        result = compare_tasks(verify, error);
    }
    if (result == 0 && (verify->suspect_count > 0 || verify->verified->findings > 0))
        result = report_suspects(verify, error);
    ledger_verify_rows_clear(&rows);
    return result;
}

int ledger_verify(struct ledger *ledger, const char *report_head,
                  void (*each)(void *context, const struct ledger_finding *finding), void *context,
                  struct ledger_verified *verified, struct error *error)
{
    struct verify verify = {.ledger = ledger, .each = each, .context = context, .verified = verified};
    struct error ignored;

    *verified = (struct ledger_verified){.findings = 0};
    struct store *view = store_open_view(ledger->store, error);
    if (!view)
        return -1;
    int result = verify_view(&verify, view, report_head, error);
    store_close(view);
    free(verify.suspects);
    free(verify.seals);
    ledger_verify_tasks_clear(&verify.tasks);
    free(verify.by_head);
    free(verify.runs);
    int ended = store_end_read(ledger->store, result == 0 ? error : &ignored);
    return result == 0 ? ended : -1;
}
