/* kraken_embed: Kraken Embed's users API, POST and PATCH /b2b/users of nexus.kraken.com (README.md).
 *
 * Signed like payward and with nearly the same members, but flat. A create repeated answers 409 without an
 * id, so a person must resolve it. User ids contain blanks. Thread: constant.
 */
#ifndef KYC_PROVIDER_KRAKEN_EMBED_H
#define KYC_PROVIDER_KRAKEN_EMBED_H

#include "provider/provider.h"

extern const struct provider kraken_embed_provider;

#endif
