/* concat: the client identifier CONCAT (Regulation (EU) 2017/590, Article 6; ESMA/2016/1452, 5.5).
 *
 * Birth date YYYYMMDD, five letters of the first name, five of the surname, in upper-case ASCII, short names
 * padded with `#`; with a nationality in front where the job asks for it. Leading titles, and leading
 * prefixes of a surname that are words of their own, are left out (ESMA's lists), unless nothing would
 * remain. Apostrophes, hyphens, blanks and everything else that is not a letter are removed. Accented Latin
 * letters are replaced by ESMA's table; Greek is written as in ELOT 743, Cyrillic as in ICAO Doc 9303,
 * part 3. Thread: any; pure.
 */
#ifndef KYC_RULES_CONCAT_H
#define KYC_RULES_CONCAT_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/slice.h"
#include "rules/record_context.h"

enum { CONCAT_NAME_LEN = 5 };

/* Five letters of a name, without a NUL. False for a name without letters, or with one that has no form in A
 * to Z. */
bool concat_name(struct slice name, bool is_surname, struct arena *arena, char out[CONCAT_NAME_LEN]);

/* NULL for a well-formed client identifier: an optional country code, a day as YYYYMMDD, and twice five
 * letters A to Z, padded with `#`. Else the fault, a verb phrase for a message. extra_countries: codes
 * outside ISO 3166-1 that are accepted; NULL: none. */
const char *concat_fault(struct slice text, const char *const *extra_countries);

/* The nationality of a CONCAT: the alphabetically first of the EEA, else the alphabetically first. list: a
 * list value. */
struct slice concat_country(struct slice list);

/* Computes client_identifier from the record's values. A source that is absent or failed makes it absent or
 * failed without a verdict; a name that has no form in A to Z gets one. */
void concat_compute(struct record_context *context);

#endif
