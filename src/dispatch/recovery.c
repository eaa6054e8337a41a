#include "dispatch/recovery.h"

const struct recovery *recovery_of(const struct provider *provider)
{
    static const struct recovery recoveries[] = {
        [PROVIDER_RECOVERY_REPEAT] = {.repeats = true},
        [PROVIDER_RECOVERY_LOOK_UP] = {.repeats = true, .looks_up = true},
        [PROVIDER_RECOVERY_LIST] = {.lists = true},
    };

    return &recoveries[provider->recovery];
}
