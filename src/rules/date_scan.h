/* date_scan: the pieces of a date's text, for the readers of dates. Inside of src/rules.
 *
 * Each reads at *index, which it advances, also over a part of what it does not accept. Thread: any; pure.
 */
#ifndef KYC_RULES_DATE_SCAN_H
#define KYC_RULES_DATE_SCAN_H

#include <string.h>
#include <strings.h>

#include "core/ascii.h"
#include "rules/date.h"

/* Reads at most count digits at *index and advances it. Returns the number of digits. */
static inline size_t date_scan_digits(struct slice text, size_t *index, size_t count, unsigned *out)
{
    size_t digits = 0;
    unsigned number = 0;
    for (; digits < count && *index < text.len && ascii_is_digit(text.data[*index]); digits++, ++*index)
        number = number * 10 + (unsigned)(text.data[*index] - '0');
    *out = number;
    return digits;
}

static inline bool date_scan_two_digits(struct slice text, size_t *index, unsigned max, unsigned *number)
{
    return date_scan_digits(text, index, 2, number) == 2 && *number <= max;
}

static inline bool date_scan_char(struct slice text, size_t *index, char c)
{
    if (*index >= text.len || text.data[*index] != c)
        return false;
    ++*index;
    return true;
}

/* A word in any case. */
static inline bool date_scan_word(struct slice text, size_t *index, const char *word)
{
    size_t len = strlen(word);
    if (text.len - *index < len || strncasecmp(text.data + *index, word, len) != 0)
        return false;
    *index += len;
    return true;
}

/* Z, UTC, GMT, ±hh, ±hhmm, ±hh:mm at *index, which is advanced. */
static inline bool date_scan_offset(struct slice text, size_t *index, struct date_reading *reading)
{
    unsigned hours, minutes = 0;
    reading->has_offset = true;
    reading->offset_s = 0;
    if (date_scan_word(text, index, "Z") || date_scan_word(text, index, "UTC") ||
        date_scan_word(text, index, "GMT"))
        return true;
    bool is_negative = date_scan_char(text, index, '-');
    if ((!is_negative && !date_scan_char(text, index, '+')) || !date_scan_two_digits(text, index, 23, &hours))
        return false;
    if (*index < text.len && (date_scan_char(text, index, ':') || ascii_is_digit(text.data[*index])) &&
        !date_scan_two_digits(text, index, 59, &minutes))
        return false;
    reading->offset_s = (int32_t)(hours * 3600 + minutes * 60) * (is_negative ? -1 : 1);
    return true;
}

/* The digits of a fraction of a second. */
static inline bool date_scan_fraction(struct slice text, size_t *index, struct date_reading *reading)
{
    size_t first = *index;
    for (; *index < text.len && ascii_is_digit(text.data[*index]); ++*index)
        reading->has_fraction |= text.data[*index] != '0';
    return *index > first;
}

/* 24:00 is the end of a day: no time follows it. */
static inline bool date_scan_is_time(const struct date_reading *reading)
{
    return reading->hour < 24 ||
           (reading->hour == 24 && reading->minute == 0 && reading->second == 0 && !reading->has_fraction);
}

#endif
