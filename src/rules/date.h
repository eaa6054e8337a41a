/* date: days of the calendar, read from ISO 8601 forms or by a job's `format`, and what a time of day behind
 * them means.
 *
 * Read without a format: YYYY-MM-DD, YYYYMMDD, and a date-time of either (`T` or a blank, hours and minutes,
 * seconds, a fraction and an offset if any). With a format (model/date_format.h), the ISO forms are still
 * read where they cannot be mistaken for it: never beside YYYY-DD-MM, and YYYYMMDD not beside a format of
 * digits alone. The Gregorian calendar, years 1 to 9999.
 *
 * A date that was written as an instant depends on a time zone: 1980-02-12T23:00Z is the 13th in Berlin. So
 * reading gives what is written, and date_settle_time the day that it means, or that this is not certain.
 * Thread: any; pure.
 */
#ifndef KYC_RULES_DATE_H
#define KYC_RULES_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"
#include "core/time_zone.h"
#include "model/date_format.h"

struct date {
    unsigned year, month, day;
};

enum { DATE_TEXT_LEN = 10 };

/* A date as it is written, with its time of day and offset if it has them. */
struct date_reading {
    struct date date;
    bool has_time, has_offset;
    bool has_fraction;             /* of a second, and not 0 */
    unsigned hour, minute, second; /* hour 24: the end of the day */
    int32_t offset_s;              /* local time less UTC */
};

enum date_result {
    DATE_OK,
    DATE_NO_DATE,    /* not of a form that is read */
    DATE_IMPOSSIBLE, /* of the form, but no day of the calendar */
    DATE_AMBIGUOUS,  /* D/M/YYYY or M/D/YYYY, and both are days */
};

/* format: NULL for the ISO forms alone. reading: filled in with DATE_OK alone. */
enum date_result date_read(const struct date_format *format, struct slice text, struct date_reading *reading);

enum date_time_result {
    DATE_TIME_OK,
    DATE_TIME_ODD,          /* not the start of a day: which day is meant is not certain */
    DATE_TIME_OUT_OF_RANGE, /* the day in the zone is none of the years 1 to 9999 */
};

/* The day that a reading with a time of day means. Without a zone midnight is the day as it is written. With
 * one, an instant (a time with an offset) must be the first of a day there, and a time without an offset the
 * first that the zone's clocks show on its day. *date: with DATE_TIME_ODD the day in which it lies, there or
 * as written. *second_of_day: that day's, for a message. */
enum date_time_result date_settle_time(const struct date_reading *reading, const struct time_zone *zone,
                                       struct date *date, unsigned *second_of_day);

/* Whether text is the normal form already, so that it need not be written anew. */
static inline bool date_text_is_normal(struct slice text)
{
    return text.len == DATE_TEXT_LEN && text.data[4] == '-' && text.data[7] == '-';
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
