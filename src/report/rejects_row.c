#include "report/rejects_row.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/encoding.h"
#include "core/utf8.h"

void rejects_row_init(struct rejects_row *row, const struct job_input *input, struct buffer *out)
{
    *row = (struct rejects_row){.out = out,
                                .delimiter = input->delimiter,
                                .quote = input->quote,
                                .escape = input->escape,
                                .encoding = &input->encoding};
    buffer_init(&row->encoded, REJECTS_ROW_MAX);
    row->needs_quotes[(unsigned char)input->delimiter] = true;
    row->needs_quotes[(unsigned char)input->quote] = true;
    if (input->escape)
        row->needs_quotes[(unsigned char)input->escape] = true;
    row->needs_quotes['\r'] = row->needs_quotes['\n'] = true;
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

/* The first quote or escape character. */
static size_t rejects_row_find_special(const struct rejects_row *row, struct slice cell)
{
    for (size_t i = 0; i < cell.len; i++)
        if (cell.data[i] == row->quote || (row->escape && cell.data[i] == row->escape))
            return i;
    return cell.len;
}

static void rejects_row_quoted(struct rejects_row *row, struct slice cell)
{
    buffer_append_char(row->out, row->quote);
    for (size_t i; (i = rejects_row_find_special(row, cell)) < cell.len; cell = slice_skip(cell, i + 1)) {
        buffer_append(row->out, slice_make(cell.data, i + 1));
        buffer_append_char(row->out, cell.data[i]); /* doubled */
    }
    buffer_append(row->out, cell);
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
static void rejects_row_encode(struct rejects_row *row, uint32_t code)
{
    char bytes[ENCODING_CHAR_MAX];
    size_t len = encoding_encode(row->encoding, code, bytes);
    buffer_append(&row->encoded, len ? slice_make(bytes, len) : SLICE_LITERAL("?"));
}

void rejects_row_text(struct rejects_row *row, struct slice text)
{
    bool utf8 = utf8_is_valid(text);
    buffer_reset(&row->encoded);
    for (size_t i = 0, step; i < text.len; i += step) {
        uint32_t code = (unsigned char)text.data[i];
        step = utf8 ? utf8_decode(slice_skip(text, i), &code) : 1;
        if (code < 0x20 || code == 0x7F)
            buffer_append_char(&row->encoded, ' ');
        else if (code < 0x80 || !utf8)
            buffer_append_char(&row->encoded, code < 0x80 ? text.data[i] : '?');
        else
            rejects_row_encode(row, code);
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
