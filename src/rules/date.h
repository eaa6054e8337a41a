/* date: dates of the Gregorian calendar, years 1 to 9999, and ISO 8601.
 *
 * The day of an instant depends on a time zone: 1980-02-12T23:00Z is the 13th in Berlin. So a reading is the
 * date as written, and date_resolve_time gives the day meant, or that it is uncertain. Thread: any; pure.
 */
#ifndef KYC_RULES_DATE_H
#define KYC_RULES_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"
#include "core/time_zone.h"

struct date {
    unsigned year, month, day;
};

enum { DATE_TEXT_LEN = 10 };

/* A date as written, with its time of day and offset if it has them. */
struct date_reading {
    struct date date;
    bool has_time, has_offset;
    bool has_fraction;             /* of a second, and not 0 */
    unsigned hour, minute, second; /* hour 24: the end of the day */
    int32_t offset_s;              /* local time less UTC */
};

enum date_result {
    DATE_OK,
    DATE_UNREADABLE, /* none of the forms */
    DATE_IMPOSSIBLE, /* of the form, but not a day of the calendar */
    DATE_AMBIGUOUS,  /* of two forms, which mean different days by it */
};

bool date_is_day(struct date date);

/* YYYY-MM-DD, and with compact YYYYMMDD, either with a time if any (`T` or a blank, hours and minutes,
 * optionally seconds, a fraction and an offset, also `UTC` or `GMT`). Never DATE_AMBIGUOUS. reading: only
 * filled in with DATE_OK.
 */
enum date_result date_read_iso(struct slice text, bool compact, struct date_reading *reading);

enum date_time_result {
    DATE_TIME_OK,
    DATE_TIME_ODD,          /* not the start of a day: the day meant is uncertain */
    DATE_TIME_OUT_OF_RANGE, /* the day in the zone is outside of the years 1 to 9999 */
};

/* The day of a reading with a time of day. Without a zone, midnight means the day as written. With a zone, an
 * instant (a time with an offset) must be the first of a day there, and a time without an offset the first
 * that clocks in the zone show on that day. *date: with DATE_TIME_ODD the day that contains the time, in the
 * zone or as written. *second_of_day: within that day, for a message. */
enum date_time_result date_resolve_time(const struct date_reading *reading, const struct time_zone *zone,
                                        struct date *date, unsigned *second_of_day);

/* True when text, which was read without a time, is already YYYY-MM-DD. */
static inline bool date_text_is_normal(struct slice text)
{
    return text.len == DATE_TEXT_LEN && text.data[4] == '-' && text.data[7] == '-';
}

/* YYYY-MM-DD, without a NUL. */
void date_write(struct date date, char out[DATE_TEXT_LEN]);

/* days since 1970-01-01. */
struct date date_of_days(int32_t days);
int64_t date_to_days(struct date date);

/* YYYYMMDD as a number: dates compare as these do. */
static inline unsigned date_number(struct date date)
{
    return date.year * 10000 + date.month * 100 + date.day;
}

#endif
