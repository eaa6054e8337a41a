/* sender_queue: what other threads ask of the sender, and lists of deliveries.
 *
 * A list links deliveries by their `next`; it never owns them. Thread: sender_queue_* any; a list one at a
 * time. Owner: init/clear.
 */
#ifndef KYC_DELIVERY_SENDER_QUEUE_H
#define KYC_DELIVERY_SENDER_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

#include "delivery/sender.h"

struct sender_queue_list {
    struct delivery *first, *last;
};

void sender_queue_list_add(struct sender_queue_list *list, struct delivery *delivery);
void sender_queue_list_add_first(struct sender_queue_list *list, struct delivery *delivery);
/* NULL when it is empty. */
struct delivery *sender_queue_list_pop(struct sender_queue_list *list);

/* Once asked for, they stay so. */
enum sender_order {
    SENDER_ORDER_WITHDRAW = 1,
    SENDER_ORDER_ABORT = 2,
    SENDER_ORDER_FINISH = 4,
};

struct sender_queue {
    pthread_mutex_t mutex;
    struct sender_queue_list deliveries;
    unsigned orders;
};

void sender_queue_init(struct sender_queue *queue);
void sender_queue_clear(struct sender_queue *queue);

/* True when it was empty: the sender has to be woken. */
bool sender_queue_put(struct sender_queue *queue, struct delivery *delivery);
void sender_queue_add_order(struct sender_queue *queue, enum sender_order order);
/* Moves all deliveries to the end of list; gives the wishes so far. */
unsigned sender_queue_receive(struct sender_queue *queue, struct sender_queue_list *list);

#endif
