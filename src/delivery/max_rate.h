/* max_rate: the maximum of events within any second, counted by themselves and not by the limiter: so the
 * rate in the report is a measurement.
 *
 * Memory is 8 bytes an event of the last second. Thread: one at a time. Owner: the caller, max_rate_clear.
 */
#ifndef KYC_DELIVERY_MAX_RATE_H
#define KYC_DELIVERY_MAX_RATE_H

#include <stddef.h>
#include <stdint.h>

struct max_rate {
    uint64_t max;    /* in any half-open second so far */
    uint64_t *times; /* a ring */
    size_t first, count, capacity;
};

/* An event at now_ns (monotonic, never earlier than the last). A zeroed one is empty. */
void max_rate_add(struct max_rate *max_rate, uint64_t now_ns);
void max_rate_clear(struct max_rate *max_rate);

#endif
