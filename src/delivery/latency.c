#include "delivery/latency.h"

#include <math.h>

enum { PARTS_LOG2 = 6 };

static unsigned bucket_of(uint64_t us)
{
    if (us < 2 * LATENCY_PARTS)
        return (unsigned)us;
    unsigned shift = 63 - (unsigned)__builtin_clzll(us) - PARTS_LOG2;
    unsigned bucket = shift * LATENCY_PARTS + (unsigned)(us >> shift);
    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/* The highest duration of a bucket. */
static uint64_t bucket_top_us(unsigned bucket)
{
    if (bucket < 2 * LATENCY_PARTS)
        return bucket;
    unsigned shift = bucket / LATENCY_PARTS - 1;
    uint64_t part = LATENCY_PARTS + bucket % LATENCY_PARTS;
    return ((part + 1) << shift) - 1;
}

void latency_add(struct latency *latency, uint64_t ns)
{
    latency->buckets[bucket_of(ns / 1000)]++;
    latency->count++;
    latency->max_ns = ns > latency->max_ns ? ns : latency->max_ns;
}

double latency_percentile_ms(const struct latency *latency, double percent)
{
    double wanted = ceil((double)latency->count * percent / 100);
    uint64_t seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS && latency->count > 0; i++) {
        seen += latency->buckets[i];
        if (seen > 0 && (double)seen >= wanted) {
            double ms = (double)bucket_top_us(i) / 1000;
            return ms < latency_max_ms(latency) ? ms : latency_max_ms(latency);
        }
    }
    return 0;
}

double latency_max_ms(const struct latency *latency)
{
    return (double)latency->max_ns / 1e6;
}
