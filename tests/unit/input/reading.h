/* reading: for the tests of readers: a text as blocks, and records as a text that can be compared.
 *
 * A record reads `ROW@LINE cell|cell` (NDJSON: `ROW@LINE raw`), one with a fault `ROW@LINE !rule raw`, each
 * with a newline, and ` (footer)` before it where it is one; a NUL in it reads `\0`, CR `\r`, LF `\n`, a
 * backslash `\\`. The last line is `end` or `cut`.
 */
#ifndef KYC_TESTS_READING_H
#define KYC_TESTS_READING_H

#include <stdlib.h>

#include "core/buffer.h"
#include "input/reader.h"

struct reading_feed {
    struct slice rest;
    size_t block_len;
    int end;     /* 0 clean, -1 broken off */
    char *block; /* a copy of its own, so that a reader that looks beyond its block is found out */
};

static inline int reading_next(void *context, struct slice *block)
{
    struct reading_feed *feed = context;
    free(feed->block);
    feed->block = NULL;
    if (feed->rest.len == 0)
        return feed->end;
    size_t len = feed->rest.len < feed->block_len ? feed->rest.len : feed->block_len;
    feed->block = malloc(len);
    memcpy(feed->block, feed->rest.data, len);
    *block = slice_make(feed->block, len);
    feed->rest = slice_make(feed->rest.data + len, feed->rest.len - len);
    return 1;
}

static inline void reading_add(struct buffer *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        switch (bytes.data[i]) {
        case '\0':
            buffer_append_text(out, "\\0");
            break;
        case '\r':
            buffer_append_text(out, "\\r");
            break;
        case '\n':
            buffer_append_text(out, "\\n");
            break;
        case '\\':
            buffer_append_text(out, "\\\\");
            break;
        default:
            buffer_append_char(out, bytes.data[i]);
        }
    }
}

static inline void reading_add_record(struct buffer *out, const struct record *record)
{
    buffer_printf(out, "%llu@%llu ", (unsigned long long)record->row, (unsigned long long)record->line);
    if (record->fault)
        buffer_printf(out, "!%s ", record->fault);
    reading_add(out, record->raw);
    for (size_t i = 0; i < record->cell_count; i++) {
        buffer_append_text(out, i ? "|" : "");
        reading_add(out, record->cells[i]);
    }
    if (record->is_footer)
        buffer_append_text(out, " (footer)");
    buffer_append_char(out, '\n');
}

/* All records that the reader has, after its header was read. */
static inline void reading_add_all(struct buffer *out, struct reader *reader)
{
    struct batch *batch = batch_new();
    enum reader_result result;
    do {
        batch_reset(batch);
        result = reader_fill(reader, batch);
        for (size_t i = 0; i < batch->count; i++)
            reading_add_record(out, &batch->records[i]);
    } while (result == READER_MORE);
    buffer_append_text(out, result == READER_CUT ? "cut" : "end");
    batch_free(batch);
}

/* The whole of a text, or the header's error. Owner: the caller clears out. */
static inline void reading_run(const struct job_input *input, struct slice text, size_t block_len, int end,
                               struct buffer *out)
{
    struct reading_feed feed = {.rest = text, .block_len = block_len, .end = end};
    struct reader *reader = reader_new(input, 0, (struct reader_feed){reading_next, &feed});
    struct reader_header header;
    struct error error = {0};
    buffer_init(out, 64 * 1024 * 1024);
    if (reader_header(reader, "in.csv", &header, &error) == 0)
        reading_add_all(out, reader);
    else
        buffer_printf(out, "error %d %s", (int)error.scope, error.text);
    reader_free(reader);
    free(feed.block);
}

#endif
