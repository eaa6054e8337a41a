/* concat: the client identifier CONCAT (Regulation (EU) 2017/590, Article 6; ESMA/2016/1452, 5.5).
 *
 * Birth date YYYYMMDD, five letters of the first name, five of the surname, in upper-case ASCII, short names
 * padded with `#`; with a nationality in front where the job says so. Leading titles, and leading prefixes of
 * a surname that are words of their own, are left out (ESMA's lists); a name that is nothing else stays.
 * Apostrophes, hyphens, blanks and all that is no letter go. Accented Latin letters become ESMA's; Greek is
 * written as in ELOT 743, Cyrillic as in ICAO Doc 9303, part 3. Thread: any; pure.
 */
#ifndef KYC_RULES_CONCAT_H
#define KYC_RULES_CONCAT_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/slice.h"
#include "rules/field_plan.h"

enum { CONCAT_NAME_LEN = 5 };

/* Five letters of a name. False when it has no letter, or one that cannot be written in A to Z. */
bool concat_name(struct slice name, bool is_surname, struct arena *arena, char out[CONCAT_NAME_LEN]);

/* NULL, or what is wrong with a client identifier that a column gives: a clause for a message. It is a
 * country's code or none, a day as YYYYMMDD, and twice five characters of A to Z, padded with `#`.
 * also_countries: codes beside ISO 3166-1 that a nationality may have; NULL: none. */
const char *concat_fault(struct slice text, const char *const *extra_countries);

/* Of several nationalities the first of the EEA in alphabetical order, else the first in that order. list: a
 * list value. */
struct slice concat_country(struct slice list);

/* Computes client_identifier from the record's values. What is missing or failed there is not blamed here;
 * names that cannot be written are. */
void concat_validate(struct record_context *context);

#endif
