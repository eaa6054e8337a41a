#include "input/csv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/ascii.h"
#include "core/buffer.h"
#include "core/memory.h"
#include "input/csv_cells.h"
#include "input/csv_flaw.h"
#include "input/header.h"
#include "input/input_fault.h"
#include "input/json_head.h"
#include "input/lines.h"
#include "model/column_names.h"

enum { HEADER_ARENA_CHUNK = 16 * 1024 };

/* What is at the place of the next record. */
enum found {
    FOUND_RECORD,
    FOUND_MALFORMED,     /* see csv.flaw_kind */
    FOUND_TOO_LONG,      /* well-formed, of several lines, over max_record */
    FOUND_TOO_LONG_LINE, /* its first line is over max_record; still to be passed over */
    FOUND_NO_CAPACITY,   /* over the limit: nothing was consumed */
    FOUND_CUT,           /* the feed broke off here; perhaps nothing is left */
    FOUND_END,
};

struct csv {
    const struct job_input *input;
    struct lines lines;
    struct csv_cells *cells;
    size_t max_record;
    uint32_t input_index;
    uint64_t row; /* of the last record */

    /* the record in progress */
    uint64_t line_number; /* of its first line */
    struct line first, last;
    enum csv_flaw_kind flaw_kind;
    size_t flaw_offset; /* CSV_FLAW_SYNTAX: the place in the last line */

    struct arena header_arena;
    struct slice header_line; /* its record, as in the input; no data where the job gives the names */
    size_t column_count;
    size_t footer;       /* records at the end that are no customers */
    struct batch *ahead; /* with a footer: the records behind the last batch; else NULL */
};

static void *csv_open(const struct job_input *input, uint32_t input_index, struct reader_feed feed)
{
    struct csv *csv = memory_new(1, sizeof *csv);
    csv->input = input;
    lines_init(&csv->lines, feed);
    csv->cells = csv_cells_new(input);
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
    batch_free(csv->ahead);
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

static enum found find_flaw(struct csv *csv, enum csv_flaw_kind kind)
{
    csv->flaw_kind = kind;
    return FOUND_MALFORMED;
}

static enum found refuse_capacity(struct csv *csv)
{
    lines_back(&csv->lines, 0, csv->line_number);
    return FOUND_NO_CAPACITY;
}

/* A lone Ctrl-Z at the end: DOS, and programs that go on as it did, mark the end of a text so. */
static bool is_end_mark(const struct csv *csv, const struct line *line)
{
    return line->len == 1 && line->full_len == 1 && csv->lines.bytes[csv->lines.next - 1] == '\x1a';
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
        if (is_end_mark(csv, &csv->first))
            return FOUND_END;
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
            return find_flaw(csv, CSV_FLAW_SYNTAX);
        bool is_last = csv->last.full_len == csv->last.len;
        if (result == CSV_CELLS_OPEN && is_last) {
            if (csv_cells_end(csv->cells) == CSV_CELLS_BAD)
                return find_flaw(csv, CSV_FLAW_OPEN_AT_END);
            result = CSV_CELLS_DONE;
        }
        bool is_long = record_bytes(csv).len > csv->max_record;
        if (result == CSV_CELLS_DONE)
            return is_long ? FOUND_TOO_LONG : FOUND_RECORD;
        if (is_long)
            return find_flaw(csv, CSV_FLAW_OPEN_TOO_LONG);

        switch (lines_next(&csv->lines, csv->max_record, &csv->last)) {
        case LINES_ONE:
            break;
        case LINES_LONG:
            return find_flaw(csv, CSV_FLAW_OPEN_TOO_LONG);
        case LINES_END:
            return find_flaw(csv, CSV_FLAW_OPEN_AT_END);
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

static struct csv_flaw flaw_of(const struct csv *csv)
{
    struct csv_flaw flaw = {
        .kind = csv->flaw_kind,
        .first = slice_make(lines_kept(&csv->lines).data, csv->first.len),
        .first_number = csv->line_number,
    };
    if (flaw.kind == CSV_FLAW_SYNTAX) {
        flaw.line = last_line(csv);
        flaw.number = csv->lines.number - 1;
        flaw.offset = csv->flaw_offset;
    }
    return flaw;
}

static struct slice explain_flaw(const struct csv *csv, struct arena *arena)
{
    struct csv_flaw flaw = flaw_of(csv);
    return csv_flaw_explain(csv->input, &flaw, arena);
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

static struct slice explain_columns(const struct csv *csv, struct arena *arena)
{
    size_t count = csv_cells_count(csv->cells);
    char delimiter = count == 1 ? column_names_delimiter(csv_cells_list(csv->cells), 1) : '\0';
    if (csv->input->header && delimiter)
        return arena_printf(
            arena,
            "1 cell where input.csv.header names %zu columns: is the delimiter `%s`? Set input.csv.delimiter",
            csv->column_count, column_names_of_delimiter(delimiter));
    const char *advice = "look for a delimiter that should be quoted, or is missing";
    if (count > csv->column_count && csv_cells_can_pad(csv->cells))
        advice = "those too many are empty; csv: {ragged: pad} in the job's input drops them";
    else if (count < csv->column_count && csv->input->ragged == JOB_RAGGED_REJECT)
        advice =
            "look for a missing delimiter; if empty cells at the end are left out, set csv: {ragged: pad} in the job's input";
    return arena_printf(arena, "%zu cell%s where %s %zu columns: %s", count, count == 1 ? "" : "s",
                        csv->input->header ? "input.csv.header names" : "the header has", csv->column_count,
                        advice);
}

/* Files that were joined keep the header of each. */
static bool is_header_again(const struct csv *csv)
{
    return csv->header_line.data && slice_equal(record_bytes(csv), csv->header_line);
}

static void add_cells(struct csv *csv, struct batch *batch)
{
    bool fits = csv_cells_count(csv->cells) == csv->column_count;
    if (!fits && csv->input->ragged == JOB_RAGGED_PAD && csv_cells_can_pad(csv->cells)) {
        csv_cells_pad(csv->cells);
        fits = true;
    }
    if (is_header_again(csv)) {
        add_fault(
            csv, batch, RULE_HEADER,
            SLICE_LITERAL("the header again, and no customer: files were joined with the header of each"),
            arena_copy(&batch->arena, record_bytes(csv)));
    } else if (fits) {
        struct record *record = add_record(csv, batch, lines_kept(&csv->lines).len);
        record->cells = csv_cells_list(csv->cells);
        record->cell_count = csv->column_count;
    } else {
        struct slice raw = arena_copy(&batch->arena, record_bytes(csv));
        add_fault(csv, batch, RULE_COLUMNS, explain_columns(csv, &batch->arena), raw);
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

static enum found add_next(struct csv *csv, struct batch *batch, size_t max_bytes)
{
    size_t limit = batch->count == 0 ? SIZE_MAX : max_bytes - batch->bytes;
    if (batch->count > 0 && batch->bytes >= max_bytes)
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

static enum reader_result fill(struct csv *csv, struct batch *batch, size_t max_records, size_t max_bytes)
{
    while (batch->count < max_records) {
        switch (add_next(csv, batch, max_bytes)) {
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

static void mark_footer(struct batch *batch, size_t count)
{
    for (size_t i = batch->count > count ? batch->count - count : 0; i < batch->count; i++)
        batch->records[i].is_footer = true;
}

/* Behind a batch as many records are read ahead as the footer has, so that the end is known before the last
 * of the batch leave. They begin the next batch: the two are exchanged, and nothing is copied. An input that
 * breaks off has no footer. */
static enum reader_result fill_with_footer(struct csv *csv, struct batch *batch)
{
    struct batch start = *csv->ahead;
    *csv->ahead = *batch;
    *batch = start;
    enum reader_result result = fill(csv, batch, BATCH_RECORDS_MAX, BATCH_BYTES_MAX);
    if (result == READER_END)
        mark_footer(batch, csv->footer);
    if (result != READER_MORE)
        return result;
    if (fill(csv, csv->ahead, csv->footer, SIZE_MAX) == READER_END) {
        mark_footer(batch, csv->footer - csv->ahead->count);
        mark_footer(csv->ahead, csv->footer);
    }
    return READER_MORE;
}

static enum reader_result csv_fill(void *format, struct batch *batch)
{
    struct csv *csv = format;
    if (csv->ahead)
        return fill_with_footer(csv, batch);
    return fill(csv, batch, BATCH_RECORDS_MAX, BATCH_BYTES_MAX);
}

static int fail_header(struct csv *csv, enum found found, const char *name, struct error *error)
{
    struct slice why = {0};
    struct csv_flaw flaw;
    char delimiter = '\0';
    switch (found) {
    case FOUND_END:
        if (csv->input->skip_lines > 0)
            return error_set(
                error, ERROR_INPUT,
                "%s: has no header behind the %u lines of input.csv.skip_lines\nhint: check whether its export has failed",
                name, csv->input->skip_lines);
        return error_set(
            error, ERROR_INPUT,
            "%s: is empty, and its first line must name the columns\nhint: check whether its export has failed",
            name);
    case FOUND_CUT:
        *error = (struct error){.scope = ERROR_NONE};
        return -1;
    case FOUND_MALFORMED:
        flaw = flaw_of(csv);
        delimiter = csv_flaw_delimiter(csv->input, &flaw);
        why = csv_flaw_explain(csv->input, &flaw, &csv->header_arena);
        break;
    default:
        why = arena_printf(
            &csv->header_arena,
            "it is longer than max_record (%zu bytes)\nhint: if this is a CSV file, raise input.max_record",
            csv->max_record);
        break;
    }
    if (delimiter)
        return error_set(
            error, ERROR_INPUT,
            "%s:%" PRIu64
            ": the header cannot be read with the delimiter `%s`\nhint: is it `%s`? Set input.csv.delimiter",
            name, csv->line_number, column_names_of_delimiter(csv->input->delimiter),
            column_names_of_delimiter(delimiter));
    return error_set(error, ERROR_INPUT, "%s:%" PRIu64 ": the header cannot be read: %.*s", name,
                     csv->line_number, (int)why.len, why.data);
}

/* Reads the record twice: the first time counts the cells. */
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

/* The line in which spreadsheets are told the delimiter, `sep=;`, also with quotes around it. */
static bool is_separator_line(const struct csv *csv, struct slice line)
{
    assert(line.data && "a line that was read");
    if (line.len == 7 && line.data[0] == csv->input->quote && line.data[6] == csv->input->quote)
        line = slice_make(line.data + 1, 5);
    return line.len == 5 && ascii_is_word(slice_make(line.data, 4), "sep=") &&
           memchr(",;\t|:", line.data[4], 5);
}

/* Passes over the next line, and adds it to `passed`. FOUND_RECORD when there is one. */
static enum found pass_line(struct csv *csv, struct buffer *passed)
{
    struct line line;
    csv->line_number = csv->lines.number;
    switch (lines_next(&csv->lines, csv->max_record, &line)) {
    case LINES_ONE:
        break;
    case LINES_LONG:
        return FOUND_TOO_LONG_LINE;
    case LINES_END:
        return FOUND_END;
    case LINES_CUT:
        return FOUND_CUT;
    }
    buffer_append(passed, lines_kept(&csv->lines));
    lines_keep(&csv->lines);
    return FOUND_RECORD;
}

/* Whether the record at hand names a column `kyc_row`, as every reject file does. */
static bool names_reject_file(const struct csv *csv)
{
    const struct slice *cells = csv_cells_list(csv->cells);
    for (size_t i = 0; i < csv_cells_count(csv->cells); i++)
        if (slice_is(cells[i], "kyc_row"))
            return true;
    return false;
}

/* Passes over what comes before the header: a separator line, then the job's lines. They count as lines of
 * the file, the separator line included. A reject file has a header line, whatever the job says: it is at
 * hand then, and *is_reject_file. */
static enum found pass_start(struct csv *csv, struct buffer *passed, bool *is_reject_file)
{
    const struct job_input *input = csv->input;
    struct line line;
    enum found found = FOUND_RECORD;
    if (lines_next(&csv->lines, csv->max_record, &line) == LINES_ONE &&
        is_separator_line(csv, slice_make(lines_kept(&csv->lines).data, line.len))) {
        buffer_append(passed, lines_kept(&csv->lines));
        lines_keep(&csv->lines);
    } else {
        lines_back(&csv->lines, 0, 1);
    }
    if (!input->header && input->skip_lines == 0)
        return found;
    if (find_header(csv) == FOUND_RECORD && names_reject_file(csv)) {
        *is_reject_file = true;
        return found;
    }
    lines_back(&csv->lines, 0, csv->line_number);
    while (found == FOUND_RECORD && csv->lines.number <= input->skip_lines)
        found = pass_line(csv, passed);
    return found;
}

/* What comes before the first record, as it is in the input. */
static struct slice copy_start(struct csv *csv, bool marked, struct buffer *passed, struct slice header)
{
    struct arena *arena = &csv->header_arena;
    struct slice mark = READER_MARK;
    struct buffer all;
    buffer_init(&all, SIZE_MAX / 2);
    if (marked && (passed->len > 0 || csv->line_number == 1))
        buffer_append(&all, mark);
    buffer_append(&all, buffer_slice(passed));
    buffer_append(&all, header);
    struct slice copy = arena_copy(arena, buffer_slice(&all));
    buffer_clear(&all);
    return copy;
}

/* The names of the record at hand. */
static int use_record(struct csv *csv, const char *name, struct reader_header *header, struct error *error)
{
    struct arena *arena = &csv->header_arena;
    header->column_count = csv->column_count;
    header->columns = csv_cells_list(csv->cells);
    struct slice *source = arena_alloc(arena, csv->column_count * sizeof *source);
    memcpy(source, header->columns, csv->column_count * sizeof *source);
    header->source_columns = source;
    csv->header_line = arena_copy(arena, record_bytes(csv));
    if (header_decode(csv_cells_list(csv->cells), csv->column_count, &csv->input->encoding, arena, name,
                      error) != 0)
        return -1;
    for (size_t i = 0; i < header->column_count; i++)
        header->is_reject_file |= slice_is(header->columns[i], "kyc_row");
    lines_keep(&csv->lines);
    return 0;
}

static int read_header(struct csv *csv, bool marked, const char *name, struct reader_header *header,
                       struct error *error)
{
    struct buffer passed;
    bool is_reject_file = false;
    buffer_init(&passed, SIZE_MAX / 2);
    enum found found = pass_start(csv, &passed, &is_reject_file);
    bool is_given = csv->input->header && !is_reject_file;
    if (found == FOUND_RECORD && !is_given && !is_reject_file)
        found = find_header(csv);
    if (found == FOUND_RECORD)
        header->raw = copy_start(csv, marked, &passed, is_given ? slice_make("", 0) : record_bytes(csv));
    buffer_clear(&passed);
    header->is_empty |= found == FOUND_END;
    if (found != FOUND_RECORD)
        return fail_header(csv, found, name, error);
    if (!is_given)
        return use_record(csv, name, header, error);
    header->is_given = true;
    header->columns = header->source_columns = csv->input->header;
    header->column_count = csv->column_count = csv->input->header_count;
    return 0;
}

static int csv_header(void *format, const char *name, struct reader_header *header, struct error *error)
{
    static const struct slice mark = READER_MARK;
    struct csv *csv = format;
    bool marked = lines_pass(&csv->lines, mark);
    if (marked && !encoding_is_utf8(&csv->input->encoding))
        return input_fault_mark(&csv->input->encoding, name, error);
    *header = (struct reader_header){.is_empty = lines_are_empty(&csv->lines)};
    if (json_head_check(&csv->lines, JOB_FORMAT_CSV, csv->max_record, name, error) != 0)
        return -1;
    if (read_header(csv, marked, name, header, error) != 0)
        return -1;
    csv->footer = header->is_reject_file ? 0 : csv->input->skip_footer;
    if (csv->footer > 0)
        csv->ahead = batch_new();
    return 0;
}

static size_t csv_unread(const void *format)
{
    const struct csv *csv = format;
    return csv->lines.len - csv->lines.next;
}

const struct reader_ops csv_ops = {
    .open = csv_open,
    .close = csv_close,
    .header = csv_header,
    .fill = csv_fill,
    .unread = csv_unread,
};
