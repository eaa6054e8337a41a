/* random: a small seeded generator (splitmix64), so that a run of the sandbox can be repeated.
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
