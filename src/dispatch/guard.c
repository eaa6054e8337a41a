#include "dispatch/guard.h"

#include <stdlib.h>

#include "core/buffer.h"
#include "core/memory.h"
#include "job/job_provider.h"

enum { SETTINGS_MAX = 1 << 20 };

char *guard_settings(const struct job *job, const struct provider *provider, char hex[GUARD_SETTINGS_SIZE])
{
    struct slice base_url = provider_base_url(provider, job);
    uint8_t digest[DIGEST_SHA256_LEN];
    struct buffer settings;

    buffer_init(&settings, SETTINGS_MAX);
    buffer_printf(&settings, "%s %.*s\n", provider->name, (int)base_url.len, base_url.data);
    job_provider_write(&job->provider, &settings);
    digest_sha256(buffer_slice(&settings), slice_make(NULL, 0), digest);
    buffer_clear(&settings);
    return digest_hex(digest, sizeof digest, hex);
}
