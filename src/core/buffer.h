/* buffer: growing bytes with a maximum.
 *
 * Every buffer is made with its maximum length. An append that would pass it appends nothing and marks
 * the buffer as overflowed, for good until buffer_reset: a writer checks once, at its end.
 * Thread: one at a time. Owner: the caller; buffer_clear frees.
 */
#ifndef KYC_CORE_BUFFER_H
#define KYC_CORE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

struct buffer {
    char *data; /* NULL while empty; else data[len] is NUL */
    size_t len, capacity, max;
    bool overflowed;
    bool is_wiped;
};

void buffer_init(struct buffer *buffer, size_t max);
/* As buffer_init, for what may hold a secret: all that it gives back is overwritten first. */
void buffer_init_wiped(struct buffer *buffer, size_t max);
void buffer_clear(struct buffer *buffer);
/* Empties it and forgets an overflow; the memory is kept. */
void buffer_reset(struct buffer *buffer);

void buffer_append(struct buffer *buffer, struct slice bytes);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char byte);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return slice_make(buffer->data, buffer->len);
}

#endif
