#include "pipeline/item.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"

enum {
    ITEM_CHUNK = 4096, /* a copied record of ordinary size fits */
    FREE_ITEMS_MAX = 4096,
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

struct item *item_new(struct item_pool *pool, const struct record *record)
{
    struct item *item = FIFO_POP(&pool->free, struct item);

    if (item) {
        struct arena arena = item->arena;
        *item = (struct item){.arena = arena};
    } else {
        item = memory_new(1, sizeof *item);
        arena_init(&item->arena, ITEM_CHUNK);
    }
    item->record = record_copy(record, &item->arena);
    item->delivery.call.record = item->record;
    item->bytes = sizeof *item + (copied_bytes(record) < ITEM_CHUNK ? ITEM_CHUNK : copied_bytes(record));
    pool->bytes += item->bytes;
    pool->count++;
    return item;
}

static void drop(struct item *item)
{
    arena_clear(&item->arena);
    free(item);
}

void item_free(struct item_pool *pool, struct item *item)
{
    pool->count--;
    pool->bytes -= item->bytes;
    look_up_free(item->look_up);
    item->look_up = NULL;
    if (pool->free.count == FREE_ITEMS_MAX) {
        drop(item);
        return;
    }
    arena_reset(&item->arena);
    fifo_prepend(&pool->free, &item->link);
}

bool item_pool_has_capacity(const struct item_pool *pool)
{
    return pool->bytes < ITEMS_BYTES_MAX;
}

void item_restart(struct item *item)
{
    item->attempts = item->spared = 0;
    item->delivery.bad_tokens = 0;
    item->retrying_since_ns = 0;
}

void item_spare(struct item *item, bool restarted)
{
    item->spared++;
    if (restarted)
        item->retrying_since_ns = 0;
}

void item_pool_clear(struct item_pool *pool)
{
    assert(pool->count == 0);
    struct item *item;
    while ((item = FIFO_POP(&pool->free, struct item)))
        drop(item);
    *pool = (struct item_pool){0};
}

void waiting_put(struct waiting *waiting, struct item *item)
{
    if (waiting->count == waiting->capacity) {
        waiting->capacity = waiting->capacity ? waiting->capacity * 2 : 64;
        waiting->heap = memory_resize(waiting->heap, waiting->capacity, sizeof(struct item *));
    }
    size_t offset = waiting->count++;
    while (offset > 0 && waiting->heap[(offset - 1) / 2]->due_ns > item->due_ns) {
        waiting->heap[offset] = waiting->heap[(offset - 1) / 2];
        offset = (offset - 1) / 2;
    }
    waiting->heap[offset] = item;
}

uint64_t waiting_next_ns(const struct waiting *waiting)
{
    return waiting->count ? waiting->heap[0]->due_ns : UINT64_MAX;
}

struct item *waiting_take(struct waiting *waiting)
{
    if (waiting->count == 0)
        return NULL;
    struct item *first = waiting->heap[0], *last = waiting->heap[--waiting->count];
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

void waiting_clear(struct waiting *waiting)
{
    assert(waiting->count == 0);
    free(waiting->heap);
    *waiting = (struct waiting){0};
}
