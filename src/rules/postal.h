/* postal: the forms of postal codes, of the countries that have fixed ones. Inside of src/rules.
 *
 * Blanks and hyphens do not count, nor does the country's own code before the digits (LV-1050, MD2001).
 * A code whose digits are too few by one or two has lost its zeros, where the country's codes may begin with
 * one: a spreadsheet takes 02139 for a number. Sources: CLDR's postalCodeData and the address data of
 * Google's libaddressinput. Thread: any; pure.
 */
#ifndef KYC_RULES_POSTAL_H
#define KYC_RULES_POSTAL_H

#include "core/slice.h"

enum postal_result {
    POSTAL_GOOD, /* or the country has no fixed form */
    POSTAL_BAD,
    POSTAL_LOST_ZERO,
};

/* Judges a code in upper case. country: alpha-2. *forms: of the country, with 9 for a digit, A for a letter,
 * X for either, and | between two; *missing: the zeros that are lost, with POSTAL_LOST_ZERO. */
enum postal_result postal_read(struct slice code, struct slice country, const char **forms, size_t *missing);

#endif
