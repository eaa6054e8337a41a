#include "core/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/memory.h"

enum { BUFFER_FIRST_ROOM = 256 };

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
        memory_wiped_free(buffer->at);
    else
        free(buffer->at);
    buffer->at = NULL;
    buffer->len = buffer->room = 0;
    buffer->overflowed = false;
}

void buffer_reset(struct buffer *buffer)
{
    buffer->len = 0;
    buffer->overflowed = false;
    if (buffer->at)
        buffer->at[0] = '\0';
}

/* The slow part of buffer_reserve. */
static bool buffer_grow(struct buffer *buffer, size_t more)
{
    if (buffer->overflowed || more > buffer->max - buffer->len) {
        buffer->overflowed = true;
        return false;
    }
    size_t need = buffer->len + more + 1;
    size_t room = buffer->room ? buffer->room : BUFFER_FIRST_ROOM;
    while (room < need)
        room = room > SIZE_MAX / 2 ? need : room * 2;
    if (room > buffer->max + 1)
        room = buffer->max + 1;
    if (room > buffer->room)
        buffer->at =
            buffer->is_wiped ? memory_wiped_resize(buffer->at, room) : memory_resize(buffer->at, room, 1);
    buffer->room = room;
    return true;
}

/* Room for more bytes and the NUL; false (and overflowed) when they do not fit. The room never passes the
 * maximum and its NUL. */
static inline bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (more < buffer->room - buffer->len && !buffer->overflowed)
        return true;
    return buffer_grow(buffer, more);
}

void buffer_append(struct buffer *buffer, struct slice bytes)
{
    if (!buffer_reserve(buffer, bytes.len))
        return;
    if (bytes.len)
        memcpy(buffer->at + buffer->len, bytes.at, bytes.len);
    buffer->len += bytes.len;
    buffer->at[buffer->len] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, slice_from(text));
}

void buffer_append_char(struct buffer *buffer, char byte)
{
    if (!buffer_reserve(buffer, 1))
        return;
    buffer->at[buffer->len++] = byte;
    buffer->at[buffer->len] = '\0';
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
        vsnprintf(buffer->at + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}
