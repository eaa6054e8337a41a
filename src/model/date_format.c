#include "model/date_format.h"

#include <string.h>

#define BIT(part) (1U << (part))

static const struct {
    const char *text;
    enum date_part part;
    bool is_short;
} tokens[] = {
    {"YYYY", DATE_YEAR, false},        {"YY", DATE_SHORT_YEAR, false},
    {"MMMM", DATE_MONTH_NAME, false},  {"MMM", DATE_MONTH_NAME, false},
    {"MM", DATE_MONTH, false},         {"M", DATE_MONTH, true},
    {"DD", DATE_DAY, false},           {"D", DATE_DAY, true},
    {"HH", DATE_HOUR, false},          {"H", DATE_HOUR, true},
    {"hh", DATE_HALF_DAY_HOUR, false}, {"h", DATE_HALF_DAY_HOUR, true},
    {"mm", DATE_MINUTE, false},        {"ss", DATE_SECOND, false},
    {"SSS", DATE_FRACTION, true},      {"a", DATE_AM_PM, false},
    {"A", DATE_AM_PM, false},          {"Z", DATE_OFFSET, false},
};

const struct date_format_help date_format_helps[] = {
    {"YYYY", "the year"},
    {"YY", "two digits of the year; needs `century`, the first of the 100 years that they mean"},
    {"MM", "the month, two digits"},
    {"M", "the month, one digit or two"},
    {"MMM, MMMM",
     "the month's name: each reads the short and the full one, with a dot or not, in any case, with accents or without, in English and in the language of `locale`"},
    {"DD", "the day, two digits"},
    {"D", "the day, one digit or two"},
    {"HH, H", "the hour of 24: two digits; one or two"},
    {"hh, h", "the hour of 12: two digits; one or two; needs A"},
    {"A, a", "AM or PM"},
    {"mm", "the minute"},
    {"ss", "the second"},
    {"SSS", "a fraction of the second, one digit or more"},
    {"Z", "the offset from UTC: Z, UTC, GMT, +02, +0200, +02:00"},
    {"T", "itself, and so is any sign that is neither a letter nor a digit"},
    {"unix", "alone: seconds since 1970-01-01 00:00 UTC, negative before: an instant"},
    {"unix_ms", "alone: milliseconds since then"},
    {"excel",
     "alone: days of Excel's 1900 system; a fraction is a time of day. Day 60, which Excel takes for 29 February 1900, is rejected"},
    {0},
};

/* Numbers, by their words. */
static const struct {
    const char *text;
    enum date_kind kind;
} words[] = {{"unix", DATE_KIND_UNIX}, {"unix_ms", DATE_KIND_UNIX_MS}, {"excel", DATE_KIND_EXCEL}};

static bool is_letter_or_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_number(enum date_part part)
{
    return part <= DATE_FRACTION;
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
    size_t index = format->part_count;
    if (index == DATE_PARTS_MAX)
        return 0;
    size_t len = run_len(text);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        if (strlen(tokens[i].text) != len || strncmp(text, tokens[i].text, len) != 0)
            continue;
        format->parts[index].part = tokens[i].part;
        format->parts[index].is_short = tokens[i].is_short;
        format->part_count++;
        return len;
    }
    if (is_letter_or_digit(text[0]) && text[0] != 'T')
        return 0;
    format->parts[index].part = DATE_SEPARATOR;
    format->parts[index].separator = text[0];
    format->part_count++;
    return text[0] == ' ' ? len : 1; /* of several blanks, one is left in a cleaned value */
}

/* What a part needs beside it to mean something. */
static const char *find_gap(unsigned seen)
{
    static const struct {
        enum date_part part, needs;
        const char *fault;
    } needs[] = {
        {DATE_HALF_DAY_HOUR, DATE_AM_PM, "an hour by `h` needs `A` beside it; of 24 hours it is `H`"},
        {DATE_AM_PM, DATE_HALF_DAY_HOUR, "`A` needs an hour by `h` beside it"},
        {DATE_SECOND, DATE_MINUTE, "seconds need minutes beside them"},
        {DATE_FRACTION, DATE_SECOND, "a fraction needs seconds beside it"},
    };
    bool has_hour = seen & (BIT(DATE_HOUR) | BIT(DATE_HALF_DAY_HOUR));
    unsigned years = seen & (BIT(DATE_YEAR) | BIT(DATE_SHORT_YEAR));
    unsigned months = seen & (BIT(DATE_MONTH) | BIT(DATE_MONTH_NAME));
    if (!years || !months || !(seen & BIT(DATE_DAY)))
        return "it needs day, month and year, the year as YYYY or YY";
    if (years == (BIT(DATE_YEAR) | BIT(DATE_SHORT_YEAR)))
        return "it has the year twice";
    if (months == (BIT(DATE_MONTH) | BIT(DATE_MONTH_NAME)))
        return "it has the month twice";
    if ((seen & BIT(DATE_HOUR)) && (seen & BIT(DATE_HALF_DAY_HOUR)))
        return "it has the hour twice";
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if ((seen & BIT(needs[i].part)) && !(seen & BIT(needs[i].needs)))
            return needs[i].fault;
    if (!has_hour && (seen & (BIT(DATE_MINUTE) | BIT(DATE_OFFSET))))
        return "minutes and a zone need an hour beside them";
    return NULL;
}

/* Parts whose length is open must not touch other digits. */
static bool digits_touch(const struct date_format *format)
{
    for (size_t i = 1; i < format->part_count; i++)
        if (is_number(format->parts[i - 1].part) && is_number(format->parts[i].part) &&
            (format->parts[i - 1].is_short || format->parts[i].is_short))
            return true;
    return false;
}

/* What the order of its parts implies. */
static void survey(struct date_format *format)
{
    bool month_seen = false, day_before_month = false;
    unsigned days_parts = 0;
    for (size_t i = 0; i < format->part_count; i++) {
        enum date_part part = format->parts[i].part;
        day_before_month |= part == DATE_DAY && !month_seen;
        month_seen |= part == DATE_MONTH || part == DATE_MONTH_NAME;
        format->has_month_name |= part == DATE_MONTH_NAME;
        format->has_short_year |= part == DATE_SHORT_YEAR;
        format->has_separators |= part == DATE_SEPARATOR && (days_parts == 1 || days_parts == 2);
        days_parts += part <= DATE_DAY || part == DATE_MONTH_NAME;
        format->has_time |= part == DATE_HOUR || part == DATE_HALF_DAY_HOUR;
    }
    format->iso_is_safe = format->parts[0].part != DATE_YEAR || !day_before_month || format->has_month_name;
}

static bool read_word(struct date_format *format)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(format->text, words[i].text) != 0)
            continue;
        format->kind = words[i].kind;
        format->has_time = true;
        format->iso_is_safe = true;
        return true;
    }
    return false;
}

const char *date_format_read(struct date_format *format, const char *text)
{
    unsigned seen = 0;
    memset(format, 0, sizeof *format);
    format->text = text;
    if (strlen(text) > DATE_FORMAT_LEN_MAX)
        return "it is too long";
    if (read_word(format))
        return NULL;
    while (*text) {
        size_t len = add_part(format, text);
        if (len == 0)
            return "it is made of YYYY, YY, MMMM, MMM, MM, M, DD, D, of HH, H, hh, h, mm, ss, SSS, A, Z, and of separators, or is `unix`, `unix_ms` or `excel`";
        unsigned bit = BIT(format->parts[format->part_count - 1].part);
        if (seen & bit & ~BIT(DATE_SEPARATOR))
            return "each of its parts may occur only once";
        seen |= bit;
        text += len;
    }
    const char *gap = find_gap(seen);
    if (gap)
        return gap;
    if (digits_touch(format))
        return "a D, M, H or h needs a separator on both sides: its length is open";
    survey(format);
    return NULL;
}
