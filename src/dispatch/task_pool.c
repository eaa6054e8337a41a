#include "dispatch/task_pool.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"

enum {
    TASK_CHUNK = 4096, /* a copied record of ordinary size fits */
    FREE_TASKS_MAX = 4096,
};

/* The approximate size of a copy: cells, values and the arrays that hold them. */
static size_t copied_bytes(const struct record *record)
{
    size_t value_count = field_count(), bytes = sizeof *record + record->cell_count * sizeof(struct slice) +
                                                value_count * sizeof(struct value);

    for (size_t i = 0; i < record->cell_count; i++)
        bytes += record->cells[i].len;
    for (size_t i = 0; i < value_count; i++)
        bytes += record->values[i].text.len;
    return bytes;
}

struct task *task_pool_take(struct task_pool *pool, const struct record *record)
{
    struct task *task = FIFO_POP(&pool->free, struct task);

    if (task) {
        struct arena arena = task->arena;
        *task = (struct task){.arena = arena};
    } else {
        task = memory_new(1, sizeof *task);
        arena_init(&task->arena, TASK_CHUNK);
    }
    task->record = record_copy(record, &task->arena);
    task->delivery.call.record = task->record;
    task->bytes = sizeof *task + (copied_bytes(record) < TASK_CHUNK ? TASK_CHUNK : copied_bytes(record));
    pool->bytes += task->bytes;
    pool->count++;
    return task;
}

static void drop(struct task *task)
{
    arena_clear(&task->arena);
    free(task);
}

void task_pool_return(struct task_pool *pool, struct task *task)
{
    pool->count--;
    pool->bytes -= task->bytes;
    assert(!task->question);
    if (pool->free.count == FREE_TASKS_MAX) {
        drop(task);
        return;
    }
    arena_reset(&task->arena);
    fifo_prepend(&pool->free, &task->link);
}

bool task_pool_has_capacity(const struct task_pool *pool)
{
    return pool->bytes < TASK_POOL_BYTES_MAX;
}

void task_pool_clear(struct task_pool *pool)
{
    assert(pool->count == 0);
    struct task *task;
    while ((task = FIFO_POP(&pool->free, struct task)))
        drop(task);
    *pool = (struct task_pool){0};
}

void backoff_queue_add(struct backoff_queue *queue, struct task *task)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
        queue->heap = memory_resize(queue->heap, queue->capacity, sizeof(struct task *));
    }
    task_move(task, TASK_BACKOFF);
    size_t offset = queue->count++;
    while (offset > 0 && queue->heap[(offset - 1) / 2]->due_ns > task->due_ns) {
        queue->heap[offset] = queue->heap[(offset - 1) / 2];
        offset = (offset - 1) / 2;
    }
    queue->heap[offset] = task;
}

uint64_t backoff_queue_next_ns(const struct backoff_queue *queue)
{
    return queue->count ? queue->heap[0]->due_ns : UINT64_MAX;
}

struct task *backoff_queue_pop(struct backoff_queue *queue)
{
    if (queue->count == 0)
        return NULL;
    struct task *first = queue->heap[0], *last = queue->heap[--queue->count];
    size_t index = 0, child;
    while ((child = 2 * index + 1) < queue->count) {
        if (child + 1 < queue->count && queue->heap[child + 1]->due_ns < queue->heap[child]->due_ns)
            child++;
        if (last->due_ns <= queue->heap[child]->due_ns)
            break;
        queue->heap[index] = queue->heap[child];
        index = child;
    }
    if (queue->count)
        queue->heap[index] = last;
    task_move(first, TASK_NOWHERE);
    return first;
}

void backoff_queue_clear(struct backoff_queue *queue)
{
    assert(queue->count == 0);
    free(queue->heap);
    *queue = (struct backoff_queue){0};
}
