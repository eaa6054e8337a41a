/* store_keeper: a thread that renews the lease of a writer, on a connection of its own.
 *
 * Commits renew it too, but reading a large ledger or listing all users takes longer than a lease without
 * one. The thread ends by itself when another process has taken the ledger over; the writer's next commit
 * finds that out. A connection that is lost is made anew, at the next renewal. Thread: the ledger's; the
 * thread shares the time until_ns with it, and what is constant. Owner: start/end.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_KEEPER_H
#define KYC_LEDGER_POSTGRES_STORE_KEEPER_H

#include "ledger/postgres/store_postgres.h"

/* After store_postgres_take. 0, or -1. */
int store_postgres_keep(struct store_postgres *store, struct error *error);
/* Nothing when there is none. */
void store_postgres_stop_keeping(struct store_postgres *store);

#endif
