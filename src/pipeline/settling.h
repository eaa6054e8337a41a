/* settling: creates whose fate must be asked for: by a look-up of each, or by one listing for all.
 *
 * Which one is the provider's (PROVIDER_RECOVERY_LOOK_UP, PROVIDER_RECOVERY_LIST; 3-providers.md, Doubts).
 * Nothing of it is remembered beyond the run but what the ledger holds: a crash between question and answer
 * asks again. Thread: the coordinator's. Owner: open/close.
 */
#ifndef KYC_PIPELINE_SETTLING_H
#define KYC_PIPELINE_SETTLING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger.h"
#include "pipeline/clocks.h"
#include "pipeline/item.h"
#include "pipeline/listing.h"

struct sending;

struct settling {
    struct listing *listing;         /* NULL: none was needed yet */
    bool in_flight;                  /* the listing has its items */
    struct item_list waiting;        /* for a listing, each from its due_ns on */
    uint64_t earliest_ns, latest_ns; /* of these due_ns */
    uint64_t run_started_ns;         /* all monotonic */
    uint64_t not_before_ns;          /* backoff of a listing that failed */
    uint64_t retrying_since_ns;
    uint32_t attempts;
    struct clocks clocks;
    int64_t clock_run; /* the last run that compared its clock with the provider's; 0: none */
    bool clock_noted;  /* this one has, and the ledger knows */
};

/* Reads from the ledger what it says of clocks. 0, or -1. */
int settling_open(struct settling *settling, struct ledger *ledger, struct error *error);
void settling_close(struct settling *settling);

/* Compares this machine's clock with what the provider has said of its own by now, and tells the ledger what
 * is new of it; before each commit. 0, or -1. */
int settling_record_clock(struct sending *sending, struct error *error);

/* Whether this item is to be asked about before its create is sent (again): it is in doubt and too old to be
 * repeated, or nobody knows how old; or its row has changed. */
bool settling_is_due(const struct sending *sending, const struct item *item);

/* Asks about an item that is in no list, after the next commit or once its time has come. earlier: the doubt
 * is of an earlier run. 0, or -1. */
int settling_add(struct sending *sending, struct item *item, bool earlier, struct error *error);

/* Whether what came back is an answer to a question of its look-up. */
bool settling_has_answer(const struct item *item);
/* The answer to a look-up's question came back. 1: it led on; 0: it is no usable answer, and the outcome says
 * so now; -1. */
int settling_receive(struct sending *sending, struct item *item, struct error *error);

/* The listing came back. 0, or -1. */
int settling_receive_list(struct sending *sending, struct delivery *delivery, struct error *error);

/* Starts a listing when it is time. 0, or -1. */
int settling_start(struct sending *sending, uint64_t now_ns, struct error *error);
/* When that is; UINT64_MAX: nothing waits, or it is under way. */
uint64_t settling_next_ns(const struct sending *sending);

#endif
