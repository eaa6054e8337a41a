/* clock: the two clocks, and times as text.
 *
 * Durations and schedules use the monotonic clock, nonces and reports the real one. State machines (limiter,
 * retry) never call these: they are handed the time.
 * Thread: any.
 */
#ifndef KYC_CORE_CLOCK_H
#define KYC_CORE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_S  UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)

enum { CLOCK_RFC3339_SIZE = 32 };

/* Nanoseconds since an arbitrary start; never steps back. */
uint64_t clock_mono_ns(void);
/* Nanoseconds since the epoch, UTC; may step either way. */
uint64_t clock_real_ns(void);

/* Writes `2026-11-21T08:09:10.123Z` (milliseconds, UTC) into text and returns text. */
char *clock_rfc3339(uint64_t real_ns, char text[CLOCK_RFC3339_SIZE]);

#endif
