/* delay_queue: hands items back at a given time, on a thread of its own.
 *
 * Thread: any for delay_queue_put; the callback runs on the queue's own thread. Owner: new/free; the items
 * are the caller's.
 */
#ifndef KYC_SANDBOX_DELAY_QUEUE_H
#define KYC_SANDBOX_DELAY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct delay_queue;

/* stopping: the item is handed back early, because of delay_queue_stop. */
typedef void delay_queue_callback(void *item, bool stopping);

struct delay_queue *delay_queue_new(delay_queue_callback *callback);
/* After delay_queue_stop. */
void delay_queue_free(struct delay_queue *delays);

/* Hands item back at due_ns (clock_mono_ns) or soon after. False after delay_queue_stop: the item was not
 * queued. */
bool delay_queue_put(struct delay_queue *delays, uint64_t due_ns, void *item);
/* Hands all items back at once and returns when that is done. */
void delay_queue_stop(struct delay_queue *delays);

#endif
