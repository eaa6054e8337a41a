#include "delivery/breaker.h"

#include "core/clock.h"

enum { PROBE_MAX_S = 60, DOUBLINGS_MAX = 6 };

void breaker_init(struct breaker *breaker, uint64_t retry_for_ns)
{
    *breaker = (struct breaker){.retry_for_ns = retry_for_ns};
}

uint64_t breaker_next_ns(const struct breaker *breaker)
{
    if (!breaker->is_open)
        return 0;
    return breaker->is_probing || breaker->has_given_up ? UINT64_MAX : breaker->next_ns;
}

bool breaker_admit(struct breaker *breaker)
{
    breaker->is_probing = breaker->is_open;
    return breaker->is_open;
}

void breaker_release(struct breaker *breaker, bool was_probe)
{
    if (was_probe)
        breaker->is_probing = false;
}

/* The last probe leaves when retry_for is over, whatever the backoff. */
static void plan_probe(struct breaker *breaker, uint64_t now_ns, uint64_t random_bits)
{
    uint32_t doublings = breaker->probes < DOUBLINGS_MAX ? breaker->probes : DOUBLINGS_MAX;
    uint64_t wait_ns = CLOCK_NS_PER_S << doublings, end_ns = breaker->opened_ns + breaker->retry_for_ns;
    if (wait_ns > PROBE_MAX_S * CLOCK_NS_PER_S)
        wait_ns = PROBE_MAX_S * CLOCK_NS_PER_S;
    breaker->next_ns = now_ns + wait_ns / 2 + random_bits % (wait_ns / 2);
    if (breaker->next_ns > end_ns)
        breaker->next_ns = end_ns;
}

static bool close_breaker(struct breaker *breaker, uint64_t now_ns)
{
    bool was_open = breaker->is_open;
    breaker->paused_ns = breaker_paused_ns(breaker, now_ns);
    breaker->failures = breaker->probes = breaker->subject_count = 0;
    breaker->is_open = breaker->is_probing = false;
    return was_open;
}

static bool open(struct breaker *breaker, uint64_t now_ns, uint64_t random_bits)
{
    breaker->is_open = true;
    breaker->opened_ns = now_ns;
    breaker->openings++;
    plan_probe(breaker, now_ns, random_bits);
    return true;
}

void breaker_add_subject(struct breaker *breaker, uint64_t subject)
{
    for (uint32_t i = 0; i < breaker->subject_count; i++)
        if (breaker->subjects[i] == subject)
            return;
    if (subject == 0)
        breaker->subject_count = BREAKER_SUBJECTS;
    else if (breaker->subject_count < BREAKER_SUBJECTS)
        breaker->subjects[breaker->subject_count++] = subject;
}

bool breaker_blames_provider(const struct breaker *breaker)
{
    return breaker->subject_count == BREAKER_SUBJECTS;
}

bool breaker_record(struct breaker *breaker, bool answered, bool was_probe, uint64_t now_ns,
                    uint64_t random_bits)
{
    if (breaker->has_given_up)
        return false;
    if (answered)
        return close_breaker(breaker, now_ns);
    breaker->failures++;
    if (!breaker->is_open)
        return breaker->failures >= BREAKER_FAILURES && open(breaker, now_ns, random_bits);
    if (!was_probe) /* left before it opened */
        return false;
    breaker->is_probing = false;
    breaker->probes++;
    breaker->has_given_up = now_ns >= breaker->opened_ns + breaker->retry_for_ns;
    plan_probe(breaker, now_ns, random_bits);
    return breaker->has_given_up;
}

uint64_t breaker_paused_ns(const struct breaker *breaker, uint64_t now_ns)
{
    return breaker->paused_ns + (breaker->is_open ? now_ns - breaker->opened_ns : 0);
}
