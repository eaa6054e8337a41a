/* latency: a histogram of durations in fixed memory, for percentiles within 1.6 %.
 *
 * Buckets as in HdrHistogram: each power of two of microseconds in 64 equal parts; below 128 µs exact. The
 * maximum is kept as it is. Thread: one at a time. Owner: plain data, zeroed at first.
 */
#ifndef KYC_DELIVERY_LATENCY_H
#define KYC_DELIVERY_LATENCY_H

#include <stdint.h>

enum { LATENCY_PARTS = 64, LATENCY_BUCKETS = LATENCY_PARTS * 32 };

struct latency {
    uint64_t buckets[LATENCY_BUCKETS];
    uint64_t count, max_ns;
};

void latency_add(struct latency *latency, uint64_t ns);

/* The duration in ms that `percent` of all did not exceed: the upper end of its bucket, at most the maximum.
 * 0 when there is none. */
double latency_percentile_ms(const struct latency *latency, double percent);
double latency_max_ms(const struct latency *latency);

#endif
