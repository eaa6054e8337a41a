/* concat_letters: letters in A to Z for CONCAT, a committed table.
 *
 * Latin letters as in ESMA/2016/1452, section 5.5 (one for one: ß is S, Æ is A), without those that Unicode
 * decomposes into a letter and an accent. Greek as in ELOT 743, Cyrillic as in ICAO Doc 9303, part 3, section
 * 6.B. Thread: constant.
 */
#ifndef KYC_RULES_CONCAT_LETTERS_H
#define KYC_RULES_CONCAT_LETTERS_H

#include <stdint.h>

/* The letters for a capital; "" for a sign that is left out; NULL for a character outside the table. */
const char *concat_letters_of(uint32_t code_point);

#endif
