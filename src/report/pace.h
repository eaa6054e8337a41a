/* pace: events over time in bounded memory: one bucket a second, two merged into one whenever all are in use.
 *
 * Thread: one at a time. Owner: the caller; nothing to free.
 */
#ifndef KYC_REPORT_PACE_H
#define KYC_REPORT_PACE_H

#include <stddef.h>
#include <stdint.h>

enum { PACE_BUCKETS = 600 };

struct pace {
    uint64_t first_ns, last_ns; /* of the first bucket's begin and the last event; real time */
    uint64_t width_ns;          /* of a bucket; 0: no event yet */
    uint32_t counts[PACE_BUCKETS];
    size_t count; /* buckets up to the last event */
};

/* An event at now_ns. One before the first (the clock was set back) counts in the first bucket. */
void pace_add(struct pace *pace, uint64_t now_ns);

/* How long a bucket lasts: its width, but the last one only until the last event (a tenth of the width at
 * least: an average over less says nothing). */
uint64_t pace_bucket_ns(const struct pace *pace, size_t bucket);
/* Events a second in a bucket. */
double pace_rate(const struct pace *pace, size_t bucket);

#endif
