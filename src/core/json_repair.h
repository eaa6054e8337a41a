/* json_repair: makes JSON readable whose strings hold bytes or escapes that are not Unicode.
 *
 * simdjson refuses a text as a whole for one bad byte. Of an export a value is refused, not the record: so
 * the text is read again with U+FFFD in the place of what is wrong. Only for texts that were refused: slow.
 * Thread: any; pure.
 */
#ifndef KYC_CORE_JSON_REPAIR_H
#define KYC_CORE_JSON_REPAIR_H

#include <stddef.h>

#include "core/slice.h"

enum { JSON_REPAIR_GROWTH = 3 }; /* a byte becomes at most as many: U+FFFD has three */

/* Writes text with each byte of a string that is not UTF-8, and each escape of half a surrogate pair,
 * replaced by U+FFFD. All else stays. Returns the bytes written, at most JSON_REPAIR_GROWTH × text.len. */
size_t json_repair(struct slice text, char *out);

/* Where in text the byte comes from that json_repair wrote at `offset`. */
size_t json_repair_origin(struct slice text, size_t offset);

/* The first byte that no JSON has: one that is not UTF-8, a control character in a string, the quote of a
 * string that does not end; else text.len. */
size_t json_repair_find(struct slice text);

#endif
