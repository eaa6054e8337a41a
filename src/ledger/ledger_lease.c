#include "ledger/ledger_lease.h"

#include "ledger/ledger_internal.h"

uint64_t ledger_lease_from_ns(const struct ledger *ledger)
{
    return store_lease_from_ns(ledger->store);
}

const _Atomic uint64_t *ledger_lease_until(const struct ledger *ledger)
{
    return store_lease_until(ledger->store);
}
