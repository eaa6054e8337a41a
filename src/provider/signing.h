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

/* What a job needs for a signed provider: with_secrets, an api_key of 1 to 200 visible ASCII characters
 * and an api_secret in strict base64, neither twice nor beside another credential. 0, or -1 with ERROR_USAGE
 * at the credential's place; no message holds a secret. */
int signing_check_job(const struct job *job, bool with_secrets, struct error *error);

/* Of credentials that signing_check_job accepted. Owner: signing_account_free, which wipes the key. */
struct provider_account *signing_account_new(const struct job_credentials *credentials);
void signing_account_free(struct provider_account *account);

/* The signature of one request; nonce in decimal. */
void signing_sign(struct provider_account *account, uint64_t nonce, struct slice target, struct slice body,
                  char signature[SIGNING_TEXT_SIZE]);

/* Adds Content-Type, API-Key, API-Nonce and API-Sign. */
void signing_authenticate(struct provider_account *account, uint64_t nonce, const struct provider_call *call,
                          const struct provider_request *request, struct provider_headers *headers);

#endif
