#include "report/rate_series.h"

#include <string.h>

#include "core/clock.h"

/* Halves the number of buckets in use, so that the series can last twice as long. */
static void rate_series_merge(struct rate_series *series)
{
    for (size_t i = 0; i < RATE_SERIES_BUCKETS / 2; i++)
        series->counts[i] = series->counts[2 * i] + series->counts[2 * i + 1];
    memset(series->counts + RATE_SERIES_BUCKETS / 2, 0, RATE_SERIES_BUCKETS / 2 * sizeof *series->counts);
    series->count = (series->count + 1) / 2;
    series->width_ns *= 2;
}

void rate_series_add(struct rate_series *series, uint64_t now_ns)
{
    if (!series->width_ns) {
        series->width_ns = CLOCK_NS_PER_S;
        series->first_ns = series->last_ns = now_ns;
    }
    uint64_t since_ns = now_ns > series->first_ns ? now_ns - series->first_ns : 0;
    while (since_ns / series->width_ns >= RATE_SERIES_BUCKETS)
        rate_series_merge(series);
    size_t bucket = (size_t)(since_ns / series->width_ns);
    series->counts[bucket]++;
    if (bucket >= series->count)
        series->count = bucket + 1;
    if (now_ns > series->last_ns)
        series->last_ns = now_ns;
}

uint64_t rate_series_bucket_ns(const struct rate_series *series, size_t bucket)
{
    if (bucket + 1 < series->count)
        return series->width_ns;
    uint64_t lasted_ns = series->last_ns - series->first_ns - bucket * series->width_ns;
    return lasted_ns < series->width_ns / 10 ? series->width_ns / 10 : lasted_ns;
}

double rate_series_rate(const struct rate_series *series, size_t bucket)
{
    return (double)series->counts[bucket] * (double)CLOCK_NS_PER_S /
           (double)rate_series_bucket_ns(series, bucket);
}
