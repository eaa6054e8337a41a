/* email: e-mail addresses as mail systems accept them in practice.
 *
 * One `@`; a local part of 1–64 bytes, a dot-atom of RFC 5321 (ASCII; quoted strings are refused); a domain
 * of two labels or more, each of 1–63 letters, digits and inner hyphens, the last not only digits; 254 bytes
 * in all. The domain becomes lower case, and A-labels where it is not ASCII (IDNA 2008, UTS #46
 * non-transitional, libidn2). The local part stays as it is. Thread: any; pure.
 */
#ifndef KYC_RULES_EMAIL_H
#define KYC_RULES_EMAIL_H

#include "core/arena.h"
#include "core/slice.h"

/* text: trimmed UTF-8. NULL, with *out = text itself or its normal form in the arena; else the fault, a
 * constant verb phrase for a message: `has no @`. */
const char *email_read(struct slice text, struct arena *arena, struct slice *out);

#endif
