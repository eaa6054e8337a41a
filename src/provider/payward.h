/* payward: Payward Services' users API, POST and PATCH /v1/users (docs of api.services.payward.com;
 * 3-providers.md).
 *
 * Signed like Kraken's REST API; a create with the same external_reference gives the same user, so a doubt is
 * settled by repeating. Thread: constant.
 */
#ifndef KYC_PROVIDER_PAYWARD_H
#define KYC_PROVIDER_PAYWARD_H

#include "provider/provider.h"

extern const struct provider payward_provider;

#endif
