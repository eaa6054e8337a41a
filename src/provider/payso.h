/* payso: Pay.so's users API, POST /users and GET /users of core-api.pay.so (README.md).
 *
 * A user has no key of ours and cannot be updated; a repeated create makes a second user, so creates in doubt
 * are resolved by one listing of all users. Thread: constant.
 */
#ifndef KYC_PROVIDER_PAYSO_H
#define KYC_PROVIDER_PAYSO_H

#include "provider/provider.h"

extern const struct provider payso_provider;

#endif
