/* task_pool: the memory of the tasks in circulation, and those of them that wait for a backoff.
 *
 * A record is copied out of its batch when it is journalled, and the batch is recycled at once: a slow
 * request holds no batch. The bytes of all tasks together are bounded (TASK_POOL_BYTES_MAX); above that no
 * new record is journalled until others have ended. Thread: the coordinator's.
 */
#ifndef KYC_DISPATCH_TASK_POOL_H
#define KYC_DISPATCH_TASK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fifo.h"
#include "dispatch/task.h"
#include "model/record.h"

enum { TASK_POOL_BYTES_MAX = 16 * 1024 * 1024 }; /* 1,000 ordinary ones (dispatcher_has_capacity) */

/* Tasks are recycled. */
struct task_pool {
    struct fifo free;
    size_t count; /* in circulation */
    size_t bytes;
};

/* A task with a copy of the record, in no place and no state. Never NULL; the caller asks
 * task_pool_has_capacity first. */
struct task *task_pool_take(struct task_pool *pool, const struct record *record);
void task_pool_return(struct task_pool *pool, struct task *task);
bool task_pool_has_capacity(const struct task_pool *pool);
/* Nothing may be in circulation. */
void task_pool_clear(struct task_pool *pool);

/* A heap by due_ns of tasks in the place TASK_BACKOFF, which these functions set and end. */
struct backoff_queue {
    struct task **heap;
    size_t count, capacity;
};

void backoff_queue_add(struct backoff_queue *queue, struct task *task);
/* The time of the first, or UINT64_MAX. */
uint64_t backoff_queue_next_ns(const struct backoff_queue *queue);
/* Takes the first; NULL: none is left. */
struct task *backoff_queue_pop(struct backoff_queue *queue);
/* It is empty. */
void backoff_queue_clear(struct backoff_queue *queue);

#endif
