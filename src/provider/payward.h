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

/* What kraken-embed shares: the words of occupation, and the codes that nationalities accept besides the 249
 * of ISO 3166-1. NULL-terminated. */
extern const char *const payward_occupations[];
extern const char *const payward_also_nationalities[];

#endif
