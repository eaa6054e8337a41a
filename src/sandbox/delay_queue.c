#include "sandbox/delay_queue.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/memory.h"

struct delayed {
    uint64_t due_ns, order;
    void *item;
};

struct delay_queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    delay_queue_callback *callback;
    struct delayed *heap; /* the next due first */
    size_t count, capacity;
    uint64_t order; /* items due at the same time are handed back in the order of delay_queue_put */
    bool stopping;
};

static bool is_before(const struct delayed *a, const struct delayed *b)
{
    return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->order < b->order);
}

static void sift_up(struct delay_queue *delays, size_t index)
{
    struct delayed delayed = delays->heap[index];
    while (index > 0 && is_before(&delayed, &delays->heap[(index - 1) / 2])) {
        delays->heap[index] = delays->heap[(index - 1) / 2];
        index = (index - 1) / 2;
    }
    delays->heap[index] = delayed;
}

static struct delayed pop_first(struct delay_queue *delays)
{
    struct delayed first = delays->heap[0];
    struct delayed last = delays->heap[--delays->count];
    size_t index = 0;
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= delays->count)
            break;
        if (child + 1 < delays->count && is_before(&delays->heap[child + 1], &delays->heap[child]))
            child++;
        if (!is_before(&delays->heap[child], &last))
            break;
        delays->heap[index] = delays->heap[child];
        index = child;
    }
    delays->heap[index] = last;
    return first;
}

static void wait_for(struct delay_queue *delays, uint64_t due_ns)
{
    struct timespec due = {
        .tv_sec = (time_t)(due_ns / CLOCK_NS_PER_S),
        .tv_nsec = (long)(due_ns % CLOCK_NS_PER_S),
    };
    pthread_cond_timedwait(&delays->changed, &delays->lock, &due);
}

static void *run(void *context)
{
    struct delay_queue *delays = context;
    pthread_mutex_lock(&delays->lock);
    for (;;) {
        if (delays->count == 0 && delays->stopping)
            break;
        if (delays->count == 0) {
            pthread_cond_wait(&delays->changed, &delays->lock);
        } else if (!delays->stopping && delays->heap[0].due_ns > clock_mono_ns()) {
            wait_for(delays, delays->heap[0].due_ns);
        } else {
            bool stopping = delays->stopping;
            struct delayed delayed = pop_first(delays);
            pthread_mutex_unlock(&delays->lock);
            delays->callback(delayed.item, stopping);
            pthread_mutex_lock(&delays->lock);
        }
    }
    pthread_mutex_unlock(&delays->lock);
    return NULL;
}

struct delay_queue *delay_queue_new(delay_queue_callback *callback)
{
    struct delay_queue *delays = memory_new(1, sizeof *delays);
    delays->callback = callback;
    pthread_mutex_init(&delays->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&delays->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    int result = pthread_create(&delays->thread, NULL, run, delays);
    assert(result == 0);
    (void)result;
    return delays;
}

void delay_queue_free(struct delay_queue *delays)
{
    assert(delays->stopping && delays->count == 0);
    pthread_cond_destroy(&delays->changed);
    pthread_mutex_destroy(&delays->lock);
    free(delays->heap);
    free(delays);
}

bool delay_queue_put(struct delay_queue *delays, uint64_t due_ns, void *item)
{
    pthread_mutex_lock(&delays->lock);
    bool queued = !delays->stopping;
    if (queued) {
        if (delays->count == delays->capacity) {
            delays->capacity = delays->capacity ? 2 * delays->capacity : 256;
            delays->heap = memory_resize(delays->heap, delays->capacity, sizeof *delays->heap);
        }
        delays->heap[delays->count] = (struct delayed){due_ns, delays->order++, item};
        sift_up(delays, delays->count++);
        pthread_cond_signal(&delays->changed);
    }
    pthread_mutex_unlock(&delays->lock);
    return queued;
}

void delay_queue_stop(struct delay_queue *delays)
{
    pthread_mutex_lock(&delays->lock);
    delays->stopping = true;
    pthread_cond_signal(&delays->changed);
    pthread_mutex_unlock(&delays->lock);
    pthread_join(delays->thread, NULL);
}
