/* settling: resolves creates in doubt: by a look-up for each, or by one listing for all.
 *
 * The provider determines which (PROVIDER_RECOVERY_LOOK_UP, PROVIDER_RECOVERY_LIST). Only the ledger
 * remembers anything beyond the run: after a crash between request and answer the request is repeated.
 * Thread: the coordinator's. Owner: open/close.
 */
#ifndef KYC_DISPATCH_SETTLING_H
#define KYC_DISPATCH_SETTLING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/clocks.h"
#include "dispatch/listing.h"
#include "dispatch/task_pool.h"
#include "ledger/ledger.h"

struct dispatcher;

struct settling {
    struct listing *listing;         /* NULL: none needed so far */
    bool in_flight;                  /* the listing has its tasks */
    struct fifo waiting;             /* for a listing, each from its due_ns on */
    uint64_t earliest_ns, latest_ns; /* of these due_ns */
    uint64_t run_started_ns;         /* all monotonic */
    uint64_t not_before_ns;          /* backoff of a listing that failed */
    uint64_t retrying_since_ns;
    uint32_t attempts;
    struct clocks clocks;
    int64_t clock_run; /* the last run that compared its clock with the provider's; 0: none */
    bool clock_noted;  /* this run has, and the ledger has stored that */
};

/* Reads the ledger's record of clocks. 0, or -1. */
int settling_open(struct settling *settling, struct ledger *ledger, struct error *error);
void settling_close(struct settling *settling);

/* Before each commit: compares this machine's clock with the provider's, as far as it is known by now, and
 * stores a new result in the ledger. 0, or -1. */
int settling_record_clock(struct dispatcher *dispatcher, struct error *error);

/* True if this task is looked up or listed before its create is sent (again): it is in doubt, and too old to
 * be repeated or of unknown age, or its row has changed. */
bool settling_is_due(const struct dispatcher *dispatcher, const struct task *task);

/* Looks up a task that is in no list after the next commit, or lists it once it is due. earlier: in doubt
 * since an earlier run. 0, or -1. */
int settling_add(struct dispatcher *dispatcher, struct task *task, bool earlier, struct error *error);

/* True if the delivery that returned is an answer to the look-up of its task. */
bool settling_has_answer(const struct task *task);
/* Processes the answer to a look-up. 1: done; 0: not a usable answer, and the outcome was changed to that;
 * -1. */
int settling_receive(struct dispatcher *dispatcher, struct task *task, struct error *error);

/* Processes the listing that returned. 0, or -1. */
int settling_receive_list(struct dispatcher *dispatcher, struct delivery *delivery, struct error *error);

/* Starts a listing when it is time. 0, or -1. */
int settling_start(struct dispatcher *dispatcher, uint64_t now_ns, struct error *error);
/* That time; UINT64_MAX: no task waits, or the listing is in flight. */
uint64_t settling_next_ns(const struct dispatcher *dispatcher);

#endif
