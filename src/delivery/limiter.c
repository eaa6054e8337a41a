#include "delivery/limiter.h"

#include <assert.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"

enum {
    SHARE_STEP = LIMITER_SHARE_FULL / 20,
    SHARE_MIN = SHARE_STEP,
};

#define WINDOW_MARGIN_NS (5 * CLOCK_NS_PER_MS)
#define HOLD_MAX_NS      (UINT64_C(86400) * 366 * CLOCK_NS_PER_S)

static uint64_t ceil_divide(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void limiter_init(struct limiter *limiter, struct job_rate rate, uint32_t burst)
{
    assert(rate.count > 0 && rate.per_ns > 0 && burst > 0);
    uint64_t parts = ceil_divide(rate.count, LIMITER_WINDOW_MAX);
    *limiter = (struct limiter){
        .count = (uint32_t)(rate.count / parts),
        .allowed = (uint32_t)(rate.count / parts),
        .burst = burst,
        .window_ns = ceil_divide(rate.per_ns, parts) + ceil_divide(WINDOW_MARGIN_NS, parts),
        .spacing_ns = ceil_divide(rate.per_ns, rate.count),
        .share = LIMITER_SHARE_FULL,
    };
    if (limiter->burst > limiter->count)
        limiter->burst = limiter->count;
    limiter->interval_ns = later(CLOCK_NS_PER_S, limiter->spacing_ns);
    limiter->sent_ns = memory_new(limiter->count, sizeof *limiter->sent_ns);
}

void limiter_clear(struct limiter *limiter)
{
    free(limiter->sent_ns);
    *limiter = (struct limiter){0};
}

uint64_t limiter_carry_over(struct limiter *limiter, uint64_t now_ns, uint32_t former_burst)
{
    uint32_t burst = former_burst > limiter->burst ? former_burst : limiter->burst;
    if (burst > limiter->count)
        burst = limiter->count;
    /* In a window of which d1 was the other's and d2 is ours, it let go burst + rate × d1 at most, and we
     * 1 + rate × d2: the wait takes more than burst + 1 of it away. */
    uint64_t wait_ns = ((uint64_t)burst + 2) * limiter->spacing_ns;
    limiter->arrival_ns = now_ns + wait_ns + (limiter->burst - 1) * limiter->spacing_ns;
    return wait_ns;
}

static uint64_t sent_at(const struct limiter *limiter, uint32_t index)
{
    return limiter->sent_ns[(limiter->sent_first + (uint64_t)index) % limiter->count];
}

/* Moves the clock on: leave times drop out of the window, a reduced share recovers. */
static uint64_t advance(struct limiter *limiter, uint64_t now_ns)
{
    limiter->now_ns = later(limiter->now_ns, now_ns);
    while (limiter->sent_count > 0 && sent_at(limiter, 0) + limiter->window_ns <= limiter->now_ns) {
        limiter->sent_first = (limiter->sent_first + 1) % limiter->count;
        limiter->sent_count--;
    }
    while (limiter->share < LIMITER_SHARE_FULL && limiter->recovers_ns <= limiter->now_ns) {
        limiter->share += SHARE_STEP;
        if (limiter->share > LIMITER_SHARE_FULL)
            limiter->share = LIMITER_SHARE_FULL;
        limiter->recovers_ns += limiter->interval_ns;
    }
    return limiter->now_ns;
}

/* Of what is allowed, without 429s. */
static uint64_t spacing_allowed(const struct limiter *limiter)
{
    return ceil_divide(limiter->spacing_ns * limiter->count, limiter->allowed);
}

static uint64_t spacing_now(const struct limiter *limiter)
{
    return ceil_divide(spacing_allowed(limiter) * LIMITER_SHARE_FULL, limiter->share);
}

static uint64_t burst_ahead(const struct limiter *limiter)
{
    uint32_t burst = limiter->burst < limiter->allowed ? limiter->burst : limiter->allowed;

    return limiter->share == LIMITER_SHARE_FULL ? (burst - 1) * spacing_allowed(limiter) : 0;
}

uint64_t limiter_next(struct limiter *limiter, uint64_t now_ns)
{
    uint64_t next = later(advance(limiter, now_ns), limiter->held_until_ns);
    if (limiter->allowed == 0)
        return UINT64_MAX;

    uint64_t ahead = burst_ahead(limiter);
    if (limiter->arrival_ns > ahead)
        next = later(next, limiter->arrival_ns - ahead);

    uint64_t taken = (uint64_t)limiter->sent_count + limiter->admitted;
    if (taken >= limiter->allowed) {
        uint64_t excess = taken - limiter->allowed + 1;
        uint64_t oldest = excess <= limiter->sent_count ? sent_at(limiter, (uint32_t)excess - 1)
                                                        : limiter->now_ns; /* of those that still wait */
        next = later(next, oldest + limiter->window_ns);
    }
    return next;
}

void limiter_admit(struct limiter *limiter, uint64_t now_ns)
{
    uint64_t next = limiter_next(limiter, now_ns);
    assert(next <= limiter->now_ns);
    (void)next;
    /* A request that is a little late keeps the old schedule; otherwise each delay would cost rate for good.
     */
    bool is_late = limiter->now_ns > limiter->arrival_ns &&
                   limiter->now_ns - limiter->arrival_ns <= spacing_allowed(limiter) / 2;
    limiter->arrival_ns =
        (is_late ? limiter->arrival_ns : later(limiter->arrival_ns, limiter->now_ns)) + spacing_now(limiter);
    limiter->admitted++;
}

void limiter_sent(struct limiter *limiter, uint64_t now_ns)
{
    assert(limiter->admitted > 0);
    uint64_t now = advance(limiter, now_ns);
    limiter->admitted--;
    assert(limiter->sent_count < limiter->count);
    limiter->sent_ns[(limiter->sent_first + (uint64_t)limiter->sent_count) % limiter->count] = now;
    limiter->sent_count++;
}

void limiter_drop(struct limiter *limiter)
{
    assert(limiter->admitted > 0);
    limiter->admitted--;
}

void limiter_hold(struct limiter *limiter, uint64_t now_ns, uint64_t hold_ns)
{
    uint64_t hold = hold_ns < HOLD_MAX_NS ? hold_ns : HOLD_MAX_NS;
    limiter->held_until_ns = later(limiter->held_until_ns, advance(limiter, now_ns) + hold);

    /* While everything is held the share does not recover. */
    limiter->recovers_ns = later(limiter->recovers_ns, limiter->held_until_ns + limiter->interval_ns);
}

void limiter_throttle(struct limiter *limiter, uint64_t now_ns, uint64_t left_ns, uint64_t retry_after_ns)
{
    limiter_hold(limiter, now_ns, retry_after_ns);
    if (left_ns < limiter->may_halve_ns) /* it left at the old rate */
        return;
    limiter->share = limiter->share / 2 > SHARE_MIN ? limiter->share / 2 : SHARE_MIN;
    limiter->may_halve_ns = limiter->held_until_ns + limiter->interval_ns;
}

void limiter_slow(struct limiter *limiter, uint64_t now_ns)
{
    limiter_throttle(limiter, now_ns, later(limiter->now_ns, now_ns), 0);
}

void limiter_set_count(struct limiter *limiter, uint64_t now_ns, uint32_t count)
{
    uint64_t now = advance(limiter, now_ns);

    limiter->allowed = count < limiter->count ? count : limiter->count;
    if (limiter->allowed == 0)
        return;
    /* A wait that a smaller count made must not outlive it. */
    uint64_t soonest = now + burst_ahead(limiter) + spacing_now(limiter);
    if (limiter->arrival_ns > soonest)
        limiter->arrival_ns = soonest;
}

uint32_t limiter_using(const struct limiter *limiter)
{
    return limiter->admitted > limiter->allowed ? limiter->admitted : limiter->allowed;
}

bool limiter_is_held(const struct limiter *limiter, uint64_t now_ns)
{
    return now_ns < limiter->held_until_ns;
}
