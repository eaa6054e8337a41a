/* heed: stop policy: decides whether a reply must stop the whole run rather than fail one record.
 *
 * After a stop no further record is processed, requests in flight end, and items that wait are given up. The
 * reason is in sending.stop_reason. Thread: the coordinator's.
 */
#ifndef KYC_PIPELINE_HEED_H
#define KYC_PIPELINE_HEED_H

#include <stdint.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "pipeline/conclude.h"

struct sending;

/* Reads the rest of the canary from the ledger. 0, or -1. */
int heed_start(struct sending *sending, struct error *error);

/* After every attempt: stops on an outcome that is a stop, on too many bad nonces, and on a Retry-After
 * longer than delivery.retry_for, whatever the status. */
void heed_outcome(struct sending *sending, const struct delivery *delivery);

/* After a conclusion was written: counts a final answer for the canary and stop_after; the ledger forgets the
 * refusals that stop the run, so that the next run sends them again. 0, or -1. */
int heed_answer(struct sending *sending, const struct item *item, const struct conclusion *conclusion,
                struct error *error);

#endif
