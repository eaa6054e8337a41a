/* ledger_settle: the changes that a person decides: whose user it is, another key, erasure. */
#include <stdio.h>
#include <string.h>

#include "ledger/ledger_internal.h"

enum { ERASED_KEY_SIZE = LEDGER_ERASED_KEY_SIZE + 24 };

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
    int found = ledger_write_begin_by_key(ledger, verdict->external_id, &customer, error);

    if (found < 0)
        return -1;
    *settlement = has_user ? classify_user(&customer, verdict) : classify_absent(&customer);
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
    int found = ledger_write_begin_by_key(ledger, rekey->from, &customer, error);

    *settlement = LEDGER_SETTLE_UNKNOWN;
    if (found <= 0)
        return found;
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

/* A customer that came again under the key of an erased one is another one: its id follows the digest. 0, or
 * -1. */
static int make_erased_key(struct ledger *ledger, struct slice external_id, int64_t id,
                           char key[ERASED_KEY_SIZE], struct error *error)
{
    int64_t earlier;

    ledger_sealer_erased_key(ledger->sealer, external_id, key);
    if (store_find_key(ledger->store, slice_from(key), &earlier, error) != 0)
        return -1;
    if (earlier != 0)
        snprintf(key + strlen(key), ERASED_KEY_SIZE - strlen(key), ".%lld", (long long)id);
    return 0;
}

int ledger_erase(struct ledger *ledger, struct slice external_id, uint64_t at_ns, bool *found,
                 struct error *error)
{
    char key[ERASED_KEY_SIZE];
    struct ledger_change change = {.kind = LEDGER_CHANGE_ERASE, .run = ledger->run.id, .at_ns = at_ns};
    struct ledger_customer customer;
    int code = ledger_write_begin_by_key(ledger, external_id, &customer, error);

    *found = false;
    if (code <= 0)
        return code;
    if (make_erased_key(ledger, external_id, customer.id, key, error) != 0)
        return -1;
    change.key = slice_from(key);
    *found = ledger_apply_allows(&customer, &change);
    if (!*found)
        return 0;
    if (ledger_write_change(ledger, &customer, false, &change, 0, 0, error) != 0 ||
        ledger_erase_tasks(ledger, customer.id, at_ns, error) != 0)
        return -1;
    return store_remove_bodies(ledger->store, customer.id, ledger->sealer, error);
}
