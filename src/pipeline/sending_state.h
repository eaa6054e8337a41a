/* sending_state: what sending and settling share of the sending half.
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
    struct item_list new_items; /* journalled in this round; submitted after its commit */
    struct item_list concluded; /* counted after the commit */
    size_t submitted, ahead_max;
    uint64_t in_doubt_count; /* items in circulation that are in doubt */
    uint64_t bad_nonces;
    struct guard guard;
    char canary_of[GUARD_SETTINGS_SIZE]; /* the settings, in hex */
    struct retry_random random;
    bool stopping, failed;
    char stop_reason[1024]; /* "": the provider has not stopped the run */
};

/* Journals what an item is about to try. members: of the provider, in its order. overtakes: as
 * ledger_journal_overtaken. 0, or -1. */
int sending_journal(struct sending *sending, struct item *item, const uint8_t *digest, const uint8_t *members,
                    bool supersedes, struct error *error);

/* Writes what the attempt of an item came to; the conclusion may become CONCLUSION_IN_DOUBT by it.
 * with_outcome: its delivery's outcome belongs to it. 0, or -1. */
int sending_write(struct sending *sending, struct item *item, struct conclusion *conclusion,
                  bool with_outcome, struct error *error);

/* Does what a conclusion asks for, once it is written; wait_ns: before another attempt. 0, or -1. */
int sending_apply_action(struct sending *sending, struct item *item, struct conclusion *conclusion,
                         uint64_t wait_ns, struct error *error);

/* From now on a create of this item may have happened. */
void sending_mark_in_doubt(struct sending *sending, struct item *item, bool in_doubt);

#endif
