/* store_writer: which process writes a ledger in PostgreSQL, and from when on it may send.
 *
 * The row of the table writer has the epoch: a take-over raises it, and every transaction of an older writer
 * is refused from then on (fence). That alone is what is safe. Two things make it quick: a session lock
 * (pg_advisory_lock), which the server gives back when the holder's connection ends, so that a killed run is
 * followed at once; and the renewals, by which a holder whose connection is open is known to be alive. No
 * clock of another host is read, nor the database's: a holder that has renewed nothing for a whole lease by
 * the clock of this boot is taken over.
 *
 * What the former holder sent, or may still send, is another matter: it may do so until a lease after its
 * last renewal. So this process sends nothing before that (from_ns), unless the holder has given the lease
 * back, or certainly is gone. waits_ms in the row is how long this process had to wait itself, until that is
 * over: the next one, to which this one gives the lease back at once, must wait as well.
 *
 * Thread: the ledger's.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_WRITER_H
#define KYC_LEDGER_POSTGRES_STORE_WRITER_H

#include "ledger/postgres/store_postgres.h"

/* The lease, in ns: LEDGER_LEASE_MS, or KYC_LEASE_MS in the test build. */
uint64_t store_postgres_lease_ns(void);

/* Takes the session lock: 1; 0: another session has it, for more than a second; -1. The server may need a
 * moment to end the session of a process that has ended. */
int store_postgres_lock_soon(struct store_postgres *store, struct error *error);
/* Becomes the writer, of tables that are there: sets epoch, from_ns and until_ns. 0; or -1: ERROR_BUSY when
 * another process holds the lease: once it has renewed it, after about a third of it; or at once, when it was
 * faster. */
int store_postgres_take(struct store_postgres *store, struct error *error);
/* From now on the next run need not wait for the lease of this one. Nothing when the ledger has failed. */
void store_postgres_release(struct store_postgres *store);

#endif
