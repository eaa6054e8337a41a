/* scrub_date: a date of the record in any way of writing it.
 *
 * Found are a day, month and year in numbers, in any order, the year with two digits or four, apart by blanks
 * or punctuation or written as one number of six or eight digits; and with the month's name, whole or
 * shortened, in the languages of the table, also without the year (28 April, April 28th) or without the day
 * (April 1960). Not found: a year, month or day alone, and numbers in words. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_SCRUB_DATE_H
#define KYC_PROVIDER_SCRUB_DATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"
#include "provider/scrub_view.h"

struct scrub_date {
    unsigned year, month, day;
    const char *name; /* of its field */
    struct scrub_date *next;
};

/* Reads YYYY-MM-DD. False when it is none. */
bool scrub_date_read(struct slice text, struct scrub_date *date);

/* The letter behind this date when it is written at letter i, a border; 0 when it is not. */
size_t scrub_date_match(const struct scrub_view *view, size_t i, const struct scrub_date *date);

#endif
