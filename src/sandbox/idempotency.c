#include "sandbox/idempotency.h"

#include <stdlib.h>

#include "core/memory.h"

enum { CHUNK = 256 * 1024 };

void idempotency_init(struct idempotency *idempotency)
{
    *idempotency = (struct idempotency){0};
    arena_init(&idempotency->arena, CHUNK);
    idempotency->index = hash_table_new();
}

void idempotency_clear(struct idempotency *idempotency)
{
    hash_table_free(idempotency->index);
    free(idempotency->all);
    arena_clear(&idempotency->arena);
    *idempotency = (struct idempotency){0};
}

struct idempotency_entry *idempotency_ensure(struct idempotency *idempotency, struct slice key)
{
    struct hash_table_entry *found = hash_table_ensure(idempotency->index, hash_table_hash(key));
    if (found->mark > 0)
        return idempotency->all[found->mark - 1];
    struct idempotency_entry *entry = arena_alloc(&idempotency->arena, sizeof *entry);
    *entry = (struct idempotency_entry){.key = arena_copy(&idempotency->arena, key)};
    if (idempotency->count == idempotency->capacity) {
        idempotency->capacity = idempotency->capacity ? 2 * idempotency->capacity : 1024;
        idempotency->all =
            memory_resize(idempotency->all, idempotency->capacity, sizeof(struct idempotency_entry *));
    }
    idempotency->all[idempotency->count++] = entry;
    found->mark = (uint32_t)idempotency->count;
    return entry;
}
