/* kraken_embed: Kraken Embed's users API, POST and PATCH /b2b/users of nexus.kraken.com (3-providers.md).
 *
 * Signed like payward and with nearly the same members, but flat. A create repeated answers 409 without an
 * id, so such a doubt is a person's to settle. User ids hold blanks. Thread: constant.
 */
#ifndef KYC_PROVIDER_KRAKEN_EMBED_H
#define KYC_PROVIDER_KRAKEN_EMBED_H

#include "provider/provider.h"

extern const struct provider kraken_embed_provider;

#endif
