/* clock: the three clocks, and times as text.
 *
 * Durations and schedules use the monotonic clock, nonces and reports the real one; what must hold from one
 * process to the next, the time since the machine started. State machines (limiter, retry) never call these:
 * they are handed the time.
 * Thread: any.
 */
#ifndef KYC_CORE_CLOCK_H
#define KYC_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_HOUR (3600 * CLOCK_NS_PER_S)
#define CLOCK_NS_PER_S    UINT64_C(1000000000)
#define CLOCK_NS_PER_MS   UINT64_C(1000000)

enum { CLOCK_RFC3339_SIZE = 32, CLOCK_BOOT_ID_SIZE = 37 };

/* Nanoseconds since an arbitrary start; never steps back. */
uint64_t clock_mono_ns(void);
/* Nanoseconds since the epoch, UTC; may step either way. */
uint64_t clock_real_ns(void);

/* Nanoseconds since the machine started, time asleep included; never steps. One clock for all processes of
 * one start, which clock_boot_id names. */
uint64_t clock_boot_ns(void);
/* Converts a time of clock_boot_ns to one of clock_mono_ns; a time that is past becomes now. If the machine
 * sleeps in between, the result is too late by the sleep. */
uint64_t clock_mono_of_boot_ns(uint64_t boot_ns);
/* Converts a time of clock_real_ns to one of clock_mono_ns, by the offset that the two have now: as a rule
 * exact to a microsecond, also where the thread is interrupted. A time before the clock's start wraps. */
uint64_t clock_mono_of_real_ns(uint64_t real_ns);
/* Writes the kernel's random id of this start (/proc/sys/kernel/random/boot_id: 36 characters of hex and
 * `-`), or "" where there is none; returns id. */
char *clock_boot_id(char id[CLOCK_BOOT_ID_SIZE]);

/* Writes `2026-11-21T08:09:10.123Z` (milliseconds, UTC) into text and returns text. */
char *clock_rfc3339(uint64_t real_ns, char text[CLOCK_RFC3339_SIZE]);

/* Reads a day (`2026-11-21`, its first moment in UTC) or a time with its zone
 * (`2026-11-21T08:09[:10[.123…]]Z` or `+01:00`), from 1970 to 2261. False: it is neither. */
bool clock_read_rfc3339(const char *text, uint64_t *real_ns);

static inline bool clock_is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

#endif
