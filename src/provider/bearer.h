/* bearer: the Authorization header of a token (RFC 6750). Thread: any; pure. */
#ifndef KYC_PROVIDER_BEARER_H
#define KYC_PROVIDER_BEARER_H

#include "core/secret.h"
#include "provider/provider.h"

/* token: at most PROVIDER_TOKEN_MAX bytes, as credentials_fits_header takes it. */
void bearer_add(const struct secret *token, struct provider_headers *headers);

#endif
