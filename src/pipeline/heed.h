/* heed: what an answer says beyond its own record: that the run must stop (3-providers.md, Stopping before
 * damage).
 *
 * A stop takes no further record, lets what is in flight end, and gives up what waits; why it stopped is in
 * sending.stop_reason. Thread: the coordinator's.
 */
#ifndef KYC_PIPELINE_HEED_H
#define KYC_PIPELINE_HEED_H

#include <stdint.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "pipeline/conclude.h"

struct sending;

/* Reads from the ledger what is left of the canary. 0, or -1. */
int heed_start(struct sending *sending, struct error *error);

/* After every attempt: an outcome that is a stop, too many bad nonces, a Retry-After longer than
 * delivery.retry_for, whatever the status. */
void heed_outcome(struct sending *sending, const struct delivery *delivery);

/* After a conclusion was written: a final answer counts for the canary and stop_after; the refusals that make
 * the run stop are forgotten by the ledger, so that the next run sends them again. 0, or -1. */
int heed_answer(struct sending *sending, const struct item *item, const struct conclusion *conclusion,
                struct error *error);

#endif
