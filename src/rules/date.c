#include "rules/date.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* count digits at text.at[*at], at most; *at moves behind them. Returns how many there were. */
static size_t read_digits(struct slice text, size_t *at, size_t count, unsigned *out)
{
    size_t digits = 0;
    unsigned number = 0;
    for (; digits < count && *at < text.len && is_digit(text.at[*at]); digits++, ++*at)
        number = number * 10 + (unsigned)(text.at[*at] - '0');
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

static enum date_result judge_day(struct date date)
{
    return is_day(date) ? DATE_OK : DATE_IMPOSSIBLE;
}

static bool reads_clock_part(struct slice text, size_t *at, unsigned most)
{
    unsigned number;
    return read_digits(text, at, 2, &number) == 2 && number <= most;
}

static bool skips(struct slice text, size_t *at, char c)
{
    if (*at >= text.len || text.at[*at] != c)
        return false;
    ++*at;
    return true;
}

/* Z, ±hh, ±hhmm, ±hh:mm, or nothing. */
static bool is_zone(struct slice text, size_t at)
{
    if (at == text.len)
        return true;
    if (skips(text, &at, 'Z') || skips(text, &at, 'z'))
        return at == text.len;
    if (!skips(text, &at, '+') && !skips(text, &at, '-'))
        return false;
    if (!reads_clock_part(text, &at, 23))
        return false;
    if (at == text.len)
        return true;
    skips(text, &at, ':');
    return reads_clock_part(text, &at, 59) && at == text.len;
}

/* hh:mm, hh:mm:ss, hh:mm:ss.fff…, hhmm, hhmmss; then a zone. */
static bool is_time(struct slice text, size_t at)
{
    if (!reads_clock_part(text, &at, 24))
        return false;
    bool colons = skips(text, &at, ':');
    if (!reads_clock_part(text, &at, 59))
        return false;
    bool seconds = colons ? skips(text, &at, ':') : at < text.len && is_digit(text.at[at]);
    if (seconds && !reads_clock_part(text, &at, 60))
        return false;
    if (seconds && (skips(text, &at, '.') || skips(text, &at, ','))) {
        if (at >= text.len || !is_digit(text.at[at]))
            return false;
        while (at < text.len && is_digit(text.at[at]))
            at++;
    }
    skips(text, &at, ' ');
    return is_zone(text, at);
}

static enum date_result read_iso(struct slice text, bool compact, struct date *date)
{
    size_t at = 0;
    if (read_digits(text, &at, 4, &date->year) != 4)
        return DATE_NO_DATE;
    bool hyphens = skips(text, &at, '-');
    if (!hyphens && !compact)
        return DATE_NO_DATE;
    if (read_digits(text, &at, 2, &date->month) != 2 || (hyphens && !skips(text, &at, '-')) ||
        read_digits(text, &at, 2, &date->day) != 2)
        return DATE_NO_DATE;
    if (at < text.len) {
        if (!skips(text, &at, 'T') && !skips(text, &at, 't') && !skips(text, &at, ' '))
            return DATE_NO_DATE;
        if (!is_time(text, at))
            return DATE_NO_DATE;
    }
    return judge_day(*date);
}

static enum date_result read_by_format(const struct date_format *format, struct slice text, struct date *date)
{
    size_t at = 0;
    for (size_t i = 0; i < format->part_count; i++) {
        enum date_part part = format->parts[i].part;
        if (part == DATE_SEPARATOR) {
            if (!skips(text, &at, format->parts[i].separator))
                return DATE_NO_DATE;
            continue;
        }
        size_t width = part == DATE_YEAR ? 4 : 2;
        unsigned *number = part == DATE_YEAR ? &date->year : part == DATE_MONTH ? &date->month : &date->day;
        size_t digits = read_digits(text, &at, width, number);
        if (digits < (format->parts[i].is_short ? 1 : width))
            return DATE_NO_DATE;
    }
    return at == text.len ? judge_day(*date) : DATE_NO_DATE;
}

/* Without a format, `3/4/1990` could be two days; `31/12/1990` but one, yet no form that is read. */
static enum date_result judge_other_order(struct slice text)
{
    static const char *const forms[][2] = {
        {"D/M/YYYY", "M/D/YYYY"}, {"D.M.YYYY", "M.D.YYYY"}, {"D-M-YYYY", "M-D-YYYY"}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct date first = {0, 0, 0}, second = {0, 0, 0};
        struct date_format format;
        date_format_read(&format, forms[i][0]);
        if (read_by_format(&format, text, &first) != DATE_OK)
            continue;
        date_format_read(&format, forms[i][1]);
        if (read_by_format(&format, text, &second) == DATE_OK && first.day != second.day)
            return DATE_AMBIGUOUS;
    }
    return DATE_NO_DATE;
}

enum date_result date_read(const struct date_format *format, struct slice text, struct date *date)
{
    if (!format) {
        enum date_result result = read_iso(text, true, date);
        return result == DATE_NO_DATE ? judge_other_order(text) : result;
    }
    enum date_result result = read_by_format(format, text, date);
    bool try_iso = result == DATE_NO_DATE && format->iso_is_safe;
    return try_iso ? read_iso(text, format->has_separators, date) : result;
}

static size_t run_len(const char *text)
{
    size_t len = 1;
    while (text[len] == text[0])
        len++;
    return len;
}

/* Adds the part that text begins with; returns its length, 0 when it is none. */
static size_t add_part(struct date_format *format, const char *text)
{
    if (format->part_count == DATE_PARTS_MAX)
        return 0;
    size_t len = run_len(text), at = format->part_count;
    bool is_letter = (text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z';
    if (is_digit(text[0]))
        return 0;
    if (!is_letter) {
        format->parts[at].part = DATE_SEPARATOR;
        format->parts[at].separator = text[0];
        format->has_separators = true;
        len = 1;
    } else if (text[0] == 'Y' && len == 4) {
        format->parts[at].part = DATE_YEAR;
    } else if ((text[0] == 'M' || text[0] == 'D') && len <= 2) {
        format->parts[at].part = text[0] == 'M' ? DATE_MONTH : DATE_DAY;
        format->parts[at].is_short = len == 1;
    } else {
        return 0;
    }
    format->part_count++;
    return len;
}

int date_format_read(struct date_format *format, const char *text)
{
    memset(format, 0, sizeof *format);
    format->text = text;
    while (*text) {
        size_t len = add_part(format, text);
        if (len == 0)
            return -1;
        text += len;
    }
    size_t seen[] = {0, 0, 0, 0};
    bool day_before_month = false;
    for (size_t i = 0; i < format->part_count; i++) {
        day_before_month |= format->parts[i].part == DATE_DAY && seen[DATE_MONTH] == 0;
        seen[format->parts[i].part]++;
        if (format->parts[i].is_short && i + 1 < format->part_count &&
            format->parts[i + 1].part != DATE_SEPARATOR)
            return -1;
    }
    format->iso_is_safe = format->parts[0].part != DATE_YEAR || !day_before_month;
    return seen[DATE_YEAR] == 1 && seen[DATE_MONTH] == 1 && seen[DATE_DAY] == 1 ? 0 : -1;
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
