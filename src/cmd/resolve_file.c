#include "cmd/resolve_file.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/memory.h"
#include "input/reader.h"
#include "input/source.h"
#include "model/column_names.h"

enum { BLOCK_SIZE = 64 * 1024, RECORD_MAX = 64 * 1024, HEADER_ARENA_CHUNK = 4096 };

/* Feeds the file to the reader. */
struct feed {
    struct source *source;
    char *block;
    struct slice first; /* read already, and not yet passed on */
    struct error *error;
};

static int next_block(void *context, struct slice *block)
{
    struct feed *feed = context;
    if (feed->first.len > 0) {
        *block = feed->first;
        feed->first.len = 0;
        return 1;
    }
    ptrdiff_t len = source_read(feed->source, feed->block, BLOCK_SIZE, feed->error);

    *block = slice_make(feed->block, len > 0 ? (size_t)len : 0);
    return len > 0 ? 1 : (int)len;
}

/* Reads the start of the file: a whole block, or all there is. 0, or -1. */
static int read_start(struct feed *feed)
{
    ptrdiff_t len;
    size_t total = 0;
    do {
        len = source_read(feed->source, feed->block + total, BLOCK_SIZE - total, feed->error);
        total += len > 0 ? (size_t)len : 0;
    } while (len > 0 && total < BLOCK_SIZE);
    feed->first = slice_make(feed->block, total);
    return len < 0 ? -1 : 0;
}

/* Feeds one block. */
static int feed_once(void *context, struct slice *block)
{
    struct slice *bytes = context;
    *block = *bytes;
    bytes->len = 0;
    return block->len > 0 ? 1 : 0;
}

static bool has_column(const struct reader_header *header, const char *name)
{
    for (size_t i = 0; i < header->column_count; i++)
        if (slice_is(header->columns[i], name))
            return true;
    return false;
}

/* The delimiter with which the file has both columns, else most of them: no job speaks of this file, and
 * spreadsheets save it with the delimiter of their country. */
static char find_delimiter(struct slice start, const struct job_input *job, const char *first,
                           const char *second)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    char best = ',';
    size_t max = 1;
    for (size_t i = 0; i < sizeof candidates; i++) {
        struct job_input input = *job;
        struct slice bytes = start;
        struct reader_header header;
        struct error error;
        input.delimiter = candidates[i];
        struct reader *reader = reader_new(&input, 0, (struct reader_feed){feed_once, &bytes});
        size_t found = reader_header(reader, "", &header, &error) == 0 ? header.column_count : 0;
        if (found > 0 && has_column(&header, first) && has_column(&header, second))
            found = SIZE_MAX;
        if (found > max) {
            max = found;
            best = candidates[i];
        }
        reader_free(reader);
    }
    return best;
}

/* The index of a column, or -1 with ERROR_USAGE. */
static ptrdiff_t find_column(const struct reader_header *header, const char *name, const char *path,
                             struct error *error)
{
    struct arena arena;
    const char *hint;
    for (size_t i = 0; i < header->column_count; i++)
        if (slice_is(header->columns[i], name))
            return (ptrdiff_t)i;
    arena_init(&arena, HEADER_ARENA_CHUNK);
    struct slice read = column_names_describe(header->columns, header->column_count, &arena, &hint);
    error_set(error, ERROR_USAGE,
              "%s: there is no column `%s`%.*s\nhint: the first line of the file must name the columns", path,
              name, (int)read.len, read.data);
    arena_clear(&arena);
    return -1;
}

static int pass_record(const struct record *record, const char *path, ptrdiff_t first_index,
                       ptrdiff_t second_index, resolve_pair *each, void *context, struct error *error)
{
    static const struct slice none = {.len = 0};
    char where[PATH_MAX + 32];

    snprintf(where, sizeof where, "%s:%" PRIu64, path, record->line);
    if (record->fault)
        return each(context, none, none, where, error);
    return each(context, record->cells[first_index], record->cells[second_index], where, error);
}

static int read_records(struct reader *reader, const char *path, const char *first, const char *second,
                        resolve_pair *each, void *context, struct error *error)
{
    struct reader_header header;
    struct batch *batch = batch_new();
    enum reader_result more = READER_MORE;
    int result = reader_header(reader, path, &header, error);
    ptrdiff_t first_index = result == 0 ? find_column(&header, first, path, error) : -1;
    ptrdiff_t second_index = first_index >= 0 ? find_column(&header, second, path, error) : -1;

    if (second_index < 0)
        result = -1;
    while (result == 0 && more == READER_MORE) {
        batch_reset(batch);
        more = reader_fill(reader, batch);
        for (size_t i = 0; i < batch->count && result == 0; i++)
            result = pass_record(&batch->records[i], path, first_index, second_index, each, context, error);
    }
    batch_free(batch);
    return more == READER_CUT ? -1 : result; /* the feed has filled in the error */
}

int resolve_file_read(const char *path, const char *first, const char *second, resolve_pair *each,
                      void *context, struct error *error)
{
    struct job_input input = {
        .format = JOB_FORMAT_CSV, .delimiter = ',', .quote = '"', .max_record = RECORD_MAX};
    struct feed feed = {.source = source_open_file(path, error), .error = error};

    if (!feed.source)
        return -1;
    feed.block = memory_new(BLOCK_SIZE, 1);
    int result = read_start(&feed);
    input.delimiter = find_delimiter(feed.first, &input, first, second);
    struct reader *reader = reader_new(&input, 0, (struct reader_feed){next_block, &feed});
    if (result == 0)
        result = read_records(reader, path, first, second, each, context, error);
    reader_free(reader);
    free(feed.block);
    source_close(feed.source);
    return result;
}
