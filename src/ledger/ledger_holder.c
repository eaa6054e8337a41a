#include "ledger/ledger_holder.h"

#include <string.h>

#include "ledger/ledger_internal.h"

int ledger_holder_find(struct ledger *ledger, struct ledger_holder *holder, struct error *error)
{
    return store_find_holder(ledger->store, holder, error);
}

/* A process begins before its run does, and both times are by its own clock. The epoch of a run is at least
 * that of its lease. */
bool ledger_holder_has_run(const struct ledger_holder *holder, const struct ledger_run *run)
{
    return holder->state == LEDGER_HOLDER_FOUND && run->epoch >= holder->epoch &&
           strcmp(holder->since, run->started.data) <= 0;
}
