#include "cmd/infer_parts.h"

#include <string.h>

#include "cmd/infer_column.h"
#include "cmd/yaml_scalar.h"
#include "core/ascii.h"
#include "model/column_name.h"

enum { SHARE_PERCENT = 90, NUMBER_MAX_LEN = 8, YEAR_MIN = 1900, YEAR_MAX = 2100 };

static bool is_number_within(struct slice text, unsigned min, unsigned max)
{
    unsigned number = 0;

    if (text.len == 0 || text.len > 4)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.data[i]))
            return false;
        number = number * 10 + (unsigned)(text.data[i] - '0');
    }
    return number >= min && number <= max;
}

static bool is_day(struct slice text)
{
    return is_number_within(text, 1, 31);
}

static bool is_month(struct slice text)
{
    return is_number_within(text, 1, 12);
}

static bool is_year(struct slice text)
{
    return is_number_within(text, YEAR_MIN, YEAR_MAX);
}

/* `12`, `12a`, `3/4`. */
static bool is_house_number(struct slice text)
{
    return text.len > 0 && text.len <= NUMBER_MAX_LEN && ascii_is_digit(text.data[0]);
}

static bool has_no_digit(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (ascii_is_digit(text.data[i]))
            return false;
    return text.len > 0;
}

typedef bool is_value(struct slice text);

static bool are_most(const struct infer_sample *sample, size_t column, is_value *test)
{
    size_t good = 0, filled = infer_column_filled(sample, column);

    for (size_t row = 0; row < sample->row_count; row++)
        good += test(infer_sample_cell(sample, row, column));
    return filled > 0 && good * 100 >= filled * SHARE_PERCENT;
}

/* The column of a part by its name and its values; SYNONYMS_NO_COLUMN: none. */
static size_t find_part(const struct infer_writer *writer, enum column_part part, is_value *test)
{
    struct infer_sample *sample = writer->sample;

    for (size_t i = 0; i < sample->column_count; i++)
        if (!sample->is_list[i] && infer_sample_is_named(sample, i) &&
            column_name_part(sample->columns[i], &sample->arena) == part && are_most(sample, i, test))
            return i;
    return SYNONYMS_NO_COLUMN;
}

static void write_columns(const struct infer_writer *writer, enum field_id field, const size_t *columns,
                          size_t count, const char *rest)
{
    buffer_printf(writer->out, "  %s: {columns: [", field_name(field));
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(writer->out, i ? ", " : "");
        yaml_scalar_append(writer->out, writer->sample->columns[columns[i]]);
        writer->matches.is_part[columns[i]] = true;
    }
    buffer_printf(writer->out, "], %s}", rest);
    infer_line_remark(writer->out);
    buffer_append_text(writer->out, "CHECK: by the names and values of these columns\n");
}

/* A street without numbers beside house numbers. */
static bool write_street(const struct infer_writer *writer)
{
    size_t street = writer->matches.of[FIELD_ADDRESS_LINE1].column;
    size_t number = find_part(writer, COLUMN_PART_HOUSE_NUMBER, is_house_number);
    const size_t columns[] = {street, number};

    if (street == SYNONYMS_NO_COLUMN || number == SYNONYMS_NO_COLUMN || street == number ||
        !are_most(writer->sample, street, has_no_digit))
        return false;
    write_columns(writer, FIELD_ADDRESS_LINE1, columns, 2, "join: \" \"");
    return true;
}

static bool write_birth(const struct infer_writer *writer)
{
    const size_t columns[] = {find_part(writer, COLUMN_PART_YEAR, is_year),
                              find_part(writer, COLUMN_PART_MONTH, is_month),
                              find_part(writer, COLUMN_PART_DAY, is_day)};

    if (writer->matches.of[FIELD_DATE_OF_BIRTH].column != SYNONYMS_NO_COLUMN)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (columns[i] == SYNONYMS_NO_COLUMN)
            return false;
    write_columns(writer, FIELD_DATE_OF_BIRTH, columns, 3, "join: \"-\", format: YYYY-M-D");
    return true;
}

bool infer_parts_write(const struct infer_writer *writer, enum field_id field)
{
    return field == FIELD_ADDRESS_LINE1   ? write_street(writer)
           : field == FIELD_DATE_OF_BIRTH ? write_birth(writer)
                                          : false;
}
