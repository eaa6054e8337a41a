#include "model/verification.h"

#include <assert.h>

const char *verification_word(enum verification verification)
{
    static const char *const words[VERIFICATION_COUNT] = {
        [VERIFICATION_UNKNOWN] = "unknown",   [VERIFICATION_PENDING] = "pending",
        [VERIFICATION_VERIFIED] = "verified", [VERIFICATION_ACTION_NEEDED] = "action_needed",
        [VERIFICATION_REJECTED] = "rejected",
    };
    assert(verification < VERIFICATION_COUNT);
    return words[verification];
}
