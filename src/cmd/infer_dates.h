/* infer_dates: the forms of a column's dates, where its values prove them.
 *
 * Values of one shape (cmd/infer_date_shape.h) have one form. It is proven when all of them can be read by it
 * and not all by another order of day, month and year. Numbers are days of Excel, seconds or milliseconds, if
 * all other readings would be within days of 1970. Thread: one at a time.
 */
#ifndef KYC_CMD_INFER_DATES_H
#define KYC_CMD_INFER_DATES_H

#include "cmd/infer_date_shape.h"
#include "cmd/infer_sample.h"
#include "rules/date_forms.h"

enum infer_order {
    INFER_DATES_ISO,   /* only forms that are always read, or no value */
    INFER_DATES_KNOWN, /* values prove the forms: readings[0] */
    INFER_DATES_OPEN,  /* several readings are possible, or contradict each other */
    INFER_DATES_OTHER, /* most have a form that no format reads */
};

enum { INFER_FORMS_MAX = 8, INFER_READINGS_MAX = 3, INFER_WORDS_MAX = 48 };

/* One way to read the column. */
struct infer_reading {
    char forms[INFER_FORMS_MAX][INFER_FORMAT_SIZE];
    size_t form_count;
    size_t proofs;  /* values that no other reading can read */
    size_t adopted; /* values that prove no order, and are read by that of the others */
    bool has_short_year, has_names, has_time, has_excel; /* in one of its forms */
};

struct infer_dates {
    enum infer_order order;
    struct infer_reading readings[INFER_READINGS_MAX];
    size_t reading_count;
    size_t either;                    /* values that can be read by several readings */
    size_t iso, other;                /* values of ISO 8601; of none of the forms */
    size_t bare;                      /* values of digits alone: dates only if the column is one of dates */
    const char *locale;               /* of the names of months; NULL: English, or none */
    const char *second_locale;        /* in which a name is another month; NULL: none */
    char iso_form[INFER_FORMAT_SIZE]; /* of an ISO instant; empty: there is none */
    /* Of the values that readings[0] or ISO reads: */
    size_t uncertain;         /* with a time of day that is not midnight: their day depends on a zone */
    size_t instants;          /* with a time and an offset */
    const char *zone;         /* in which most instants, and at least half, begin a day; NULL: none */
    size_t zone_fits;         /* how many do */
    const char *same_zone[3]; /* others with as many; NULL-terminated if fewer */
};

/* Fills in dates. */
void infer_dates_of(const struct infer_sample *sample, size_t column, struct infer_dates *dates);

/* infer_times.c: fills in uncertain to same_zone. forms: of the column; NULL: ISO only. */
void infer_dates_find_zone(const struct infer_sample *sample, size_t column, const struct date_forms *forms,
                           struct infer_dates *dates);

/* infer_locale.c: fills in locale and second_locale. words: those of the column, at most INFER_WORDS_MAX. */
void infer_dates_find_locale(const struct slice *words, size_t count, struct infer_dates *dates);

#endif
