#include "pipeline/decide.h"

#include <string.h>

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
    return bytes.len == FINGERPRINT_LEN && memcmp(bytes.at, digest, FINGERPRINT_LEN) == 0;
}

static void refuse(struct decision *decision, const char *rule, struct slice message)
{
    decision->kind = DECISION_REFUSED;
    decision->field = FIELD_NONE;
    decision->rule = rule;
    decision->message = message;
}

/* A customer whom the provider has. */
static void decide_known(const struct decide *by, const struct roster_customer *known,
                         const struct record *record, struct decision *decision)
{
    if (known->digest == digest_word(record->digest) || !by->job->delivery.update)
        decision->kind = DECISION_UNCHANGED;
    else if (by->provider->can_update)
        decision->kind = DECISION_UPDATE;
    else
        refuse(decision, RULE_NO_UPDATE,
               SLICE_LITERAL("the data changed since this user was created, and updates cannot be sent"));
}

/* A customer whom the provider does not have, or perhaps: his row in full says which. */
static void decide_unsettled(const struct decide *by, const struct ledger_customer *customer,
                             const struct record *record, struct arena *arena, struct decision *decision)
{
    bool same = is_digest(customer->pending_digest, record->digest);

    decision->kind = DECISION_CREATE;
    if (customer->pending_digest.len == 0)
        return; /* journalled, and taken back before a byte left */
    if (customer->state == LEDGER_REFUSED) {
        if (same && !by->retry_refused)
            refuse(decision, "refused",
                   arena_printf(arena, "%.*s", (int)customer->message.len,
                                customer->message.at ? customer->message.at : ""));
        return;
    }
    decision->kind = DECISION_SETTLE;
    decision->changed = !same;
    decision->first_sent_at = customer->first_sent_at;
}

int decide(const struct decide *by, const struct record *record, struct arena *arena,
           struct decision *decision, struct error *error)
{
    const struct roster_customer *known = by->ledger ? roster_find(by->roster, record->unique_hash[0]) : NULL;
    struct ledger_customer customer;

    *decision = (struct decision){.kind = DECISION_CREATE};
    if (!known)
        return 0;
    decision->customer = (int64_t)known->id;
    if (known->has_user_id) {
        decide_known(by, known, record, decision);
        return 0;
    }
    int found = ledger_find(by->ledger, decision->customer, arena, &customer, error);
    if (found < 0)
        return -1;
    if (found == 0)
        return error_set(
            error, ERROR_LEDGER,
            "a customer that the ledger held at the start is gone: it was changed while it was in use; "
            "run again");
    decide_unsettled(by, &customer, record, arena, decision);
    return 0;
}
