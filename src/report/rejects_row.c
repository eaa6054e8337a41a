#include "report/rejects_row.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/encoding.h"
#include "core/utf8.h"

enum { REJECTS_HIGH_ARENA = 1024 };

static void rejects_row_init_high(struct rejects_row *row)
{
    struct arena arena;
    arena_init(&arena, REJECTS_HIGH_ARENA);
    for (unsigned i = 0; i < REJECTS_HIGH_BYTES; i++) {
        char byte = (char)(0x80 + i);
        struct slice text;
        if (encoding_decode(ENCODING_WINDOWS1252, slice_make(&byte, 1), &arena, &text))
            snprintf(row->high[i], sizeof row->high[i], "%.*s", (int)text.len, text.data);
    }
    arena_clear(&arena);
}

void rejects_row_init(struct rejects_row *row, const struct job_input *input, struct buffer *out)
{
    *row = (struct rejects_row){
        .out = out, .delimiter = input->delimiter, .quote = input->quote, .encoding = input->encoding};
    buffer_init(&row->encoded, REJECTS_ROW_MAX);
    row->needs_quotes[(unsigned char)input->delimiter] = true;
    row->needs_quotes[(unsigned char)input->quote] = true;
    row->needs_quotes['\r'] = row->needs_quotes['\n'] = true;
    if (input->encoding == JOB_ENCODING_WINDOWS1252)
        rejects_row_init_high(row);
}

void rejects_row_clear(struct rejects_row *row)
{
    buffer_clear(&row->encoded);
}

static bool rejects_row_needs_quotes(const struct rejects_row *row, struct slice cell)
{
    for (size_t i = 0; i < cell.len; i++)
        if (row->needs_quotes[(unsigned char)cell.data[i]])
            return true;
    return false;
}

static void rejects_row_quoted(struct rejects_row *row, struct slice cell)
{
    buffer_append_char(row->out, row->quote);
    while (cell.len) {
        const char *quote = memchr(cell.data, row->quote, cell.len);
        size_t len = quote ? (size_t)(quote - cell.data) + 1 : cell.len;
        buffer_append(row->out, slice_make(cell.data, len));
        if (quote)
            buffer_append_char(row->out, row->quote);
        cell = slice_skip(cell, len);
    }
    buffer_append_char(row->out, row->quote);
}

void rejects_row_bytes(struct rejects_row *row, struct slice cell)
{
    if (row->begun)
        buffer_append_char(row->out, row->delimiter);
    row->begun = true;
    if (rejects_row_needs_quotes(row, cell))
        rejects_row_quoted(row, cell);
    else
        buffer_append(row->out, cell);
}

/* A character outside ASCII in the encoding of the row; `?` when it has none. */
static char rejects_row_encode(const struct rejects_row *row, struct slice character, uint32_t code)
{
    if (code >= 0xA0 && code <= 0xFF)
        return (char)code;
    for (size_t i = 0; i < REJECTS_HIGH_BYTES; i++)
        if (slice_is(character, row->high[i]))
            return (char)(0x80 + i);
    return '?';
}

void rejects_row_text(struct rejects_row *row, struct slice text)
{
    bool utf8 = utf8_is_valid(text);
    buffer_reset(&row->encoded);
    for (size_t i = 0, step; i < text.len; i += step) {
        uint32_t code = (unsigned char)text.data[i];
        step = utf8 ? utf8_decode(slice_skip(text, i), &code) : 1;
        struct slice character = slice_make(text.data + i, step);
        if (code < 0x20 || code == 0x7F)
            buffer_append_char(&row->encoded, ' ');
        else if (code < 0x80 || (utf8 && row->encoding == JOB_ENCODING_UTF8))
            buffer_append(&row->encoded, character);
        else
            buffer_append_char(&row->encoded, utf8 ? rejects_row_encode(row, character, code) : '?');
    }
    rejects_row_bytes(row, buffer_slice(&row->encoded));
}

void rejects_row_number(struct rejects_row *row, uint64_t number)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRIu64, number);
    rejects_row_bytes(row, slice_make(text, (size_t)len));
}

void rejects_row_end(struct rejects_row *row)
{
    buffer_append_char(row->out, '\n');
    row->begun = false;
}
