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
    size_t size; /* of its room */
    _Alignas(ARENA_ALIGN) char room[];
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
    arena->at = arena->end = NULL;
}

void arena_wipe(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunks; chunk; chunk = chunk->next)
        secret_wipe(chunk->room, chunk->size);
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
    arena->at = kept ? kept->room : NULL;
    arena->end = kept ? kept->room + kept->size : NULL;
}

static struct arena_chunk *arena_new_chunk(size_t size)
{
    struct arena_chunk *chunk =
        memory_resize(NULL, 1, size <= SIZE_MAX - sizeof *chunk ? sizeof *chunk + size : SIZE_MAX);
    chunk->size = size;
    return chunk;
}

/* The start of size bytes in a new chunk. Beside one of its own, the room in use stays in use. */
static char *arena_grow(struct arena *arena, size_t size)
{
    if (size > arena->chunk_size) {
        struct arena_chunk *own = arena_new_chunk(size);
        own->next = arena->chunks;
        arena->chunks = own;
        return own->room;
    }
    struct arena_chunk *chunk = arena_new_chunk(arena->chunk_size);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->at = chunk->room + size;
    arena->end = chunk->room + chunk->size;
    return chunk->room;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t skip = -(uintptr_t)arena->at & (ARENA_ALIGN - 1);
    size_t room = (size_t)(arena->end - arena->at);
    if (!arena->at || skip > room || size > room - skip)
        return arena_grow(arena, size);
    char *made = arena->at + skip;
    arena->at = made + size;
    return made;
}

char *arena_bytes(struct arena *arena, size_t size)
{
    if (!arena->at || size > (size_t)(arena->end - arena->at))
        return arena_grow(arena, size);
    char *made = arena->at;
    arena->at = made + size;
    return made;
}

struct slice arena_copy(struct arena *arena, struct slice text)
{
    char *copy = arena_bytes(arena, text.len + 1);
    if (text.len)
        memcpy(copy, text.at, text.len);
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
