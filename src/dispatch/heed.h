/* heed: stop policy: decides whether a reply must stop the whole run rather than fail one record.
 *
 * After a stop no further record is processed, requests in flight end, and tasks that wait are given up. The
 * reason is in dispatcher.stop_reason. Thread: the coordinator's.
 */
#ifndef KYC_DISPATCH_HEED_H
#define KYC_DISPATCH_HEED_H

#include <stdint.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "dispatch/conclude.h"

struct dispatcher;

/* Reads the rest of the canary from the ledger. 0, or -1. */
int heed_start(struct dispatcher *dispatcher, struct error *error);

/* After every attempt: stops on an outcome that is a stop, on too many bad nonces, and on a Retry-After
 * longer than delivery.retry_for, whatever the status. */
void heed_outcome(struct dispatcher *dispatcher, const struct delivery *delivery);

/* After a conclusion was written: counts a final answer for the canary and stop_after; the ledger forgets the
 * refusals that stop the run, so that the next run sends them again. 0, or -1. */
int heed_answer(struct dispatcher *dispatcher, const struct task *task, const struct conclusion *conclusion,
                struct error *error);

#endif
