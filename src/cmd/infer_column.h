/* infer_column: what the values of one column of a sample prove.
 *
 * Thread: one at a time. Owner: words are in the sample's arena.
 */
#ifndef KYC_CMD_INFER_COLUMN_H
#define KYC_CMD_INFER_COLUMN_H

#include "cmd/infer_sample.h"
#include "model/field.h"

/* Words that exports write for `no value`, NULL-terminated; without the empty cell. */
extern const char *const infer_column_nulls[];

/* Empty, or one of the words above. */
bool infer_column_is_null(struct slice text);

/* Returns the number of cells with a value. */
size_t infer_column_filled(const struct infer_sample *sample, size_t column);

/* Returns how many of them look like values of the type; for a type of free text, all do. */
size_t infer_column_plausible(struct infer_sample *sample, size_t column, enum field_type type);

/* True if every row has a value, and no two the same. */
bool infer_column_is_distinct(const struct infer_sample *sample, size_t column);

enum infer_order {
    INFER_DATES_ISO,   /* only forms that are always read, or no value */
    INFER_DATES_KNOWN, /* values prove one order, and none contradicts it: formats[0] */
    INFER_DATES_OPEN,  /* both orders are possible, or both are proven: formats[0] and [1] */
    INFER_DATES_OTHER, /* most have a form that no format reads */
};

enum { INFER_FORMAT_SIZE = 48 };

struct infer_dates {
    enum infer_order order;
    char formats[2][INFER_FORMAT_SIZE]; /* `DD/MM/YYYY` */
    size_t proofs[2];                   /* values that can be read by that format alone */
    size_t either;                      /* values that can be read by both */
    size_t iso, other;
    /* Of the values that formats[0] or ISO reads: */
    size_t uncertain;         /* with a time of day that is not midnight: their day depends on a zone */
    size_t instants;          /* with a time and an offset */
    const char *zone;         /* in which most instants, and at least half, begin a day; NULL: none */
    size_t zone_fits;         /* how many do */
    const char *same_zone[3]; /* others with as many; NULL-terminated if fewer */
};

/* infer_times.c: fills in uncertain to same_zone, by formats and order. */
void infer_column_times(const struct infer_sample *sample, size_t column, struct infer_dates *dates);

/* infer_dates.c: finds the order of day and month, and the formats. */
void infer_column_dates(const struct infer_sample *sample, size_t column, struct infer_dates *dates);

/* The separator of the values of a list field; 0: none. */
char infer_column_split(struct infer_sample *sample, size_t column, enum field_type type);

struct infer_word {
    struct slice text;
    size_t count;
};

/* The distinct values, most frequent first, at most 1,000. *more: there are more. */
struct infer_word *infer_column_words(struct infer_sample *sample, size_t column, size_t *count, bool *more);

#endif
