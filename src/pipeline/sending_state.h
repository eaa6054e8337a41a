/* sending_state: the state that sending, settling, heed, twins and warning share.
 *
 * Thread: the coordinator's. Owner: sending.c.
 */
#ifndef KYC_PIPELINE_SENDING_STATE_H
#define KYC_PIPELINE_SENDING_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/retry.h"
#include "delivery/sender.h"
#include "pipeline/conclude.h"
#include "pipeline/floors.h"
#include "pipeline/guard.h"
#include "pipeline/item.h"
#include "pipeline/sending.h"
#include "pipeline/settling.h"

struct sending {
    struct sending_parts parts;
    struct sender *sender;
    pthread_t thread;
    bool started;
    struct floors floors;
    uint8_t *members; /* scratch: member_count × FINGERPRINT_MEMBER_LEN */
    struct item_pool pool;
    struct waiting waiting;
    struct settling settling;
    struct fifo new_items; /* journalled in this round; submitted after its commit */
    struct fifo concluded; /* counted after the commit */
    size_t submitted, ahead_max;
    uint64_t in_doubt_count; /* items in circulation that are in doubt */
    uint64_t bad_nonces;
    struct guard guard;
    char canary_of[GUARD_SETTINGS_SIZE]; /* the digest of the settings, in hex */
    struct retry_random random;
    bool stopping, failed;
    char stop_reason[1024]; /* "": the provider has not stopped the run */
};

/* Journals the next attempt of an item. members: of the provider, in its order. supersedes: as
 * ledger_journal_overtaken. 0, or -1. */
int sending_journal(struct sending *sending, struct item *item, const uint8_t *digest, const uint8_t *members,
                    bool supersedes, struct error *error);

/* Writes the conclusion of an attempt, which may turn it into CONCLUSION_IN_DOUBT. with_outcome: with the
 * outcome of its delivery. 0, or -1. */
int sending_write(struct sending *sending, struct item *item, struct conclusion *conclusion,
                  bool with_outcome, struct error *error);

/* Executes the action of a conclusion, once it is written; wait_ns: before another attempt. 0, or -1. */
int sending_apply_action(struct sending *sending, struct item *item, struct conclusion *conclusion,
                         uint64_t wait_ns, struct error *error);

/* Marks whether an attempt of this item may have been executed. */
void sending_mark_in_doubt(struct sending *sending, struct item *item, bool in_doubt);

#endif
