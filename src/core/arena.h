/* arena: many small allocations that end together.
 *
 * Bump allocation in chunks. arena_reset keeps one chunk of the arena's own size and frees the rest, so that
 * a recycled arena costs no malloc in the steady state and does not keep the memory of its largest record.
 * Thread: one at a time. Owner: the caller owns the struct; the arena owns what it allocated.
 */
#ifndef KYC_CORE_ARENA_H
#define KYC_CORE_ARENA_H

#include <stddef.h>

#include "core/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    char *next, *end;           /* free bytes of the newest ordinary chunk */
    size_t chunk_size;
};

/* chunk_size: bytes of an ordinary chunk; a larger allocation gets a chunk of its own. */
void arena_init(struct arena *arena, size_t chunk_size);
void arena_clear(struct arena *arena);
void arena_reset(struct arena *arena);
/* As arena_clear, of what held a secret: every byte is overwritten first. */
void arena_wipe(struct arena *arena);

/* Uninitialised bytes, aligned for any type (16); never NULL. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* Uninitialised bytes without alignment, for text. */
char *arena_bytes(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* A copy whose byte after the last is NUL (not counted in len). */
struct slice arena_copy(struct arena *arena, struct slice text);

/* A formatted text, NUL-terminated. */
struct slice arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
