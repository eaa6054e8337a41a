#include "dispatch/guard.h"

#include <stdlib.h>

#include "core/buffer.h"
#include "core/memory.h"
#include "job/job_provider.h"

enum { SETTINGS_MAX = 1 << 20 };

void guard_init(struct guard *guard, const struct job_delivery *limits, uint32_t canary)
{
    *guard = (struct guard){
        .in_a_row_max = limits->refused_in_a_row,
        .share_max = limits->refused_share,
        .canary = canary,
    };
}

void guard_clear(struct guard *guard)
{
    free(guard->refused);
    *guard = (struct guard){0};
}

bool guard_is_canary(const struct guard *guard)
{
    return guard->canary > 0;
}

void guard_add_done(struct guard *guard)
{
    guard->answers++;
    guard->in_a_row = 0;
    guard->canary -= guard->canary > 0;
}

static enum guard_trip find_trip(const struct guard *guard)
{
    if (guard->canary > 0)
        return GUARD_CANARY;
    if (guard->in_a_row >= guard->in_a_row_max)
        return GUARD_IN_A_ROW;
    if (guard->answers >= GUARD_SHARE_MIN && guard->refused_count * 100 > guard->answers * guard->share_max)
        return GUARD_SHARE;
    return GUARD_NONE;
}

enum guard_trip guard_add_refused(struct guard *guard, int64_t customer)
{
    if (guard->refused_count == guard->refused_capacity) {
        guard->refused_capacity = guard->refused_capacity ? 2 * guard->refused_capacity : 64;
        guard->refused = memory_resize(guard->refused, guard->refused_capacity, sizeof *guard->refused);
    }
    guard->refused[guard->refused_count++] = customer;
    guard->answers++;
    guard->in_a_row++;
    if (guard->trip == GUARD_NONE)
        guard->trip = find_trip(guard);
    return guard->trip;
}

const int64_t *guard_not_final(const struct guard *guard, size_t *count)
{
    *count = guard->trip == GUARD_SHARE ? guard->refused_count : guard->in_a_row;
    return guard->refused_count ? guard->refused + guard->refused_count - *count : NULL;
}

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
