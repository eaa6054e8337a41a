/* credentials: a job has the credentials that its provider needs, and no others.
 *
 * No message holds a secret. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_CREDENTIALS_H
#define KYC_PROVIDER_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/secret.h"
#include "core/slice.h"
#include "model/job.h"
#include "provider/provider_headers.h"

enum { CREDENTIALS_KEY_MAX = 200 }; /* bytes of an API key */

/* names: NULL-terminated, of api_key, api_secret, client_id, password, token; wanted: the same for people
 * (`api_key and api_secret`). 0, or -1 with ERROR_USAGE at the credentials' place when one is missing or
 * another is there. */
int credentials_check(const struct job *job, const struct job_credentials *credentials,
                      const char *const *names, const char *wanted, struct error *error);

/* The same for a provider with one set of credentials, each part a header's value
 * (credentials_fit_header). with_secrets: credentials are loaded. */
int credentials_check_single(const struct job *job, bool with_secrets, const char *const *names,
                             const char *wanted, struct error *error);

/* 1 to max bytes of visible ASCII. */
bool credentials_fit_header(struct slice text, size_t max);

/* Adds the Authorization header of a bearer token (RFC 6750). token: of at most PROVIDER_TOKEN_MAX bytes, as
 * credentials_fit_header accepts it. */
void credentials_add_bearer(const struct secret *token, struct provider_headers *headers);

#endif
