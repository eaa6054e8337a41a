#include "input/csv_split.h"

#include "core/ascii.h"

#define CELL_MAX ((size_t)1 << 40) /* no bound, since the reader bounds the records (input.max_record) */

void csv_split_init(struct csv_split *split, const struct job_input *input)
{
    *split = (struct csv_split){.delimiter = input->delimiter,
                                .quote = input->quote,
                                .escape = input->escape,
                                .reads_guards = input->strips_guards && input->quote == '"'};
    buffer_init(&split->cell, CELL_MAX);
}

void csv_split_clear(struct csv_split *split)
{
    buffer_clear(&split->cell);
}

void csv_split_begin(struct csv_split *split)
{
    split->state = CSV_SPLIT_START;
    buffer_reset(&split->cell);
}

static void end_cell(struct csv_split *split, csv_split_add_cell *add_cell, void *context)
{
    add_cell(context, split->cell.len ? buffer_slice(&split->cell) : slice_make("", 0));
    csv_split_begin(split);
}

/* Bytes of the line end at the start of text; 0: none. */
static size_t line_end_len(struct slice text)
{
    if (text.len == 0 || (text.data[0] != '\r' && text.data[0] != '\n'))
        return 0;
    return slice_begins_with(text, "\r\n") ? 2 : 1;
}

/* What an escape character stands before: bytes that are taken literally; 0: the escape is itself data. */
static size_t escaped_len(struct slice rest)
{
    size_t len = line_end_len(rest);
    if (len > 0 || rest.len == 0)
        return len;
    unsigned char next = (unsigned char)rest.data[0];
    bool is_printed = next == '\t' || (next >= ' ' && next < 0x7f);
    return is_printed && !ascii_is_letter((char)next) && !ascii_is_digit((char)next);
}

/* The character that a letter stands for behind an escape character; 0xff: itself. */
static unsigned char named_character(char letter)
{
    static const char letters[] = "nrt0", characters[] = "\n\r\t\0";
    const char *found = letter ? strchr(letters, letter) : NULL;
    return found ? (unsigned char)characters[found - letters] : 0xff;
}

/* Takes the escape character at the start of text, and what it stands before. Returns the bytes taken. */
static size_t take_escaped(struct csv_split *split, struct slice text)
{
    struct slice rest = slice_skip(text, 1);
    unsigned char named = rest.len ? named_character(rest.data[0]) : 0xff;
    if (named != 0xff) {
        buffer_append_char(&split->cell, (char)named);
        return 2;
    }
    rest.len = escaped_len(rest);
    buffer_append(&split->cell, rest.len ? rest : slice_make(text.data, 1));
    return 1 + rest.len;
}

/* The start of a cell: a quote, `="`, or its first byte. Returns the bytes taken. */
static size_t take_start(struct csv_split *split, struct slice text)
{
    split->state = CSV_SPLIT_UNQUOTED;
    if (text.data[0] == split->quote) {
        split->state = CSV_SPLIT_QUOTED;
        return 1;
    }
    if (!split->reads_guards || text.len < 2 || text.data[0] != '=' || text.data[1] != split->quote)
        return 0;
    split->state = CSV_SPLIT_GUARDED;
    buffer_append(&split->cell, slice_make(text.data, 2));
    return 2;
}

/* A quote inside of a quoted or guarded cell. */
static size_t take_quote(struct csv_split *split, struct slice text)
{
    bool is_doubled = text.len > 1 && text.data[1] == split->quote;
    if (is_doubled || split->state == CSV_SPLIT_GUARDED)
        buffer_append_char(&split->cell, split->quote);
    if (is_doubled)
        return 2;
    split->state = CSV_SPLIT_CLOSED;
    return 1;
}

bool csv_split_add(struct csv_split *split, struct slice line, csv_split_add_cell *add_cell, void *context,
                   bool *ended, size_t *bad_offset)
{
    *ended = false;
    for (size_t i = 0; i < line.len;) {
        struct slice rest = slice_skip(line, i);
        char byte = line.data[i];
        size_t taken = split->state == CSV_SPLIT_START ? take_start(split, rest) : 0;
        bool is_inside = split->state == CSV_SPLIT_QUOTED || split->state == CSV_SPLIT_GUARDED;
        i += taken;
        if (taken > 0)
            continue;
        *bad_offset = i;
        if (byte == split->quote) {
            if (!is_inside)
                return false;
            i += take_quote(split, rest);
        } else if (!is_inside && byte == split->delimiter) {
            end_cell(split, add_cell, context);
            i++;
        } else if (line_end_len(rest) > 0 && split->state != CSV_SPLIT_QUOTED) {
            if (is_inside)
                return false;
            end_cell(split, add_cell, context);
            *ended = true;
            return true;
        } else if (split->state == CSV_SPLIT_CLOSED) {
            return false;
        } else if (split->escape && byte == split->escape) {
            i += take_escaped(split, rest);
        } else {
            buffer_append_char(&split->cell, byte);
            i++;
        }
    }
    return true;
}

bool csv_split_end(struct csv_split *split, csv_split_add_cell *add_cell, void *context)
{
    if (split->state == CSV_SPLIT_QUOTED || split->state == CSV_SPLIT_GUARDED)
        return false;
    end_cell(split, add_cell, context);
    return true;
}
