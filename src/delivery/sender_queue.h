/* sender_queue: the deliveries and orders that other threads give to the sender.
 *
 * Thread: any. Owner: init/clear; the deliveries belong to whoever submitted them.
 */
#ifndef KYC_DELIVERY_SENDER_QUEUE_H
#define KYC_DELIVERY_SENDER_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

#include "core/fifo.h"
#include "delivery/sender.h"

/* An order stays in force once it was given. */
enum sender_order {
    SENDER_ORDER_WITHDRAW = 1,
    SENDER_ORDER_ABORT = 2,
    SENDER_ORDER_FINISH = 4,
};

struct sender_queue {
    pthread_mutex_t mutex;
    struct fifo deliveries;
    unsigned orders;
};

void sender_queue_init(struct sender_queue *queue);
void sender_queue_clear(struct sender_queue *queue);

/* True when it was empty: the sender has to be woken. */
bool sender_queue_put(struct sender_queue *queue, struct delivery *delivery);
void sender_queue_add_order(struct sender_queue *queue, enum sender_order order);
/* Moves all deliveries behind those in deliveries. Returns the orders so far, as bits. */
unsigned sender_queue_receive(struct sender_queue *queue, struct fifo *deliveries);

#endif
