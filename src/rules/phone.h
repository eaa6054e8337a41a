/* phone: phone numbers to E.164 (2-job.md, Customer fields).
 *
 * Blanks, dots and hyphens are dropped; what then is `+` and 7 to 15 digits, the first not 0, stands as it
 * is. All else is read by libphonenumber, with a country when there is no `+`, and must be a possible number.
 * Letters and extensions are refused. Thread: any.
 */
#ifndef KYC_RULES_PHONE_H
#define KYC_RULES_PHONE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/slice.h"

enum phone_validity {
    PHONE_NOT_ASKED, /* E.164 as it came: the number plan was not asked */
    PHONE_VALID,
    PHONE_NOT_VALID, /* possible, but unknown to the library's (dated) number plan */
};

enum phone_result {
    PHONE_OK,
    PHONE_NEEDS_COUNTRY, /* no `+`, and no country was given */
    PHONE_BAD,
};

/* country: alpha-2, or empty. *out is text itself or in the arena; *why of PHONE_BAD goes on from the number:
 * `is too short`. */
enum phone_result phone_read(struct slice text, struct slice country, struct arena *arena, struct slice *out,
                             enum phone_validity *validity, const char **why);

#endif
