#include "provider/provider_list.h"

#include "provider/kira.h"
#include "provider/kraken_embed.h"
#include "provider/payso.h"
#include "provider/payward.h"

const struct provider *const provider_list[] = {
    &payward_provider, &kraken_embed_provider, &kira_provider, &payso_provider, NULL,
};
