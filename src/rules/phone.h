/* phone: phone numbers to E.164.
 *
 * Blanks, dots and hyphens are dropped; `+` and 7 to 15 digits, the first not 0, are then accepted as they
 * are. Everything else is parsed by libphonenumber, without `+` by the rules of a country, and must be a
 * possible number. Letters and extensions are refused. Thread: any.
 */
#ifndef KYC_RULES_PHONE_H
#define KYC_RULES_PHONE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/slice.h"

enum phone_validity {
    PHONE_UNCHECKED, /* already E.164, so not looked up in the number plan */
    PHONE_VALID,
    PHONE_NOT_VALID, /* possible, but not in the library's number plan, which may be out of date */
};

enum phone_result {
    PHONE_OK,
    PHONE_NEEDS_COUNTRY, /* neither `+` nor a country */
    PHONE_BAD,
};

/* country: alpha-2, or empty. *out: text itself or in the arena. *fault: with PHONE_BAD a verb phrase for a
 * message, `is too short`. */
enum phone_result phone_read(struct slice text, struct slice country, struct arena *arena, struct slice *out,
                             enum phone_validity *validity, const char **fault);

#endif
