#include "pipeline/inputs.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/memory.h"

enum { OPENING_BLOCK = 256 * 1024 };

struct one_input {
    struct inputs *all;
    const char *path, *name; /* name: for messages */
    struct source *source;   /* NULL: closed */
    struct reader *reader;   /* NULL: not created, or closed after the opening */
    struct reader_feed live; /* next NULL: the input is being opened */
    struct error open_error; /* at the opening; scope ERROR_NONE: nothing */
    bool is_empty;           /* one of several, without any record */
    _Atomic uint64_t bytes;
    uint64_t size;     /* 0: not known */
    uint64_t inflated; /* the same as bytes, inflated; of the thread that reads */
};

struct inputs {
    const struct job_input *input;
    int stop_fd;
    struct one_input *list;
    char *block; /* for the opening */
    struct reader_header header;
    const struct one_input *first; /* the one that it is of; NULL: none was read */
    struct one_input *read_last;   /* whose reader was given out last; NULL: none */
    uint64_t size;
    _Atomic uint64_t position, inflated;
};

/* len: inflated bytes that were read; at most 0: none. */
static void update_position(struct one_input *one, ptrdiff_t len)
{
    uint64_t bytes = source_position(one->source);
    uint64_t before = atomic_exchange_explicit(&one->bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&one->all->position, bytes - before, memory_order_relaxed);
    if (len <= 0)
        return;
    one->inflated += (uint64_t)len;
    atomic_fetch_add_explicit(&one->all->inflated, (uint64_t)len, memory_order_relaxed);
}

/* The feed of every reader: at the opening directly from the source, later from another thread. */
static int next_block(void *context, struct slice *block)
{
    struct one_input *one = context;
    if (one->live.next)
        return one->live.next(one->live.context, block);
    ptrdiff_t len = source_read(one->source, one->all->block, OPENING_BLOCK, &one->open_error);
    update_position(one, len);
    if (len > 0)
        *block = slice_make(one->all->block, (size_t)len);
    return len > 0 ? 1 : (int)len;
}

static int read_header(struct one_input *one, struct reader_header *header, struct error *error)
{
    const struct inputs *all = one->all;
    uint32_t index = (uint32_t)(one - all->list);
    one->reader = reader_new(all->input, index, (struct reader_feed){next_block, one});
    return reader_header(one->reader, one->name, header, error);
}

static struct slice column_of(const struct reader_header *header, size_t index)
{
    return index < header->column_count ? header->columns[index] : SLICE_LITERAL("");
}

static int compare_header(const struct one_input *one, const struct reader_header *header,
                          struct error *error)
{
    const struct reader_header *first = &one->all->header;
    const char *first_name = one->all->first->name;
    size_t count = first->column_count, index = 0;
    while (index < count && slice_equal(column_of(first, index), column_of(header, index)))
        index++;
    if (index == count && header->column_count == count)
        return 0;
    if (header->column_count != count)
        return error_set(error, ERROR_INPUT,
                         "%s has %zu columns and %s has %zu: all inputs of a run must have the same header",
                         one->name, header->column_count, first_name, count);
    struct slice here = column_of(header, index), there = column_of(first, index);
    return error_set(
        error, ERROR_INPUT,
        "column %zu of %s is \"%.*s\" and that of %s is \"%.*s\": all inputs of a run must have the same header",
        index + 1, one->name, (int)here.len, here.data, first_name, (int)there.len, there.data);
}

static void close_one(struct one_input *one)
{
    reader_free(one->reader);
    source_close(one->source);
    one->reader = NULL;
    one->source = NULL;
}

static void close_until_read(struct one_input *one)
{
    close_one(one);
    one->open_error = (struct error){.scope = ERROR_NONE};
    uint64_t used = atomic_exchange(&one->bytes, 0);
    atomic_fetch_sub(&one->all->position, used);
    atomic_fetch_sub(&one->all->inflated, one->inflated);
    one->inflated = 0;
}

static struct source *open_source(const struct one_input *one, struct error *error)
{
    const struct inputs *all = one->all;
    return source_open_job_input(one->path, &all->input->encoding, all->stop_fd, error);
}

static int open_one(struct one_input *one, struct error *error)
{
    struct inputs *all = one->all;
    bool is_first = !all->first;
    struct reader_header header = {0}, *read = is_first ? &all->header : &header;
    one->source = open_source(one, error);
    if (!one->source)
        return -1;
    int result = read_header(one, read, error);
    if (read->is_empty && all->input->path_count > 1) {
        one->is_empty = true;
        close_until_read(one);
        return 0;
    }
    if (result != 0) {
        if (error->scope == ERROR_NONE)
            *error = one->open_error;
        return -1;
    }
    if (!is_first && compare_header(one, &header, error) != 0)
        return -1;
    uint64_t size = one->size = source_size(one->source);
    all->size = size && (is_first || all->size) ? all->size + size : 0;
    if (is_first)
        all->first = one;
    else if (size)
        close_until_read(one);
    return 0;
}

/* Programs that write in parts write a file for a part without records, too: perhaps many. */
static void warn_of_empty(const struct inputs *inputs)
{
    enum { NAMED_MAX = 3 };
    const char *names[NAMED_MAX] = {"", "", ""};
    size_t count = 0;
    for (size_t i = 0; i < inputs->input->path_count; i++)
        if (inputs->list[i].is_empty && count++ < NAMED_MAX)
            names[count - 1] = inputs->list[i].name;
    if (count == 0)
        return;
    if (count == 1)
        log_warning("%s: is empty: no records in it\nhint: check whether its part of the export has failed",
                    names[0]);
    else
        log_warning(
            "%zu of %zu inputs are empty, with no records in them: %s, %s%s%s%s\nhint: check whether these parts of the export have failed",
            count, inputs->input->path_count, names[0], names[1], count > 2 ? ", " : "", names[2],
            count > NAMED_MAX ? " and others" : "");
}

struct inputs *inputs_open(const struct job_input *input, int stop_fd, struct error *error)
{
    struct inputs *inputs = memory_new(1, sizeof *inputs);
    inputs->input = input;
    inputs->stop_fd = stop_fd;
    inputs->list = memory_new(input->path_count, sizeof *inputs->list);
    inputs->block = memory_new(1, OPENING_BLOCK);
    int result = 0;
    for (size_t i = 0; i < input->path_count && result == 0; i++) {
        struct one_input *one = &inputs->list[i];
        one->all = inputs;
        one->path = input->paths[i];
        one->name = strcmp(one->path, "-") == 0 ? "standard input" : one->path;
        result = open_one(one, error);
    }
    free(inputs->block);
    inputs->block = NULL;
    if (result == 0 && !inputs->first && input->format == JOB_FORMAT_CSV)
        result = error_set(
            error, ERROR_INPUT,
            "all %zu inputs are empty, and the first line of each must name the columns\nhint: check whether their export has failed",
            input->path_count);
    if (result == 0) {
        warn_of_empty(inputs);
        return inputs;
    }
    inputs_close(inputs);
    return NULL;
}

void inputs_close(struct inputs *inputs)
{
    if (!inputs)
        return;
    for (size_t i = 0; i < inputs->input->path_count; i++)
        close_one(&inputs->list[i]);
    free(inputs->block);
    free(inputs->list);
    free(inputs);
}

size_t inputs_count(const struct inputs *inputs)
{
    return inputs->input->path_count;
}

void inputs_select(struct inputs *inputs, const bool *selected)
{
    for (size_t i = 0; i < inputs->input->path_count; i++) {
        struct one_input *one = &inputs->list[i];
        if (selected[i])
            continue;
        inputs->size -= one->size;
        inputs->position -= one->bytes; /* of the first, which was opened for the header */
        inputs->inflated -= one->inflated;
        one->bytes = 0;
    }
}

const struct reader_header *inputs_header(const struct inputs *inputs)
{
    return &inputs->header;
}

ptrdiff_t inputs_read(struct inputs *inputs, size_t index, char *out, size_t capacity, struct error *error)
{
    struct one_input *one = &inputs->list[index];
    ptrdiff_t len = -1;
    if (one->is_empty)
        return 0;
    if (one->open_error.scope != ERROR_NONE)
        *error = one->open_error;
    else if (one->source || (one->source = open_source(one, error)))
        len = source_read(one->source, out, capacity, error);
    if (!one->source)
        return -1;
    update_position(one, len);
    if (len <= 0) {
        source_close(one->source);
        one->source = NULL;
    }
    return len;
}

struct reader *inputs_reader(struct inputs *inputs, size_t index, struct reader_feed feed,
                             struct error *error)
{
    struct one_input *one = &inputs->list[index];
    struct reader_header header;
    struct error nothing;
    one->live = feed;
    if (inputs->read_last && inputs->read_last != inputs->first) { /* whose header is still in use */
        reader_free(inputs->read_last->reader);
        inputs->read_last->reader = NULL;
    }
    inputs->read_last = one;
    if (one->is_empty)
        (void)read_header(one, &header, &nothing);
    if (one->reader)
        return one->reader;
    if (read_header(one, &header, error) != 0 || compare_header(one, &header, error) != 0)
        return NULL;
    return one->reader;
}

uint64_t inputs_bytes(const struct inputs *inputs, size_t index)
{
    return atomic_load_explicit(&inputs->list[index].bytes, memory_order_relaxed);
}

uint64_t inputs_position(const struct inputs *inputs)
{
    return atomic_load_explicit(&inputs->position, memory_order_relaxed);
}

uint64_t inputs_inflated(const struct inputs *inputs)
{
    return atomic_load_explicit(&inputs->inflated, memory_order_relaxed);
}

uint64_t inputs_size(const struct inputs *inputs)
{
    return inputs->size;
}
