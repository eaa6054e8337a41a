#include "input/csv_cells.h"

#include <assert.h>
#include <stdlib.h>

#include <csv.h>

#include "core/memory.h"
#include "input/csv_split.h"

enum { CELL_BUFFER_LEN = 64 * 1024 }; /* libcsv's grows by as much: its own 128 bytes make long cells slow */

struct csv_cells {
    struct csv_parser parser;
    char delimiter, quote, escape; /* escape NUL: none */
    bool uses_split;
    struct csv_split split;          /* in place of the parser */
    bool parser_made, parser_in_use; /* in use: a record was begun and has not ended well */
    bool is_first;                   /* no line was added yet */
    bool row_ended;
    struct arena *arena;
    struct slice *list;
    size_t count, capacity;
    bool has_surplus; /* a cell beyond capacity has a value */
    bool is_plain;    /* no quote in the line in hand: it is a whole record, or lies within a cell */
    char *text;       /* plain: a copy of the line from the next cell on; else space for cells */
    size_t text_capacity;
};

static void *resize(void *old, size_t len)
{
    return memory_resize(old, len, 1);
}

static int no_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

static void make_parser(struct csv_cells *cells)
{
    if (cells->parser_made)
        csv_free(&cells->parser);
    csv_init(&cells->parser, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_realloc_func(&cells->parser, resize);
    csv_set_blk_size(&cells->parser, CELL_BUFFER_LEN);
    csv_set_delim(&cells->parser, (unsigned char)cells->delimiter);
    csv_set_quote(&cells->parser, (unsigned char)cells->quote);
    cells->parser_made = true;
    cells->parser_in_use = false;
}

struct csv_cells *csv_cells_new(const struct job_input *input)
{
    struct csv_cells *cells = memory_new(1, sizeof *cells);
    cells->delimiter = input->delimiter;
    cells->quote = input->quote;
    cells->escape = input->escape;
    cells->uses_split = csv_split_is_needed(input);
    csv_split_init(&cells->split, input);
    make_parser(cells);
    return cells;
}

void csv_cells_free(struct csv_cells *cells)
{
    if (!cells)
        return;
    csv_free(&cells->parser);
    csv_split_clear(&cells->split);
    free(cells);
}

void csv_cells_begin(struct csv_cells *cells, struct arena *arena, size_t capacity)
{
    if (cells->uses_split)
        csv_split_begin(&cells->split);
    else if (cells->parser_in_use)
        make_parser(cells);
    cells->parser_in_use = true;
    cells->has_surplus = false;
    cells->row_ended = false;
    cells->is_first = true;
    cells->arena = arena;
    cells->count = 0;
    cells->capacity = capacity;
    cells->list = arena_alloc(arena, capacity * sizeof *cells->list);
}

static bool is_blank(struct slice cell)
{
    for (size_t i = 0; i < cell.len; i++)
        if (cell.data[i] != ' ' && cell.data[i] != '\t')
            return false;
    return true;
}

/* A plain cell is in the copy of the line already. One that began on an earlier line may need more than this
 * line's copy. */
static void add_cell(void *bytes, size_t len, void *context)
{
    struct csv_cells *cells = context;
    size_t index = cells->count++;
    char *to = cells->text;
    if (cells->is_plain) /* of a cell too many as well: split_plain continues from there */
        cells->text += len + 1;
    if (index >= cells->capacity) {
        cells->has_surplus |= !is_blank(slice_make(bytes, len));
        return;
    }
    if (!cells->is_plain && len > cells->text_capacity) {
        to = arena_bytes(cells->arena, len);
        memcpy(to, bytes, len);
    } else if (!cells->is_plain) {
        memcpy(to, bytes, len);
        cells->text += len;
        cells->text_capacity -= len;
    }
    cells->list[index] = slice_make(to, len);
}

static void add_split_cell(void *context, struct slice cell)
{
    add_cell((void *)cell.data, cell.len, context);
}

static void end_row(int line_end, void *context)
{
    (void)line_end;
    struct csv_cells *cells = context;
    cells->row_ended = true;
}

static bool is_edge(const struct csv_cells *cells, char byte)
{
    return byte == cells->delimiter || byte == cells->quote || byte == '\r' || byte == '\n';
}

/* Whether libcsv would strip a blank here: it does so beside a delimiter, a quote and a line's ends only. */
static bool has_blank_at_edge(const struct csv_cells *cells, struct slice line)
{
    const char *cursor = line.data, *end = line.data + line.len;
    if (memchr(cursor, '\t', line.len))
        return true;
    while ((cursor = memchr(cursor, ' ', (size_t)(end - cursor)))) {
        if (cursor == line.data || cursor + 1 == end || is_edge(cells, cursor[-1]) ||
            is_edge(cells, cursor[1]))
            return true;
        cursor++;
    }
    return false;
}

/* A record without a quote is split at the delimiters: there is nothing for libcsv to decide, and
 * at a call a cell instead of a step a byte this is a tenth of its time, which was a third of a whole
 * check's. */
static void split_plain(struct csv_cells *cells, size_t len)
{
    char *cursor = cells->text, *end = cursor + len, *stop;

    do {
        stop = memchr(cursor, cells->delimiter, (size_t)(end - cursor));
        struct slice cell = slice_make(cursor, (size_t)((stop ? stop : end) - cursor));
        if (cells->count < cells->capacity)
            cells->list[cells->count] = cell;
        else
            cells->has_surplus |= !is_blank(cell);
        cells->count++;
        cursor += cell.len + 1;
    } while (stop);
    cells->row_ended = true;
}

static size_t len_without_end(struct slice line)
{
    size_t len = line.len;

    while (len > 0 && (line.data[len - 1] == '\n' || line.data[len - 1] == '\r'))
        len--;
    return len;
}

enum csv_cells_result csv_cells_add(struct csv_cells *cells, struct slice line, size_t *bad_offset)
{
    bool is_first = cells->is_first;
    size_t len = len_without_end(line);

    cells->is_first = false;
    cells->text = arena_bytes(cells->arena, line.len);
    cells->text_capacity = line.len;
    cells->is_plain = !memchr(line.data, cells->quote, line.len) &&
                      !(cells->escape && memchr(line.data, cells->escape, line.len));
    if (cells->is_plain)
        memcpy(cells->text, line.data, line.len);
    if (cells->is_plain && is_first && len < line.len) {
        split_plain(cells, len);
        cells->parser_in_use = false;
        return CSV_CELLS_DONE;
    }
    if (cells->uses_split) {
        cells->is_plain = false;
        if (!csv_split_add(&cells->split, line, add_split_cell, cells, &cells->row_ended, bad_offset))
            return CSV_CELLS_BAD;
        return cells->row_ended ? CSV_CELLS_DONE : CSV_CELLS_OPEN;
    }
    /* A function that answers `no blank` costs libcsv half of its speed (a call per byte), so it is set only
     * where it makes a difference. */
    csv_set_space_func(&cells->parser, has_blank_at_edge(cells, line) ? no_space : NULL);
    *bad_offset = csv_parse(&cells->parser, line.data, line.len, add_cell, end_row, cells);
    if (*bad_offset < line.len)
        return CSV_CELLS_BAD;
    cells->parser_in_use = !cells->row_ended;
    return cells->row_ended ? CSV_CELLS_DONE : CSV_CELLS_OPEN;
}

enum csv_cells_result csv_cells_end(struct csv_cells *cells)
{
    if (cells->uses_split)
        return csv_split_end(&cells->split, add_split_cell, cells) ? CSV_CELLS_DONE : CSV_CELLS_BAD;
    if (csv_fini(&cells->parser, add_cell, end_row, cells) != 0)
        return CSV_CELLS_BAD;
    assert(cells->row_ended);
    cells->parser_in_use = false;
    return CSV_CELLS_DONE;
}

struct slice *csv_cells_list(const struct csv_cells *cells)
{
    return cells->list;
}

size_t csv_cells_count(const struct csv_cells *cells)
{
    return cells->count;
}

bool csv_cells_can_pad(const struct csv_cells *cells)
{
    return !cells->has_surplus;
}

void csv_cells_pad(struct csv_cells *cells)
{
    for (size_t i = cells->count; i < cells->capacity; i++)
        cells->list[i] = slice_make("", 0);
    cells->count = cells->capacity;
}
