#include "input/csv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "input/csv_cells.h"
#include "input/header.h"
#include "input/input_fault.h"
#include "input/lines.h"

enum { HEADER_ARENA_CHUNK = 16 * 1024 };

/* What is at the place of the next record. */
enum found {
    FOUND_RECORD,
    FOUND_MALFORMED,     /* see csv.flaw */
    FOUND_TOO_LONG,      /* well-formed, of several lines, over max_record */
    FOUND_TOO_LONG_LINE, /* its first line is over max_record; still to be passed over */
    FOUND_NO_CAPACITY,   /* over the limit: nothing was consumed */
    FOUND_CUT,           /* the feed broke off here; perhaps nothing is left */
    FOUND_END,
};

enum flaw { FLAW_SYNTAX, FLAW_OPEN_AT_END, FLAW_OPEN_TOO_LONG };

struct csv {
    struct lines lines;
    struct csv_cells *cells;
    char quote;
    const struct encoding *encoding; /* the job's */
    size_t max_record;
    uint32_t input_index;
    uint64_t row; /* of the last record */

    /* the record in progress */
    uint64_t line_number; /* of its first line */
    struct line first, last;
    enum flaw flaw;
    size_t flaw_offset; /* FLAW_SYNTAX: the place in the last line */

    struct arena header_arena;
    size_t column_count;
};

static void *csv_open(const struct job_input *input, uint32_t input_index, struct reader_feed feed)
{
    struct csv *csv = memory_new(1, sizeof *csv);
    lines_init(&csv->lines, feed);
    csv->cells = csv_cells_new(input->delimiter, input->quote);
    csv->quote = input->quote;
    csv->encoding = &input->encoding;
    csv->max_record = input->max_record;
    csv->input_index = input_index;
    arena_init(&csv->header_arena, HEADER_ARENA_CHUNK);
    return csv;
}

static void csv_close(void *format)
{
    struct csv *csv = format;
    lines_clear(&csv->lines);
    csv_cells_free(csv->cells);
    arena_clear(&csv->header_arena);
    free(csv);
}

static struct slice last_line(const struct csv *csv)
{
    return slice_make(csv->lines.bytes + csv->lines.next - csv->last.full_len, csv->last.full_len);
}

/* The record in progress without its final line end. */
static struct slice record_bytes(const struct csv *csv)
{
    struct slice kept = lines_kept(&csv->lines);
    kept.len -= csv->last.full_len - csv->last.len;
    return kept;
}

static enum found find_flaw(struct csv *csv, enum flaw flaw)
{
    csv->flaw = flaw;
    return FOUND_MALFORMED;
}

static enum found refuse_capacity(struct csv *csv)
{
    lines_back(&csv->lines, 0, csv->line_number);
    return FOUND_NO_CAPACITY;
}

/* The first line that is not blank; FOUND_RECORD when there is one. */
static enum found find_first_line(struct csv *csv)
{
    do {
        lines_keep(&csv->lines);
        csv->line_number = csv->lines.number;
        switch (lines_next(&csv->lines, csv->max_record, &csv->first)) {
        case LINES_ONE:
            break;
        case LINES_LONG:
            return FOUND_TOO_LONG_LINE;
        case LINES_END:
            return FOUND_END;
        case LINES_CUT:
            return FOUND_CUT;
        }
    } while (csv->first.len == 0);
    csv->last = csv->first;
    return FOUND_RECORD;
}

/* Feeds lines, from csv.last on, until the record is complete or known to be none. */
static enum found finish_record(struct csv *csv, size_t limit)
{
    for (;;) {
        enum csv_cells_result result = csv_cells_add(csv->cells, last_line(csv), &csv->flaw_offset);
        if (result == CSV_CELLS_BAD)
            return find_flaw(csv, FLAW_SYNTAX);
        bool is_last = csv->last.full_len == csv->last.len;
        if (result == CSV_CELLS_OPEN && is_last) {
            if (csv_cells_end(csv->cells) == CSV_CELLS_BAD)
                return find_flaw(csv, FLAW_OPEN_AT_END);
            result = CSV_CELLS_DONE;
        }
        bool is_long = record_bytes(csv).len > csv->max_record;
        if (result == CSV_CELLS_DONE)
            return is_long ? FOUND_TOO_LONG : FOUND_RECORD;
        if (is_long)
            return find_flaw(csv, FLAW_OPEN_TOO_LONG);

        switch (lines_next(&csv->lines, csv->max_record, &csv->last)) {
        case LINES_ONE:
            break;
        case LINES_LONG:
            return find_flaw(csv, FLAW_OPEN_TOO_LONG);
        case LINES_END:
            return find_flaw(csv, FLAW_OPEN_AT_END);
        case LINES_CUT:
            return FOUND_CUT;
        }
        if (lines_kept(&csv->lines).len > limit)
            return refuse_capacity(csv);
    }
}

/* limit: bytes that the record may have; more is FOUND_NO_CAPACITY. */
static enum found find_record(struct csv *csv, struct arena *arena, size_t columns, size_t limit)
{
    enum found found = find_first_line(csv);
    if (found == FOUND_TOO_LONG_LINE && csv->max_record > limit)
        return refuse_capacity(csv);
    if (found == FOUND_RECORD) {
        if (csv->first.full_len > limit)
            return refuse_capacity(csv);
        csv_cells_begin(csv->cells, arena, columns);
        found = finish_record(csv, limit);
    }
    if (found == FOUND_CUT && lines_rest(&csv->lines).len > limit)
        return refuse_capacity(csv);
    return found;
}

/* Where in its line a byte is, as an editor counts. */
static size_t column_of(const struct csv *csv, struct slice line, size_t index)
{
    if (!encoding_is_utf8(csv->encoding))
        return index + 1;
    return 1 + utf8_count(slice_make(line.data, index));
}

static struct slice explain_syntax(const struct csv *csv, struct arena *arena)
{
    struct slice line = last_line(csv);
    size_t column = column_of(csv, line, csv->flaw_offset);
    uint64_t number = csv->lines.number - 1;
    if (line.data[csv->flaw_offset] == csv->quote)
        return arena_printf(arena,
                            "a quote inside an unquoted cell (column %zu of line %" PRIu64
                            "): quote the whole cell and double each quote in it",
                            column, number);
    if (number == csv->line_number)
        return arena_printf(arena,
                            "text after the closing quote of a cell (column %zu of line %" PRIu64
                            "): double each quote that belongs to the cell",
                            column, number);
    return arena_printf(
        arena,
        "a quote that is opened on this line is closed on line %" PRIu64
        " in the middle of text (column %zu): close it, or double each quote that belongs to the cell",
        number, column);
}

static struct slice explain_flaw(const struct csv *csv, struct arena *arena)
{
    switch (csv->flaw) {
    case FLAW_SYNTAX:
        return explain_syntax(csv, arena);
    case FLAW_OPEN_AT_END:
        return arena_printf(
            arena,
            "a quote that is opened on this line is never closed: close it, or double each quote that belongs to the cell");
    case FLAW_OPEN_TOO_LONG:
        return arena_printf(
            arena,
            "a quote that is opened on this line is not closed within max_record (%zu bytes): "
            "close it, or raise input.max_record",
            csv->max_record);
    }
    assert(false);
    return SLICE_LITERAL("");
}

/* The next record of the batch. */
static struct record *add_record(struct csv *csv, struct batch *batch, size_t len)
{
    struct record *record = &batch->records[batch->count++];
    batch->bytes += len;
    *record = (struct record){
        .input = csv->input_index,
        .row = ++csv->row,
        .line = csv->line_number,
    };
    return record;
}

static void add_fault(struct csv *csv, struct batch *batch, const char *rule, struct slice message,
                      struct slice raw)
{
    struct record *record = add_record(csv, batch, raw.len);
    record->fault = rule;
    record->fault_message = message;
    record->raw = raw;
    record->rejected = true;
}

static void add_cells(struct csv *csv, struct batch *batch)
{
    size_t count = csv_cells_count(csv->cells);
    if (count != csv->column_count) {
        struct slice message = arena_printf(
            &batch->arena,
            "%zu cells where the header has %zu columns: look for a delimiter that should be quoted, or is missing",
            count, csv->column_count);
        add_fault(csv, batch, RULE_COLUMNS, message, arena_copy(&batch->arena, record_bytes(csv)));
    } else {
        struct record *record = add_record(csv, batch, lines_kept(&csv->lines).len);
        record->cells = csv_cells_list(csv->cells);
        record->cell_count = count;
    }
    lines_keep(&csv->lines);
}

/* A malformed record costs its first line: reading continues behind it. */
static void add_first_line(struct csv *csv, struct batch *batch, const char *rule, struct slice message)
{
    struct slice raw = slice_make(lines_kept(&csv->lines).data, csv->first.len);
    add_fault(csv, batch, rule, message, arena_copy(&batch->arena, raw));
    lines_back(&csv->lines, csv->first.full_len, csv->line_number + 1);
    lines_keep(&csv->lines);
}

static void add_cut(struct csv *csv, struct batch *batch, struct slice raw)
{
    add_fault(csv, batch, RULE_CUT, SLICE_LITERAL(INPUT_FAULT_CUT), raw);
}

static enum found add_long_line(struct csv *csv, struct batch *batch)
{
    struct slice start = lines_rest(&csv->lines);
    assert(start.data && start.len > csv->max_record);
    start.len = csv->max_record;
    struct slice raw = arena_copy(&batch->arena, start);
    uint64_t len = 0;
    if (lines_skip_long(&csv->lines, &len) == LINES_CUT) {
        add_cut(csv, batch, raw);
        return FOUND_CUT;
    }
    struct slice message = input_fault_long_line(&batch->arena, len, csv->max_record);
    add_fault(csv, batch, RULE_TOO_LONG, message, raw);
    return FOUND_TOO_LONG_LINE;
}

static enum found add_next(struct csv *csv, struct batch *batch)
{
    size_t limit = batch->count == 0 ? SIZE_MAX : BATCH_BYTES_MAX - batch->bytes;
    if (batch->count > 0 && batch->bytes >= BATCH_BYTES_MAX)
        return FOUND_NO_CAPACITY;
    struct arena *arena = &batch->arena;
    enum found found = find_record(csv, arena, csv->column_count, limit);
    switch (found) {
    case FOUND_RECORD:
        add_cells(csv, batch);
        break;
    case FOUND_MALFORMED:
        add_first_line(csv, batch, RULE_MALFORMED, explain_flaw(csv, arena));
        break;
    case FOUND_TOO_LONG:
        add_first_line(
            csv, batch, RULE_TOO_LONG,
            arena_printf(
                arena,
                "a record of %zu bytes in %" PRIu64
                " lines, over max_record (%zu): look for a quote that is not closed, or raise input.max_record",
                record_bytes(csv).len, csv->lines.number - csv->line_number, csv->max_record));
        break;
    case FOUND_TOO_LONG_LINE:
        return add_long_line(csv, batch);
    case FOUND_CUT:
        if (lines_rest(&csv->lines).len > 0) {
            add_cut(csv, batch, arena_copy(arena, lines_rest(&csv->lines)));
            lines_drop_rest(&csv->lines);
        }
        break;
    case FOUND_NO_CAPACITY:
    case FOUND_END:
        break;
    }
    return found;
}

static enum reader_result csv_fill(void *format, struct batch *batch)
{
    while (batch->count < BATCH_RECORDS_MAX) {
        switch (add_next(format, batch)) {
        case FOUND_NO_CAPACITY:
            return READER_MORE;
        case FOUND_CUT:
            return READER_CUT;
        case FOUND_END:
            return READER_END;
        default:
            break;
        }
    }
    return READER_MORE;
}

static int fail_header(struct csv *csv, enum found found, const char *name, struct error *error)
{
    struct slice why = {0};
    switch (found) {
    case FOUND_END:
        return error_set(
            error, ERROR_INPUT,
            "%s: is empty, and its first line must name the columns\nhint: check whether its export has failed",
            name);
    case FOUND_CUT:
        *error = (struct error){.scope = ERROR_NONE};
        return -1;
    case FOUND_MALFORMED:
        why = explain_flaw(csv, &csv->header_arena);
        break;
    default:
        why = arena_printf(
            &csv->header_arena,
            "it is longer than max_record (%zu bytes)\nhint: if this is a CSV file, raise input.max_record",
            csv->max_record);
        break;
    }
    return error_set(error, ERROR_INPUT, "%s:%" PRIu64 ": the header cannot be read: %.*s", name,
                     csv->line_number, (int)why.len, why.data);
}

static struct slice join(struct arena *arena, struct slice a, struct slice b)
{
    char *text = arena_bytes(arena, a.len + b.len);
    memcpy(text, a.data, a.len);
    memcpy(text + a.len, b.data, b.len);
    return slice_make(text, a.len + b.len);
}

/* Read twice: the first time counts the cells. */
static enum found find_header(struct csv *csv)
{
    struct arena *arena = &csv->header_arena;
    enum found found = find_record(csv, arena, 0, SIZE_MAX);
    if (found != FOUND_RECORD)
        return found;
    csv->column_count = csv_cells_count(csv->cells);
    lines_back(&csv->lines, 0, csv->line_number);
    return find_record(csv, arena, csv->column_count, SIZE_MAX);
}

static int csv_header(void *format, const char *name, struct reader_header *header, struct error *error)
{
    static const struct slice mark = READER_MARK;
    struct csv *csv = format;
    struct arena *arena = &csv->header_arena;
    bool marked = lines_pass(&csv->lines, mark);
    if (marked && !encoding_is_utf8(csv->encoding))
        return input_fault_mark(csv->encoding, name, error);
    enum found found = find_header(csv);
    if (found != FOUND_RECORD)
        return fail_header(csv, found, name, error);

    struct slice raw = record_bytes(csv);
    header->raw = join(arena, marked && csv->line_number == 1 ? mark : slice_make(raw.data, 0), raw);
    header->column_count = csv->column_count;
    header->columns = csv_cells_list(csv->cells);
    struct slice *source = arena_alloc(arena, csv->column_count * sizeof *source);
    memcpy(source, header->columns, csv->column_count * sizeof *source);
    header->source_columns = source;
    lines_keep(&csv->lines);
    return header_decode(csv_cells_list(csv->cells), csv->column_count, csv->encoding, arena, name, error);
}

const struct reader_ops csv_ops = {
    .open = csv_open,
    .close = csv_close,
    .header = csv_header,
    .fill = csv_fill,
};
