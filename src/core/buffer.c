#include "core/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/memory.h"

enum { BUFFER_FIRST_CAPACITY = 256 };

void buffer_init(struct buffer *buffer, size_t max)
{
    assert(max < SIZE_MAX);
    *buffer = (struct buffer){.max = max};
}

void buffer_init_wiped(struct buffer *buffer, size_t max)
{
    buffer_init(buffer, max);
    buffer->is_wiped = true;
}

void buffer_clear(struct buffer *buffer)
{
    if (buffer->is_wiped)
        memory_wiped_free(buffer->data);
    else
        free(buffer->data);
    buffer->data = NULL;
    buffer->len = buffer->capacity = 0;
    buffer->overflowed = false;
}

void buffer_reset(struct buffer *buffer)
{
    buffer->len = 0;
    buffer->overflowed = false;
    if (buffer->data)
        buffer->data[0] = '\0';
}

/* The slow part of buffer_reserve. */
static bool buffer_grow(struct buffer *buffer, size_t more)
{
    if (buffer->overflowed || more > buffer->max - buffer->len) {
        buffer->overflowed = true;
        return false;
    }
    size_t need = buffer->len + more + 1;
    size_t capacity = buffer->capacity ? buffer->capacity : BUFFER_FIRST_CAPACITY;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    if (capacity > buffer->max + 1)
        capacity = buffer->max + 1;
    if (capacity > buffer->capacity)
        buffer->data = buffer->is_wiped ? memory_wiped_resize(buffer->data, capacity)
                                        : memory_resize(buffer->data, capacity, 1);
    buffer->capacity = capacity;
    return true;
}

/* Makes space for more bytes and the NUL; false (and overflowed) when they do not fit. The capacity never
 * passes the maximum and its NUL. */
static inline bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (more < buffer->capacity - buffer->len && !buffer->overflowed)
        return true;
    return buffer_grow(buffer, more);
}

void buffer_append(struct buffer *buffer, struct slice bytes)
{
    if (!buffer_reserve(buffer, bytes.len))
        return;
    if (bytes.len)
        memcpy(buffer->data + buffer->len, bytes.data, bytes.len);
    buffer->len += bytes.len;
    buffer->data[buffer->len] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, slice_from(text));
}

void buffer_append_char(struct buffer *buffer, char byte)
{
    if (!buffer_reserve(buffer, 1))
        return;
    buffer->data[buffer->len++] = byte;
    buffer->data[buffer->len] = '\0';
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char text[256];
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(len >= 0);

    if ((size_t)len < sizeof text) {
        buffer_append(buffer, slice_make(text, (size_t)len));
    } else if (buffer_reserve(buffer, (size_t)len)) {
        vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}
