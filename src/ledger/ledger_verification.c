#include "ledger/ledger_verification.h"

#include "ledger/ledger_internal.h"

int ledger_verification(struct ledger *ledger, const struct ledger_verification *verification, bool *changed,
                        struct error *error)
{
    const struct ledger_change change = {
        .kind = LEDGER_CHANGE_VERIFICATION,
        .run = ledger->run.id,
        .at_ns = verification->at_ns,
        .verification = verification->state,
        .verification_word = verification->word,
        .verification_reason = verification->reason,
    };
    struct ledger_customer customer;

    if (ledger_write_begin(ledger, verification->id, &customer, error) != 0 ||
        store_reading_set(ledger->store, customer.id, verification->at_ns, error) != 0)
        return -1;
    *changed = !ledger_apply_same_verification(&customer, verification->state, verification->word,
                                               verification->reason);
    return *changed ? ledger_write_change(ledger, &customer, false, &change, 0, 0, error) : 0;
}

int ledger_reading(struct ledger *ledger, int64_t id, uint64_t *at_ns, struct error *error)
{
    return store_reading(ledger->store, id, at_ns, error);
}

int ledger_forget_readings(struct ledger *ledger, uint64_t now_ns, struct error *error)
{
    return store_reading_forget(ledger->store, now_ns, error);
}

int ledger_next_reading(struct ledger *ledger, const struct ledger_selection *selection, struct arena *arena,
                        struct ledger_customer *customer, uint64_t *read_at_ns, struct error *error)
{
    return store_next_reading(ledger->store, selection, arena, customer, read_at_ns, error);
}

int ledger_verification_is_known(struct ledger *ledger, bool *is_known, struct error *error)
{
    return store_verification_is_known(ledger->store, is_known, error);
}

int ledger_count_verification(struct ledger *ledger, uint64_t since_ns,
                              struct ledger_verification_counts *counts, struct error *error)
{
    return store_count_verification(ledger->store, since_ns, counts, error);
}
