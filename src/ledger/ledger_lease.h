/* ledger_lease: until when the process that writes a ledger may send.
 *
 * Two questions that are never mixed. *May I write?* is answered by the place of the ledger itself: a file by
 * flock, which ends with the process; a database by the epoch, which every transaction compares (a take-over
 * raises it, and whatever an older writer sends later is refused whole). *May I send?* cannot be answered by
 * any ledger: so the right to send is a time, by the clock of this boot: of the last renewal, measured before
 * it was sent, plus the lease. The process that takes a ledger over sends nothing before the former
 * holder's right has certainly ended. Clocks of two hosts are never compared, nor is the database's trusted.
 *
 * A lease is renewed by every commit and, each third of it, by a thread of the store's own. With a file all
 * of this is "for ever". Thread: the ledger's, but any for ledger_lease_until.
 */
#ifndef KYC_LEDGER_LEDGER_LEASE_H
#define KYC_LEDGER_LEDGER_LEASE_H

#include <stdint.h>

#include "ledger/ledger.h"

enum { LEDGER_LEASE_MS = 15000 };

/* The lease of the ledger at a place, held without opening it: the ledger may be damaged or missing. NULL
 * with ERROR_BUSY or ERROR_LEDGER, as of LEDGER_WRITE. Owner: ledger_lease_end. */
struct ledger_lease;
struct ledger_lease *ledger_lease_take(const struct ledger_place *place, struct error *error);
/* Gives it back. NULL is allowed. */
void ledger_lease_end(struct ledger_lease *lease);

/* A request may leave from this time on: clock_boot_ns, constant after ledger_open; 0: at once. */
uint64_t ledger_lease_from_ns(const struct ledger *ledger);
/* And before this one, which moves on with each renewal and stays as it is once the lease is lost; valid
 * until ledger_close. NULL: for ever (a file, and LEDGER_READ). */
const _Atomic uint64_t *ledger_lease_until(const struct ledger *ledger);

#endif
