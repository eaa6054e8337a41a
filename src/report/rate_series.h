/* rate_series: a time series of events in bounded memory: one bucket per second; when all are in use, pairs
 * of buckets are merged.
 *
 * Thread: one at a time. Owner: the caller; nothing to free.
 */
#ifndef KYC_REPORT_RATE_SERIES_H
#define KYC_REPORT_RATE_SERIES_H

#include <stddef.h>
#include <stdint.h>

enum { RATE_SERIES_BUCKETS = 600 };

struct rate_series {
    uint64_t first_ns, last_ns; /* start of the first bucket and last event; real time */
    uint64_t width_ns;          /* of a bucket; 0: no event yet */
    uint32_t counts[RATE_SERIES_BUCKETS];
    size_t count; /* buckets up to the last event */
};

/* Counts an event. One before the first (the clock was set back) counts in the first bucket. */
void rate_series_add(struct rate_series *series, uint64_t now_ns);

/* The duration of a bucket: its width, but of the last one only until the last event, and at least a tenth of
 * the width, because the mean over less is noise. */
uint64_t rate_series_bucket_ns(const struct rate_series *series, size_t bucket);
/* Events per second in a bucket. */
double rate_series_rate(const struct rate_series *series, size_t bucket);

#endif
