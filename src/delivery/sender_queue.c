#include "delivery/sender_queue.h"

void sender_queue_list_add(struct sender_queue_list *list, struct delivery *delivery)
{
    delivery->next = NULL;
    if (list->last)
        list->last->next = delivery;
    else
        list->first = delivery;
    list->last = delivery;
}

void sender_queue_list_add_first(struct sender_queue_list *list, struct delivery *delivery)
{
    delivery->next = list->first;
    list->first = delivery;
    if (!list->last)
        list->last = delivery;
}

struct delivery *sender_queue_list_pop(struct sender_queue_list *list)
{
    struct delivery *delivery = list->first;
    if (delivery) {
        list->first = delivery->next;
        if (!list->first)
            list->last = NULL;
        delivery->next = NULL;
    }
    return delivery;
}

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
    sender_queue_list_add(&queue->deliveries, delivery);
    pthread_mutex_unlock(&queue->mutex);
    return was_empty;
}

void sender_queue_add_order(struct sender_queue *queue, enum sender_order order)
{
    pthread_mutex_lock(&queue->mutex);
    queue->orders |= order;
    pthread_mutex_unlock(&queue->mutex);
}

unsigned sender_queue_receive(struct sender_queue *queue, struct sender_queue_list *list)
{
    pthread_mutex_lock(&queue->mutex);
    struct sender_queue_list mail = queue->deliveries;
    queue->deliveries = (struct sender_queue_list){0};
    unsigned orders = queue->orders;
    pthread_mutex_unlock(&queue->mutex);

    if (mail.first && list->last) {
        list->last->next = mail.first;
        list->last = mail.last;
    } else if (mail.first) {
        *list = mail;
    }
    return orders;
}
