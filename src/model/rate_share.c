#include "model/rate_share.h"

#include "core/clock.h"

static uint64_t whole_ms(uint64_t ns)
{
    return (ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS * CLOCK_NS_PER_MS;
}

struct job_rate rate_share_parts(struct job_rate rate)
{
    uint64_t by_time = rate.per_ns / (RATE_SHARE_WINDOW_MIN_S * CLOCK_NS_PER_S);
    uint64_t by_count = rate.count / RATE_SHARE_COUNT_MIN;
    uint64_t least = (rate.count + RATE_SHARE_COUNT_MAX - 1) / RATE_SHARE_COUNT_MAX;
    uint64_t max = by_time < by_count ? by_time : by_count, parts;

    /* Of the upper half, the one that loses the least by whole numbers of requests. */
    max = max > least ? max : least;
    parts = max;
    for (uint64_t other = max - 1; other > max / 2 && other >= least; other--)
        if (rate.count / other * other > rate.count / parts * parts)
            parts = other;
    return (struct job_rate){.count = (uint32_t)(rate.count / parts),
                             .per_ns = whole_ms((rate.per_ns + parts - 1) / parts)};
}

struct rate_share_limit rate_share_limit(struct job_rate rate)
{
    struct job_rate parts = rate_share_parts(rate);

    return (struct rate_share_limit){
        .count = parts.count,
        .window_ns = parts.per_ns,
        .margin_ns = RATE_SHARE_MARGIN_MS * CLOCK_NS_PER_MS,
        .ttl_ns = RATE_SHARE_TTL_MS * CLOCK_NS_PER_MS,
    };
}
