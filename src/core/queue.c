#include "core/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/memory.h"

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t has_capacity, has_item;
    size_t capacity, first, count;
    size_t putters, takers; /* waiting ones: no signal is sent when none waits */
    bool closed;
    void *items[];
};

struct queue *queue_new(size_t capacity)
{
    assert(capacity >= 1);
    struct queue *queue = memory_new(1, sizeof *queue + capacity * sizeof queue->items[0]);
    queue->capacity = capacity;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->has_capacity, NULL);
    pthread_cond_init(&queue->has_item, NULL);
    return queue;
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    pthread_cond_destroy(&queue->has_item);
    pthread_cond_destroy(&queue->has_capacity);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

bool queue_put(struct queue *queue, void *item)
{
    assert(item);
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == queue->capacity && !queue->closed) {
        queue->putters++;
        pthread_cond_wait(&queue->has_capacity, &queue->mutex);
        queue->putters--;
    }
    bool taken = !queue->closed;
    if (taken) {
        size_t index = queue->first + queue->count++;
        queue->items[index < queue->capacity ? index : index - queue->capacity] = item;
    }
    bool wake = taken && queue->takers;
    pthread_mutex_unlock(&queue->mutex);
    if (wake)
        pthread_cond_signal(&queue->has_item);
    return taken;
}

void *queue_take(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == 0 && !queue->closed) {
        queue->takers++;
        pthread_cond_wait(&queue->has_item, &queue->mutex);
        queue->takers--;
    }
    void *item = NULL;
    if (queue->count) {
        item = queue->items[queue->first];
        queue->first = queue->first + 1 < queue->capacity ? queue->first + 1 : 0;
        queue->count--;
    }
    bool wake = item && queue->putters;
    pthread_mutex_unlock(&queue->mutex);
    if (wake)
        pthread_cond_signal(&queue->has_capacity);
    return item;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->has_capacity);
    pthread_cond_broadcast(&queue->has_item);
    pthread_mutex_unlock(&queue->mutex);
}
