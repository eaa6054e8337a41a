/* ledger_write: each change of a customer's row, written with its event. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "ledger/ledger_internal.h"

#define CODE_TAKEN          "user_id_taken"
#define CODE_DIGEST_UNKNOWN "digest_unknown"

int ledger_write_event(struct ledger *ledger, struct ledger_event *event, struct error *error)
{
    struct ledger_value values[LEDGER_EVENT_COLUMNS];

    event->id = ledger->chain.last_event + 1;
    event->run = ledger->run.id;
    ledger_row_to_values(&ledger_event_table, event, values);
    ledger_row_clean(&ledger_event_table, values, &ledger->arena);
    ledger_sealer_add(ledger->sealer, values, &ledger->chain);
    return store_append_event(ledger->store, values, error);
}

int ledger_write_begin(struct ledger *ledger, int64_t id, struct ledger_customer *customer,
                       struct error *error)
{
    arena_reset(&ledger->arena);
    if (store_read_customers(ledger->store, &id, 1, &ledger->arena, customer, error) != 0)
        return -1;
    return customer->id != 0
               ? 0
               : store_fail_damaged(ledger->store, error, "customer %lld is gone", (long long)id);
}

static struct ledger_customer new_customer(const struct ledger *ledger, struct slice external_id)
{
    return (struct ledger_customer){
        .id = ledger->last_customer + 1, .external_id = external_id, .state = LEDGER_UNSENT};
}

int ledger_write_begin_by_key(struct ledger *ledger, struct slice external_id,
                              struct ledger_customer *customer, struct error *error)
{
    int64_t id;

    arena_reset(&ledger->arena);
    if (store_find_key(ledger->store, external_id, &id, error) != 0)
        return -1;
    *customer = new_customer(ledger, external_id);
    if (id == 0)
        return 0;
    if (ledger_write_begin(ledger, id, customer, error) != 0)
        return -1;
    /* The index led to this row: another key in it means that one of the two is damaged. */
    if (!slice_equal(customer->external_id, external_id))
        return store_fail_damaged(ledger->store, error, "its index names customer %lld for another key",
                                  (long long)id);
    return 1;
}

/* The body of the event: the user that an answer or a person named, the journalled digest, and the answer's
 * codes. */
static struct ledger_event make_event(const struct ledger_customer *before,
                                      const struct ledger_customer *after, const struct ledger_change *change,
                                      uint64_t row, uint32_t latency_ms)
{
    struct ledger_event event = {
        .customer = after->id,
        .row = (int64_t)row,
        .operation = slice_from(ledger_change_operation(before, change)),
        .outcome = slice_from(ledger_change_outcome(change)),
        .at = change->at_ns,
        .user_id = change->user_id,
    };
    if (change->kind == LEDGER_CHANGE_JOURNAL || change->kind == LEDGER_CHANGE_REPEAT ||
        change->kind == LEDGER_CHANGE_SUPERSEDE)
        event.digest = after->pending_digest;
    if (change->outcome) {
        event.http_status = change->outcome->http_status;
        event.user_id = slice_from(change->outcome->user_id);
        event.code = change->left_out ? SLICE_LITERAL(LEDGER_LEFT_OUT) : slice_from(change->outcome->code);
        event.request_id = slice_from(change->outcome->request_id);
    }
    if (change->kind == LEDGER_CHANGE_REKEY && change->is_digest_unknown)
        event.code = SLICE_LITERAL(CODE_DIGEST_UNKNOWN);
    if (change->kind == LEDGER_CHANGE_VERIFICATION)
        event.code = slice_from(verification_word(change->verification));
    if (change->is_sent) {
        event.attempt = change->attempt;
        event.latency_ms = latency_ms;
    }
    return event;
}

int ledger_write_change(struct ledger *ledger, const struct ledger_customer *before, bool is_new,
                        const struct ledger_change *change, uint64_t row, uint32_t latency_ms,
                        struct error *error)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    uint8_t seal[LEDGER_SEAL_LEN];
    const struct ledger_customer after = ledger_apply(before, change, &ledger->arena);

    ledger_row_to_values(&ledger_customer_table, &after, values);
    ledger_row_clean(&ledger_customer_table, values, &ledger->arena);
    if (is_new) {
        if (store_insert_customer(ledger->store, values, error) != 0)
            return -1;
        ledger->last_customer = after.id;
    } else if (store_update_customer(ledger->store, before, values, error) != 0) {
        return -1;
    }
    bool has_lost_user = before->user_id.len > 0 && !slice_equal(before->user_id, after.user_id);
    if (has_lost_user && store_reading_remove(ledger->store, after.id, error) != 0)
        return -1;
    struct ledger_event event = make_event(before, &after, change, row, latency_ms);
    ledger_sealer_seal(ledger->sealer, &ledger_customer_table, values, seal);
    event.seal = slice_make((const char *)seal, sizeof seal);
    if (ledger->identities && after.identity.len > 0 && !slice_equal(after.identity, before->identity))
        ledger_identities_add(ledger->identities, after.identity, after.id);
    return ledger_write_event(ledger, &event, error);
}

/* A change without anything but its kind, run and time. */
static struct ledger_change make_change(const struct ledger *ledger, enum ledger_change_kind kind,
                                        uint64_t at_ns)
{
    return (struct ledger_change){.kind = kind, .run = ledger->run.id, .at_ns = at_ns};
}

static struct ledger_change make_intent(const struct ledger *ledger, enum ledger_change_kind kind,
                                        const struct ledger_intent *intent)
{
    struct ledger_change change = make_change(ledger, kind, intent->at_ns);

    change.operation = intent->operation;
    change.digest = slice_make((const char *)intent->digest, FINGERPRINT_LEN);
    change.member_digests = intent->member_digests;
    change.email_digest = intent->email_digest;
    change.idempotency_key = intent->idempotency_key;
    change.identity = intent->identity;
    return change;
}

/* Reads the customer of an intent, by id or by key. 1, or 0: it is new; -1. */
static int begin_intent(struct ledger *ledger, const struct ledger_intent *intent,
                        struct ledger_customer *customer, struct error *error)
{
    assert(intent->external_id.len > 0 && intent->digest && intent->at_ns > 0);
    assert(!intent->is_new || intent->id == 0);
    if (intent->is_new) {
        arena_reset(&ledger->arena);
        *customer = new_customer(ledger, intent->external_id);
        return 0;
    }
    if (intent->id == 0)
        return ledger_write_begin_by_key(ledger, intent->external_id, customer, error);
    if (ledger_write_begin(ledger, intent->id, customer, error) != 0)
        return -1;
    assert(slice_equal(customer->external_id, intent->external_id) &&
           "the id and the key belong to the same customer");
    return 1;
}

int ledger_journal(struct ledger *ledger, const struct ledger_intent *intent, int64_t *id,
                   struct error *error)
{
    struct ledger_customer customer;
    int found = begin_intent(ledger, intent, &customer, error);

    if (found < 0)
        return -1;
    *id = customer.id;
    /* Promise 1, never twice: the row decides, whatever the caller assumed. A create over an open one with
     * other data is no legal change. */
    bool is_repeat =
        ledger_customer_is_open(&customer) && customer.operation == intent->operation &&
        slice_equal(customer.pending_digest, slice_make((const char *)intent->digest, FINGERPRINT_LEN));
    struct ledger_change change =
        make_intent(ledger, is_repeat ? LEDGER_CHANGE_REPEAT : LEDGER_CHANGE_JOURNAL, intent);
    return ledger_write_change(ledger, &customer, !found, &change, intent->row, 0, error);
}

int ledger_journal_superseded(struct ledger *ledger, const struct ledger_intent *intent, struct error *error)
{
    struct ledger_customer customer;

    assert(intent->id != 0);
    if (begin_intent(ledger, intent, &customer, error) < 0)
        return -1;
    struct ledger_change change = make_intent(ledger, LEDGER_CHANGE_SUPERSEDE, intent);
    return ledger_write_change(ledger, &customer, false, &change, intent->row, 0, error);
}

int ledger_note_twin(struct ledger *ledger, const struct ledger_intent *intent, struct slice message,
                     struct error *error)
{
    struct ledger_customer customer;
    int found = begin_intent(ledger, intent, &customer, error);

    if (found < 0)
        return -1;
    struct ledger_change change = make_intent(ledger, LEDGER_CHANGE_REFUSE_TWIN, intent);
    change.message = message;
    return ledger_write_change(ledger, &customer, !found, &change, intent->row, 0, error);
}

/* Whether another customer has the user that this create was given. 1, 0, -1. */
static int is_taken(struct ledger *ledger, const struct ledger_customer *customer, struct slice user_id,
                    struct error *error)
{
    int64_t owner;

    if (store_find_owners(ledger->store, &user_id, 1, &owner, error) != 0)
        return -1;
    return owner != 0 && owner != customer->id;
}

int ledger_result(struct ledger *ledger, const struct ledger_result *result, bool *taken, struct error *error)
{
    static const enum ledger_change_kind kinds[] = {
        [LEDGER_RESULT_OPEN] = LEDGER_CHANGE_RETRY,
        [LEDGER_RESULT_ACKNOWLEDGED] = LEDGER_CHANGE_ACKNOWLEDGE,
        [LEDGER_RESULT_REFUSED] = LEDGER_CHANGE_REFUSE,
        [LEDGER_RESULT_IN_DOUBT] = LEDGER_CHANGE_IN_DOUBT,
        [LEDGER_RESULT_ABANDONED] = LEDGER_CHANGE_ABANDON,
    };
    struct ledger_customer customer;
    struct outcome outcome;

    assert(result->id > 0 && (!result->event || result->outcome));
    *taken = false;
    if (ledger_write_begin(ledger, result->id, &customer, error) != 0)
        return -1;
    assert((result->operation == customer.operation || customer.operation == OPERATION_CREATE) &&
           "a result is that of the journalled operation, or of a look-up that resolves it");
    struct ledger_change change = make_change(ledger, kinds[result->conclusion], result->at_ns);
    change.operation = result->operation;
    /* The columns of the last attempt are those of one that was sent, or that could not be. */
    bool is_kept = !result->event && result->conclusion == LEDGER_RESULT_ABANDONED;
    change.outcome = is_kept ? NULL : result->outcome;
    change.is_sent = result->event;
    change.attempt = result->attempt;
    change.left_out = result->left_out;
    if (change.kind == LEDGER_CHANGE_ACKNOWLEDGE && customer.operation == OPERATION_CREATE) {
        change.user_id = slice_from(result->outcome->user_id);
        int code = is_taken(ledger, &customer, change.user_id, error);
        if (code < 0)
            return -1;
        *taken = code == 1;
    }
    if (*taken) {
        outcome = *result->outcome;
        outcome.kind = OUTCOME_IN_DOUBT;
        snprintf(outcome.code, sizeof outcome.code, CODE_TAKEN);
        snprintf(outcome.message, sizeof outcome.message,
                 "the provider returned a user_id that another customer of this ledger already has");
        change.kind = LEDGER_CHANGE_IN_DOUBT;
        change.outcome = &outcome;
        change.user_id = slice_make(NULL, 0);
    }
    return ledger_write_change(ledger, &customer, false, &change, result->row, result->latency_ms, error);
}

int ledger_forget_refusal(struct ledger *ledger, int64_t id, uint64_t at_ns, struct error *error)
{
    struct ledger_customer customer;
    struct ledger_change change = make_change(ledger, LEDGER_CHANGE_FORGET, at_ns);

    if (ledger_write_begin(ledger, id, &customer, error) != 0)
        return -1;
    if (!ledger_apply_allows(&customer, &change)) /* it is open, or was forgotten already */
        return 0;
    return ledger_write_change(ledger, &customer, false, &change, 0, 0, error);
}

int ledger_identify(struct ledger *ledger, const struct ledger_identification *known, struct error *error)
{
    struct ledger_customer customer;
    struct ledger_change change = make_change(ledger, LEDGER_CHANGE_IDENTIFY, known->at_ns);

    if (ledger_write_begin(ledger, known->id, &customer, error) != 0)
        return -1;
    assert(slice_equal(customer.external_id, known->external_id));
    change.digest = slice_make((const char *)known->digest, known->digest ? FINGERPRINT_LEN : 0);
    change.identity =
        slice_make((const char *)known->identity, known->identity ? FINGERPRINT_IDENTITY_LEN : 0);
    return ledger_write_change(ledger, &customer, false, &change, known->row, 0, error);
}

/* The ids of the twins are gathered before the first is written: a pass must not see its own writes. */
struct twins {
    int64_t *ids;
    size_t count, capacity;
};

static bool add_twin(void *context, const struct ledger_customer *customer)
{
    struct twins *twins = context;

    if (twins->count == twins->capacity) {
        twins->capacity = twins->capacity ? 2 * twins->capacity : 64;
        twins->ids = memory_resize(twins->ids, twins->capacity, sizeof *twins->ids);
    }
    twins->ids[twins->count++] = customer->id;
    return true;
}

int ledger_stop_twins(struct ledger *ledger, uint64_t at_ns, struct error *error)
{
    struct ledger_change change = make_change(ledger, LEDGER_CHANGE_STOP_TWIN, at_ns);
    struct ledger_customer customer;
    struct twins twins = {.count = 0};
    int result = store_each_customer(ledger->store, STORE_CUSTOMERS_TWINS, ledger->run.id, UINT64_MAX,
                                     add_twin, &twins, error);

    for (size_t i = 0; i < twins.count && result == 0; i++) {
        result = ledger_write_begin(ledger, twins.ids[i], &customer, error);
        if (result == 0)
            result = ledger_write_change(ledger, &customer, false, &change, 0, 0, error);
    }
    free(twins.ids);
    return result;
}

int ledger_adopt(struct ledger *ledger, const struct ledger_adoption *adoption, bool *taken,
                 struct error *error)
{
    struct ledger_change change = make_change(ledger, LEDGER_CHANGE_ADOPT, adoption->at_ns);
    struct ledger_customer customer;
    int found = ledger_write_begin_by_key(ledger, adoption->external_id, &customer, error);

    if (found < 0)
        return -1;
    change.user_id = adoption->user_id;
    change.digest = slice_make((const char *)adoption->digest, adoption->digest ? FINGERPRINT_LEN : 0);
    change.member_digests = adoption->member_digests;
    change.email_digest = adoption->email_digest;
    change.identity = adoption->identity;
    int code = is_taken(ledger, &customer, adoption->user_id, error);
    if (code < 0)
        return -1;
    *taken = code == 1 || !ledger_apply_allows(&customer, &change);
    return *taken ? 0 : ledger_write_change(ledger, &customer, !found, &change, adoption->row, 0, error);
}

int ledger_hold(struct ledger *ledger, const struct ledger_intent *intent, struct slice message,
                struct error *error)
{
    struct ledger_change change = make_intent(ledger, LEDGER_CHANGE_HOLD, intent);
    struct ledger_customer customer;
    int found = ledger_write_begin_by_key(ledger, intent->external_id, &customer, error);

    if (found < 0)
        return -1;
    change.message = message;
    if (!ledger_apply_allows(&customer, &change) ||
        (ledger_customer_is_held(&customer) && slice_equal(customer.message, message)))
        return 0;
    return ledger_write_change(ledger, &customer, !found, &change, intent->row, 0, error);
}
