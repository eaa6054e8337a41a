/* retry: how long to wait before an attempt is repeated, and when to give up.
 *
 * Pure functions of the attempt's number, the time and random bits that the caller passes in. Thread: any; a
 * struct retry_random one at a time.
 */
#ifndef KYC_DELIVERY_RETRY_H
#define KYC_DELIVERY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* Random bits for jitter (SplitMix64), not for secrets. */
struct retry_random {
    uint64_t state;
};

/* The same seed gives the same bits: for tests. */
struct retry_random retry_random_from(uint64_t seed);
/* Seeded by the system. */
struct retry_random retry_random_any(void);
uint64_t retry_random_next(struct retry_random *random);

/* The wait after the attempt-th failed attempt (from 1): full jitter, evenly spread over 0 … min(30 s, 100 ms
 * × 2^(attempt − 1)). */
uint64_t retry_wait_ns(uint32_t attempt, uint64_t random_bits);

enum { RETRY_AFTER_TEXT_SIZE = 128 };

/* Why a run stops at a Retry-After longer than delivery.retry_for. Returns text. */
char *retry_after_text(uint64_t retry_after_ns, char text[RETRY_AFTER_TEXT_SIZE]);

/* Whether another attempt may follow `made` attempts, the first of which began elapsed_ns ago, after a wait
 * of wait_ns: fewer than `attempts` were made, and the retries stay within retry_for_ns. */
bool retry_is_allowed(uint32_t made, uint32_t attempts, uint64_t elapsed_ns, uint64_t wait_ns,
                      uint64_t retry_for_ns);

#endif
