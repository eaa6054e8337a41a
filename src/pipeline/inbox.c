#include "pipeline/inbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/memory.h"

struct inbox {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct batch **ring; /* by sequence % ring_size */
    size_t ring_size;
    uint64_t next_sequence;
    uint64_t end; /* batches in all; UINT64_MAX: not known yet */
    struct fifo deliveries;
    unsigned interrupts, interrupts_reported;
};

struct inbox *inbox_new(size_t batches)
{
    struct inbox *inbox = memory_new(1, sizeof *inbox);
    pthread_condattr_t monotonic;

    pthread_mutex_init(&inbox->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&inbox->arrived, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    inbox->ring = memory_new(batches, sizeof *inbox->ring);
    inbox->ring_size = batches;
    inbox->end = UINT64_MAX;
    return inbox;
}

void inbox_free(struct inbox *inbox)
{
    if (!inbox)
        return;
    pthread_cond_destroy(&inbox->arrived);
    pthread_mutex_destroy(&inbox->mutex);
    free(inbox->ring);
    free(inbox);
}

void inbox_put_batch(struct inbox *inbox, struct batch *batch)
{
    pthread_mutex_lock(&inbox->mutex);
    struct batch **plan = &inbox->ring[batch->sequence % inbox->ring_size];
    assert(!*plan);
    *plan = batch;
    if (batch->sequence == inbox->next_sequence)
        pthread_cond_signal(&inbox->arrived);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_put_delivery(void *context, struct delivery *delivery)
{
    struct inbox *inbox = context;

    pthread_mutex_lock(&inbox->mutex);
    fifo_append(&inbox->deliveries, &delivery->link);
    pthread_cond_signal(&inbox->arrived);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_end(struct inbox *inbox, uint64_t count)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->end = count;
    pthread_cond_signal(&inbox->arrived);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_interrupt(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->interrupts++;
    pthread_cond_signal(&inbox->arrived);
    pthread_mutex_unlock(&inbox->mutex);
}

static bool has_arrivals(const struct inbox *inbox, bool want_batch)
{
    if (inbox->deliveries.first || inbox->interrupts != inbox->interrupts_reported)
        return true;
    return want_batch &&
           (inbox->ring[inbox->next_sequence % inbox->ring_size] || inbox->next_sequence == inbox->end);
}

void inbox_wait(struct inbox *inbox, bool want_batch, uint64_t until_ns, struct inbox_arrivals *arrivals)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / CLOCK_NS_PER_S),
                             .tv_nsec = (long)(until_ns % CLOCK_NS_PER_S)};
    int timed_out = until_ns == 0;

    pthread_mutex_lock(&inbox->mutex);
    while (!timed_out && !has_arrivals(inbox, want_batch))
        timed_out = pthread_cond_timedwait(&inbox->arrived, &inbox->mutex, &until) != 0;
    arrivals->deliveries = inbox->deliveries;
    inbox->deliveries = (struct fifo){0};
    arrivals->batch = NULL;
    struct batch **plan = &inbox->ring[inbox->next_sequence % inbox->ring_size];
    if (want_batch && *plan) {
        arrivals->batch = *plan;
        *plan = NULL;
        inbox->next_sequence++;
    }
    arrivals->ended = inbox->next_sequence == inbox->end && !arrivals->batch;
    arrivals->interrupts = inbox->interrupts_reported = inbox->interrupts;
    pthread_mutex_unlock(&inbox->mutex);
}
