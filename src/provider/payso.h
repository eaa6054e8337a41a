/* payso: Pay.so's users API, POST /users and GET /users of core-api.pay.so (3-providers.md).
 *
 * A user has no key of ours and cannot be updated; a create repeated makes a second user, so doubts are
 * settled by a listing of all. Thread: constant.
 */
#ifndef KYC_PROVIDER_PAYSO_H
#define KYC_PROVIDER_PAYSO_H

#include "provider/provider.h"

extern const struct provider payso_provider;

#endif
