#include "dispatch/coordinator_queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/memory.h"

struct coordinator_queue {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct batch **ring; /* by sequence % ring_size */
    size_t ring_size;
    uint64_t next_sequence;
    uint64_t end; /* batches in all; UINT64_MAX: not known yet */
    struct fifo deliveries;
    unsigned interrupts, interrupts_reported;
};

struct coordinator_queue *coordinator_queue_new(size_t batches)
{
    struct coordinator_queue *queue = memory_new(1, sizeof *queue);
    pthread_condattr_t monotonic;

    pthread_mutex_init(&queue->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->arrived, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    queue->ring = memory_new(batches, sizeof *queue->ring);
    queue->ring_size = batches;
    queue->end = UINT64_MAX;
    return queue;
}

void coordinator_queue_free(struct coordinator_queue *queue)
{
    if (!queue)
        return;
    pthread_cond_destroy(&queue->arrived);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->ring);
    free(queue);
}

void coordinator_queue_put_batch(struct coordinator_queue *queue, struct batch *batch)
{
    pthread_mutex_lock(&queue->mutex);
    struct batch **place = &queue->ring[batch->sequence % queue->ring_size];
    assert(!*place);
    *place = batch;
    if (batch->sequence == queue->next_sequence)
        pthread_cond_signal(&queue->arrived);
    pthread_mutex_unlock(&queue->mutex);
}

void coordinator_queue_put_delivery(void *context, struct delivery *delivery)
{
    struct coordinator_queue *queue = context;

    pthread_mutex_lock(&queue->mutex);
    fifo_append(&queue->deliveries, &delivery->link);
    pthread_cond_signal(&queue->arrived);
    pthread_mutex_unlock(&queue->mutex);
}

void coordinator_queue_end(struct coordinator_queue *queue, uint64_t count)
{
    pthread_mutex_lock(&queue->mutex);
    queue->end = count;
    pthread_cond_signal(&queue->arrived);
    pthread_mutex_unlock(&queue->mutex);
}

void coordinator_queue_interrupt(struct coordinator_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->interrupts++;
    pthread_cond_signal(&queue->arrived);
    pthread_mutex_unlock(&queue->mutex);
}

static bool has_arrivals(const struct coordinator_queue *queue, bool want_batch)
{
    if (queue->deliveries.first || queue->interrupts != queue->interrupts_reported)
        return true;
    return want_batch &&
           (queue->ring[queue->next_sequence % queue->ring_size] || queue->next_sequence == queue->end);
}

void coordinator_queue_wait(struct coordinator_queue *queue, bool want_batch, uint64_t until_ns,
                            struct coordinator_queue_arrivals *arrivals)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / CLOCK_NS_PER_S),
                             .tv_nsec = (long)(until_ns % CLOCK_NS_PER_S)};
    int timed_out = until_ns == 0;

    pthread_mutex_lock(&queue->mutex);
    while (!timed_out && !has_arrivals(queue, want_batch))
        timed_out = pthread_cond_timedwait(&queue->arrived, &queue->mutex, &until) != 0;
    arrivals->deliveries = queue->deliveries;
    queue->deliveries = (struct fifo){0};
    arrivals->batch = NULL;
    struct batch **place = &queue->ring[queue->next_sequence % queue->ring_size];
    if (want_batch && *place) {
        arrivals->batch = *place;
        *place = NULL;
        queue->next_sequence++;
    }
    arrivals->ended = queue->next_sequence == queue->end && !arrivals->batch;
    arrivals->interrupts = queue->interrupts_reported = queue->interrupts;
    pthread_mutex_unlock(&queue->mutex);
}
