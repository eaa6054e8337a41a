#include "input/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/memory.h"
#include "input/csv.h"
#include "input/header.h"
#include "input/ndjson.h"
#include "input/reader_ops.h"

static const struct reader_ops *const formats[] = {
    [JOB_FORMAT_CSV] = &csv_ops,
    [JOB_FORMAT_NDJSON] = &ndjson_ops,
};

struct reader {
    const struct reader_ops *ops;
    void *format;
};

struct reader *reader_new(const struct job_input *input, uint32_t input_index, struct reader_feed feed)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    assert((size_t)input->format < sizeof formats / sizeof *formats);
    struct reader *reader = memory_new(1, sizeof *reader);
    reader->ops = formats[input->format];
    reader->format = reader->ops->open(input, input_index, feed);
    return reader;
}

void reader_free(struct reader *reader)
{
    if (!reader)
        return;
    reader->ops->close(reader->format);
    free(reader);
}

int reader_header(struct reader *reader, const char *name, struct reader_header *header, struct error *error)
{
    return reader->ops->header(reader->format, name, header, error);
}

enum reader_result reader_fill(struct reader *reader, struct batch *batch)
{
    assert(batch->count == 0);
    return reader->ops->fill(reader->format, batch);
}

struct slice reader_explain_long_line(struct arena *arena, uint64_t len, size_t max_record)
{
    return arena_printf(
        arena,
        "a line of %" PRIu64
        " bytes, over max_record (%zu): look for a missing line end, or raise input.max_record; only its first %zu bytes are kept",
        len, max_record, max_record);
}

int reader_fail_mark(enum job_encoding encoding, const char *name, struct error *error)
{
    return error_set(
        error, ERROR_INPUT,
        "%s: begins with the byte order mark of UTF-8, but input.encoding is %s; set it to utf-8", name,
        encoding_name(header_encoding(encoding)));
}
