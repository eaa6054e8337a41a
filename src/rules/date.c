#include "rules/date.h"

#include "core/ascii.h"

/* Reads at most count digits at *index and advances it. Returns the number of digits. */
static size_t read_digits(struct slice text, size_t *index, size_t count, unsigned *out)
{
    size_t digits = 0;
    unsigned number = 0;
    for (; digits < count && *index < text.len && ascii_is_digit(text.data[*index]); digits++, ++*index)
        number = number * 10 + (unsigned)(text.data[*index] - '0');
    *out = number;
    return digits;
}

static bool is_day(struct date date)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.year == 0 || date.month < 1 || date.month > 12 || date.day < 1)
        return false;
    bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    unsigned last = lengths[date.month - 1] + (date.month == 2 && leap ? 1U : 0U);
    return date.day <= last;
}

static enum date_result check_day(struct date date)
{
    return is_day(date) ? DATE_OK : DATE_IMPOSSIBLE;
}

static bool read_clock_part(struct slice text, size_t *index, unsigned max, unsigned *number)
{
    return read_digits(text, index, 2, number) == 2 && *number <= max;
}

static bool skip_char(struct slice text, size_t *index, char c)
{
    if (*index >= text.len || text.data[*index] != c)
        return false;
    ++*index;
    return true;
}

/* Z, ±hh, ±hhmm, ±hh:mm at *index, which is advanced. */
static bool read_offset(struct slice text, size_t *index, struct date_reading *reading)
{
    unsigned hours, minutes = 0;
    reading->has_offset = true;
    reading->offset_s = 0;
    if (skip_char(text, index, 'Z') || skip_char(text, index, 'z'))
        return true;
    bool is_negative = skip_char(text, index, '-');
    if ((!is_negative && !skip_char(text, index, '+')) || !read_clock_part(text, index, 23, &hours))
        return false;
    if (*index < text.len && (skip_char(text, index, ':') || ascii_is_digit(text.data[*index])) &&
        !read_clock_part(text, index, 59, &minutes))
        return false;
    reading->offset_s = (int32_t)(hours * 3600 + minutes * 60) * (is_negative ? -1 : 1);
    return true;
}

/* The digits of a fraction of a second. */
static bool read_fraction(struct slice text, size_t *index, struct date_reading *reading)
{
    size_t first = *index;
    for (; *index < text.len && ascii_is_digit(text.data[*index]); ++*index)
        reading->has_fraction |= text.data[*index] != '0';
    return *index > first;
}

/* 24:00 is the end of a day: no time follows it. */
static bool is_clock_time(const struct date_reading *reading)
{
    return reading->hour < 24 ||
           (reading->hour == 24 && reading->minute == 0 && reading->second == 0 && !reading->has_fraction);
}

/* hh:mm, hh:mm:ss, hh:mm:ss.fff…, hhmm, hhmmss; then an offset if any. */
static bool read_iso_time(struct slice text, size_t offset, struct date_reading *reading)
{
    reading->has_time = true;
    if (!read_clock_part(text, &offset, 24, &reading->hour))
        return false;
    bool colons = skip_char(text, &offset, ':');
    if (!read_clock_part(text, &offset, 59, &reading->minute))
        return false;
    bool seconds =
        colons ? skip_char(text, &offset, ':') : offset < text.len && ascii_is_digit(text.data[offset]);
    if (seconds && !read_clock_part(text, &offset, 60, &reading->second))
        return false;
    if (seconds && (skip_char(text, &offset, '.') || skip_char(text, &offset, ',')) &&
        !read_fraction(text, &offset, reading))
        return false;
    skip_char(text, &offset, ' ');
    return (offset == text.len || read_offset(text, &offset, reading)) && offset == text.len &&
           is_clock_time(reading);
}

static enum date_result read_iso(struct slice text, bool compact, struct date_reading *reading)
{
    size_t index = 0;
    struct date *date = &reading->date;
    if (read_digits(text, &index, 4, &date->year) != 4)
        return DATE_UNREADABLE;
    bool hyphens = skip_char(text, &index, '-');
    if (!hyphens && !compact)
        return DATE_UNREADABLE;
    if (read_digits(text, &index, 2, &date->month) != 2 || (hyphens && !skip_char(text, &index, '-')) ||
        read_digits(text, &index, 2, &date->day) != 2)
        return DATE_UNREADABLE;
    if (index < text.len) {
        if (!skip_char(text, &index, 'T') && !skip_char(text, &index, 't') && !skip_char(text, &index, ' '))
            return DATE_UNREADABLE;
        if (!read_iso_time(text, index, reading))
            return DATE_UNREADABLE;
    }
    return check_day(*date);
}

static bool read_am_pm(struct slice text, size_t *index, bool *is_pm)
{
    if (*index + 2 > text.len || (text.data[*index + 1] | 0x20) != 'm')
        return false;
    char first = (char)(text.data[*index] | 0x20);
    *is_pm = first == 'p';
    *index += 2;
    return first == 'a' || first == 'p';
}

/* The variable for a part's digits, and their maximum number. */
static unsigned *number_for_part(enum date_part part, struct date_reading *reading, size_t *width)
{
    *width = part == DATE_YEAR ? 4 : 2;
    switch (part) {
    case DATE_YEAR:
        return &reading->date.year;
    case DATE_MONTH:
        return &reading->date.month;
    case DATE_DAY:
        return &reading->date.day;
    case DATE_MINUTE:
        return &reading->minute;
    case DATE_SECOND:
        return &reading->second;
    default:
        return &reading->hour;
    }
}

static bool read_part(const struct date_format *format, size_t index, struct slice text, size_t *position,
                      struct date_reading *reading, bool *is_pm)
{
    enum date_part part = format->parts[index].part;
    size_t width;
    switch (part) {
    case DATE_SEPARATOR:
        return skip_char(text, position, format->parts[index].separator);
    case DATE_FRACTION:
        return read_fraction(text, position, reading);
    case DATE_AM_PM:
        return read_am_pm(text, position, is_pm);
    case DATE_OFFSET:
        return read_offset(text, position, reading);
    default:
        break;
    }
    unsigned *number = number_for_part(part, reading, &width);
    size_t digits = read_digits(text, position, width, number);
    if (part == DATE_HALF_DAY_HOUR && (*number < 1 || *number > 12))
        return false;
    return digits >= (format->parts[index].is_short ? 1 : width);
}

static enum date_result read_by_format(const struct date_format *format, struct slice text,
                                       struct date_reading *reading)
{
    size_t index = 0;
    bool is_pm = false, is_half_day = false;
    *reading = (struct date_reading){.has_time = format->has_time};
    for (size_t i = 0; i < format->part_count; i++) {
        if (!read_part(format, i, text, &index, reading, &is_pm))
            return DATE_UNREADABLE;
        is_half_day |= format->parts[i].part == DATE_HALF_DAY_HOUR;
    }
    if (is_half_day)
        reading->hour = reading->hour % 12 + (is_pm ? 12 : 0);
    if (index != text.len || reading->minute > 59 || reading->second > 60 || !is_clock_time(reading))
        return DATE_UNREADABLE;
    return check_day(reading->date);
}

/* Without a format, `3/4/1990` is one of two days. `31/12/1990` can only be one, and is not accepted either.
 */
static enum date_result check_ambiguity(struct slice text)
{
    static const char *const forms[][2] = {
        {"D/M/YYYY", "M/D/YYYY"}, {"D.M.YYYY", "M.D.YYYY"}, {"D-M-YYYY", "M-D-YYYY"}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct date_reading first, second;
        struct date_format format;
        date_format_read(&format, forms[i][0]);
        if (read_by_format(&format, text, &first) != DATE_OK)
            continue;
        date_format_read(&format, forms[i][1]);
        if (read_by_format(&format, text, &second) == DATE_OK && first.date.day != second.date.day)
            return DATE_AMBIGUOUS;
    }
    return DATE_UNREADABLE;
}

enum date_result date_read(const struct date_format *format, struct slice text, struct date_reading *reading)
{
    enum date_result result = format ? read_by_format(format, text, reading) : DATE_UNREADABLE;
    if (result != DATE_UNREADABLE || (format && !format->iso_is_safe))
        return result;
    *reading = (struct date_reading){.has_time = false};
    result = read_iso(text, !format || format->has_separators, reading);
    return result == DATE_UNREADABLE && !format ? check_ambiguity(text) : result;
}

/* Days since 1970-01-01, the inverse of date_of_days. */
static int64_t days_of(struct date date)
{
    enum { DAYS_TO_1970 = 719468, ERA_DAYS = 146097 };
    int64_t year = (int64_t)date.year - (date.month <= 2);
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * ((int64_t)date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970;
}

static bool is_midnight(const struct date_reading *reading)
{
    return reading->hour == 0 && reading->minute == 0 && reading->second == 0 && !reading->has_fraction;
}

/* A local time without an offset begins its day where the clock skipped midnight: some instant of that local
 * time is the first of the day. */
static bool starts_local_day(const struct time_zone *zone, int64_t local_s)
{
    for (int hours = -24; hours <= 24; hours += 48) {
        int32_t offset = time_zone_offset(zone, local_s + (int64_t)hours * 3600);
        bool starts;
        time_zone_day(zone, local_s - offset, &starts);
        if (starts && time_zone_offset(zone, local_s - offset) == offset)
            return true;
    }
    return false;
}

enum date_time_result date_resolve_time(const struct date_reading *reading, const struct time_zone *zone,
                                        struct date *date, unsigned *second_of_day)
{
    enum { DAY_S = 86400 };
    *date = reading->date;
    *second_of_day = reading->hour * 3600 + reading->minute * 60 + reading->second;
    if (!zone || !reading->has_offset) {
        if (is_midnight(reading))
            return DATE_TIME_OK;
        int64_t local_s = days_of(*date) * DAY_S + *second_of_day;
        bool starts = zone && !reading->has_fraction && reading->second < 60 && reading->hour < 24 &&
                      starts_local_day(zone, local_s);
        return starts ? DATE_TIME_OK : DATE_TIME_ODD;
    }
    int64_t instant = days_of(*date) * DAY_S + *second_of_day - reading->offset_s;
    bool starts;
    int64_t day = time_zone_day(zone, instant, &starts);
    if (day < days_of((struct date){1, 1, 1}) || day > days_of((struct date){9999, 12, 31}))
        return DATE_TIME_OUT_OF_RANGE;
    *date = date_of_days((int32_t)day);
    *second_of_day = (unsigned)(instant + time_zone_offset(zone, instant) - day * DAY_S);
    return starts && !reading->has_fraction && reading->second < 60 ? DATE_TIME_OK : DATE_TIME_ODD;
}

static void write_number(char *out, unsigned number, size_t width)
{
    while (width-- > 0) {
        out[width] = (char)('0' + number % 10);
        number /= 10;
    }
}

void date_write(struct date date, char out[DATE_TEXT_LEN])
{
    write_number(out, date.year, 4);
    out[4] = '-';
    write_number(out + 5, date.month, 2);
    out[7] = '-';
    write_number(out + 8, date.day, 2);
}

/* Days to a date in the proleptic Gregorian calendar, by eras of 400 years that begin in March. */
struct date date_of_days(int32_t days)
{
    enum { DAYS_TO_1970 = 719468, ERA_DAYS = 146097 };
    unsigned day = (unsigned)(days + DAYS_TO_1970);
    unsigned era = day / ERA_DAYS, of_era = day % ERA_DAYS;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153;
    struct date date = {era * 400 + year, month < 10 ? month + 3 : month - 9,
                        of_year - (153 * month + 2) / 5 + 1};
    date.year += date.month <= 2;
    return date;
}
