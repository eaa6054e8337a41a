#include "input/csv_flaw.h"

#include <assert.h>
#include <inttypes.h>

#include "core/utf8.h"

/* Where in its line a byte is, as an editor counts. */
static size_t column_of(const struct job_input *input, struct slice line, size_t index, struct arena *arena)
{
    struct slice before = slice_make(line.data, index);
    encoding_decode(&input->encoding, before, arena, &before); /* else its bytes are counted */
    return 1 + utf8_count(before);
}

/* The byte that far before the flaw; NUL: none. */
static char byte_before(const struct csv_flaw *flaw, size_t distance)
{
    return flaw->offset >= distance ? flaw->line.data[flaw->offset - distance] : '\0';
}

/* True when the quote that begins or ends where it should not is behind a backslash. */
static bool is_escaped(const struct job_input *input, const struct csv_flaw *flaw)
{
    if (input->escape)
        return false;
    size_t quote = flaw->line.data[flaw->offset] == input->quote ? 0 : 1;
    return byte_before(flaw, quote + 1) == '\\' && (quote == 0 || byte_before(flaw, quote) == input->quote);
}

/* True for the quote of a cell that begins with `="`. */
static bool is_guard(const struct job_input *input, const struct csv_flaw *flaw)
{
    char before = byte_before(flaw, 2);
    return !input->strips_guards && input->quote == '"' && flaw->line.data[flaw->offset] == input->quote &&
           byte_before(flaw, 1) == '=' && (flaw->offset == 1 || before == input->delimiter);
}

static struct slice explain_syntax(const struct job_input *input, const struct csv_flaw *flaw,
                                   struct arena *arena)
{
    size_t column = column_of(input, flaw->line, flaw->offset, arena);
    if (is_escaped(input, flaw))
        return arena_printf(
            arena,
            "a quote behind a backslash (column %zu of line %" PRIu64
            "): set csv: {escape: '\\'} in the job's input, or double each quote that belongs to a cell",
            column, flaw->number);
    if (is_guard(input, flaw))
        return arena_printf(
            arena,
            "a spreadsheet's =\"…\" around a value, without quotes around it (column %zu of line %" PRIu64
            "): set input.spreadsheet_guards to strip",
            column, flaw->number);
    if (flaw->line.data[flaw->offset] == input->quote)
        return arena_printf(arena,
                            "a quote inside an unquoted cell (column %zu of line %" PRIu64
                            "): quote the whole cell and double each quote in it",
                            column, flaw->number);
    if (flaw->number == flaw->first_number)
        return arena_printf(arena,
                            "text after the closing quote of a cell (column %zu of line %" PRIu64
                            "): double each quote that belongs to the cell",
                            column, flaw->number);
    return arena_printf(
        arena,
        "a quote that is opened on this line is closed on line %" PRIu64
        " in the middle of text (column %zu): close it, or double each quote that belongs to the cell",
        flaw->number, column);
}

/* What may have kept the quote open: where the job names no escape character, a quote behind a backslash. */
static const char *hint_escape(const struct job_input *input, const struct csv_flaw *flaw)
{
    const char escaped[] = {'\\', input->quote};
    if (input->escape || !memmem(flaw->first.data, flaw->first.len, escaped, sizeof escaped))
        return "close it, or double each quote that belongs to the cell";
    return "a quote behind a backslash is read with csv: {escape: '\\'} in the job's input";
}

struct slice csv_flaw_explain(const struct job_input *input, const struct csv_flaw *flaw, struct arena *arena)
{
    bool is_quoted = memchr(flaw->first.data, input->quote, flaw->first.len);
    switch (flaw->kind) {
    case CSV_FLAW_SYNTAX:
        return explain_syntax(input, flaw, arena);
    case CSV_FLAW_OPEN_AT_END:
        if (!is_quoted)
            return SLICE_LITERAL(
                "the line end behind an escape character is data, and the input ends in this record: double the escape character that belongs to the cell");
        return arena_printf(arena, "a quote that is opened on this line is never closed: %s",
                            hint_escape(input, flaw));
    case CSV_FLAW_OPEN_TOO_LONG:
        return arena_printf(
            arena,
            "a quote that is opened on this line is not closed within max_record (%zu bytes): "
            "%s, or raise input.max_record",
            input->max_record, hint_escape(input, flaw));
    }
    assert(false);
    return SLICE_LITERAL("");
}

char csv_flaw_delimiter(const struct job_input *input, const struct csv_flaw *flaw)
{
    if (flaw->kind != CSV_FLAW_SYNTAX || byte_before(flaw, 1) != input->quote)
        return '\0';
    char byte = flaw->line.data[flaw->offset];
    return byte && strchr(",;\t|", byte) ? byte : '\0';
}
