/* follow: the rate holds over everything that asks the provider for one job, not only over one process.
 *
 * The limiter knows this process alone, and the provider's windows know no processes: a process that begins
 * right after another one, or after one that was killed (its end is not known), keeps a distance, and waits
 * for the rest of a Retry-After that the other one received. The time between the two is counted by the
 * clock of the machine's start, which cannot step. When the machine has started since, or the ledger came
 * from another one, it is at most what the wall clock says, and at most the time since this start.
 * Thread: the ledger's.
 */
#ifndef KYC_PIPELINE_FOLLOW_H
#define KYC_PIPELINE_FOLLOW_H

#include <stdbool.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* Before sender_run: sets the distance when the ledger says that one is needed, and writes that requests are
 * under way (in a transaction of its own, durable when it returns). 0, or -1. */
int follow_last(struct sender *sender, struct ledger *ledger, const struct job *job,
                const struct provider *provider, struct error *error);

/* After sender_run has returned, between begin and commit: until when this process asked. Without it the next
 * one keeps its distance whenever it comes. 0, or -1. */
int follow_end(const struct sender *sender, struct ledger *ledger, struct error *error);

struct follow_now {
    const char *boot; /* "": not known */
    uint64_t boot_ns, real_ns;
};

/* What is left of what another process did: true when requests of it may be younger than window_ns; *hold_ns:
 * the rest of its Retry-After. Pure. */
bool follow_evaluate(const struct ledger_sending *last, const struct follow_now *now, uint64_t window_ns,
                     uint64_t *hold_ns);

#endif
