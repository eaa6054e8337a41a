/* queue: a bounded blocking queue of pointers between threads.
 *
 * A full queue makes the producer wait: that is the back-pressure. Closing wakes all waiters: what is in the
 * queue can still be taken, nothing more can be put in. Thread: any. Owner: the queue never owns what it
 * holds.
 */
#ifndef KYC_CORE_QUEUE_H
#define KYC_CORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue;

/* capacity: items, at least 1. Never NULL. */
struct queue *queue_new(size_t capacity);
/* No thread may be inside any call. */
void queue_free(struct queue *queue);

/* Waits while it is full. False when the queue was closed: the item was not taken. */
bool queue_put(struct queue *queue, void *item);
/* Waits for an item. NULL when the queue is closed and empty. */
void *queue_take(struct queue *queue);
void queue_close(struct queue *queue);

#endif
