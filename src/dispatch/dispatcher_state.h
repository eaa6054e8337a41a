/* dispatcher_state: what dispatcher.c and its writer (dispatcher_write.h) share. Thread: the coordinator's.
 */
#ifndef KYC_DISPATCH_DISPATCHER_STATE_H
#define KYC_DISPATCH_DISPATCHER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fifo.h"
#include "delivery/retry.h"
#include "dispatch/dispatcher.h"
#include "dispatch/kept_members.h"
#include "dispatch/recovery.h"
#include "dispatch/session.h"
#include "dispatch/stop_policy.h"
#include "dispatch/task_pool.h"
#include "report/link_file.h"

struct dispatcher {
    struct dispatcher_parts parts;
    const struct recovery *recovery;
    struct session *session;
    struct reconcile *reconcile;
    struct kept_members kept;
    uint64_t links_added;    /* to `links`, and not in the file yet */
    struct link_file *links; /* of REPORT/links.csv; NULL before the first link */
    struct stop_policy stop_policy;
    char canary_of[PROVIDER_SETTINGS_DIGEST_SIZE]; /* the digest of the settings, in hex */
    uint8_t *members;                              /* scratch: slot_count × FINGERPRINT_MEMBER_LEN */
    struct task_pool pool;
    struct backoff_queue backoff;
    struct fifo ready; /* TASK_READY */
    struct fifo ended; /* TASK_ENDED */
    size_t in_flight;  /* deliveries that the sender has */
    size_t ahead_max;
    uint64_t in_doubt_count; /* tasks in circulation that are in doubt */
    /* For progress: */
    uint64_t concluded; /* tasks, so far */
    uint64_t retrying;  /* tasks in circulation whose last attempt failed */
    size_t asking;      /* of in_flight, look-ups and fetches */
    struct retry_random random;
    bool word_reported; /* that a word of the provider for a verification is unknown */
    bool stopping;      /* no new attempt */
    bool failed;        /* the ledger cannot be written, and nothing is written any more */
};

/* As task_begin and task_enter, with the count of tasks in doubt. Nothing else sets a state. */
void dispatcher_begin_task(struct dispatcher *dispatcher, struct task *task, enum task_state first);
void dispatcher_enter(struct dispatcher *dispatcher, struct task *task, enum task_state next);

/* Whether the task's last attempt failed, and another one is made. */
void dispatcher_set_retried(struct dispatcher *dispatcher, struct task *task, bool is_retried);

/* TASK_READY: the request of the task is submitted after the next commit. */
void dispatcher_make_ready(struct dispatcher *dispatcher, struct task *task);
/* NULL: none is left. */
struct task *dispatcher_pop_ready(struct dispatcher *dispatcher);
/* TASK_ENDED: the task waits for the commit of its conclusion, to be counted. */
void dispatcher_end_task(struct dispatcher *dispatcher, struct task *task, enum task_state final);

#endif
