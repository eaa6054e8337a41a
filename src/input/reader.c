#include "input/reader.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"
#include "input/csv.h"
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
    if (reader->ops->header(reader->format, name, header, error) != 0)
        return -1;
    if (header->column_count) {
        header->names = header->columns;
        header->name_count = header->column_count;
    }
    return 0;
}

enum reader_result reader_fill(struct reader *reader, struct batch *batch)
{
    assert(batch->count == 0);
    return reader->ops->fill(reader->format, batch);
}

size_t reader_unread(const struct reader *reader)
{
    return reader->ops->unread(reader->format);
}
