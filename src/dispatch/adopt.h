/* adopt: builds or completes a ledger from the users that the provider already has.
 *
 * The users are listed; where the listing shows too little of them, each that the ledger does not have is
 * fetched. Which user is whose: adopt_plan.h. A record's user is written to the ledger as an answer to its
 * create would have been, with an event `adopt` and the digests of the row, so that the next run sends
 * nothing but what differs. It is written as soon as it is certain, with the commit of a round: an adopt that
 * ended early continues where it stopped, because users that the ledger has are not asked for again. A record
 * that is unclear is held (ledger_hold): no run creates it before a person decides.
 *
 * Nothing but questions is sent. Threads: the sender's; the calling thread is the ledger's. Memory: the
 * plan's.
 */
#ifndef KYC_DISPATCH_ADOPT_H
#define KYC_DISPATCH_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/adopt_plan.h"
#include "dispatch/coordinator_queue.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

struct adopt_parts {
    struct job *job; /* with secrets: forgotten at the end */
    const struct provider *provider;
    struct ledger *ledger;           /* LEDGER_WRITE; NULL: there is none, and is_dry */
    struct coordinator_queue *queue; /* no other deliveries; an interrupt in it, also one before, ends this */
    struct adopt_plan *plan;         /* with its records */
    bool is_dry;                     /* nothing is written */
};

struct adopt_counts {
    uint64_t users;      /* that the provider listed and the ledger did not have */
    uint64_t unreadable; /* elements of the listing that are not users */
    uint64_t adopted;    /* written, or in a dry run would be */
    uint64_t held;       /* written */
    uint64_t requests;
};

/* True if the provider can list its users, so that they can be adopted. */
bool adopt_is_possible(const struct provider *provider);
/* True if each user must be fetched: the listing shows too little of it. */
bool adopt_fetches(const struct provider *provider);

/* 0: every user was compared, and the plan is finished. -1 with ERROR_PROVIDER (it does not answer, or its
 * listing is not whole), ERROR_INTERRUPTED, ERROR_BUSY, ERROR_LEDGER or ERROR_USAGE: what was certain until
 * then is written. */
int adopt_run(const struct adopt_parts *parts, struct adopt_counts *counts, struct error *error);

#endif
