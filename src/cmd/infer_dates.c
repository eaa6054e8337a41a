/* The order of day and month in a column's dates, where its values prove one. */
#include <stdio.h>
#include <string.h>

#include "cmd/infer_column.h"
#include "rules/date_forms.h"

enum { YEAR_MIN = 1850, YEAR_MAX = 2200, SHAPES = 10 };

/* Two numbers and a year, in the order of the text: `31/12/1980`, `1980.12.31`, `31121980`. */
struct numbers {
    char separator; /* 0: none */
    bool year_first;
    unsigned first, second; /* of the two that are not the year, in their order */
    bool is_short[2];       /* one digit */
};

static bool read_number(const char **item, const char *end, size_t max, unsigned *number, size_t *len)
{
    *number = 0;
    for (*len = 0; *item < end && **item >= '0' && **item <= '9' && *len < max; ++*item, ++*len)
        *number = *number * 10 + (unsigned)(**item - '0');
    return *len > 0;
}

static bool is_year(unsigned number, size_t len)
{
    return len == 4 && number >= YEAR_MIN && number <= YEAR_MAX;
}

static bool read_digits(struct slice text, struct numbers *numbers)
{
    const char *cursor = text.data, *end = text.data + text.len;
    unsigned year;
    size_t len;

    return text.len == 8 && read_number(&cursor, end, 2, &numbers->first, &len) &&
           read_number(&cursor, end, 2, &numbers->second, &len) &&
           read_number(&cursor, end, 4, &year, &len) && is_year(year, len) && cursor == end;
}

/* Three numbers with one separator twice, one of them a year of four digits, at an end. */
static bool read_numbers(struct slice text, struct numbers *numbers)
{
    const char *cursor = text.data, *end = text.data + text.len;
    unsigned number[3];
    size_t len[3];

    *numbers = (struct numbers){0};
    for (int i = 0; i < 3; i++) {
        if (i > 0 &&
            (cursor == end || !memchr("/.- ", *cursor, 4) || (i == 2 && *cursor != numbers->separator)))
            return read_digits(text, numbers);
        if (i > 0)
            numbers->separator = *cursor++;
        if (!read_number(&cursor, end, 4, &number[i], &len[i]))
            return false;
    }
    numbers->year_first = is_year(number[0], len[0]);
    if (cursor != end || numbers->year_first == is_year(number[2], len[2]))
        return false;
    int first = numbers->year_first ? 1 : 0;
    if (len[first] > 2 || len[first + 1] > 2)
        return false;
    numbers->first = number[first];
    numbers->second = number[first + 1];
    numbers->is_short[0] = len[first] == 1;
    numbers->is_short[1] = len[first + 1] == 1;
    return true;
}

/* Reads the format of a time of day behind a date, with the sign before it: ` h:mm:ss A`. */
static bool read_tail(struct slice text, char format[INFER_FORMAT_SIZE])
{
    const char *cursor = text.data, *end = text.data + text.len;
    unsigned number;
    size_t len, seconds = 0;
    char before = *cursor++;
    if (!read_number(&cursor, end, 2, &number, &len) || cursor == end || *cursor++ != ':' ||
        !read_number(&cursor, end, 2, &number, &len))
        return false;
    if (cursor < end && *cursor == ':') {
        cursor++;
        seconds = read_number(&cursor, end, 2, &number, &len);
    }
    bool fraction = seconds && cursor < end && *cursor == '.';
    for (cursor += fraction; fraction && cursor < end && *cursor >= '0' && *cursor <= '9';)
        cursor++;
    const char *blank = cursor < end && *cursor == ' ' ? " " : "";
    cursor += *blank != '\0';
    bool half = end - cursor == 2 && strchr("aApP", *cursor) && (cursor[1] | 0x20) == 'm';
    snprintf(format, INFER_FORMAT_SIZE, "%c%s:mm%s%s%s%s", before, half ? "h" : "H", seconds ? ":ss" : "",
             fraction ? ".SSS" : "", half || cursor < end ? blank : "",
             half           ? "A"
             : cursor < end ? "Z"
                            : "");
    return true;
}

/* The offset of the time of day behind a date, with the sign before its hour; text.len when there is none. */
static size_t find_tail(struct slice text)
{
    const char *colon = text.len ? memchr(text.data, ':', text.len) : NULL;
    size_t offset = colon ? (size_t)(colon - text.data) : 0;
    while (offset > 0 && text.data[offset - 1] >= '0' && text.data[offset - 1] <= '9')
        offset--;
    return offset > 1 && (text.data[offset - 1] == ' ' || text.data[offset - 1] == 'T') ? offset - 1
                                                                                        : text.len;
}

/* The values of one shape (separator, place of the year). */
struct date_shape {
    size_t count, day_first, month_first;
    bool is_short[2];
};

static size_t shape_index(const struct numbers *numbers)
{
    static const char separators[] = "/.- ";
    const char *cursor = numbers->separator ? strchr(separators, numbers->separator) : separators + 4;

    return (size_t)(cursor - separators) + (numbers->year_first ? SHAPES / 2 : 0);
}

static bool is_day(unsigned number)
{
    return number >= 1 && number <= 31;
}

static bool is_month(unsigned number)
{
    return number >= 1 && number <= 12;
}

/* False when neither order is a date. */
static bool add_to_shape(struct date_shape *shape, const struct numbers *numbers)
{
    bool day_first = is_day(numbers->first) && is_month(numbers->second);
    bool month_first = is_month(numbers->first) && is_day(numbers->second);

    if (!day_first && !month_first)
        return false;
    shape->count++;
    shape->day_first += day_first && !month_first;
    shape->month_first += month_first && !day_first;
    for (int i = 0; i < 2; i++)
        shape->is_short[i] = shape->is_short[i] || numbers->is_short[i];
    return true;
}

static void write_format(char out[INFER_FORMAT_SIZE], size_t index, const struct date_shape *shape,
                         bool day_first, const char *tail)
{
    static const char *const separators[] = {"/", ".", "-", " ", ""};
    const char *separator = separators[index % (SHAPES / 2)];
    const char *day = shape->is_short[day_first ? 0 : 1] ? "D" : "DD";
    const char *month = shape->is_short[day_first ? 1 : 0] ? "M" : "MM";
    const char *first = day_first ? day : month, *second = day_first ? month : day;

    if (index >= SHAPES / 2)
        snprintf(out, INFER_FORMAT_SIZE, "YYYY%s%s%s%s%s", separator, first, separator, second, tail);
    else
        snprintf(out, INFER_FORMAT_SIZE, "%s%s%s%sYYYY%s", first, separator, second, separator, tail);
}

static void set_formats(struct infer_dates *dates, const struct date_shape *shape, size_t index,
                        const char *tail)
{
    bool month_leads = shape->month_first > shape->day_first;

    write_format(dates->formats[0], index, shape, !month_leads, tail);
    write_format(dates->formats[1], index, shape, month_leads, tail);
    dates->proofs[0] = month_leads ? shape->month_first : shape->day_first;
    dates->proofs[1] = month_leads ? shape->day_first : shape->month_first;
    dates->either = shape->count - dates->proofs[0] - dates->proofs[1];
    dates->order = dates->proofs[0] && !dates->proofs[1] ? INFER_DATES_KNOWN : INFER_DATES_OPEN;
}

/* One value that is not ISO. tail: of the first value; all others must have the same. */
static bool add_value(struct date_shape shapes[SHAPES], struct slice text, char tail[INFER_FORMAT_SIZE])
{
    struct numbers numbers;
    char found[INFER_FORMAT_SIZE] = "";
    size_t len = find_tail(text);

    if (len < text.len && !read_tail(slice_skip(text, len), found))
        return false;
    if (!read_numbers(slice_make(text.data, len), &numbers))
        return false;
    bool is_first = true;
    for (size_t i = 0; i < SHAPES; i++)
        is_first = is_first && shapes[i].count == 0;
    if (is_first)
        memcpy(tail, found, sizeof found);
    return strcmp(tail, found) == 0 && add_to_shape(&shapes[shape_index(&numbers)], &numbers);
}

void infer_column_dates(const struct infer_sample *sample, size_t column, struct infer_dates *dates)
{
    struct date_shape shapes[SHAPES] = {0};
    char tail[INFER_FORMAT_SIZE] = "";
    size_t best = 0;

    *dates = (struct infer_dates){.order = INFER_DATES_ISO};
    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_cell(sample, row, column);
        struct date_reading reading;
        if (infer_column_is_null(text))
            continue;
        if (date_forms_read(NULL, text, &reading) == DATE_OK && is_year(reading.date.year, 4))
            dates->iso++;
        else if (!add_value(shapes, text, tail))
            dates->other++;
    }
    for (size_t i = 1; i < SHAPES; i++)
        if (shapes[i].count > shapes[best].count)
            best = i;
    for (size_t i = 0; i < SHAPES; i++)
        dates->other += i == best ? 0 : shapes[i].count;
    if (shapes[best].count)
        set_formats(dates, &shapes[best], best, tail);
    else if (dates->other > dates->iso)
        dates->order = INFER_DATES_OTHER;
    infer_column_times(sample, column, dates);
}
