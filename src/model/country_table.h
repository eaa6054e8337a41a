/* country_table: the committed table behind country.h, written by scripts/make-countries.
 *
 * Only country.c reads it. Its two sources state their dates at the head of each generated file. Thread:
 * constant.
 */
#ifndef KYC_MODEL_COUNTRY_TABLE_H
#define KYC_MODEL_COUNTRY_TABLE_H

#include <stdint.h>

#include "core/slice.h"
#include "model/country.h"

enum { COUNTRY_COUNT = 249, COUNTRY_NAME_LISTS = 27 };

/* In the order of alpha-2. */
extern const struct country country_table[COUNTRY_COUNT];

/* Index into country_table + 1 by the two letters; 0: not assigned. */
extern const uint8_t country_of_alpha2[26 * 26];

/* Indexes into country_table in the order of these codes. */
extern const uint8_t country_by_alpha3[COUNTRY_COUNT];
extern const uint8_t country_by_numeric[COUNTRY_COUNT];

/* Names by their first letter, a to z, then all others. Each is lines `KEY TAB TARGET NL` in byte order. KEY
 * is a name folded by text_fold_name, without its blanks; TARGET is an alpha-2 code, or `*` and a letter that
 * counts through country_ambiguous. */
extern const struct slice country_names[COUNTRY_NAME_LISTS];

/* The countries that an ambiguous name may mean: `Congo (CG), …`. */
extern const char *const country_ambiguous[];

#endif
