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

struct task *task_new(struct task_pool *pool, const struct record *record)
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

void task_free(struct task_pool *pool, struct task *task)
{
    pool->count--;
    pool->bytes -= task->bytes;
    look_up_free(task->look_up);
    task->look_up = NULL;
    if (pool->free.count == FREE_TASKS_MAX) {
        drop(task);
        return;
    }
    arena_reset(&task->arena);
    fifo_prepend(&pool->free, &task->link);
}

bool task_pool_has_capacity(const struct task_pool *pool)
{
    return pool->bytes < TASKS_BYTES_MAX;
}

void task_restart(struct task *task)
{
    task->attempts = task->spared = 0;
    task->delivery.bad_tokens = 0;
    task->retrying_since_ns = 0;
}

void task_spare(struct task *task, bool restarted)
{
    task->spared++;
    if (restarted)
        task->retrying_since_ns = 0;
}

void task_pool_clear(struct task_pool *pool)
{
    assert(pool->count == 0);
    struct task *task;
    while ((task = FIFO_POP(&pool->free, struct task)))
        drop(task);
    *pool = (struct task_pool){0};
}

void backoff_queue_add(struct backoff_queue *waiting, struct task *task)
{
    if (waiting->count == waiting->capacity) {
        waiting->capacity = waiting->capacity ? waiting->capacity * 2 : 64;
        waiting->heap = memory_resize(waiting->heap, waiting->capacity, sizeof(struct task *));
    }
    size_t offset = waiting->count++;
    while (offset > 0 && waiting->heap[(offset - 1) / 2]->due_ns > task->due_ns) {
        waiting->heap[offset] = waiting->heap[(offset - 1) / 2];
        offset = (offset - 1) / 2;
    }
    waiting->heap[offset] = task;
}

uint64_t backoff_queue_next_ns(const struct backoff_queue *waiting)
{
    return waiting->count ? waiting->heap[0]->due_ns : UINT64_MAX;
}

struct task *backoff_queue_pop(struct backoff_queue *waiting)
{
    if (waiting->count == 0)
        return NULL;
    struct task *first = waiting->heap[0], *last = waiting->heap[--waiting->count];
    size_t index = 0, child;
    while ((child = 2 * index + 1) < waiting->count) {
        if (child + 1 < waiting->count && waiting->heap[child + 1]->due_ns < waiting->heap[child]->due_ns)
            child++;
        if (last->due_ns <= waiting->heap[child]->due_ns)
            break;
        waiting->heap[index] = waiting->heap[child];
        index = child;
    }
    if (waiting->count)
        waiting->heap[index] = last;
    return first;
}

void backoff_queue_clear(struct backoff_queue *waiting)
{
    assert(waiting->count == 0);
    free(waiting->heap);
    *waiting = (struct backoff_queue){0};
}
