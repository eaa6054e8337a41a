/* value_map: a small hash map from texts to texts, for enumerations and the job's `values`.
 *
 * Keys are compared byte by byte, or, in a folded map, without case, blanks, hyphens and underscores. Thread:
 * constant once built. Owner: new/free; borrows keys and values, but copies folded keys.
 */
#ifndef KYC_RULES_VALUE_MAP_H
#define KYC_RULES_VALUE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

struct value_map;

struct value_map *value_map_new(bool folded);
void value_map_free(struct value_map *map);

/* The first value of a key stays. A folded key with two different values has none: nothing is guessed. */
void value_map_add(struct value_map *map, struct slice key, struct slice value);

/* NULL: no value. */
const struct slice *value_map_find(const struct value_map *map, struct slice key);

#endif
