/* infer_words: the words of an enumeration in a guessed job. For infer_fields.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_WORDS_H
#define KYC_CMD_INFER_WORDS_H

#include <stdbool.h>

#include "cmd/infer_line.h"

/* The words that the provider accepts, NULL-terminated; NULL: the field is no enumeration. */
const char *const *infer_words_of(const struct infer_writer *writer, enum field_id field);

/* Appends the words as comment lines. */
void infer_words_list(const struct infer_writer *writer, const char *const *choices);

/* True of a field whose values are words: an enumeration, or countries one a cell. */
bool infer_words_apply(const struct infer_writer *writer, enum field_id field);

/* Appends the mapping of such a field, and the words of its column that it does not take. */
void infer_words_write(struct infer_writer *writer, enum field_id field);

#endif
