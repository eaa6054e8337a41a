/* date: days of the calendar, read from ISO 8601 forms or by a job's `format`.
 *
 * Read without a format: YYYY-MM-DD, YYYYMMDD, and a date-time of either (`T` or a blank, hours and minutes,
 * seconds and a zone if any), whose date is taken as it is written. A format is made of YYYY, MM or M, DD or
 * D and separators; with one, the ISO forms are still read where they cannot be mistaken for it: never beside
 * YYYY-DD-MM, and YYYYMMDD not beside a format of digits alone. The Gregorian calendar, years 1 to 9999.
 * Thread: any; pure.
 */
#ifndef KYC_RULES_DATE_H
#define KYC_RULES_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

struct date {
    unsigned year, month, day;
};

enum { DATE_TEXT_LEN = 10, DATE_PARTS_MAX = 16 };

enum date_part { DATE_YEAR, DATE_MONTH, DATE_DAY, DATE_SEPARATOR };

struct date_format {
    const char *text; /* borrowed */
    struct {
        enum date_part part;
        bool is_short; /* D or M: one digit or two */
        char separator;
    } parts[DATE_PARTS_MAX];
    size_t part_count;
    bool has_separators;
    bool iso_is_safe; /* no ISO form means another day by this format (YYYY-DD-MM) */
};

/* 0, or -1 when text is no format: each of year, month and day once, and a D or M without the zero must not
 * be followed by digits. */
int date_format_read(struct date_format *format, const char *text);

enum date_result {
    DATE_OK,
    DATE_NO_DATE,    /* not of a form that is read */
    DATE_IMPOSSIBLE, /* of the form, but no day of the calendar */
    DATE_AMBIGUOUS,  /* D/M/YYYY or M/D/YYYY, and both are days */
};

/* format: NULL for the ISO forms alone. */
enum date_result date_read(const struct date_format *format, struct slice text, struct date *date);

/* Whether text is the normal form already, so that it need not be written anew. */
static inline bool date_text_is_normal(struct slice text)
{
    return text.len == DATE_TEXT_LEN && text.at[4] == '-' && text.at[7] == '-';
}

/* YYYY-MM-DD, without a NUL. */
void date_write(struct date date, char out[DATE_TEXT_LEN]);

/* days since 1970-01-01. */
struct date date_of_days(int32_t days);

/* YYYYMMDD as a number: dates compare as these do. */
static inline unsigned date_number(struct date date)
{
    return date.year * 10000 + date.month * 100 + date.day;
}

#endif
