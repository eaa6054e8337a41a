/* infer_column: what the values of one column of a sample show.
 *
 * Thread: one at a time. Owner: words are in the sample's arena.
 */
#ifndef KYC_CMD_INFER_COLUMN_H
#define KYC_CMD_INFER_COLUMN_H

#include "cmd/infer_sample.h"
#include "model/field.h"

/* Words by which exports say `no value`, NULL-terminated; the empty cell is not among them. */
extern const char *const infer_column_nulls[];

/* Empty, or one of the words above. */
bool infer_column_is_null(struct slice text);

/* Cells with a value. */
size_t infer_column_filled(const struct infer_sample *sample, size_t column);

/* Those of them that look like values of this type; what every text may be looks so always. */
size_t infer_column_plausible(struct infer_sample *sample, size_t column, enum field_type type);

enum infer_order {
    INFER_DATES_ISO,   /* nothing but forms that are always read, or nothing at all */
    INFER_DATES_KNOWN, /* values prove one order, and none speaks against it: formats[0] */
    INFER_DATES_OPEN,  /* both orders are possible, or both are proven: formats[0] and [1] */
    INFER_DATES_OTHER, /* most are of a form that no format reads */
};

enum { INFER_FORMAT_SIZE = 48 };

struct infer_dates {
    enum infer_order order;
    char formats[2][INFER_FORMAT_SIZE]; /* `DD/MM/YYYY` */
    size_t proofs[2];                   /* values that can be read by that format alone */
    size_t either;                      /* values that can be read by both */
    size_t iso, other;
    /* Of the values that formats[0] or ISO reads: */
    size_t odd;               /* with a time of day that is not midnight */
    size_t instants;          /* with a time and an offset */
    const char *zone;         /* where most instants begin a day, if half of them do; NULL: nowhere */
    size_t zone_fits;         /* so many do */
    const char *same_zone[3]; /* others where as many do; NULL-terminated if fewer */
};

/* Fills in odd to same_zone, by formats and order. */
void infer_column_times(const struct infer_sample *sample, size_t column, struct infer_dates *dates);

void infer_column_dates(const struct infer_sample *sample, size_t column, struct infer_dates *dates);

/* The separator that the values of a list field show; 0: none. */
char infer_column_split(struct infer_sample *sample, size_t column, enum field_type type);

struct infer_word {
    struct slice text;
    size_t count;
};

/* The distinct values, most frequent first. *more: there are more than are given. */
struct infer_word *infer_column_words(struct infer_sample *sample, size_t column, size_t *count, bool *more);

#endif
