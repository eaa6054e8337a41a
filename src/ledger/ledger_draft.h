/* ledger_draft: a ledger that is built beside the present one, and takes its place at once.
 *
 *   ledger_lease_take ─► ledger_draft_make ─► (writes) ─► ledger_draft_place ─► ledger_draft_free
 *
 * Until it is placed the present ledger is as it was. A process that is killed leaves the present ledger, or,
 * of a file, none at its place and the present one under the name that it was moved to: making a draft again
 * finds it there (ledger_draft_present). What a killed process left of a draft is removed by the next one.
 * Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_DRAFT_H
#define KYC_LEDGER_LEDGER_DRAFT_H

#include "core/error.h"
#include "ledger/ledger.h"
#include "ledger/ledger_lease.h"

struct ledger_draft;

/* The location of the present ledger: that of the lease, or where an earlier try moved it. NULL: there is
 * none, or with ERROR_LEDGER (else ERROR_NONE). Owner: the caller frees. */
char *ledger_draft_present(struct ledger_lease *lease, struct error *error);

/* Builds one with all that source holds, under a name of its own. lease: of the present place. source: any
 * open ledger, with the key that place has. NULL with ERROR_LEDGER. */
struct ledger_draft *ledger_draft_make(struct ledger_lease *lease, const struct ledger_place *place,
                                       const struct ledger_identity *identity, struct ledger *source,
                                       struct error *error);
/* Open to be written, until it is placed. */
struct ledger *ledger_draft_ledger(struct ledger_draft *draft);
/* The name that the present ledger will have; NULL: there is none. */
const char *ledger_draft_moved_to(const struct ledger_draft *draft);
/* Closes the draft's ledger, and waits until no former writer of the present one or of the source has the
 * right to send; the present one gets its other name, the draft its place. 0, or -1: ERROR_BUSY
 * when another program has the present ledger open, ERROR_LEDGER. */
int ledger_draft_place(struct ledger_draft *draft, struct error *error);
/* Removes it, unless it was placed. NULL is allowed. */
void ledger_draft_free(struct ledger_draft *draft);

#endif
