/* latency_histogram: how many requests were answered within which time, as the metrics show it.
 *
 * A histogram and not a summary: the counts of several jobs, days or machines can be added up before a
 * percentile is computed, and percentiles cannot. Thread: any; plain data, zeroed at first.
 */
#ifndef KYC_MODEL_LATENCY_HISTOGRAM_H
#define KYC_MODEL_LATENCY_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { LATENCY_HISTOGRAM_BUCKETS = 12 };

struct latency_histogram {
    uint64_t counts[LATENCY_HISTOGRAM_BUCKETS]; /* of each bucket alone */
    uint64_t sum_ns;
};

/* The bucket of a duration: the first whose bound it does not exceed. */
size_t latency_histogram_bucket(uint64_t ns);
/* Its upper bound in seconds, as text: `0.01`, …, `30`, and `+Inf` of the last one. */
const char *latency_histogram_bound(size_t bucket);

#endif
