/* ledger_settle: the changes that a person decides: whose user it is, and another key. */
#include "ledger/ledger_erase.h"
#include "ledger/ledger_internal.h"

/* What a verdict with a user is, for a customer that the ledger has. */
static enum ledger_settlement classify_user(const struct ledger_customer *customer,
                                            const struct ledger_verdict *verdict)
{
    if (customer->state == LEDGER_ERASED)
        return LEDGER_SETTLE_NO_DOUBT;
    if (customer->user_id.len == 0)
        return ledger_customer_is_untouched(customer) && customer->twin == LEDGER_TWIN_NONE
                   ? LEDGER_SETTLE_ADOPTED
                   : LEDGER_SETTLED;
    if (slice_equal(customer->user_id, verdict->user_id))
        return LEDGER_SETTLE_ACCEPTED;
    return customer->verdict != 0 || verdict->proven ? LEDGER_SETTLE_CORRECTED : LEDGER_SETTLE_OTHER_USER;
}

static enum ledger_settlement classify_absent(const struct ledger_customer *customer)
{
    bool has_user = customer->user_id.len > 0;

    if (ledger_customer_has_open_create(customer))
        return LEDGER_SETTLED;
    if (has_user && customer->verdict != 0)
        return LEDGER_SETTLE_CORRECTED;
    bool is_refused_by_us = ledger_customer_is_refused_twin(customer) || ledger_customer_is_held(customer);
    return !has_user && is_refused_by_us ? LEDGER_SETTLE_ALLOWED : LEDGER_SETTLE_NO_DOUBT;
}

static bool is_written(enum ledger_settlement settlement)
{
    return settlement <= LEDGER_SETTLE_ACCEPTED || settlement == LEDGER_SETTLE_CORRECTED ||
           settlement == LEDGER_SETTLE_ALLOWED;
}

int ledger_settle(struct ledger *ledger, const struct ledger_verdict *verdict,
                  enum ledger_settlement *settlement, struct error *error)
{
    const bool has_user = verdict->user_id.len > 0;
    struct ledger_change change = {
        .kind = has_user ? LEDGER_CHANGE_ASSIGN : LEDGER_CHANGE_CLEAR,
        .run = ledger->run.id,
        .at_ns = verdict->at_ns,
        .user_id = verdict->user_id,
        .is_digest_unknown = verdict->differs,
    };
    struct ledger_customer customer;
    int64_t owner = 0;
    bool is_erased = false;
    int found = ledger_write_begin_by_key(ledger, verdict->external_id, &customer, error);

    if (found < 0 || (found == 0 && ledger_is_erased(ledger, verdict->external_id, &is_erased, error) != 0))
        return -1;
    *settlement = has_user ? classify_user(&customer, verdict) : classify_absent(&customer);
    if (is_erased)
        *settlement = LEDGER_SETTLE_ERASED;
    if (has_user && is_written(*settlement)) {
        if (store_find_owners(ledger->store, &verdict->user_id, 1, &owner, error) != 0)
            return -1;
        if (owner != 0 && owner != customer.id)
            *settlement = LEDGER_SETTLE_TAKEN;
    }
    if (!is_written(*settlement))
        return 0;
    if (has_user && *settlement != LEDGER_SETTLE_ACCEPTED)
        change.verdict = ledger->chain.last_event + 1;
    return ledger_write_change(ledger, &customer, !found, &change, 0, 0, error);
}

/* Takes the key from a customer that was never sent. 0 with the settlement, or -1. */
static int release_key(struct ledger *ledger, const struct ledger_rekey *rekey,
                       enum ledger_settlement *settlement, struct error *error)
{
    const struct ledger_change change = {
        .kind = LEDGER_CHANGE_RELEASE_KEY, .run = ledger->run.id, .at_ns = rekey->at_ns};
    struct ledger_customer other;
    int found = ledger_write_begin_by_key(ledger, rekey->to, &other, error);

    if (found <= 0)
        return found;
    if (!ledger_apply_allows(&other, &change)) {
        *settlement = LEDGER_SETTLE_KEY_TAKEN;
        return 0;
    }
    return ledger_write_change(ledger, &other, false, &change, 0, 0, error);
}

int ledger_rekey(struct ledger *ledger, const struct ledger_rekey *rekey, enum ledger_settlement *settlement,
                 struct error *error)
{
    const struct ledger_change change = {
        .kind = LEDGER_CHANGE_REKEY,
        .run = ledger->run.id,
        .at_ns = rekey->at_ns,
        .key = rekey->to,
        .key_digests = rekey->key_members,
        .is_digest_unknown = rekey->is_digested,
    };
    struct ledger_customer customer;
    bool is_erased;

    if (ledger_is_erased(ledger, rekey->to, &is_erased, error) != 0)
        return -1;
    int found = ledger_write_begin_by_key(ledger, rekey->from, &customer, error);
    *settlement = is_erased ? LEDGER_SETTLE_ERASED : LEDGER_SETTLE_UNKNOWN;
    if (found <= 0 || is_erased)
        return found < 0 ? -1 : 0;
    if (ledger_customer_has_open_create(&customer))
        *settlement = LEDGER_SETTLE_IN_DOUBT;
    else if (ledger_apply_allows(&customer, &change))
        *settlement = LEDGER_SETTLED;
    if (*settlement == LEDGER_SETTLED && release_key(ledger, rekey, settlement, error) != 0)
        return -1;
    if (*settlement != LEDGER_SETTLED)
        return 0;
    if (ledger_write_begin(ledger, customer.id, &customer, error) != 0) /* release_key emptied the arena */
        return -1;
    return ledger_write_change(ledger, &customer, false, &change, 0, 0, error);
}
