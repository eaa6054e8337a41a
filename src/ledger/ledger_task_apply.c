#include "ledger/ledger_task_apply.h"

#include <assert.h>

static bool is_new(const struct ledger_task *row)
{
    return row->created_at == 0;
}

static bool allows_result(const struct ledger_task *row, const struct ledger_task_change *change)
{
    if (!ledger_task_is_open(row) || (change->is_sent && !change->outcome))
        return false;
    if (change->kind == LEDGER_TASK_CHANGE_RETRY)
        return change->is_sent;
    if (change->kind == LEDGER_TASK_CHANGE_ACKNOWLEDGE)
        return change->outcome;
    return change->kind != LEDGER_TASK_CHANGE_ABANDON || !change->outcome ||
           change->outcome->kind != OUTCOME_IN_DOUBT;
}

/* What is open and the same is repeated, under its idempotency key; a document that the provider has is not
 * sent again. */
static bool allows_renew(const struct ledger_task *row, const struct ledger_task_change *change)
{
    bool is_same = slice_equal(row->digest, change->digest);

    if (is_new(row) || row->state == LEDGER_TASK_ERASED || change->at_ns == 0)
        return false;
    if (ledger_task_is_open(row))
        return !is_same;
    return !is_same || row->state != LEDGER_TASK_DONE || row->kind == LEDGER_TASK_LINK;
}

bool ledger_task_apply_allows(const struct ledger_task *row, const struct ledger_task_change *change)
{
    switch (change->kind) {
    case LEDGER_TASK_CHANGE_JOURNAL:
        return is_new(row) && change->at_ns > 0;
    case LEDGER_TASK_CHANGE_REPEAT:
        return !is_new(row) && ledger_task_is_open(row);
    case LEDGER_TASK_CHANGE_RENEW:
        return allows_renew(row, change);
    case LEDGER_TASK_CHANGE_RETRY:
    case LEDGER_TASK_CHANGE_ACKNOWLEDGE:
    case LEDGER_TASK_CHANGE_REFUSE:
    case LEDGER_TASK_CHANGE_IN_DOUBT:
    case LEDGER_TASK_CHANGE_ABANDON:
        return !is_new(row) && allows_result(row, change);
    case LEDGER_TASK_CHANGE_ERASE:
        return !is_new(row) && row->state != LEDGER_TASK_ERASED && change->slot.len > 0;
    case LEDGER_TASK_CHANGE_KINDS:
        break;
    }
    return false;
}

static void journal(struct ledger_task *row, const struct ledger_task_change *change)
{
    *row = (struct ledger_task){
        .id = row->id,
        .customer = row->customer,
        .kind = row->kind,
        .slot = row->slot,
        .state = LEDGER_TASK_JOURNALLED,
        .digest = change->digest,
        .idempotency_key = change->idempotency_key,
        .created_at = change->at_ns,
    };
}

static void repeat(struct ledger_task *row)
{
    row->state = LEDGER_TASK_IN_DOUBT;
    if (row->attempts == 0)
        row->attempts = 1; /* it may have been sent */
}

static void apply_result(struct ledger_task *row, const struct ledger_task_change *change)
{
    const struct outcome *outcome = change->outcome;

    if (outcome) {
        row->http_status = outcome->http_status;
        row->code = slice_from(outcome->code);
    }
    if (change->is_sent && change->attempt > row->attempts)
        row->attempts = change->attempt;
    switch (change->kind) {
    case LEDGER_TASK_CHANGE_ACKNOWLEDGE:
        row->state = LEDGER_TASK_DONE;
        break;
    case LEDGER_TASK_CHANGE_REFUSE:
        row->state = LEDGER_TASK_REFUSED;
        break;
    case LEDGER_TASK_CHANGE_ABANDON:
        if (row->state == LEDGER_TASK_JOURNALLED)
            row->state = LEDGER_TASK_UNSENT;
        break;
    case LEDGER_TASK_CHANGE_RETRY:
        if (outcome->kind == OUTCOME_IN_DOUBT)
            row->state = LEDGER_TASK_IN_DOUBT;
        break;
    default:
        row->state = LEDGER_TASK_IN_DOUBT;
        break;
    }
}

struct ledger_task ledger_task_apply(const struct ledger_task *before,
                                     const struct ledger_task_change *change)
{
    struct ledger_task row = *before;

    assert(ledger_task_apply_allows(before, change) && "a task may change so");
    switch (change->kind) {
    case LEDGER_TASK_CHANGE_JOURNAL:
    case LEDGER_TASK_CHANGE_RENEW:
        journal(&row, change);
        break;
    case LEDGER_TASK_CHANGE_REPEAT:
        repeat(&row);
        break;
    case LEDGER_TASK_CHANGE_ERASE:
        row = (struct ledger_task){.id = row.id,
                                   .customer = row.customer,
                                   .kind = row.kind,
                                   .slot = change->slot,
                                   .state = LEDGER_TASK_ERASED,
                                   .created_at = row.created_at};
        break;
    default:
        apply_result(&row, change);
        break;
    }
    row.updated_at = change->at_ns;
    return row;
}

const char *ledger_task_change_outcome(const struct ledger_task_change *change)
{
    static const char *const words[LEDGER_TASK_CHANGE_KINDS] = {
        [LEDGER_TASK_CHANGE_JOURNAL] = "journalled", [LEDGER_TASK_CHANGE_REPEAT] = "repeated",
        [LEDGER_TASK_CHANGE_RENEW] = "renewed",      [LEDGER_TASK_CHANGE_ACKNOWLEDGE] = "done",
        [LEDGER_TASK_CHANGE_REFUSE] = "refused",     [LEDGER_TASK_CHANGE_IN_DOUBT] = "in_doubt",
        [LEDGER_TASK_CHANGE_ABANDON] = "abandoned",  [LEDGER_TASK_CHANGE_ERASE] = "erased",
    };

    return change->is_sent ? outcome_word(change->outcome->kind) : words[change->kind];
}
