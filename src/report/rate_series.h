/* rate_series: events over time in bounded memory: one bucket a second, two merged into one whenever all are
 * in use.
 *
 * Thread: one at a time. Owner: the caller; nothing to free.
 */
#ifndef KYC_REPORT_RATE_SERIES_H
#define KYC_REPORT_RATE_SERIES_H

#include <stddef.h>
#include <stdint.h>

enum { RATE_SERIES_BUCKETS = 600 };

struct rate_series {
    uint64_t first_ns, last_ns; /* of the first bucket's begin and the last event; real time */
    uint64_t width_ns;          /* of a bucket; 0: no event yet */
    uint32_t stats[RATE_SERIES_BUCKETS];
    size_t count; /* buckets up to the last event */
};

/* An event at now_ns. One before the first (the clock was set back) counts in the first bucket. */
void rate_series_add(struct rate_series *series, uint64_t now_ns);

/* How long a bucket lasts: its width, but the last one only until the last event (a tenth of the width at
 * least: an average over less says nothing). */
uint64_t rate_series_bucket_ns(const struct rate_series *series, size_t bucket);
/* Events a second in a bucket. */
double rate_series_rate(const struct rate_series *series, size_t bucket);

#endif
