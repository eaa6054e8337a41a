/* phone_plan: the E.164 numbers that libphonenumber would return unchanged, by calling code.
 *
 * A committed table, so that a number that is E.164 already costs nanoseconds and not the library's
 * microseconds. It is made from the library's metadata by scripts/make-phone-plan.cc and only says yes where
 * the library certainly agrees: the length is possible, and no national prefix can be taken off. Every other
 * number is the library's business. tests/unit/rules/test_phone_plan.c compares the table with the installed
 * library. Thread: any; pure.
 */
#ifndef KYC_RULES_PHONE_PLAN_H
#define KYC_RULES_PHONE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

enum { PHONE_PLAN_CODES = 1000 };

/* The national numbers of one calling code; all 0: no such code. */
struct phone_plan {
    uint16_t lengths;      /* bit n: a number of n digits is possible */
    uint16_t first_digits; /* bit d: the library keeps numbers that begin with d; bit 0: they may do so */
};

extern const struct phone_plan phone_plan_of_code[PHONE_PLAN_CODES];

/* True when digits, the ASCII digits after the plus, are a number that the library would return as it is. */
static inline bool phone_plan_keeps(struct slice digits)
{
    unsigned code = 0;
    for (size_t i = 0; i < 3 && i + 1 < digits.len && digits.data[0] != '0'; i++) {
        code = code * 10 + (unsigned)(digits.data[i] - '0');
        const struct phone_plan *plan = &phone_plan_of_code[code];
        size_t len = digits.len - i - 1;
        if (plan->lengths != 0)
            return len < 16 && plan->lengths >> len & 1 &&
                   plan->first_digits >> (digits.data[i + 1] - '0') & 1;
    }
    return false;
}

#endif
