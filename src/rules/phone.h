/* phone: phone numbers to E.164. What is accepted is what libphonenumber reads from the source.
 *
 * A number with `+` is E.164 once blanks, dots and hyphens are dropped. It is accepted as it is when the
 * numbering plan (rules/phone_plan.h) has its calling code, its length and its first digit; every other one,
 * such as +44 0…, is parsed by the library, and so is a number without `+`, by the rules of a country. The
 * library must hold the number possible; letters, extensions and parameters of a `tel:` URI are refused.
 *
 * Read as well: full-width and other decimal digits and signs, a `tel:` before the number, and a
 * spreadsheet's `'` before it or `="…"` around it. Dots separate groups of digits: a single digit behind the
 * only dot, zeros behind a whole number, and an exponent show that a program rewrote the number as a decimal
 * number, and dropping the dot would add digits to it.
 *
 * A number without `+` that is also valid with one, and another number then, is ambiguous when it begins with
 * its country's calling code (49 151 12345678 in DE), is not valid in its country, or has 12 digits or more.
 * Without these conditions a tenth of the national numbers of the US or of India would be ambiguous: 323 555
 * 0143 with a plus is a number of Belgium.
 *
 * Thread: any.
 */
#ifndef KYC_RULES_PHONE_H
#define KYC_RULES_PHONE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/slice.h"

enum phone_validity {
    PHONE_UNCHECKED, /* possible E.164, so not looked up among the numbers that are assigned */
    PHONE_VALID,
    PHONE_NOT_VALID, /* possible, but not in the library's number plan, which may be out of date */
};

enum phone_result {
    PHONE_OK,
    PHONE_NEEDS_COUNTRY, /* neither `+` nor a country */
    PHONE_BAD,
    PHONE_DAMAGED,   /* a program wrote it as a decimal number */
    PHONE_AMBIGUOUS, /* two readings, and none is chosen */
};

struct phone {
    struct slice number; /* E.164, with PHONE_OK: text itself or in the arena */
    enum phone_validity validity;
    const char *fault; /* with PHONE_BAD: a verb phrase for a message, `is too short` */
};

/* text: UTF-8. country: alpha-2, or empty. */
enum phone_result phone_read(struct slice text, struct slice country, struct arena *arena, struct phone *out);

#endif
