/* random: a small seeded generator (splitmix64): the same seed repeats the same faults and latencies.
 *
 * Thread: one at a time per state.
 */
#ifndef KYC_SANDBOX_RANDOM_H
#define KYC_SANDBOX_RANDOM_H

#include <stdint.h>

/* The next 64 bits; *state may start as any number. */
uint64_t random_next(uint64_t *state);
/* Uniform in [0, 1). */
double random_share(uint64_t *state);

#endif
