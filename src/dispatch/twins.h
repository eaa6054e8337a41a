/* twins: writes to the ledger what a run finds out by identity digests, without dispatcher anything.
 *
 * A twin is a record that would be created, but whose person exists under another key (decision.h). After a
 * failure of the ledger nothing is written. Between dispatcher_begin and dispatcher_commit. Thread: the
 * coordinator's.
 */
#ifndef KYC_DISPATCH_TWINS_H
#define KYC_DISPATCH_TWINS_H

#include "core/error.h"
#include "dispatch/decision.h"
#include "dispatch/dispatcher.h"
#include "model/record.h"

/* Stores a record that is refused as a twin (decision.is_twin), so that a later run recognizes it. 0, or -1.
 */
int twins_add_refusal(struct dispatcher *dispatcher, const struct record *record,
                      const struct decision *decision, struct error *error);
/* The run stops because of its twins: the next run counts them again. 0, or -1. */
int twins_mark_stopped(struct dispatcher *dispatcher, struct error *error);
/* Stores what the row of a customer with a user adds to the ledger (decision.lacks_identity, .agrees). 0, or
 * -1. */
int twins_add_identity(struct dispatcher *dispatcher, const struct record *record,
                       const struct decision *decision, struct error *error);

#endif
