/* coordinator_queue: the one place where the coordinator waits: for a batch, an outcome, a timer or a signal.
 *
 * Validated batches arrive in any order and leave in input order. Posting a delivery never blocks: the list
 * is intrusive, so it cannot be full. Thread: put, end and interrupt any; wait the coordinator's. Owner:
 * new/free; never owns what it holds.
 */
#ifndef KYC_DISPATCH_COORDINATOR_QUEUE_H
#define KYC_DISPATCH_COORDINATOR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fifo.h"
#include "delivery/sender.h"
#include "model/record.h"

struct coordinator_queue;

/* batches: the maximum in circulation. */
struct coordinator_queue *coordinator_queue_new(size_t batches);
void coordinator_queue_free(struct coordinator_queue *queue);

/* From a rule worker. */
void coordinator_queue_put_batch(struct coordinator_queue *queue, struct batch *batch);
/* From the sender: the `done` of sender_new, with the queue as its context. */
void coordinator_queue_put_delivery(void *context, struct delivery *delivery);
/* From the reader's thread: no batch follows the first `count`. */
void coordinator_queue_end(struct coordinator_queue *queue, uint64_t count);
/* From the signal thread: one more request to stop. */
void coordinator_queue_interrupt(struct coordinator_queue *queue);

struct coordinator_queue_arrivals {
    struct fifo deliveries; /* in the order of their return */
    struct batch *batch;    /* the next one in input order; NULL: none now, or not asked for */
    bool ended;             /* every batch has left the queue */
    unsigned interrupts;    /* so far */
};

/* Waits until something arrives or until_ns (monotonic; 0: does not wait). want_batch: return the next batch,
 * and let its arrival end the wait. A new interrupt ends the wait. */
void coordinator_queue_wait(struct coordinator_queue *queue, bool want_batch, uint64_t until_ns,
                            struct coordinator_queue_arrivals *arrivals);

#endif
