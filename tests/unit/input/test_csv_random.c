/* Random records, written in a random shape, are read as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/input/reading.h"

enum { ROUNDS = 3000, COLUMNS_MAX = 5, CELL_MAX = 12, TEXT_MAX = 1 << 22 };

static uint64_t seed;

static unsigned below(unsigned bound)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % bound;
}

static bool chance(unsigned percent)
{
    return below(100) < percent;
}

struct shape {
    struct job_input input;
    const char *line_end;
    size_t columns, records;
};

static const char *const letters[] = {"a",  "b", "7",  " ",  ",",  ";", "\t",       "|",
                                      "\"", "'", "\\", "\n", "\r", "=", "\xc3\xa9", "N"};

static void make_cell(char cell[static 2 * CELL_MAX + 1])
{
    cell[0] = '\0';
    for (unsigned len = chance(30) ? 0 : below(CELL_MAX); len > 0; len--)
        /* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.strcpy): CELL_MAX of two bytes fit. */
        strcat(cell, letters[below(sizeof letters / sizeof *letters)]);
}

/* A cell in quotes, where its quotes are doubled, or escaped if the shape has an escape character. */
static void write_quoted(struct buffer *out, const struct job_input *input, const char *cell)
{
    bool escapes = input->escape && chance(50);
    buffer_append_char(out, input->quote);
    for (; *cell; cell++) {
        if (*cell == input->quote)
            buffer_append_char(out, escapes ? input->escape : input->quote);
        else if (input->escape && *cell == input->escape)
            buffer_append_char(out, input->escape);
        buffer_append_char(out, *cell);
    }
    buffer_append_char(out, input->quote);
}

static void write_escaped(struct buffer *out, const struct job_input *input, const char *cell)
{
    for (; *cell; cell++) {
        if (*cell == input->escape || *cell == input->quote || *cell == input->delimiter || *cell == '\n')
            buffer_append_char(out, input->escape);
        buffer_append_char(out, *cell);
    }
}

/* is_alone: without quotes an empty cell would be a blank line. */
static void write_cell(struct buffer *out, const struct job_input *input, const char *cell, bool is_alone)
{
    char special[] = {input->delimiter, input->quote, '\r', '\n', input->escape, '\0'};
    if (input->escape && !strchr(cell, '\r') && !(is_alone && !*cell) && chance(50))
        write_escaped(out, input, cell);
    else if (strpbrk(cell, special) || (is_alone && !*cell) || chance(20))
        write_quoted(out, input, cell);
    else
        buffer_append_text(out, cell);
}

static uint64_t lines_in(struct slice text)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count +=
            text.data[i] == '\n' || (text.data[i] == '\r' && (i + 1 == text.len || text.data[i + 1] != '\n'));
    return count;
}

static void write_record(struct buffer *text, struct buffer *want, const struct shape *shape, size_t row)
{
    char cells[COLUMNS_MAX][2 * CELL_MAX + 1];
    size_t count = shape->columns;
    buffer_printf(want, "%zu@%llu ", row, (unsigned long long)lines_in(buffer_slice(text)) + 1);
    for (size_t i = 0; i < shape->columns; i++) {
        make_cell(cells[i]);
        buffer_append_text(want, i ? "|" : "");
        reading_add(want, slice_from(cells[i]));
    }
    while (shape->input.ragged == JOB_RAGGED_PAD && count > 1 && !*cells[count - 1] && chance(70))
        count--;
    for (size_t i = 0; i < count; i++) {
        if (i)
            buffer_append_char(text, shape->input.delimiter);
        write_cell(text, &shape->input, cells[i], count == 1);
    }
    while (shape->input.ragged == JOB_RAGGED_PAD && count == shape->columns && chance(20))
        buffer_append_char(text, shape->input.delimiter);
    buffer_append_text(want, row + shape->input.skip_footer > shape->records ? " (footer)\n" : "\n");
    buffer_append_text(text, shape->line_end);
}

static void make_shape(struct shape *shape)
{
    static struct slice names[] = {{"c1", 2}, {"c2", 2}, {"c3", 2}, {"c4", 2}, {"c5", 2}};
    static const char delimiters[] = {',', ';', '\t', '|'};
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    *shape = (struct shape){.input = {.format = JOB_FORMAT_CSV, .max_record = 1 << 20},
                            .line_end = ends[below(3)],
                            .columns = 1 + below(COLUMNS_MAX),
                            .records = chance(90) ? below(20) : 240 + below(40)};
    struct job_input *input = &shape->input;
    input->delimiter = delimiters[below(4)];
    input->quote = chance(80) ? '"' : '\'';
    input->escape = chance(50) ? '\\' : '\0';
    input->strips_guards = chance(20);
    input->ragged = chance(40) ? JOB_RAGGED_PAD : JOB_RAGGED_REJECT;
    input->skip_footer = chance(40) ? below(4) : 0;
    if (chance(30)) {
        input->header = names;
        input->header_count = shape->columns;
    } else if (chance(50)) {
        input->skip_lines = below(4);
    }
}

static void write_start(struct buffer *text, const struct shape *shape)
{
    char title[2 * CELL_MAX + 1];
    for (uint32_t i = 0; i < shape->input.skip_lines; i++) {
        make_cell(title);
        title[strcspn(title, "\r\n")] = '\0';
        buffer_append_text(text, title);
        buffer_append_text(text, shape->line_end);
    }
    for (size_t i = 0; !shape->input.header && i < shape->columns; i++)
        buffer_printf(text, "%.*sc%zu", i ? 1 : 0, &shape->input.delimiter, i + 1);
    buffer_append_text(text, shape->input.header ? "" : shape->line_end);
}

static void records_are_read_as_they_were_written(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct shape shape;
        struct buffer text, want, got;
        seed = round;
        make_shape(&shape);
        buffer_init(&text, TEXT_MAX);
        buffer_init(&want, TEXT_MAX);
        write_start(&text, &shape);
        for (size_t i = 1; i <= shape.records; i++)
            write_record(&text, &want, &shape, i);
        buffer_append_text(&want, "end");
        reading_run(&shape.input, buffer_slice(&text), 1 + below(300), 0, &got);
        size_t same = 0, line = 0;
        for (; got.data[same] && got.data[same] == want.data[same]; same++)
            line = got.data[same] == '\n' ? same + 1 : line;
        if (!slice_equal(buffer_slice(&got), buffer_slice(&want)))
            fail_msg("round %llu: want\n%.200s\ngot\n%.200s", (unsigned long long)round, want.data + line,
                     got.data + line);
        buffer_clear(&text);
        buffer_clear(&want);
        buffer_clear(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(records_are_read_as_they_were_written)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("csv_random", tests, NULL, NULL);
}
