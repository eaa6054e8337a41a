#include "model/latency_histogram.h"

#include <assert.h>

#define MS UINT64_C(1000000)

/* From a provider in the same data centre to delivery.timeout of 30 s. */
static const struct {
    uint64_t max_ns;
    const char *text;
} bounds[LATENCY_HISTOGRAM_BUCKETS] = {
    {10 * MS, "0.01"},  {25 * MS, "0.025"}, {50 * MS, "0.05"},  {100 * MS, "0.1"},
    {250 * MS, "0.25"}, {500 * MS, "0.5"},  {1000 * MS, "1"},   {2500 * MS, "2.5"},
    {5000 * MS, "5"},   {10000 * MS, "10"}, {30000 * MS, "30"}, {UINT64_MAX, "+Inf"},
};

size_t latency_histogram_bucket(uint64_t ns)
{
    size_t bucket = 0;

    while (ns > bounds[bucket].max_ns)
        bucket++;
    return bucket;
}

const char *latency_histogram_bound(size_t bucket)
{
    assert(bucket < LATENCY_HISTOGRAM_BUCKETS);
    return bounds[bucket].text;
}
