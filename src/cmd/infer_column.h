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

/* Returns the number of different values; cells without one do not count. */
size_t infer_column_distinct(const struct infer_sample *sample, size_t column);

/* True if every row has a value, and no two the same. */
bool infer_column_is_distinct(const struct infer_sample *sample, size_t column);

/* Returns how many rows have the most frequent value, where more than half of three or more filled rows have
 * it; else 0. */
size_t infer_column_shared(struct infer_sample *sample, size_t column);

/* The separator of the values of a list field; 0: none. */
char infer_column_split(struct infer_sample *sample, size_t column, enum field_type type);

struct infer_word {
    struct slice text;
    size_t count;
};

/* The distinct values, most frequent first, at most 1,000. *more: there are more. */
struct infer_word *infer_column_words(struct infer_sample *sample, size_t column, size_t *count, bool *more);

#endif
