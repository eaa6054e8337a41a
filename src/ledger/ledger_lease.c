#include "ledger/ledger_lease.h"

#include "ledger/ledger_internal.h"

struct ledger_lease *ledger_lease_take(const struct ledger_place *place, struct error *error)
{
    return (struct ledger_lease *)store_lease(place, error);
}

void ledger_lease_end(struct ledger_lease *lease)
{
    store_close((struct store *)lease);
}

uint64_t ledger_lease_from_ns(const struct ledger *ledger)
{
    return store_lease_from_ns(ledger->store);
}

const _Atomic uint64_t *ledger_lease_until(const struct ledger *ledger)
{
    return store_lease_until(ledger->store);
}
