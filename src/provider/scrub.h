/* scrub: a provider's words without the customer's data and without secrets.
 *
 * Providers like to quote what they refuse, and gateways the headers that they were sent. Ledger, logs and
 * metrics hold no personal data but the customer's own key, and nothing holds a secret, so nothing that a
 * provider said is kept before it went through here. The rule:
 *
 * - The text is made plain (scrub_decode.h): escapes of URLs (%40), JSON (\u0040) and HTML (&#64;) are read,
 *   also twice over; blanks and control characters fold to one blank, invisible and bidirectional control
 *   characters go, bytes that are not UTF-8 become `?`.
 * - Where the text has a secret or a value of the record (scrub_value.h: in which spellings), or anything of
 *   the shape of a personal datum or a secret, the longest of them is replaced: a secret by ‹secret›, a value
 *   by ‹its field›, an e-mail by ‹email›, a CONCAT identifier (a date, then ten letters or #) by
 *   ‹client_identifier›, an address of the web by ‹link›, a long word of small and capital letters and digits
 * (base64, a token) by ‹token›, six digits or more, blanks and punctuation between them aside, by ‹number›.
 * - A word of the provider's lists (200000_to_999999) stays whole, unless it is a value of the record.
 * - In a text of the network's own (libcurl's) the host that was asked stays, whatever the record holds, and
 *   so do numbers and tokens that are no value of the record: addresses, ports, milliseconds.
 * - What does not fit is cut between two words and ends in `…`.
 *
 * A value that is an ordinary word (the family name Long) hides that word. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_SCRUB_H
#define KYC_PROVIDER_SCRUB_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"
#include "model/job.h"
#include "model/provider_fields.h"
#include "model/record.h"

/* Secrets of the request, and texts that are exempt. */
struct scrub_secrets {
    const struct job_credentials *credentials;
    size_t count;
    struct slice token;                   /* of a login; empty: none */
    const struct provider_fields *fields; /* whose lists of words are no personal data; NULL: none */
    struct slice host; /* that was asked: the text is the network's own; empty: it is the provider's */
};

/* Writes text by the rule above into out (size bytes with the NUL) and returns its length. text: any bytes.
 * record and secrets may be NULL. */
size_t scrub_text(struct slice text, const struct record *record, const struct scrub_secrets *secrets,
                  char *out, size_t size);

/* Between the parts of a quoted text. */
#define SCRUB_SEPARATOR "; "

/* As scrub_text. Where the record has no name (or is NULL), one could stay in a phrase: each part between two
 * `; ` that is not one word of letters, digits and `_-.[]` becomes ‹text›. */
size_t scrub_quote(struct slice text, const struct record *record, const struct scrub_secrets *secrets,
                   char *out, size_t size);

/* True when text holds no secret, no value of the record in any spelling and no e-mail: what is kept whole or
 * not at all, as an id of a request, which has digits and letters of its own. */
bool scrub_is_clean(struct slice text, const struct record *record, const struct scrub_secrets *secrets);

#endif
