/* verification: how far the verification of a user has come, in words that do not depend on the provider.
 *
 * Thread: constant.
 */
#ifndef KYC_MODEL_VERIFICATION_H
#define KYC_MODEL_VERIFICATION_H

enum verification {
    VERIFICATION_UNKNOWN, /* the provider has not been asked, or has not answered with a word */
    VERIFICATION_PENDING,
    VERIFICATION_ACTION_NEEDED, /* the customer must do something */
    VERIFICATION_VERIFIED,
    VERIFICATION_REJECTED,
    VERIFICATION_COUNT,
};

/* `action_needed`. */
const char *verification_word(enum verification verification);

#endif
