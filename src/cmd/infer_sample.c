#include "cmd/infer_sample.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/infer_encoding.h"
#include "cmd/infer_ndjson.h"
#include "core/buffer.h"
#include "core/encoding.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/utf8.h"
#include "input/json_head.h"
#include "input/reader.h"
#include "input/source.h"
#include "model/record.h"
#include "rules/guards.h"

enum {
    BYTES_MIN = 4 << 20, /* of the sample */
    BYTES_MAX = 64 << 20,
    BYTES_PER_ROW = 4096,
    READ_SIZE = 1 << 18,
    CELLS_MAX = 4000000,  /* of the sample: a wide export gives fewer rows */
    MAX_RECORD = 1 << 20, /* as a job's default */
};

static const struct slice byte_order_mark = SLICE_LITERAL("\xef\xbb\xbf");

/* Reads the first bytes of the input, inflated. 0, or -1. A fault after the first byte is kept in read_error.
 */
static int read_bytes(struct infer_sample *sample, const char *path, size_t max, struct buffer *bytes,
                      struct error *error)
{
    struct source *source = source_open(path, error);
    char *block = memory_new(1, READ_SIZE);
    ptrdiff_t len = source ? 1 : -1;

    while (len > 0 && bytes->len < max) {
        size_t capacity = max - bytes->len < READ_SIZE ? max - bytes->len : READ_SIZE;
        len = source_read(source, block, capacity, error);
        if (len > 0)
            buffer_append(bytes, slice_make(block, (size_t)len));
    }
    if (source && source_converted_from(source))
        encoding_find(source_converted_from(source), &sample->arena, &sample->encoding);
    free(block);
    source_close(source);
    if (len < 0 && bytes->len == 0)
        return -1;
    if (len < 0)
        sample->read_error = arena_copy(&sample->arena, slice_from(error->text)).data;
    if (bytes->len == 0)
        return error_set(error, ERROR_INPUT, "%s: the input is empty", path);
    return 0;
}

/* Feeds the bytes as one block. */
static int feed_once(void *context, struct slice *block)
{
    struct slice *bytes = context;

    if (bytes->len == 0)
        return 0;
    *block = *bytes;
    bytes->len = 0;
    return 1;
}

static void keep_row(struct infer_sample *sample, const struct record *record)
{
    struct infer_row *row = &sample->rows[sample->row_count++];

    row->count = record->cell_count;
    row->cells = arena_alloc(&sample->arena, (record->cell_count + 1) * sizeof *row->cells);
    for (size_t i = 0; i < record->cell_count; i++) {
        struct slice text = {"", 0}, plain = {"", 0};
        if (!encoding_decode(&sample->encoding, record->cells[i], &sample->arena, &text) ||
            text_normalize(text, &sample->arena, &plain) == TEXT_ENCODING)
            sample->damaged++;
        if (sample->input.strips_guards && guards_may_begin(plain))
            guards_find(plain, &plain);
        row->cells[i] = arena_copy(&sample->arena, plain);
    }
}

static void keep_rows(struct infer_sample *sample, struct reader *reader, uint64_t rows)
{
    struct batch *batch = batch_new();
    enum reader_result result = READER_MORE;

    while (result == READER_MORE && sample->row_count < rows) {
        batch_reset(batch);
        result = reader_fill(reader, batch);
        for (size_t i = 0; i < batch->count && sample->row_count < rows; i++)
            if (batch->records[i].fault)
                sample->broken++;
            else if (!batch->records[i].is_footer)
                keep_row(sample, &batch->records[i]);
    }
    batch_free(batch);
}

static void keep_header(struct infer_sample *sample, const struct reader_header *header)
{
    size_t count = header->column_count;

    assert(count > 0);
    sample->column_count = count;
    sample->columns = arena_alloc(&sample->arena, count * sizeof *sample->columns);
    for (size_t i = 0; i < count; i++)
        sample->columns[i] = arena_copy(&sample->arena, header->columns[i]);
    sample->is_list = arena_alloc(&sample->arena, count + 1);
    memset(sample->is_list, 0, count + 1);
}

/* Reads the header, and all that follows it as rows. */
static int read_records(struct infer_sample *sample, const char *path, struct slice bytes, uint64_t rows,
                        struct error *error)
{
    struct reader *reader = reader_new(&sample->input, 0, (struct reader_feed){feed_once, &bytes});
    struct reader_header header;
    int result = reader_header(reader, path, &header, error);

    if (result == 0) {
        keep_header(sample, &header);
        if (rows > CELLS_MAX / header.column_count)
            rows = CELLS_MAX / header.column_count;
        free(sample->rows);
        sample->row_count = sample->broken = sample->damaged = 0;
        sample->rows = memory_new((size_t)rows + 1, sizeof *sample->rows);
        keep_rows(sample, reader, rows);
    }
    reader_free(reader);
    return result;
}

/* The first line, or that behind the title lines, is a customer, so its cells are no names: they are
 * numbered. A job cannot skip lines then; its title lines are rejected records. */
static int read_without_header(struct infer_sample *sample, const char *path, struct slice bytes,
                               uint64_t rows, struct error *error)
{
    size_t count = sample->column_count;
    struct slice *names = arena_alloc(&sample->arena, count * sizeof *names);

    for (size_t i = 0; i < count; i++)
        names[i] = arena_printf(&sample->arena, "column_%zu", i + 1);
    sample->input.header = names;
    sample->input.header_count = count;
    sample->input.skip_lines = 0;
    return read_records(sample, path, bytes, rows, error);
}

static int read_csv(struct infer_sample *sample, const char *path, struct slice bytes, uint64_t rows,
                    bool is_whole, struct error *error)
{
    static struct slice empty = SLICE_LITERAL("");

    sample->input = (struct job_input){.format = JOB_FORMAT_CSV,
                                       .encoding = sample->encoding,
                                       .null_values = &empty,
                                       .null_count = 1,
                                       .max_record = MAX_RECORD};
    infer_shape_find(bytes, is_whole, &sample->input, &sample->shape);
    int result = read_records(sample, path, bytes, rows, error);
    if (result == 0 && sample->shape.has_no_header)
        result = read_without_header(sample, path, bytes, rows, error);
    return result;
}

static int read_format(struct infer_sample *sample, const char *path, struct slice bytes, uint64_t rows,
                       bool is_whole, struct error *error)
{
    bool marked = bytes.len >= byte_order_mark.len &&
                  memcmp(bytes.data, byte_order_mark.data, byte_order_mark.len) == 0;
    struct slice plain = marked ? slice_skip(bytes, byte_order_mark.len) : bytes;
    size_t blanks = 0;

    while (blanks < plain.len && memchr(" \t\r\n", plain.data[blanks], 4))
        blanks++;
    char first = blanks < plain.len ? plain.data[blanks] : '\0';
    infer_encoding_find(sample, plain, marked);
    struct json_shape shape;
    bool is_json = json_shape_read(plain, &shape);
    enum json_head head = is_json ? json_head_of(&shape, 1, slice_skip(plain, shape.end)) : JSON_HEAD_RECORDS;
    if (head != JSON_HEAD_RECORDS)
        return json_head_fail(head, &shape, JOB_FORMAT_NDJSON, path, error);
    if (first != '{')
        return read_csv(sample, path, bytes, rows, is_whole, error);
    sample->format = JOB_FORMAT_NDJSON;
    if (!encoding_is_utf8(&sample->encoding)) { /* NDJSON is always UTF-8 */
        sample->encoding = encoding_utf8;
        sample->is_not_utf8 = true;
    }
    return infer_ndjson_read(sample, path, plain, rows, error);
}

int infer_sample_read(struct infer_sample *sample, const char *path, uint64_t rows, struct error *error)
{
    size_t max = rows > BYTES_MAX / BYTES_PER_ROW ? BYTES_MAX : (size_t)rows * BYTES_PER_ROW;
    struct buffer bytes;

    *sample = (struct infer_sample){.format = JOB_FORMAT_CSV};
    arena_init(&sample->arena, 1 << 20);
    if (max < BYTES_MIN)
        max = BYTES_MIN;
    if (rows > CELLS_MAX)
        rows = CELLS_MAX;
    buffer_init(&bytes, BYTES_MAX + 1);
    int result = read_bytes(sample, path, max, &bytes, error);
    if (result == 0) {
        struct slice all = buffer_slice(&bytes);
        const char *last = bytes.len == max ? memrchr(all.data, '\n', all.len) : NULL;
        if (last) /* drops a line that is cut by the end of the sample */
            all.len = (size_t)(last - all.data) + 1;
        result = read_format(sample, path, all, rows, bytes.len < max && !sample->read_error, error);
    }
    buffer_clear(&bytes);
    return result;
}

void infer_sample_clear(struct infer_sample *sample)
{
    free(sample->rows);
    arena_clear(&sample->arena);
}

struct slice infer_sample_cell(const struct infer_sample *sample, size_t row, size_t column)
{
    const struct infer_row *item = &sample->rows[row];

    return column < item->count ? item->cells[column] : slice_make("", 0);
}

struct slice infer_sample_first(const struct infer_sample *sample, size_t row, size_t column)
{
    struct slice text = infer_sample_cell(sample, row, column);
    const char *end = sample->is_list[column] ? memchr(text.data, VALUE_SEPARATOR, text.len) : NULL;

    return end ? slice_make(text.data, (size_t)(end - text.data)) : text;
}

static bool has_control(struct slice text)
{
    while (text.len) {
        struct utf8_char letter = utf8_first(text);
        if (letter.broken || letter.code < 0x20 || (letter.code >= 0x7f && letter.code < 0xa0))
            return true;
        text = slice_skip(text, letter.len);
    }
    return false;
}

bool infer_sample_is_named(const struct infer_sample *sample, size_t column)
{
    struct slice name = sample->columns[column];

    for (size_t i = 0; i < sample->column_count; i++)
        if (i != column && slice_equal(sample->columns[i], name))
            return false;
    return name.len > 0 && !has_control(name);
}
