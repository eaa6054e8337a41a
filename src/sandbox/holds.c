#include "sandbox/holds.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/memory.h"

struct hold {
    uint64_t due_ns, order;
    void *item;
};

struct holds {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    holds_callback *callback;
    struct hold *heap; /* the next one first */
    size_t count, capacity;
    uint64_t order; /* equal times are handed back in the order in which they came */
    bool stopping;
};

static bool is_before(const struct hold *a, const struct hold *b)
{
    return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->order < b->order);
}

static void sift_up(struct holds *holds, size_t index)
{
    struct hold hold = holds->heap[index];
    while (index > 0 && is_before(&hold, &holds->heap[(index - 1) / 2])) {
        holds->heap[index] = holds->heap[(index - 1) / 2];
        index = (index - 1) / 2;
    }
    holds->heap[index] = hold;
}

static struct hold take_first(struct holds *holds)
{
    struct hold first = holds->heap[0];
    struct hold last = holds->heap[--holds->count];
    size_t index = 0;
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= holds->count)
            break;
        if (child + 1 < holds->count && is_before(&holds->heap[child + 1], &holds->heap[child]))
            child++;
        if (!is_before(&holds->heap[child], &last))
            break;
        holds->heap[index] = holds->heap[child];
        index = child;
    }
    holds->heap[index] = last;
    return first;
}

static void wait_for(struct holds *holds, uint64_t due_ns)
{
    struct timespec due = {
        .tv_sec = (time_t)(due_ns / CLOCK_NS_PER_S),
        .tv_nsec = (long)(due_ns % CLOCK_NS_PER_S),
    };
    pthread_cond_timedwait(&holds->changed, &holds->lock, &due);
}

static void *run(void *context)
{
    struct holds *holds = context;
    pthread_mutex_lock(&holds->lock);
    for (;;) {
        if (holds->count == 0 && holds->stopping)
            break;
        if (holds->count == 0) {
            pthread_cond_wait(&holds->changed, &holds->lock);
        } else if (!holds->stopping && holds->heap[0].due_ns > clock_mono_ns()) {
            wait_for(holds, holds->heap[0].due_ns);
        } else {
            bool stopping = holds->stopping;
            struct hold hold = take_first(holds);
            pthread_mutex_unlock(&holds->lock);
            holds->callback(hold.item, stopping);
            pthread_mutex_lock(&holds->lock);
        }
    }
    pthread_mutex_unlock(&holds->lock);
    return NULL;
}

struct holds *holds_new(holds_callback *callback)
{
    struct holds *holds = memory_new(1, sizeof *holds);
    holds->callback = callback;
    pthread_mutex_init(&holds->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&holds->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    int result = pthread_create(&holds->thread, NULL, run, holds);
    assert(result == 0);
    (void)result;
    return holds;
}

void holds_free(struct holds *holds)
{
    assert(holds->stopping && holds->count == 0);
    pthread_cond_destroy(&holds->changed);
    pthread_mutex_destroy(&holds->lock);
    free(holds->heap);
    free(holds);
}

bool holds_put(struct holds *holds, uint64_t due_ns, void *item)
{
    pthread_mutex_lock(&holds->lock);
    bool taken = !holds->stopping;
    if (taken) {
        if (holds->count == holds->capacity) {
            holds->capacity = holds->capacity ? 2 * holds->capacity : 256;
            holds->heap = memory_resize(holds->heap, holds->capacity, sizeof *holds->heap);
        }
        holds->heap[holds->count] = (struct hold){due_ns, holds->order++, item};
        sift_up(holds, holds->count++);
        pthread_cond_signal(&holds->changed);
    }
    pthread_mutex_unlock(&holds->lock);
    return taken;
}

void holds_stop(struct holds *holds)
{
    pthread_mutex_lock(&holds->lock);
    holds->stopping = true;
    pthread_cond_signal(&holds->changed);
    pthread_mutex_unlock(&holds->lock);
    pthread_join(holds->thread, NULL);
}
