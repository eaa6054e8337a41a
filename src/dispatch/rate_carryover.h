/* rate_carryover: keeps the rate limit across the processes of one job.
 *
 * Of a shared account (delivery.shared) it carries over a Retry-After alone: the share of a process that has
 * ended is free a window later (model/rate_share.h).
 *
 * The provider's window does not reset when a process exits. So a process that starts within one window of
 * the previous one, or after one that was killed (whose end is unknown), delays its first request; and it
 * waits for the rest of a Retry-After that the previous one received. The time between the two is taken from
 * the boot clock, which cannot step. After a reboot, or with a ledger of another machine, it is the smaller
 * one of the wall clock's difference and the time since this boot; but of a process on another host, whose
 * clock is not ours, the requests always count as younger than a window. Thread: the ledger's.
 */
#ifndef KYC_DISPATCH_RATE_CARRYOVER_H
#define KYC_DISPATCH_RATE_CARRYOVER_H

#include <stdbool.h>

#include "core/clock.h"
#include "core/error.h"
#include "delivery/sender.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* A Retry-After of years may be a provider's mistake: after a day we try again. */
#define RATE_CARRYOVER_HOLD_MAX_NS (24 * CLOCK_NS_PER_HOUR)

/* Before sender_run: delays the first request where needed, and records that requests are under way (in a
 * transaction of its own, durable when it returns). 0, or -1. */
int rate_carryover_begin(struct sender *sender, struct ledger *ledger, const struct job *job,
                         const struct provider *provider, struct error *error);

/* After sender_run has returned, between begin and commit: records when this process last sent. Without it
 * the next one always waits for a whole window. 0, or -1. */
int rate_carryover_end(const struct sender *sender, struct ledger *ledger, struct error *error);

struct rate_carryover_now {
    const char *boot; /* "": not known */
    uint64_t boot_ns, real_ns;
    bool is_remote; /* other hosts write this ledger too */
};

/* True when requests of the previous process may be younger than window_ns. *hold_ns: the rest of its
 * Retry-After. Pure. */
bool rate_carryover_evaluate(const struct ledger_sending *last, const struct rate_carryover_now *now,
                             uint64_t window_ns, uint64_t *hold_ns);

#endif
