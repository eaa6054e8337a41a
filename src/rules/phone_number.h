/* phone_number: libphonenumber behind one C wrapper file (phone_number.cc).
 *
 * 13–23 µs per number, and some milliseconds for the first call, so numbers that are E.164 already are kept
 * from it by rules/phone_plan.h. The library's log is silenced. Thread: any.
 */
#ifndef KYC_RULES_PHONE_NUMBER_H
#define KYC_RULES_PHONE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PHONE_NUMBER_SIZE = 32 };

enum phone_number_result {
    PHONE_NUMBER_OK, /* a possible number */
    PHONE_NUMBER_UNREADABLE,
    PHONE_NUMBER_BAD_CODE, /* no such country calling code */
    PHONE_NUMBER_TOO_SHORT,
    PHONE_NUMBER_TOO_LONG,
    PHONE_NUMBER_BAD_LENGTH,
    PHONE_NUMBER_LOCAL_ONLY, /* can only be dialled within its area: the area code is missing */
    PHONE_NUMBER_EXTENSION,
    PHONE_NUMBER_AMBIGUOUS, /* also valid as an international number that lacks its plus */
};

struct phone_number {
    char e164[PHONE_NUMBER_SIZE];
    bool is_valid; /* in the number plan */
};

/* region: an ISO 3166-1 alpha-2 code for numbers without `+`; `ZZ`: none. *out is only set with
 * PHONE_NUMBER_OK, and with PHONE_NUMBER_AMBIGUOUS (when: rules/phone.h), as the national number. */
enum phone_number_result phone_number_read(const char *text, size_t len, const char *region,
                                           struct phone_number *out);

/* True when an E.164 number is in the library's number plan. */
bool phone_number_is_valid(const char *e164, size_t len);

#ifdef __cplusplus
}
#endif

#endif
