#include "report/pace.h"

#include <string.h>

#include "core/clock.h"

/* Two buckets into one, so that as much time again has room. */
static void pace_merge(struct pace *pace)
{
    for (size_t i = 0; i < PACE_BUCKETS / 2; i++)
        pace->counts[i] = pace->counts[2 * i] + pace->counts[2 * i + 1];
    memset(pace->counts + PACE_BUCKETS / 2, 0, PACE_BUCKETS / 2 * sizeof *pace->counts);
    pace->count = (pace->count + 1) / 2;
    pace->width_ns *= 2;
}

void pace_add(struct pace *pace, uint64_t now_ns)
{
    if (!pace->width_ns) {
        pace->width_ns = CLOCK_NS_PER_S;
        pace->first_ns = pace->last_ns = now_ns;
    }
    uint64_t since_ns = now_ns > pace->first_ns ? now_ns - pace->first_ns : 0;
    while (since_ns / pace->width_ns >= PACE_BUCKETS)
        pace_merge(pace);
    size_t bucket = (size_t)(since_ns / pace->width_ns);
    pace->counts[bucket]++;
    if (bucket >= pace->count)
        pace->count = bucket + 1;
    if (now_ns > pace->last_ns)
        pace->last_ns = now_ns;
}

uint64_t pace_bucket_ns(const struct pace *pace, size_t bucket)
{
    if (bucket + 1 < pace->count)
        return pace->width_ns;
    uint64_t lasted_ns = pace->last_ns - pace->first_ns - bucket * pace->width_ns;
    return lasted_ns < pace->width_ns / 10 ? pace->width_ns / 10 : lasted_ns;
}

double pace_rate(const struct pace *pace, size_t bucket)
{
    return (double)pace->counts[bucket] * (double)CLOCK_NS_PER_S / (double)pace_bucket_ns(pace, bucket);
}
