/* sending_state: the state that dispatcher, settling, heed, twins and warning share.
 *
 * Thread: the coordinator's. Owner: dispatcher.c.
 */
#ifndef KYC_DISPATCH_DISPATCHER_STATE_H
#define KYC_DISPATCH_DISPATCHER_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/retry.h"
#include "delivery/sender.h"
#include "dispatch/conclude.h"
#include "dispatch/dispatcher.h"
#include "dispatch/guard.h"
#include "dispatch/nonce_reservation.h"
#include "dispatch/settling.h"
#include "dispatch/task_pool.h"

struct dispatcher {
    struct dispatcher_parts parts;
    struct sender *sender;
    pthread_t thread;
    bool started;
    struct nonce_reservation nonces;
    uint8_t *members; /* scratch: member_count × FINGERPRINT_MEMBER_LEN */
    struct task_pool pool;
    struct backoff_queue waiting;
    struct settling settling;
    struct fifo new_tasks; /* journalled in this round; submitted after its commit */
    struct fifo concluded; /* counted after the commit */
    size_t submitted, ahead_max;
    uint64_t in_doubt_count; /* tasks in circulation that are in doubt */
    uint64_t bad_nonces;
    struct guard guard;
    char canary_of[GUARD_SETTINGS_SIZE]; /* the digest of the settings, in hex */
    struct retry_random random;
    bool stopping, failed;
    char stop_reason[1024]; /* "": the provider has not stopped the run */
};

/* Journals the next attempt of a task. members: of the provider, in its order. supersedes: as
 * ledger_journal_overtaken. 0, or -1. */
int dispatcher_journal(struct dispatcher *dispatcher, struct task *task, const uint8_t *digest,
                       const uint8_t *members, bool supersedes, struct error *error);

/* Writes the conclusion of an attempt, which may turn it into CONCLUSION_IN_DOUBT. with_outcome: with the
 * outcome of its delivery. 0, or -1. */
int dispatcher_write(struct dispatcher *dispatcher, struct task *task, struct conclusion *conclusion,
                     bool with_outcome, struct error *error);

/* Executes the action of a conclusion, once it is written; wait_ns: before another attempt. 0, or -1. */
int dispatcher_apply_action(struct dispatcher *dispatcher, struct task *task, struct conclusion *conclusion,
                            uint64_t wait_ns, struct error *error);

/* Marks whether an attempt of this task may have been executed. */
void dispatcher_mark_in_doubt(struct dispatcher *dispatcher, struct task *task, bool in_doubt);

#endif
