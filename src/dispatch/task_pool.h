/* task: a record that is being sent, from its journal entry to its conclusion.
 *
 * It is copied out of its batch when it is journalled, and the batch is recycled at once: a slow request
 * holds no batch. The bytes of all tasks together are bounded (TASKS_BYTES_MAX); above that no new record is
 * journalled until others have ended. Thread: the coordinator's; the delivery inside is the sender's while
 * it is submitted.
 */
#ifndef KYC_DISPATCH_TASK_POOL_H
#define KYC_DISPATCH_TASK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/fifo.h"
#include "delivery/sender.h"
#include "dispatch/conclude.h"
#include "dispatch/look_up.h"
#include "model/record.h"

enum { TASKS_BYTES_MAX = 8 * 1024 * 1024 };

struct task {
    struct delivery delivery; /* first: a delivery that comes back is its task */
    struct arena arena;
    struct record *record;
    int64_t customer;
    enum field_id immutable; /* UPDATE: a change beside it that cannot be sent; FIELD_NONE: none */
    bool changed;            /* the row has changed since an earlier run journalled it */
    bool in_doubt;           /* an attempt may have been executed, in this run or an earlier one */
    uint64_t sent_boot_ns;   /* CREATE: clock_boot_ns when this run journalled it; 0: an earlier run did */
    bool is_undated;         /* an earlier run did, without comparing its clock with the provider's */
    uint64_t left_out;       /* UPDATE: members that the provider did not apply, as ledger_result.left_out */
    uint64_t warned;         /* what the provider warned of in its acknowledgement, as outcome.warned */
    const char *warning;     /* and its text, masked; NULL: none */
    struct conclusion final; /* once there is no further attempt */
    uint32_t attempts;       /* begun in this run */
    uint32_t spared;         /* of these, not counted against delivery.attempts: task_spare */
    uint32_t bad_nonces;
    struct look_up *look_up;    /* that resolves it; NULL: none */
    uint32_t settlings;         /* look-ups or listings so far */
    bool exists;                /* 409 without an id: such a user exists, but the reply did not say which */
    bool absent;                /* looked up without a hit: the create is sent again */
    uint64_t retrying_since_ns; /* monotonic; 0: not yet */
    uint64_t due_ns;            /* monotonic: the time of the next attempt */
    size_t bytes;
    struct fifo_link link; /* of the list that holds it */
};

/* A pool with a bound: tasks are recycled. */
struct task_pool {
    struct fifo free;
    size_t count; /* in circulation */
    size_t bytes;
};

/* A copy of the record. Never NULL; the caller asks task_pool_has_room first. */
struct task *task_new(struct task_pool *pool, const struct record *record);
void task_free(struct task_pool *pool, struct task *task);
bool task_pool_has_capacity(const struct task_pool *pool);

/* A new request for the same record: its attempts are counted from 0. */
void task_restart(struct task *task);
/* The attempt that has just been counted is not about the record: the breaker's probe, or an expired token.
 * It does not count for delivery.attempts nor, if restarted, for delivery.retry_for: the breaker has its own.
 */
void task_spare(struct task *task, bool restarted);
/* Nothing may be in circulation. */
void task_pool_clear(struct task_pool *pool);

/* Items in backoff: a heap by due_ns. */
struct backoff_queue {
    struct task **heap;
    size_t count, capacity;
};

void backoff_queue_add(struct backoff_queue *waiting, struct task *task);
/* The time of the first, or UINT64_MAX. */
uint64_t backoff_queue_next_ns(const struct backoff_queue *waiting);
/* Takes the first; NULL when none is left. */
struct task *backoff_queue_pop(struct backoff_queue *waiting);
void backoff_queue_clear(struct backoff_queue *waiting);

#endif
