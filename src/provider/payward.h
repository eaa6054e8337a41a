/* payward: Payward Services' users API, POST and PATCH /v1/users (docs of api.services.payward.com;
 * README.md).
 *
 * Signed like Kraken's REST API; a create with the same external_reference gives the same user, so a create
 * in doubt is repeated. Thread: constant.
 */
#ifndef KYC_PROVIDER_PAYWARD_H
#define KYC_PROVIDER_PAYWARD_H

#include "provider/provider.h"

extern const struct provider payward_provider;

#endif
