#include "delivery/retry.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/digest.h"

#define WAIT_FIRST_NS (100 * CLOCK_NS_PER_MS)
#define WAIT_MAX_NS   (30 * CLOCK_NS_PER_S)

struct retry_random retry_random_from(uint64_t seed)
{
    return (struct retry_random){seed};
}

struct retry_random retry_random_any(void)
{
    struct retry_random random;
    digest_random(&random.state, sizeof random.state);
    return random;
}

uint64_t retry_random_next(struct retry_random *random)
{
    uint64_t bits = random->state += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

uint64_t retry_wait_ns(uint32_t attempt, uint64_t random_bits)
{
    uint64_t max = WAIT_FIRST_NS;
    for (uint32_t i = 1; i < attempt && max < WAIT_MAX_NS; i++)
        max *= 2;
    if (max > WAIT_MAX_NS)
        max = WAIT_MAX_NS;
    return random_bits % (max + 1);
}

char *retry_after_text(uint64_t retry_after_ns, char text[RETRY_AFTER_TEXT_SIZE])
{
    snprintf(text, RETRY_AFTER_TEXT_SIZE,
             "the provider asks to wait %" PRIu64 " s, longer than delivery.retry_for: run again after that",
             (retry_after_ns + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S);
    return text;
}

bool retry_is_allowed(uint32_t made, uint32_t attempts, uint64_t elapsed_ns, uint64_t wait_ns,
                      uint64_t retry_for_ns)
{
    return made < attempts && elapsed_ns <= retry_for_ns && wait_ns <= retry_for_ns - elapsed_ns;
}
