/* column_names: what the header of an export shows, for messages and guesses.
 *
 * The names of columns are no customer's data. But where an export has no header line, its first customer is
 * read as one: such names are recognized by their form, and none of them is shown. Thread: any; pure.
 */
#ifndef KYC_MODEL_COLUMN_NAMES_H
#define KYC_MODEL_COLUMN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"

/* True when the names look like the values of a customer: one is an e-mail address, a date or a phone
 * number; or several are shorter numbers, or one is and the others repeat or are few. Names may repeat. */
bool column_names_are_values(const struct slice *names, size_t count);

/* The delimiter that would split a header of one column, or one of few columns into many: comma, semicolon,
 * tab or `|`, the one that gives most. NUL: none. */
char column_names_delimiter(const struct slice *names, size_t count);

/* As in the job file: a character, or `tab`. */
const char *column_names_of_delimiter(char delimiter);

/* The header that was read, as the end of a message about a column that is not in it: `; its header is …`,
 * in the arena. *hint: what to set in input.csv; NULL: nothing to see. */
struct slice column_names_describe(const struct slice *names, size_t count, struct arena *arena,
                                   const char **hint);

#endif
