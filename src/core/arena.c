#include "core/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/memory.h"
#include "core/secret.h"

enum { ARENA_ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of its data */
    _Alignas(ARENA_ALIGN) char capacity[];
};

void arena_init(struct arena *arena, size_t chunk_size)
{
    assert(chunk_size > 0);
    *arena = (struct arena){.chunk_size = chunk_size};
}

static void arena_free_chunks(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void arena_clear(struct arena *arena)
{
    arena_free_chunks(arena->chunks);
    arena->chunks = NULL;
    arena->next = arena->end = NULL;
}

void arena_wipe(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunks; chunk; chunk = chunk->next)
        secret_wipe(chunk->capacity, chunk->size);
    arena_clear(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk **link = &arena->chunks;
    while (*link && (*link)->size != arena->chunk_size)
        link = &(*link)->next;
    struct arena_chunk *kept = *link;
    if (kept)
        *link = kept->next;
    arena_free_chunks(arena->chunks);

    arena->chunks = kept;
    if (kept)
        kept->next = NULL;
    arena->next = kept ? kept->capacity : NULL;
    arena->end = kept ? kept->capacity + kept->size : NULL;
}

static struct arena_chunk *arena_new_chunk(size_t size)
{
    struct arena_chunk *chunk =
        memory_resize(NULL, 1, size <= SIZE_MAX - sizeof *chunk ? sizeof *chunk + size : SIZE_MAX);
    chunk->size = size;
    return chunk;
}

/* The start of size bytes in a new chunk. The chunk of a large allocation leaves the ordinary chunk in use.
 */
static char *arena_grow(struct arena *arena, size_t size)
{
    if (size > arena->chunk_size) {
        struct arena_chunk *own = arena_new_chunk(size);
        own->next = arena->chunks;
        arena->chunks = own;
        return own->capacity;
    }
    struct arena_chunk *chunk = arena_new_chunk(arena->chunk_size);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->next = chunk->capacity + size;
    arena->end = chunk->capacity + chunk->size;
    return chunk->capacity;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t skip = -(uintptr_t)arena->next & (ARENA_ALIGN - 1);
    size_t capacity = (size_t)(arena->end - arena->next);
    if (!arena->next || skip > capacity || size > capacity - skip)
        return arena_grow(arena, size);
    char *made = arena->next + skip;
    arena->next = made + size;
    return made;
}

char *arena_bytes(struct arena *arena, size_t size)
{
    if (!arena->next || size > (size_t)(arena->end - arena->next))
        return arena_grow(arena, size);
    char *made = arena->next;
    arena->next = made + size;
    return made;
}

struct slice arena_copy(struct arena *arena, struct slice text)
{
    char *copy = arena_bytes(arena, text.len + 1);
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return slice_make(copy, text.len);
}

struct slice arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char text[256];
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(len >= 0);

    char *made = arena_bytes(arena, (size_t)len + 1);
    if ((size_t)len < sizeof text)
        memcpy(made, text, (size_t)len + 1);
    else
        vsnprintf(made, (size_t)len + 1, format, again);
    va_end(again);
    return slice_make(made, (size_t)len);
}
