/* scrub: a provider's words without the customer's data and without secrets (3-providers.md, Outcomes).
 *
 * Providers like to quote what they refuse, and gateways the headers that they were sent. Ledger, logs and
 * metrics hold no personal data but the customer's own key, and nothing holds a secret, so nothing that a
 * provider said is kept before it went through here. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_SCRUB_H
#define KYC_PROVIDER_SCRUB_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"
#include "model/job.h"
#include "model/record.h"

/* What was sent that is nobody's to read: the credentials of a job, and the token of its login. */
struct scrub_secrets {
    const struct job_credentials *credentials;
    size_t count;
    struct slice token; /* empty: none */
};

/* Writes text into out (size bytes with the NUL) and returns its length. Escapes of URLs (%40), JSON (\u0040)
 * and HTML (&#64;) are read first, also twice over. Then every secret becomes ‹secret›, every value of the
 * record of 3 characters or more (case, accents and forms of letters aside) ‹its field›, anything like an
 * e-mail ‹email›, a long word of small and capital letters and digits (base64, a token) ‹token›, and six
 * digits or more, blanks and punctuation between them aside, ‹number›. Blanks and control characters fold to
 * one blank, invisible and bidirectional control characters go, bytes that are not UTF-8 become `?`; what
 * does not fit is cut at a character. text: any bytes. record and secrets may be NULL.
 */
size_t scrub_text(struct slice text, const struct record *record, const struct scrub_secrets *secrets,
                  char *out, size_t size);

/* True when text holds no secret, no value of the record and no e-mail: what is kept whole or not at all, as
 * an id of a request, which has digits of its own. */
bool scrub_is_clean(struct slice text, const struct record *record, const struct scrub_secrets *secrets);

#endif
