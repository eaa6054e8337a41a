/* limiter: when the next request may leave, so that the provider's rate is used and never exceeded.
 *
 * A plain state machine that is passed the time (monotonic ns; an earlier one than the last counts as the
 * last). A request may leave when two rules allow it: GCRA (`burst` at once, then one every per/count; one
 * that leaves up to half of that late does not delay the next), and fewer than `count` left within the last
 * per + 5 ms, where a request that was admitted, but not yet reported by limiter_sent, counts as if it left
 * now. The second rule alone bounds every window of the provider's, wherever it begins and however long a
 * connection takes; the 5 ms are for what the network adds to the spacing.
 *
 * A 429 slows the job: the first rule's rate is halved and its burst is gone. Requests in flight together are
 * throttled together and are one event: the rate is halved again only for a request that left a second (or
 * per/count, if that is longer) after the last halving and its Retry-After, however late its reply comes.
 * Each such interval without a 429, from the end of Retry-After on, gives back 1/20 of the full rate; so it
 * never falls below 1/20, and is full again 19 intervals after the last 429.
 *
 * Where several jobs share the rate (model/rate_share.h), limiter_set_count says how much of it this one may
 * use; both rules follow it. A request that was admitted under a larger count may still leave under a smaller
 * one: limiter_using counts it.
 *
 * Limits: memory is 8 bytes a request of the window, LIMITER_WINDOW_MAX of them. A higher count is kept by
 * parts (360,000/h as 90,000 in 15 minutes), which is stricter, never looser.
 * Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_DELIVERY_LIMITER_H
#define KYC_DELIVERY_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/job.h"

enum { LIMITER_WINDOW_MAX = 100000, LIMITER_SHARE_FULL = 320 };

struct limiter {
    /* constant */
    uint32_t count;       /* requests of a window */
    uint32_t burst;       /* at once; at most count */
    uint64_t window_ns;   /* with its margin */
    uint64_t spacing_ns;  /* of GCRA, at the full rate */
    uint64_t interval_ns; /* between two steps of the share, either way */
    /* state */
    uint32_t allowed;    /* of count: the share of this job */
    uint64_t now_ns;     /* the latest time seen */
    uint64_t arrival_ns; /* GCRA's theoretical arrival time */
    uint64_t held_until_ns;
    uint64_t may_halve_ns; /* a 429 to a request that left before this halves nothing */
    uint64_t recovers_ns;  /* when the share takes its next step up */
    uint32_t share;        /* of LIMITER_SHARE_FULL: what 429s have left of the rate */
    uint32_t admitted;     /* that neither left nor were dropped */
    uint64_t *sent_ns;     /* ring of leave times within the window */
    uint32_t sent_first, sent_count;
};

/* rate.count, rate.per_ns and burst at least 1. */
void limiter_init(struct limiter *limiter, struct job_rate rate, uint32_t burst);
void limiter_clear(struct limiter *limiter);

/* Before the first request: another limiter of this rate, and of former_burst, whose state is lost, may have
 * let requests leave until now_ns. This one waits for two spacings more than the larger burst, and begins
 * without a burst, so that no window holds more than the rate of the requests of both. Returns the wait in
 * ns. */
uint64_t limiter_carry_over(struct limiter *limiter, uint64_t now_ns, uint32_t former_burst);

/* The time at which the next request may leave; at most now: it may leave now. It is a lower bound: call
 * again then, and after every other call. */
uint64_t limiter_next(struct limiter *limiter, uint64_t now_ns);

/* A request starts, and connects first. Only when limiter_next allowed it now. */
void limiter_admit(struct limiter *limiter, uint64_t now_ns);
/* One of the admitted has left: at now_ns its first bytes were written, or earlier. A late call costs a
 * little of the rate; a call before the write could exceed it. */
void limiter_sent(struct limiter *limiter, uint64_t now_ns);
/* One of the admitted will not leave. Its share of GCRA stays used. */
void limiter_drop(struct limiter *limiter);

/* The provider answered 429 to a request that left at left_ns. retry_after_ns (0: none): nothing may leave
 * for so long. */
void limiter_throttle(struct limiter *limiter, uint64_t now_ns, uint64_t left_ns, uint64_t retry_after_ns);
/* Nothing may leave for hold_ns; the rate stays as it is: for a Retry-After of another status than 429, or
 * one that an earlier process received. */
void limiter_hold(struct limiter *limiter, uint64_t now_ns, uint64_t hold_ns);
/* A 429 that another job of the account received now: as limiter_throttle of a request that left now. */
void limiter_slow(struct limiter *limiter, uint64_t now_ns);
/* From now on at most count requests in a window, and never more than of limiter_init; 0: none. Requests that
 * left before count on. Not together with limiter_carry_over. */
void limiter_set_count(struct limiter *limiter, uint64_t now_ns, uint32_t count);
/* How many requests may still leave in a window from now on: what is allowed; or more, if more have been
 * admitted before it was lowered. It does not grow but by limiter_set_count. */
uint32_t limiter_using(const struct limiter *limiter);
/* True while a Retry-After holds everything: admitted requests must not leave either. */
bool limiter_is_held(const struct limiter *limiter, uint64_t now_ns);

#endif
