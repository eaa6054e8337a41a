/* ledger_move: gives a ledger another place, of the same kind or of another.
 *
 *   lease of `to`, where nothing is ─► lease and open `from` ─► draft with all that `from` holds ─► verify it
 *     ─► `from` is marked as moved ─► the draft gets its place
 *
 * From then on `from` can be read, and is never written again: two ledgers of one job would create every
 * customer twice. So it is marked before the copy has its place. A process that is killed in between leaves a
 * marked ledger whose copy is missing; the same move, repeated, completes it. Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_MOVE_H
#define KYC_LEDGER_LEDGER_MOVE_H

#include "core/error.h"
#include "ledger/ledger.h"
#include "ledger/ledger_verify.h"

struct ledger_moved {
    char from_head[LEDGER_HEAD_SIZE], to_head[LEDGER_HEAD_SIZE]; /* they are equal */
    struct ledger_verified verified;                             /* of the copy */
};

/* 0; -1 with ERROR_USAGE: there is no ledger at `from`, or there is one at `to`; ERROR_BUSY; or ERROR_LEDGER.
 */
int ledger_move(const struct ledger_place *from, const struct ledger_place *to,
                const struct ledger_identity *identity, struct ledger_moved *moved, struct error *error);

#endif
