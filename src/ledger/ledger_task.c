#include "ledger/ledger_task.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "ledger/ledger_internal.h"
#include "ledger/ledger_task_apply.h"

enum { ERASED_SLOT_SIZE = 32 };

int ledger_find_task(struct ledger *ledger, int64_t customer, enum ledger_task_kind kind, struct slice slot,
                     struct arena *arena, struct ledger_task *task, struct error *error)
{
    return store_find_task(ledger->store, customer, kind, slot, arena, task, error);
}

int ledger_each_task(struct ledger *ledger, enum ledger_task_kind kind,
                     bool (*each)(void *context, const struct ledger_task *task), void *context,
                     struct error *error)
{
    return store_each_task(ledger->store, kind, each, context, error);
}

/* Writes the row after a change, and its event. */
static int write_change(struct ledger *ledger, const struct ledger_task *before,
                        const struct ledger_task_change *change, uint32_t latency_ms, struct error *error)
{
    struct ledger_value values[LEDGER_TASK_COLUMNS];
    uint8_t seal[LEDGER_SEAL_LEN];
    const struct ledger_task after = ledger_task_apply(before, change);
    struct ledger_event event = {
        .customer = after.customer,
        .row = after.id,
        .operation = slice_from(ledger_task_kind_word(after.kind)),
        .outcome = slice_from(ledger_task_change_outcome(change)),
        .at = change->at_ns,
    };

    ledger_row_to_values(&ledger_task_table, &after, values);
    ledger_row_clean(&ledger_task_table, values, &ledger->arena);
    int result =
        change->kind == LEDGER_TASK_CHANGE_JOURNAL
            ? store_insert_task(ledger->store, values, error)
            : store_update_task(ledger->store, values, !slice_equal(before->slot, after.slot), error);
    if (result != 0)
        return -1;
    ledger_sealer_seal(ledger->sealer, &ledger_task_table, values, seal);
    event.seal = slice_make((const char *)seal, sizeof seal);
    if (change->kind <= LEDGER_TASK_CHANGE_RENEW)
        event.digest = after.digest;
    if (change->outcome) {
        event.http_status = change->outcome->http_status;
        event.code = slice_from(change->outcome->code);
        event.request_id = slice_from(change->outcome->request_id);
    }
    if (change->is_sent) {
        event.attempt = change->attempt;
        event.latency_ms = latency_ms;
    }
    return ledger_write_event(ledger, &event, error);
}

int ledger_task_journal(struct ledger *ledger, const struct ledger_task_intent *intent, int64_t *id,
                        struct error *error)
{
    struct ledger_task_change change = {
        .at_ns = intent->at_ns, .digest = intent->digest, .idempotency_key = intent->idempotency_key};
    struct ledger_customer customer;
    struct ledger_task task;

    if (ledger_write_begin(ledger, intent->customer, &customer, error) != 0)
        return -1;
    assert(customer.user_id.len > 0 && "a task is that of a user");
    int found = store_find_task(ledger->store, intent->customer, intent->kind, intent->slot, &ledger->arena,
                                &task, error);
    if (found < 0)
        return -1;
    if (found == 0) {
        task = (struct ledger_task){.customer = intent->customer, .kind = intent->kind, .slot = intent->slot};
        if (store_last_task(ledger->store, &task.id, error) != 0)
            return -1;
        task.id++;
        change.kind = LEDGER_TASK_CHANGE_JOURNAL;
    } else if (ledger_task_is_open(&task) && slice_equal(task.digest, intent->digest)) {
        change.kind = LEDGER_TASK_CHANGE_REPEAT;
    } else {
        change.kind = LEDGER_TASK_CHANGE_RENEW;
    }
    *id = task.id;
    return write_change(ledger, &task, &change, 0, error);
}

/* The task, as begun by ledger_write_begin. */
static int begin(struct ledger *ledger, int64_t id, struct ledger_task *task, struct error *error)
{
    arena_reset(&ledger->arena);
    int found = store_read_task(ledger->store, id, &ledger->arena, task, error);

    if (found == 0)
        return store_fail_damaged(ledger->store, error, "task %" PRId64 " is gone", id);
    return found == 1 ? 0 : -1;
}

static int set_link_at(struct ledger *ledger, int64_t id, uint64_t at_ns, struct error *error)
{
    const struct ledger_change change = {.kind = LEDGER_CHANGE_LINK, .run = ledger->run.id, .at_ns = at_ns};
    struct ledger_customer customer;

    if (ledger_write_begin(ledger, id, &customer, error) != 0)
        return -1;
    return ledger_write_change(ledger, &customer, false, &change, 0, 0, error);
}

int ledger_task_result(struct ledger *ledger, const struct ledger_task_result *result, struct error *error)
{
    static const enum ledger_task_change_kind kinds[] = {
        [LEDGER_RESULT_OPEN] = LEDGER_TASK_CHANGE_RETRY,
        [LEDGER_RESULT_ACKNOWLEDGED] = LEDGER_TASK_CHANGE_ACKNOWLEDGE,
        [LEDGER_RESULT_REFUSED] = LEDGER_TASK_CHANGE_REFUSE,
        [LEDGER_RESULT_IN_DOUBT] = LEDGER_TASK_CHANGE_IN_DOUBT,
        [LEDGER_RESULT_ABANDONED] = LEDGER_TASK_CHANGE_ABANDON,
    };
    /* The columns of the last attempt are those of one that was sent, or that could not be. */
    bool is_kept = !result->event && result->conclusion == LEDGER_RESULT_ABANDONED;
    const struct ledger_task_change change = {
        .kind = kinds[result->conclusion],
        .at_ns = result->at_ns,
        .outcome = is_kept ? NULL : result->outcome,
        .is_sent = result->event,
        .attempt = result->attempt,
    };
    struct ledger_task task;

    if (begin(ledger, result->id, &task, error) != 0 ||
        write_change(ledger, &task, &change, result->latency_ms, error) != 0)
        return -1;
    bool is_link = task.kind == LEDGER_TASK_LINK && result->conclusion == LEDGER_RESULT_ACKNOWLEDGED;
    return is_link ? set_link_at(ledger, task.customer, result->at_ns, error) : 0;
}

int ledger_erase_tasks(struct ledger *ledger, int64_t customer, uint64_t at_ns, struct error *error)
{
    struct ledger_task task = {.id = 0};
    int found;

    for (;;) {
        char slot[ERASED_SLOT_SIZE];
        arena_reset(&ledger->arena);
        found = store_next_task_of(ledger->store, customer, task.id, &ledger->arena, &task, error);
        if (found <= 0)
            return found;
        snprintf(slot, sizeof slot, "erased:%" PRId64, task.id);
        const struct ledger_task_change change = {
            .kind = LEDGER_TASK_CHANGE_ERASE, .at_ns = at_ns, .slot = slice_from(slot)};
        if (write_change(ledger, &task, &change, 0, error) != 0)
            return -1;
    }
}
