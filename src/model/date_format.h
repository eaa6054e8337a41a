/* date_format: the form of a date or a date-time, as a job names it: `DD/MM/YYYY`, `M/D/YYYY h:mm:ss A`,
 * `excel`.
 *
 * Tokens: YYYY, or YY (two digits, in the job's window of 100 years); MM or M, or MMM or MMMM (a month's
 * name, short or full: each reads both); DD or D; HH or H (0 to 23), hh or h (1 to 12, with A or a: AM, PM);
 * mm; ss; SSS (a fraction of a second, one digit or more); Z (Z, UTC, GMT, +hh, +hhmm, +hh:mm). M, D, H and h
 * are one digit or two, so no other digits may touch them. Everything but letters and digits is a separator,
 * and `T` is one. Or a number, named by a word: `unix` and `unix_ms` (seconds and milliseconds since
 * 1970-01-01 00:00 UTC, negative before), `excel` (days since 1899-12-31, with the 1900-02-29 that Excel has
 * and the calendar has not; what follows the point is the time of day). Thread: any; pure.
 */
#ifndef KYC_MODEL_DATE_FORMAT_H
#define KYC_MODEL_DATE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

enum { DATE_PARTS_MAX = 24, DATE_FORMAT_LEN_MAX = 48 };

enum date_kind {
    DATE_KIND_PARTS, /* tokens and separators */
    DATE_KIND_UNIX,
    DATE_KIND_UNIX_MS,
    DATE_KIND_EXCEL,
};

enum date_part {
    DATE_YEAR,
    DATE_SHORT_YEAR, /* two digits */
    DATE_MONTH,
    DATE_DAY,
    DATE_HOUR,
    DATE_HALF_DAY_HOUR,
    DATE_MINUTE,
    DATE_SECOND,
    DATE_FRACTION,
    DATE_MONTH_NAME,
    DATE_AM_PM,
    DATE_OFFSET,
    DATE_SEPARATOR,
};

struct date_format {
    const char *text; /* borrowed */
    enum date_kind kind;
    struct {
        enum date_part part;
        bool is_short; /* one digit or two */
        char separator;
    } parts[DATE_PARTS_MAX];
    size_t part_count;
    bool has_time; /* also of the numbers, which all may have one */
    bool has_short_year, has_month_name;
    bool has_separators; /* between the parts of the day */
    bool iso_is_safe;    /* no ISO form means another day by this format (YYYY-DD-MM) */
};

/* The rows of a table for people: what a part of a form, or a word that is one, reads. NULL ends it. */
struct date_format_help {
    const char *text, *help;
};
extern const struct date_format_help date_format_helps[];

/* NULL, or what is wrong with it: a clause for a message. text must outlive format. */
const char *date_format_read(struct date_format *format, const char *text);

#endif
