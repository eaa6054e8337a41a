/* country_table: the committed table behind country.h, written by scripts/make-countries.
 *
 * Only country.c reads it. Its two sources state their dates at the head of each generated file. Thread:
 * constant.
 */
#ifndef KYC_MODEL_COUNTRY_TABLE_H
#define KYC_MODEL_COUNTRY_TABLE_H

#include <stdint.h>

#include "model/country.h"

enum { COUNTRY_COUNT = 250, COUNTRY_ISO_COUNT = 249, COUNTRY_NAME_SLOTS = 16384 };

/* Those of ISO 3166-1, and Kosovo, which has no numeric code. In the order of alpha-2. */
extern const struct country country_table[COUNTRY_COUNT];

/* Index into country_table + 1 by the two letters; 0: not assigned. */
extern const uint8_t country_of_alpha2[26 * 26];

/* Indexes into country_table in the order of these codes. */
extern const uint8_t country_by_alpha3[COUNTRY_COUNT];
extern const uint8_t country_by_numeric[COUNTRY_ISO_COUNT];

/* Lines `KEY TAB TARGET NL`. KEY is a name folded by text_fold_name, without its blanks; TARGET is an alpha-2
 * code, or `*` and a letter that counts through country_ambiguous. In the order of their bytes. */
extern const char country_names[];

/* Where in country_names the keys begin whose first letter is a, b, … z, or behind z. */
extern const uint32_t country_names_of[27];

/* Where in country_names a key's line begins, + 1; 0: free. A key is in the slot that its FNV-1a hash (32
 * bits) gives, modulo COUNTRY_NAME_SLOTS, or in one of those that follow it up to a free one. */
extern const uint32_t country_name_slots[COUNTRY_NAME_SLOTS];

/* The countries that an ambiguous name may mean: `Congo (CG), …`. */
extern const char *const country_ambiguous[];

#endif
