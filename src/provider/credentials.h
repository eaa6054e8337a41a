/* credentials: the forms of a credential, shared by the check of a job's and by the providers' files.
 *
 * Thread: any; pure.
 */
#ifndef KYC_PROVIDER_CREDENTIALS_H
#define KYC_PROVIDER_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/secret.h"
#include "core/slice.h"
#include "model/job.h"
#include "provider/provider_headers.h"

enum { CREDENTIALS_KEY_MAX = 200 }; /* bytes of an API key */

/* 1 to max bytes of visible ASCII. */
bool credentials_fit_header(struct slice text, size_t max);

/* Strict base64 of at least one byte. */
bool credentials_is_base64(struct slice text);
/* What text encodes, *len bytes of it; text: as credentials_is_base64 accepts it. Owner: the caller, by
 * credentials_drop_base64, which wipes it. */
uint8_t *credentials_decode_base64(struct slice text, size_t *len);
void credentials_drop_base64(uint8_t *bytes, struct slice text);

/* A copy of a credential for an account. Owner: secret_clear. */
struct secret credentials_copy(const struct job_credentials *credentials, const char *name);

/* Adds the Authorization header of a bearer token (RFC 6750). token: of at most PROVIDER_TOKEN_MAX bytes, as
 * credentials_fit_header accepts it. */
void credentials_add_bearer(const struct secret *token, struct provider_headers *headers);

#endif
