/* value_map: a small constant map from texts to texts, for enumerations and the job's `values`.
 *
 * A key is found as it is written, or, in a map of folded keys, with case, blanks, hyphens and underscores
 * aside (2-job.md: enumerations). Built once, then constant and shared. Owner: new/free; borrows the bytes of
 * keys and words, but copies folded keys.
 */
#ifndef KYC_RULES_VALUE_MAP_H
#define KYC_RULES_VALUE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

struct value_map;

/* folded: keys are compared folded. */
struct value_map *value_map_new(bool folded);
void value_map_free(struct value_map *words);

/* The first word given to a key stays; a folded key that another word claims too stands for neither of them
 * (never guessed). */
void value_map_add(struct value_map *words, struct slice key, struct slice word);

/* NULL when there is none. Thread: any. */
const struct slice *value_map_find(const struct value_map *words, struct slice key);

#endif
