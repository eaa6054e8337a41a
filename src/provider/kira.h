/* kira: Kira's users API, POST /v1/users and PUT /v1/users/{id} of api.balampay.com (README.md).
 *
 * A login gives the token that every other request carries. A create may be repeated for 24 hours under its
 * idempotency key with the same bytes; a create that is in doubt for longer is looked up. Thread: constant.
 */
#ifndef KYC_PROVIDER_KIRA_H
#define KYC_PROVIDER_KIRA_H

#include "provider/provider.h"

extern const struct provider kira_provider;

#endif
