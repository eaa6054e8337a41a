#include "delivery/sender_queue.h"

void sender_queue_init(struct sender_queue *queue)
{
    *queue = (struct sender_queue){0};
    pthread_mutex_init(&queue->mutex, NULL);
}

void sender_queue_clear(struct sender_queue *queue)
{
    pthread_mutex_destroy(&queue->mutex);
}

bool sender_queue_put(struct sender_queue *queue, struct delivery *delivery)
{
    pthread_mutex_lock(&queue->mutex);
    bool was_empty = !queue->deliveries.first;
    fifo_append(&queue->deliveries, &delivery->link);
    pthread_mutex_unlock(&queue->mutex);
    return was_empty;
}

void sender_queue_add_order(struct sender_queue *queue, enum sender_order order)
{
    pthread_mutex_lock(&queue->mutex);
    queue->orders |= order;
    pthread_mutex_unlock(&queue->mutex);
}

unsigned sender_queue_receive(struct sender_queue *queue, struct fifo *deliveries)
{
    pthread_mutex_lock(&queue->mutex);
    fifo_append_all(deliveries, &queue->deliveries);
    unsigned orders = queue->orders;
    pthread_mutex_unlock(&queue->mutex);
    return orders;
}
