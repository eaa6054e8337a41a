/* signing: Kraken's request signature, and the credentials of the providers that ask for it.
 *
 *   API-Sign = base64(HMAC-SHA512(base64-decode(api_secret), request-target ‖ SHA256(nonce ‖ body)))
 *
 * (Kraken's REST guide.) payward and kraken-embed share it. An account keeps its
 * HMAC context, so that a request costs no key set-up. Thread: an account belongs to one key slot at a time.
 */
#ifndef KYC_PROVIDER_SIGNING_H
#define KYC_PROVIDER_SIGNING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "provider/provider.h"

enum { SIGNING_TEXT_SIZE = 89 }; /* base64 of 64 bytes, and a NUL */

#define SIGNING_KEY    "api_key"
#define SIGNING_SECRET "api_secret"

/* The credentials of a signed provider; the examples of each. */
#define SIGNING_CREDENTIALS(key_example, secret_example)                                                     \
    {                                                                                                        \
        .name = SIGNING_KEY,                                                                                 \
        .kind = PROVIDER_CREDENTIAL_KEY,                                                                     \
        .example = (key_example),                                                                            \
        .sent = "header API-Key",                                                                            \
        .locks = true,                                                                                       \
        .help = "the public part of an API key",                                                             \
    },                                                                                                       \
    {                                                                                                        \
        .name = SIGNING_SECRET, .kind = PROVIDER_CREDENTIAL_BASE64, .example = (secret_example),             \
        .sent = "not sent: it signs each request (header API-Sign)",                                         \
        .help = "the private part of the same key, in base64",                                               \
    }

/* Its settings. */
#define SIGNING_SETTINGS                                                                                           \
    {                                                                                                              \
        .name = SETTING_NONCE_WINDOW,                                                                              \
        .kind = PROVIDER_SETTING_NUMBER,                                                                           \
        .max = INT64_MAX,                                                                                          \
        .standard = "0",                                                                                           \
        .help =                                                                                                    \
            "how far back the provider accepts a nonce, in ns: above 0 a key may have several requests in flight", \
        .example = "1000000000",                                                                                   \
    },                                                                                                             \
    {                                                                                                              \
        .name = SETTING_NONCE_FLOOR, .kind = PROVIDER_SETTING_NUMBER, .max = INT64_MAX, .standard = "0",           \
        .help = "no nonce is below: for a key that another program used with higher ones",                         \
        .example = "1800000000000000000",                                                                          \
    }

/* Of credentials that provider_credentials_check accepted. Owner: signing_account_free, which wipes the key.
 */
struct provider_account *signing_account_new(const struct job_credentials *credentials);
void signing_account_free(struct provider_account *opaque);

/* The signature of one request; nonce in decimal. */
void signing_sign(struct provider_account *opaque, uint64_t nonce, struct slice target, struct slice body,
                  char signature[SIGNING_TEXT_SIZE]);

/* Adds Content-Type, API-Key, API-Nonce and API-Sign. */
void signing_authenticate(struct provider_account *opaque, uint64_t nonce, const struct provider_call *call,
                          const struct provider_request *request, struct provider_headers *headers);

#endif
