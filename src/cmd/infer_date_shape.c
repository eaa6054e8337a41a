#include "cmd/infer_date_shape.h"

#include <stdio.h>
#include <string.h>

#include "core/ascii.h"

enum { YEAR_MIN = 1850, YEAR_MAX = 2200, YEAR_DIGITS = 4, NUMBER_DIGITS_MAX = 14, STAMP_DIGITS = 14 };

bool infer_date_shape_is_year(unsigned year)
{
    return year >= YEAR_MIN && year <= YEAR_MAX;
}

static size_t count_digits(const char *cursor, const char *end)
{
    size_t count = 0;
    while (cursor + count < end && ascii_is_digit(cursor[count]))
        count++;
    return count;
}

static bool is_letter(char byte)
{
    return (byte & 0x80) || ascii_lower(byte) != byte || (byte >= 'a' && byte <= 'z');
}

static size_t count_letters(const char *cursor, const char *end)
{
    size_t count = 0;
    while (cursor + count < end && is_letter(cursor[count]))
        count++;
    return count;
}

static unsigned number_of(const char *cursor, size_t digits)
{
    unsigned number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (unsigned)(cursor[i] - '0');
    return number;
}

/* The format of a time of day behind a date, with the sign before it: ` h:mm:ss A`. */
static bool read_tail(struct slice text, char format[INFER_FORMAT_SIZE])
{
    const char *cursor = text.data, *end = text.data + text.len;
    char before = *cursor++;
    size_t digits = count_digits(cursor, end);
    if (digits < 1 || digits > 2 || cursor + digits == end || cursor[digits] != ':' ||
        count_digits(cursor + digits + 1, end) != 2)
        return false;
    cursor += digits + 3;
    bool seconds = cursor < end && *cursor == ':' && count_digits(cursor + 1, end) == 2;
    cursor += seconds ? 3 : 0;
    bool fraction = seconds && cursor < end && *cursor == '.' && count_digits(cursor + 1, end) > 0;
    cursor += fraction ? 1 + count_digits(cursor + 1, end) : 0;
    const char *blank = cursor < end && *cursor == ' ' ? " " : "";
    cursor += *blank != '\0';
    bool half = cursor < end && strchr("aApP", *cursor);
    const char *last = half ? "A" : cursor < end ? "Z" : "";
    if (*last == 'Z' && !strchr("ZzUuGg+-", *cursor))
        return false;
    snprintf(format, INFER_FORMAT_SIZE, "%c%s:mm%s%s%s%s", before, half ? "h" : "H", seconds ? ":ss" : "",
             fraction ? ".SSS" : "", *last ? blank : "", last);
    return true;
}

/* The offset of the time of day behind a date, with the sign before its hour; text.len when there is none. */
static size_t find_tail(struct slice text)
{
    const char *colon = text.len ? memchr(text.data, ':', text.len) : NULL;
    size_t offset = colon ? (size_t)(colon - text.data) : 0;
    while (offset > 0 && ascii_is_digit(text.data[offset - 1]))
        offset--;
    return offset > 1 && (text.data[offset - 1] == ' ' || text.data[offset - 1] == 'T') ? offset - 1
                                                                                        : text.len;
}

/* The digits of the parts that a number alone is made of. */
static bool split_digits(struct slice text, struct infer_date_shape *shape)
{
    static const struct {
        size_t digits, parts[INFER_DATE_PARTS];
        const char *tail;
    } splits[] = {{8, {2, 2, 4}, ""}, {6, {2, 2, 2}, ""}, {STAMP_DIGITS, {4, 2, 2}, "HHmmss"}};
    const char *cursor = text.data;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        if (text.len != splits[i].digits)
            continue;
        for (size_t part = 0; part < INFER_DATE_PARTS; part++) {
            size_t digits = splits[i].parts[part];
            shape->parts[part] = digits == YEAR_DIGITS ? INFER_PART_YEAR : INFER_PART_NUMBER;
            shape->numbers[part] = number_of(cursor, digits);
            if (digits == YEAR_DIGITS && !infer_date_shape_is_year(shape->numbers[part]))
                return false;
            cursor += digits;
        }
        snprintf(shape->tail, sizeof shape->tail, "%s", splits[i].tail);
        shape->is_bare = true;
        return true;
    }
    return false;
}

/* A number of one or two digits, a year, or a word; *cursor is advanced. */
static bool read_part(const char **cursor, const char *end, struct infer_date_shape *shape, size_t part)
{
    size_t digits = count_digits(*cursor, end), letters = count_letters(*cursor, end);
    if (letters) {
        if (shape->word.len)
            return false;
        shape->parts[part] = INFER_PART_WORD;
        shape->word = slice_make(*cursor, letters);
        *cursor += letters;
        /* An abbreviation's dot, unless it is what separates the parts. */
        if (end - *cursor > 1 && **cursor == '.' && !ascii_is_digit((*cursor)[1]))
            ++*cursor;
        return true;
    }
    if (digits != YEAR_DIGITS && (digits < 1 || digits > 2))
        return false;
    shape->parts[part] = digits == YEAR_DIGITS ? INFER_PART_YEAR : INFER_PART_NUMBER;
    shape->numbers[part] = number_of(*cursor, digits);
    shape->is_short[part] = digits == 1;
    *cursor += digits;
    return digits != YEAR_DIGITS || infer_date_shape_is_year(shape->numbers[part]);
}

static bool read_separator(const char **cursor, const char *end, char separator[8])
{
    size_t len = 0;
    for (; *cursor < end && !ascii_is_digit(**cursor) && !is_letter(**cursor); ++*cursor) {
        if (len && **cursor == ' ' && separator[len - 1] == ' ')
            continue; /* a cleaned value has one blank */
        if (len == 7 || **cursor == '\'' || (unsigned char)**cursor < ' ')
            return false;
        separator[len++] = **cursor;
    }
    separator[len] = '\0';
    return true;
}

/* What the values of one shape have in common. */
static bool write_key(struct infer_date_shape *shape)
{
    int len = snprintf(shape->key, sizeof shape->key, "%s%c%s%c%s%c%s%s", shape->separators[0],
                       "ynw"[shape->parts[0]], shape -> separators[1], "ynw"[shape->parts[1]],
                       shape -> separators[2], "ynw"[shape->parts[2]], shape -> separators[3], shape -> tail);
    return len < (int)sizeof shape->key;
}

bool infer_date_shape_read(struct slice text, struct infer_date_shape *shape)
{
    size_t len = find_tail(text);
    const char *cursor = text.data, *end = text.data + len;
    *shape = (struct infer_date_shape){.tail = ""};
    if (len == text.len && len > 0 && count_digits(cursor, end) == len)
        return split_digits(text, shape) && write_key(shape);
    if (len < text.len && !read_tail(slice_skip(text, len), shape->tail))
        return false;
    for (size_t part = 0; part < INFER_DATE_PARTS; part++)
        if (!read_separator(&cursor, end, shape->separators[part]) || !read_part(&cursor, end, shape, part))
            return false;
    return read_separator(&cursor, end, shape->separators[INFER_DATE_PARTS]) && cursor == end &&
           write_key(shape);
}

bool infer_date_shape_number(struct slice text, int64_t *number)
{
    const char *cursor = text.data, *end = text.data + text.len;
    bool is_negative = cursor < end && *cursor == '-';
    cursor += is_negative;
    size_t digits = count_digits(cursor, end);
    const char *behind = cursor + digits;
    *number = 0;
    for (size_t i = 0; i < digits && i < NUMBER_DIGITS_MAX; i++)
        *number = *number * 10 + (cursor[i] - '0');
    if (digits == 0 || digits > NUMBER_DIGITS_MAX ||
        (digits == YEAR_DIGITS && behind == end && infer_date_shape_is_year((unsigned)*number)))
        return false;
    *number = is_negative ? -*number : *number;
    return behind == end || (*behind == '.' && behind + 1 < end &&
                             count_digits(behind + 1, end) == (size_t)(end - behind) - 1);
}
