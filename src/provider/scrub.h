/* scrub: a provider's words without the customer's data (3-providers.md, Outcomes).
 *
 * Providers like to quote what they refuse. Ledger, logs and metrics hold no personal data but the customer's
 * own key, so nothing that a provider said is kept before it went through here. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_SCRUB_H
#define KYC_PROVIDER_SCRUB_H

#include <stddef.h>

#include "core/slice.h"
#include "model/record.h"

/* Writes text into out (size bytes with the NUL) and returns its length: every value of the record of 3
 * characters or more (ASCII case aside) becomes ‹its field›, then anything like an e-mail ‹email›, then six
 * digits or more, blanks and punctuation between them aside, ‹number›. Blanks and control characters fold to
 * one blank, bytes that are not UTF-8 become `?`; what does not fit is cut at a character. text: any bytes.
 * record may be NULL.
 */
size_t scrub_text(struct slice text, const struct record *record, char *out, size_t size);

#endif
