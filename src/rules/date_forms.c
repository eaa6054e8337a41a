#include "rules/date_forms.h"

#include <string.h>

#include "rules/date_scan.h"

enum { DAY_S = 86400, MS_PER_S = 1000, NUMBER_DIGITS_MAX = 15 };

/* What the parts of a text add up to beside the reading itself. */
struct parts {
    struct date_reading reading;
    unsigned half_day_hour, short_year;
    bool is_pm;
};

/* AM, am, a.m., `p. m.`, which is what Spanish programs write. */
static bool read_am_pm(struct slice text, size_t *index, bool *is_pm)
{
    *is_pm = date_scan_word(text, index, "p");
    if (!*is_pm && !date_scan_word(text, index, "a"))
        return false;
    bool has_dots = date_scan_char(text, index, '.');
    if (has_dots)
        date_scan_char(text, index, ' ');
    return date_scan_word(text, index, "m") && (!has_dots || date_scan_char(text, index, '.'));
}

/* The variable for a part's digits, and their maximum number. */
static unsigned *number_for_part(enum date_part part, struct parts *parts, size_t *width)
{
    *width = part == DATE_YEAR ? 4 : 2;
    switch (part) {
    case DATE_YEAR:
        return &parts->reading.date.year;
    case DATE_SHORT_YEAR:
        return &parts->short_year;
    case DATE_MONTH:
        return &parts->reading.date.month;
    case DATE_DAY:
        return &parts->reading.date.day;
    case DATE_HALF_DAY_HOUR:
        return &parts->half_day_hour;
    case DATE_MINUTE:
        return &parts->reading.minute;
    case DATE_SECOND:
        return &parts->reading.second;
    default:
        return &parts->reading.hour;
    }
}

/* A month's name, and a dot behind it that is not the format's own. */
static bool read_month_name(const struct date_forms *forms, bool before_dot, struct slice text, size_t *index,
                            unsigned *month)
{
    size_t len;
    *month = month_names_read(forms->months, slice_skip(text, *index), &len);
    if (*month == 0)
        return false;
    *index += len;
    if (!before_dot || (*index + 1 < text.len && text.data[*index + 1] == '.'))
        date_scan_char(text, index, '.');
    return true;
}

static bool is_dot(const struct date_format *format, size_t index)
{
    return index < format->part_count && format->parts[index].part == DATE_SEPARATOR &&
           format->parts[index].separator == '.';
}

static bool read_part(const struct date_forms *forms, const struct date_format *format, size_t index,
                      struct slice text, size_t *position, struct parts *parts)
{
    enum date_part part = format->parts[index].part;
    size_t width;
    switch (part) {
    case DATE_SEPARATOR:
        return date_scan_char(text, position, format->parts[index].separator);
    case DATE_MONTH_NAME:
        return read_month_name(forms, is_dot(format, index + 1), text, position, &parts->reading.date.month);
    case DATE_FRACTION:
        return date_scan_fraction(text, position, &parts->reading);
    case DATE_AM_PM:
        return read_am_pm(text, position, &parts->is_pm);
    case DATE_OFFSET:
        return date_scan_offset(text, position, &parts->reading);
    default:
        break;
    }
    unsigned *number = number_for_part(part, parts, &width);
    size_t digits = date_scan_digits(text, position, width, number);
    if (part == DATE_HALF_DAY_HOUR && (*number < 1 || *number > 12))
        return false;
    return digits >= (format->parts[index].is_short ? 1 : width);
}

static enum date_result read_parts(const struct date_forms *forms, const struct date_format *format,
                                   struct slice text, struct date_reading *reading)
{
    struct parts parts = {.reading = {.has_time = format->has_time}};
    size_t index = 0;
    for (size_t i = 0; i < format->part_count; i++)
        if (!read_part(forms, format, i, text, &index, &parts))
            return DATE_UNREADABLE;
    *reading = parts.reading;
    if (parts.half_day_hour)
        reading->hour = parts.half_day_hour % 12 + (parts.is_pm ? 12 : 0);
    if (format->has_short_year)
        reading->date.year = forms->century + (parts.short_year + 100 - forms->century % 100) % 100;
    if (index != text.len || reading->minute > 59 || reading->second > 60 || !date_scan_is_time(reading))
        return DATE_UNREADABLE;
    return date_is_day(reading->date) ? DATE_OK : DATE_IMPOSSIBLE;
}

/* A number as it is written. */
struct number {
    int64_t whole;
    bool is_negative;
    struct slice fraction; /* its digits; empty: none */
};

/* Digits with a sign and a point, and nothing else. */
static bool read_number(struct slice text, struct number *number)
{
    size_t index = 0, digits = 0;
    *number = (struct number){.is_negative = date_scan_char(text, &index, '-')};
    for (; index < text.len && ascii_is_digit(text.data[index]); index++) {
        if (++digits > NUMBER_DIGITS_MAX)
            return false;
        number->whole = number->whole * 10 + (text.data[index] - '0');
    }
    if (date_scan_char(text, &index, '.')) {
        number->fraction = slice_skip(text, index);
        while (index < text.len && ascii_is_digit(text.data[index]))
            index++;
        if (number->fraction.len == 0)
            return false;
    }
    return digits > 0 && index == text.len;
}

static bool is_nonzero(struct slice digits)
{
    for (size_t i = 0; i < digits.len; i++)
        if (digits.data[i] != '0')
            return true;
    return false;
}

/* *high gets value / unit, rounded down; returns the rest, 0 to unit - 1. */
static unsigned split(int64_t value, int64_t unit, int64_t *high)
{
    *high = value / unit - (value % unit < 0);
    return (unsigned)(value - *high * unit);
}

static void set_time(struct date_reading *reading, unsigned second_of_day)
{
    reading->hour = second_of_day / 3600;
    reading->minute = second_of_day / 60 % 60;
    reading->second = second_of_day % 60;
}

/* False outside of the years 1 to 9999. */
static bool set_day(struct date_reading *reading, int64_t day)
{
    if (day < date_to_days((struct date){1, 1, 1}) || day > date_to_days((struct date){9999, 12, 31}))
        return false;
    reading->date = date_of_days((int32_t)day);
    return true;
}

static enum date_result read_unix(struct slice text, bool is_ms, struct date_reading *reading)
{
    struct number number;
    int64_t day;
    if (!read_number(text, &number))
        return DATE_UNREADABLE;
    *reading = (struct date_reading){.has_time = true, .has_offset = true};
    reading->has_fraction = is_nonzero(number.fraction);
    int64_t seconds = number.is_negative ? -number.whole : number.whole;
    if (is_ms)
        reading->has_fraction |= split(seconds, MS_PER_S, &seconds) != 0;
    if (number.is_negative && is_nonzero(number.fraction) && !is_ms)
        seconds--; /* rounded down, as all of them */
    set_time(reading, split(seconds, DAY_S, &day));
    return set_day(reading, day) ? DATE_OK : DATE_IMPOSSIBLE;
}

/* A fraction of a day in ms, rounded: Excel writes 15 digits of a binary number. */
static int64_t ms_of_day(struct slice fraction)
{
    enum { DIGITS = 11 };
    int64_t number = 0, unit = 1;
    for (size_t i = 0; i < fraction.len && i < DIGITS; i++, unit *= 10)
        number = number * 10 + (fraction.data[i] - '0');
    return (number * DAY_S * MS_PER_S + unit / 2) / unit;
}

/* Day 60 is 1900-02-29, which Lotus 1-2-3 took for a day and Excel kept; day 0 is 1900-01-00. */
static enum date_result read_excel(struct slice text, struct date_reading *reading)
{
    enum { DAY_1970 = 25569, NO_DAY = 60 };
    struct number number;
    if (!read_number(text, &number) || number.is_negative)
        return DATE_UNREADABLE;
    *reading = (struct date_reading){.has_time = number.fraction.len > 0};
    int64_t seconds, ms = ms_of_day(number.fraction);
    reading->has_fraction = split(ms, MS_PER_S, &seconds) != 0;
    set_time(reading, (unsigned)seconds);
    if (number.whole == 0 || number.whole == NO_DAY)
        return DATE_IMPOSSIBLE;
    return set_day(reading, number.whole - DAY_1970 + (number.whole < NO_DAY)) ? DATE_OK : DATE_IMPOSSIBLE;
}

static enum date_result read_form(const struct date_forms *forms, const struct date_format *format,
                                  struct slice text, struct date_reading *reading)
{
    switch (format->kind) {
    case DATE_KIND_UNIX:
    case DATE_KIND_UNIX_MS:
        return read_unix(text, format->kind == DATE_KIND_UNIX_MS, reading);
    case DATE_KIND_EXCEL:
        return read_excel(text, reading);
    case DATE_KIND_PARTS:
        break;
    }
    return read_parts(forms, format, text, reading);
}

/* Without a format, `3/4/1990` is one of two days. `31/12/1990` can only be one, and is not accepted either.
 */
static enum date_result check_ambiguity(struct slice text)
{
    static const char *const forms[][2] = {
        {"D/M/YYYY", "M/D/YYYY"}, {"D.M.YYYY", "M.D.YYYY"}, {"D-M-YYYY", "M-D-YYYY"}};
    static const struct date_forms no_words = {.count = 0};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct date_reading first, second;
        struct date_format format;
        date_format_read(&format, forms[i][0]);
        if (read_parts(&no_words, &format, text, &first) != DATE_OK)
            continue;
        date_format_read(&format, forms[i][1]);
        if (read_parts(&no_words, &format, text, &second) == DATE_OK && first.date.day != second.date.day)
            return DATE_AMBIGUOUS;
    }
    return DATE_UNREADABLE;
}

/* A date without a time is its midnight. */
static bool agree(const struct date_forms *forms, const struct date_reading *a, const struct date_reading *b)
{
    if (date_number(a->date) != date_number(b->date))
        return false;
    return forms->drops_time || (a->hour == b->hour && a->minute == b->minute && a->second == b->second &&
                                 a->has_fraction == b->has_fraction && a->has_offset == b->has_offset &&
                                 a->offset_s == b->offset_s);
}

/* Adds what one more form reads to what others did. */
static enum date_result merge(const struct date_forms *forms, enum date_result result,
                              struct date_reading *reading, enum date_result next,
                              const struct date_reading *next_reading)
{
    if (next == DATE_UNREADABLE || result == DATE_AMBIGUOUS)
        return result;
    if (next == DATE_IMPOSSIBLE)
        return result == DATE_OK ? DATE_OK : DATE_IMPOSSIBLE;
    if (result == DATE_OK)
        return agree(forms, reading, next_reading) ? DATE_OK : DATE_AMBIGUOUS;
    *reading = *next_reading;
    return DATE_OK;
}

enum date_result date_forms_read(const struct date_forms *forms, struct slice text,
                                 struct date_reading *reading)
{
    enum date_result result;
    struct date_reading next;
    if (!forms) {
        result = date_read_iso(text, true, reading);
        return result == DATE_UNREADABLE ? check_ambiguity(text) : result;
    }
    result = DATE_UNREADABLE;
    for (size_t i = 0; i < forms->count; i++) {
        enum date_result found = read_form(forms, &forms->formats[i], text, &next);
        result = merge(forms, result, reading, found, &next);
    }
    if (forms->reads_iso) {
        enum date_result found = date_read_iso(text, forms->reads_compact_iso, &next);
        result = merge(forms, result, reading, found, &next);
    }
    return result;
}

/* `DD/MM/YYYY, MM/DD/YYYY or excel`. */
static const char *join_texts(const struct date_settings *settings, struct arena *arena)
{
    struct slice text = slice_from(settings->formats[0]);
    for (size_t i = 1; i < settings->format_count; i++)
        text = arena_printf(arena, "%s%s%s", text.data, i + 1 < settings->format_count ? ", " : " or ",
                            settings->formats[i]);
    return text.data;
}

const struct date_forms *date_forms_new(const struct date_settings *settings, struct arena *arena, size_t *at,
                                        const char **fault)
{
    struct date_forms *forms = arena_alloc(arena, sizeof *forms);
    *forms =
        (struct date_forms){.formats = arena_alloc(arena, settings->format_count * sizeof *forms->formats),
                            .count = settings->format_count,
                            .century = settings->century,
                            .drops_time = settings->drops_time,
                            .text = join_texts(settings, arena)};
    bool has_names = false;
    for (size_t i = 0; i < forms->count; i++) {
        struct date_format *format = &forms->formats[i];
        *at = i;
        *fault = date_format_read(format, settings->formats[i]);
        if (*fault)
            return NULL;
        has_names |= format->has_month_name;
        forms->reads_iso |= format->iso_is_safe;
        forms->reads_compact_iso |= format->iso_is_safe && format->has_separators;
    }
    forms->months = has_names ? month_names_new(settings->locale, arena) : NULL;
    if (!has_names || forms->months)
        return forms;
    *fault = "the months of its `locale` are numbers; write `M`";
    return NULL;
}
