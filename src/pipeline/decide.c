#include "pipeline/decide.h"

#include <string.h>

#include "dispatch/match.h"
#include "dispatch/recovery.h"
#include "dispatch/task.h"

enum { HTTP_CONFLICT = 409 };

/* The first 8 bytes of a digest as ledger_brief.digest gives them. */
static uint64_t digest_word(const uint8_t digest[FINGERPRINT_LEN])
{
    uint64_t word = 0;

    for (int i = 7; i >= 0; i--)
        word = word << 8 | digest[i];
    return word;
}

static bool is_digest(struct slice bytes, const uint8_t digest[FINGERPRINT_LEN])
{
    return bytes.len == FINGERPRINT_LEN && memcmp(bytes.data, digest, FINGERPRINT_LEN) == 0;
}

static void refuse(struct decision *decision, const char *rule, struct slice message)
{
    decision->kind = DECISION_REFUSED;
    decision->field = FIELD_NONE;
    decision->rule = rule;
    decision->message = message;
}

static void warn_not_cleared(const struct decide_context *context, uint64_t members, struct record *record,
                             struct arena *arena)
{
    for (size_t i = 0; i < context->provider->fields->slot_count; i++)
        if (members & UINT64_C(1) << i)
            record_add_verdict(
                record, arena,
                (struct verdict){
                    .field = changes_field_of(context->provider->fields, i),
                    .level = VERDICT_WARN,
                    .rule = RULE_NO_CLEAR,
                    .message = SLICE_LITERAL(
                        "the value was removed, but the provider cannot clear it and keeps the old one")});
}

/* A customer with a user whose row does not simply agree with it. */
static void decide_changed(const struct decide_context *context, const struct ledger_customer *customer,
                           struct record *record, struct arena *arena, struct decision *decision)
{
    struct changes *changes = &decision->changes;

    changes_find(context->provider, context->fingerprint, record, customer, changes);
    warn_not_cleared(context, changes->not_cleared, record, arena);
    decision->kind = DECISION_UNCHANGED;
    decision->user_id = arena_copy(arena, customer->user_id).data;
    decision->former_key = customer->former_key.len ? customer->former_key.data : NULL;
    bool was_refused = customer->first_sent_at == 0 && is_digest(customer->pending_digest, changes->digest);
    if (changes->send && was_refused && !context->retry_refused)
        refuse(decision, RULE_REFUSED, customer->message);
    else if (changes->send)
        decision->kind = DECISION_UPDATE;
    else if (changes->immutable != FIELD_NONE)
        refuse(decision, RULE_IMMUTABLE, SLICE_LITERAL(CHANGES_IMMUTABLE));
    decision->is_repeat = decision->kind == DECISION_UPDATE && changes->repeats == changes->send;
    if (!changes->send)
        decision->field = changes->immutable;
    decision->agrees =
        decision->kind == DECISION_UNCHANGED && changes->not_cleared == 0 && customer->first_sent_at == 0 &&
        customer->digest.len == 0 &&
        slice_equal(customer->member_digests,
                    slice_make((const char *)changes->members,
                               context->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN));
}

/* Reads the row in full. The index knows a customer by a 64-bit hash of its key, so the key is compared. */
static int find_customer(const struct decide_context *context, int64_t id, const struct record *record,
                         struct arena *arena, struct ledger_customer *customer, struct error *error)
{
    if (ledger_find_known(context->ledger, id, arena, customer, error) != 0)
        return -1;
    if (slice_equal(customer->external_id, record->values[FIELD_EXTERNAL_ID].text))
        return 0;
    return error_set(
        error, ERROR_LEDGER,
        "hash collision between two customer keys in this run (about 3 in a million)\nhint: run again; each run uses a new seed");
}

/* A customer with a user. */
static int decide_known(const struct decide_context *context, const struct customer_index_entry *known,
                        struct record *record, struct arena *arena, struct decision *decision,
                        struct error *error)
{
    struct ledger_customer customer;
    bool agrees = known->digest == digest_word(record->digest);

    decision->kind = DECISION_UNCHANGED;
    decision->is_known = true;
    if ((agrees && !known->pending) || !context->job->delivery.update)
        return 0;
    if (!context->provider->can_update) {
        if (!agrees && known->digest != 0) /* of an adopted user nothing is known */
            refuse(
                decision, RULE_NO_UPDATE,
                SLICE_LITERAL(
                    "the data changed since this user was created, but this provider does not support updates"));
        return 0;
    }
    if (find_customer(context, decision->customer, record, arena, &customer, error) != 0)
        return -1;
    decide_changed(context, &customer, record, arena, decision);
    return 0;
}

/* A create in doubt whose row has changed since it was journalled. */
static void decide_superseded(const struct decide_context *context, const struct ledger_customer *customer,
                              const struct record *record, struct decision *decision)
{
    const struct recovery *recovery = recovery_of(context->provider);

    decision->changed = true;
    if (recovery->lists) /* resolved by what was journalled alone */
        return;
    changes_supersede(context->provider, context->fingerprint, record, customer, &decision->changes);
    size_t email = match_email_member(context->provider->fields);
    bool email_changed = decision->changes.send >> email & 1;
    if (decision->changes.immutable != FIELD_NONE ||
        (recovery->looks_up && email_changed)) /* a user with the old one would not be found */
        decision->kind = DECISION_HELD;
}

/* The provider replied to a create in doubt that such a user exists, and which one was not found. */
static bool is_existing(const struct ledger_customer *customer)
{
    return customer->http_status == HTTP_CONFLICT || slice_begins_with(customer->code, TASK_CODE_EXISTS);
}

/* A customer without a known user: its row in full shows whether it may have one. */
static void decide_unresolved(const struct decide_context *context, const struct ledger_customer *customer,
                              const struct record *record, struct decision *decision)
{
    const struct recovery *recovery = recovery_of(context->provider);
    bool same = is_digest(customer->pending_digest, record->digest);

    decision->kind = DECISION_CREATE;
    decision->refusals = customer->refusals;
    if (customer->state == LEDGER_UNSENT)
        return;
    if (ledger_customer_is_refused_twin(customer))
        return; /* refused by us, nothing was sent: whether it still is a twin is checked again */
    if (customer->state == LEDGER_REFUSED) {
        /* The provider may have the user of one that is held, whatever its row is now: not to be repeated. */
        if (ledger_customer_is_held(customer) || (same && !context->retry_refused))
            refuse(decision, RULE_REFUSED, customer->message);
        return;
    }
    bool exists = is_existing(customer), in_doubt = customer->state == LEDGER_IN_DOUBT;
    decision->kind = DECISION_RECONCILE;
    bool is_named = slice_begins_with(customer->code, TASK_CODE_EXISTS); /* a repeat would name it again */
    if (exists && in_doubt && recovery->repeats && !recovery->looks_up && !is_named)
        decision->kind = DECISION_HELD;
    decision->exists = exists && recovery->looks_up; /* also of a run that died: it was in doubt then */
    decision->first_sent_at = customer->first_sent_at;
    decision->journalled_run = customer->state == LEDGER_JOURNALLED ? customer->updated_run : 0;
    if (customer->idempotency_key.len > 0)
        decision->idempotency_key = customer->idempotency_key.data;
    if (!same && decision->kind == DECISION_RECONCILE)
        decide_superseded(context, customer, record, decision);
}

/* With both hints: the message is in the reject file, whose reader has no manual. */
static struct slice describe_twin(const struct decide_context *context, const struct record *record,
                                  struct slice known, struct arena *arena)
{
    struct slice key = record->values[FIELD_EXTERNAL_ID].text;

    return arena_printf(
        arena,
        "the customer %.*s has the same e-mail, names and birth date: nothing was sent. hint: if only the key changed, kyc-import resolve %s --key %.*s --same-as %.*s; if it is another person, kyc-import resolve %s --key %.*s --absent",
        (int)known.len, known.data, context->job->path, (int)key.len, key.data, (int)known.len, known.data,
        context->job->path, (int)key.len, key.data);
}

static void refuse_twin(struct decision *decision, struct slice message)
{
    refuse(decision, RULE_TWIN, message);
    decision->field = FIELD_EXTERNAL_ID;
    decision->is_twin = true;
}

/* A record that would be created: whether the same person is there under another key. 0, or -1. */
static int find_twin(const struct decide_context *context, const struct record *record, struct arena *arena,
                     struct decision *decision, struct error *error)
{
    uint8_t identity[FINGERPRINT_IDENTITY_LEN];
    struct slice known;
    int found = 0;

    if (context->ledger && fingerprint_identity(context->fingerprint, record, identity))
        found = ledger_find_twin(context->ledger, identity, decision->customer, arena, &known, error);
    if (found < 0)
        return -1;
    if (found)
        refuse_twin(decision, describe_twin(context, record, known, arena));
    if (found || !context->is_dry || record->identity_hash == 0)
        return 0;
    if (customer_index_mark_identity(context->index, record))
        refuse_twin(
            decision,
            SLICE_LITERAL("an earlier row has the same e-mail, names and birth date, and another key"));
    return 0;
}

/* A customer that has no user. */
static int decide_without_user(const struct decide_context *context, const struct record *record,
                               struct arena *arena, struct decision *decision, struct error *error)
{
    struct ledger_customer customer = {.twin = LEDGER_TWIN_NONE};

    if (decision->customer != 0) {
        if (find_customer(context, decision->customer, record, arena, &customer, error) != 0)
            return -1;
        decide_unresolved(context, &customer, record, decision);
    }
    if (decision->kind != DECISION_CREATE || !context->job->delivery.refuse_twins ||
        customer.twin == LEDGER_TWIN_ALLOWED)
        return 0;
    decision->twin_known = customer.twin == LEDGER_TWIN_REFUSED;
    return find_twin(context, record, arena, decision, error);
}

void decide_want(const struct decide_context *context, const struct record *record,
                 struct ledger_wanted *wanted)
{
    const struct customer_index_entry *known =
        record->rejected || record->skipped ? NULL
                                            : customer_index_find(context->index, record->unique_hash[0]);

    if (!known)
        return;
    bool is_changed = known->pending || known->digest != digest_word(record->digest);
    bool is_compared = is_changed && context->job->delivery.update && context->provider->can_update;
    if (!known->has_user_id || is_compared || !known->identified)
        ledger_wanted_id(wanted, (int64_t)known->id);
}

int decide(const struct decide_context *context, struct record *record, struct arena *arena,
           struct decision *decision, struct error *error)
{
    const struct customer_index_entry *known =
        context->ledger ? customer_index_find(context->index, record->unique_hash[0]) : NULL;

    decision->kind = DECISION_CREATE;
    decision->user_id = decision->former_key = decision->idempotency_key = NULL;
    decision->refusals = 0;
    decision->is_known = decision->exists = decision->changed = false;
    decision->journalled_run = 0;
    decision->is_twin = decision->twin_known = decision->agrees = decision->is_repeat = false;
    decision->lacks_identity = known && known->has_user_id && !known->identified;
    decision->changes.immutable = FIELD_NONE;
    decision->customer = known ? (int64_t)known->id : 0;
    return known && known->has_user_id ? decide_known(context, known, record, arena, decision, error)
                                       : decide_without_user(context, record, arena, decision, error);
}
