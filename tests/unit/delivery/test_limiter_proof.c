/* The proof that the limiter never lets more than N leave in any window, and uses what it may: a simulation
 * of the sender around it, with simulated time, a million requests a scenario.
 *
 * A request is admitted, waits for its connection, leaves, and some time later the limiter is told that it
 * left; its answer gives back the slot that it took. Departures are checked one by one, against every
 * half-open window that begins or ends with one; so are arrivals at a provider that sees each up to 5 ms
 * later than it left, as the worst case for the limit has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/memory.h"
#include "delivery/limiter.h"
#include "delivery/retry.h"

#define S  CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS
#define US (MS / 1000)

/* Sanitizers slow it down tenfold, and find nothing more in a million than in a hundred thousand. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||     \
    __has_feature(thread_sanitizer)
enum { REQUESTS = 100000 };
#else
enum { REQUESTS = 1000000 };
#endif
enum { SEEDS = 4, NETWORK_MAX_MS = 5 };

/* Windows. */

/* The last times of something that may come slightly out of order, sorted. */
struct window {
    uint64_t per_ns;
    size_t limit, kept, count;
    uint64_t *times; /* a ring of kept, which is a power of two */
    uint64_t max;    /* seen within any per_ns, at most limit + 1 */
};

static void window_open(struct window *window, struct job_rate rate)
{
    *window = (struct window){.per_ns = rate.per_ns, .limit = rate.count, .kept = 1024};
    while (window->kept < 4 * (size_t)rate.count)
        window->kept *= 2;
    window->times = memory_new(window->kept, sizeof *window->times);
}

static uint64_t *window_at(struct window *window, size_t index)
{
    return &window->times[index & (window->kept - 1)];
}

/* False when more than the limit came within one half-open window of per_ns. */
static bool window_add(struct window *window, uint64_t time)
{
    size_t index = window->count++, oldest = window->count > window->kept ? window->count - window->kept : 0;
    for (; index > oldest && *window_at(window, index - 1) > time; index--)
        *window_at(window, index) = *window_at(window, index - 1);
    *window_at(window, index) = time;
    for (size_t last = index; last < window->count; last++)
        if (last >= oldest + window->limit &&
            *window_at(window, last) - *window_at(window, last - window->limit) < window->per_ns)
            return false;
    return true;
}

/* The simulated sender. */

enum spread {
    NONE,
    KEPT,    /* 0–200 us, one in fifty 0–2 ms: connections that are kept */
    SLOW,    /* 20–200 ms */
    LAZY,    /* 0–400 ms */
    UNFAIR,  /* mostly 0, one in twenty 3 s */
    BUNCHED, /* until the next multiple of 700 ms: all at once */
    STALLED, /* 50 ms, but nothing for 3 s in every 10, and then all at once */
};

enum work {
    ALWAYS,
    FLOODS, /* nothing for 0–3 windows, then as much as 0–3 windows take */
};

struct scenario {
    const char *sentence;
    struct job_rate rate;
    uint32_t burst, in_flight;
    enum work work;
    enum spread connection, told_late, latency;
    uint64_t wake_late_ns; /* the sender wakes up as much too late */
    double lost;           /* one in so many never leaves */
    double least_used;
};

enum happening { LEAVES, TOLD, ANSWERED, NEVER_LEAVES };

struct event {
    uint64_t at_ns;
    enum happening what;
    uint64_t left_at; /* of an answer */
    bool is_429;
};

struct simulation {
    const struct scenario *scenario;
    struct limiter limiter;
    struct retry_random random;
    struct event *heap;
    size_t heap_count;
    struct window departures, arrivals;
    uint64_t now, queue, next_work;
    uint32_t in_flight;
    uint64_t admitted, left;
    /* the time in which there was work, and a slot for it */
    uint64_t ready_since, ready_ns, ready_admitted, short_by;
};

static uint64_t any(struct simulation *s, uint64_t below)
{
    return below ? retry_random_next(&s->random) % below : 0;
}

static uint64_t spread_of(struct simulation *s, enum spread spread)
{
    switch (spread) {
    case KEPT:
        return any(s, 50) == 0 ? any(s, 2 * MS) : any(s, 200 * US);
    case SLOW:
        return 20 * MS + any(s, 180 * MS);
    case LAZY:
        return any(s, 400 * MS);
    case UNFAIR:
        return any(s, 20) == 0 ? 3 * S : 0;
    case BUNCHED:
        return 700 * MS - s->now % (700 * MS);
    case STALLED:
        return s->now % (10 * S) < 3 * S ? 3 * S - s->now % (10 * S) : 50 * MS;
    case NONE:
    default:
        return 0;
    }
}

static void heap_add_event(struct simulation *s, struct event event)
{
    uint64_t at_ns = event.at_ns;
    size_t i = s->heap_count++;
    for (; i > 0 && s->heap[(i - 1) / 2].at_ns > at_ns; i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = event;
}

static void heap_add(struct simulation *s, uint64_t at_ns, enum happening what)
{
    heap_add_event(s, (struct event){.at_ns = at_ns, .what = what});
}

static struct event heap_take(struct simulation *s)
{
    struct event first = s->heap[0], last = s->heap[--s->heap_count];
    size_t i = 0;
    for (size_t child = 1; child < s->heap_count; child = 2 * i + 1) {
        child += child + 1 < s->heap_count && s->heap[child + 1].at_ns < s->heap[child].at_ns;
        if (s->heap[child].at_ns >= last.at_ns)
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = last;
    return first;
}

static void depart(struct simulation *s)
{
    const struct scenario *scenario = s->scenario;
    s->left++;
    if (!window_add(&s->departures, s->now))
        fail_msg("%s: more than %u departures in one window", scenario->sentence,
                 (unsigned)scenario->rate.count);
    /* The network is slow for a while, then fast: what left apart comes together. */
    uint64_t on_its_way = s->now / S % 2 ? 0 : any(s, 2) ? NETWORK_MAX_MS * MS : any(s, NETWORK_MAX_MS * MS);
    if (!window_add(&s->arrivals, s->now + on_its_way))
        fail_msg("%s: more than %u arrivals in one window", scenario->sentence,
                 (unsigned)scenario->rate.count);
    heap_add(s, s->now + spread_of(s, scenario->told_late), TOLD);
    heap_add(s, s->now + spread_of(s, scenario->latency), ANSWERED);
}

static void happen(struct simulation *s, enum happening what)
{
    switch (what) {
    case LEAVES:
        depart(s);
        break;
    case TOLD:
        limiter_sent(&s->limiter, s->now);
        break;
    case NEVER_LEAVES:
        limiter_drop(&s->limiter);
        s->in_flight--;
        break;
    case ANSWERED:
        s->in_flight--;
        break;
    }
}

static void admit(struct simulation *s)
{
    const struct scenario *scenario = s->scenario;
    bool is_lost = scenario->lost > 0 && (double)any(s, 1000000) < scenario->lost * 1000000;
    limiter_admit(&s->limiter, s->now);
    s->admitted++;
    s->queue--;
    s->in_flight++;
    heap_add(s, s->now + spread_of(s, scenario->connection), is_lost ? NEVER_LEAVES : LEAVES);
}

static void bring_work(struct simulation *s)
{
    const struct scenario *scenario = s->scenario;
    if (scenario->work == ALWAYS) {
        s->queue = UINT32_MAX;
        s->next_work = UINT64_MAX;
    } else if (s->now >= s->next_work) {
        s->queue += 1 + any(s, 3 * (uint64_t)scenario->rate.count);
        s->next_work = s->now + any(s, 6 * scenario->rate.per_ns);
    }
}

/* While there is work and a slot, 99 % of the rate is used, but for what a burst took ahead of its time. */
static void watch_use(struct simulation *s, bool is_ready)
{
    const struct scenario *scenario = s->scenario;
    if (is_ready && s->ready_since == UINT64_MAX) {
        s->ready_since = s->now;
        s->ready_admitted = s->admitted;
    } else if (!is_ready && s->ready_since != UINT64_MAX) {
        double windows = (double)(s->now - s->ready_since) / (double)scenario->rate.per_ns;
        double want = scenario->least_used * windows * scenario->rate.count - s->limiter.burst - 1;
        double had = (double)(s->admitted - s->ready_admitted);
        if (had < want)
            fail_msg("%s: only %.0f of %.0f in %.3f windows with work", scenario->sentence, had, want,
                     windows);
        s->ready_ns += s->now - s->ready_since;
        s->ready_since = UINT64_MAX;
    }
}

/* All that happens at one moment; then on to the next. */
static void simulate_moment(struct simulation *s)
{
    const struct scenario *scenario = s->scenario;
    uint64_t next = UINT64_MAX;
    while (s->heap_count > 0 && s->heap[0].at_ns <= s->now)
        happen(s, heap_take(s).what);
    bring_work(s);
    watch_use(s, s->queue > 0 && s->in_flight < scenario->in_flight);
    while (s->queue > 0 && s->in_flight < scenario->in_flight) {
        uint64_t may = limiter_next(&s->limiter, s->now);
        if (may > s->now) {
            next = may + any(s, scenario->wake_late_ns);
            break;
        }
        admit(s);
    }
    watch_use(s, s->queue > 0 && s->in_flight < scenario->in_flight);
    if (s->heap_count > 0 && s->heap[0].at_ns < next)
        next = s->heap[0].at_ns;
    s->now = s->next_work < next ? s->next_work : next;
}

static const struct scenario scenarios[] = {
    {"10/s, one at a time", {10, S}, 1, 100, ALWAYS, KEPT, KEPT, SLOW, 5 * MS, 0, 0.99},
    {"100/s, burst 1", {100, S}, 1, 100, ALWAYS, KEPT, KEPT, SLOW, 3 * MS, 0, 0.99},
    {"100/s, the default burst", {100, S}, 5, 100, ALWAYS, KEPT, KEPT, SLOW, 5 * MS, 0, 0.99},
    {"100/s, a sender that wakes up late", {100, S}, 5, 100, ALWAYS, KEPT, KEPT, SLOW, 20 * MS, 0, 0.98},
    {"100/s, a burst of the rate", {100, S}, 100, 200, ALWAYS, KEPT, KEPT, SLOW, MS, 0, 0.99},
    {"100/s, a burst of twice the rate", {100, S}, 200, 200, ALWAYS, KEPT, KEPT, SLOW, MS, 0, 0.99},
    {"100/s, floods after pauses", {100, S}, 5, 64, FLOODS, KEPT, KEPT, SLOW, MS, 0, 0.99},
    {"100/s, floods after pauses, a burst of the rate",
     {100, S},
     100,
     64,
     FLOODS,
     KEPT,
     KEPT,
     SLOW,
     MS,
     0,
     0},
    {"100/s, all answers at once", {100, S}, 50, 64, ALWAYS, NONE, KEPT, BUNCHED, MS, 0, 0},
    {"100/s, a provider that stalls", {100, S}, 100, 256, ALWAYS, KEPT, KEPT, STALLED, MS, 0, 0},
    {"100/s, slow connections", {100, S}, 5, 512, ALWAYS, LAZY, KEPT, SLOW, MS, 0, 0.80},
    {"100/s, few very slow connections", {100, S}, 20, 512, ALWAYS, UNFAIR, KEPT, SLOW, MS, 0, 0.80},
    {"100/s, connections all at once", {100, S}, 100, 512, ALWAYS, BUNCHED, KEPT, SLOW, MS, 0, 0.40},
    {"100/s, connections stall and one in five is lost",
     {100, S},
     100,
     512,
     FLOODS,
     STALLED,
     KEPT,
     LAZY,
     MS,
     0.2,
     0},
    {"100/s, told much too late", {100, S}, 100, 512, ALWAYS, KEPT, LAZY, SLOW, MS, 0, 0.70},
    {"333/s", {333, S}, 7, 300, ALWAYS, KEPT, KEPT, SLOW, MS, 0, 0.99},
    {"1,000/s", {1000, S}, 5, 1000, ALWAYS, KEPT, KEPT, SLOW, MS, 0, 0.99},
    {"1,000/s, floods", {1000, S}, 1000, 200, FLOODS, KEPT, KEPT, SLOW, MS, 0, 0},
    {"one a second", {1, S}, 2, 4, ALWAYS, KEPT, KEPT, SLOW, MS, 0, 0.99},
    {"300 a minute", {300, 60 * S}, 5, 64, ALWAYS, KEPT, KEPT, LAZY, MS, 0, 0.99},
    {"300 a minute, floods, a burst of twice the rate",
     {300, 60 * S},
     600,
     64,
     FLOODS,
     LAZY,
     LAZY,
     LAZY,
     MS,
     0.1,
     0},
    {"5,000 an hour", {5000, 3600 * S}, 20, 64, ALWAYS, LAZY, KEPT, LAZY, MS, 0, 0.99},
    {"720,000 an hour, kept by parts", {720000, 3600 * S}, 10, 400, ALWAYS, KEPT, KEPT, SLOW, MS, 0, 0.99},
};

static double simulate(const struct scenario *scenario, uint64_t seed, uint64_t requests)
{
    struct simulation s = {
        .scenario = scenario, .random = retry_random_from(seed), .ready_since = UINT64_MAX};
    s.now = 12345 + any(&s, S);
    uint64_t began = s.now;
    s.heap = memory_new(3 * (size_t)scenario->in_flight + 3, sizeof *s.heap);
    s.heap_count = 0;
    window_open(&s.departures, scenario->rate);
    window_open(&s.arrivals, scenario->rate);
    limiter_init(&s.limiter, scenario->rate, scenario->burst);
    while (s.left < requests)
        simulate_moment(&s);
    watch_use(&s, false);
    double used =
        (double)s.left * (double)scenario->rate.per_ns / ((double)(s.now - began) * scenario->rate.count);
    limiter_clear(&s.limiter);
    free(s.heap);
    free(s.departures.times);
    free(s.arrivals.times);
    return used;
}

static void a_million_requests_never_pass_the_limit_and_use_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        const struct scenario *scenario = &scenarios[i];
        double min = 1e9;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            double used = simulate(scenario, 1000 * i + seed, REQUESTS / SEEDS);
            min = used < min ? used : min;
        }
        print_message("# %s: at least %.2f %% used\n", scenario->sentence, 100 * min);
        if (scenario->work == ALWAYS && min < scenario->least_used)
            fail_msg("%s: %.4f of the rate used", scenario->sentence, min);
    }
}

/* A provider whose limit is below the job's. */

struct throttled {
    struct simulation s;
    struct scenario scenario;
    uint32_t limit; /* of the provider: in any second, what it turned down included; 0: none any more */
    uint64_t retry_after_ns;
    struct window seen;
    uint64_t taken, turned_down, halvings;
    uint64_t held_until, halved_at;
};

/* True when it comes within the provider's limit. */
static bool is_taken(struct throttled *t)
{
    struct window *seen = &t->seen;
    seen->limit = t->limit;
    bool within = window_add(seen, t->s.now) || t->limit == 0;
    t->taken += within;
    t->turned_down += !within;
    return within;
}

static void leave_throttled(struct throttled *t)
{
    struct simulation *s = &t->s;
    if (limiter_is_held(&s->limiter, s->now)) { /* it connected meanwhile; turned back at the gate */
        limiter_drop(&s->limiter);
        s->in_flight--;
        return;
    }
    if (s->now < t->held_until)
        fail_msg("a request left %.3f ms before the end of Retry-After",
                 (double)(t->held_until - s->now) / 1e6);
    limiter_sent(&s->limiter, s->now);
    s->left++;
    bool is_429 = !is_taken(t);
    heap_add_event(s, (struct event){.at_ns = s->now + spread_of(s, t->scenario.latency),
                                     .what = ANSWERED,
                                     .left_at = s->now,
                                     .is_429 = is_429});
}

static void answer_throttled(struct throttled *t, const struct event *event)
{
    struct simulation *s = &t->s;
    limiter_next(&s->limiter, s->now); /* what has recovered by now has */
    uint32_t before = s->limiter.share;
    s->in_flight--;
    if (!event->is_429)
        return;
    limiter_throttle(&s->limiter, s->now, event->left_at, t->retry_after_ns);
    if (s->now + t->retry_after_ns > t->held_until)
        t->held_until = s->now + t->retry_after_ns;
    if (s->limiter.share < before) {
        assert_true(s->limiter.share == before / 2 || s->limiter.share == LIMITER_SHARE_FULL / 20);
        /* of a request that left under the rate that is halved now */
        assert_true(t->halved_at == 0 || event->left_at >= t->halved_at + S + t->retry_after_ns);
        t->halvings++;
        t->halved_at = s->now;
    }
}

static void simulate_throttled(struct throttled *t, uint64_t until)
{
    struct simulation *s = &t->s;
    while (s->now < until) {
        uint64_t next = UINT64_MAX;
        while (s->heap_count > 0 && s->heap[0].at_ns <= s->now) {
            struct event event = heap_take(s);
            if (event.what == LEAVES)
                leave_throttled(t);
            else
                answer_throttled(t, &event);
        }
        s->queue = 1;
        while (s->in_flight < t->scenario.in_flight && (next = limiter_next(&s->limiter, s->now)) <= s->now) {
            s->queue = 1;
            admit(s);
        }
        if (s->in_flight >= t->scenario.in_flight)
            next = UINT64_MAX;
        s->now = s->heap_count > 0 && s->heap[0].at_ns < next ? s->heap[0].at_ns : next;
    }
}

static void throttled_open(struct throttled *t, const struct scenario *scenario, uint32_t limit,
                           uint64_t retry_after_ns)
{
    *t = (struct throttled){.scenario = *scenario, .limit = limit, .retry_after_ns = retry_after_ns};
    t->s = (struct simulation){.scenario = &t->scenario, .random = retry_random_from(limit), .now = 10 * S};
    t->s.heap = memory_new(3 * (size_t)scenario->in_flight + 3, sizeof *t->s.heap);
    window_open(&t->seen, scenario->rate);
    limiter_init(&t->s.limiter, scenario->rate, scenario->burst);
}

static void throttled_close(struct throttled *t)
{
    limiter_clear(&t->s.limiter);
    free(t->s.heap);
    free(t->seen.times);
}

static void a_provider_with_a_lower_limit_is_followed_and_the_rate_comes_back(void **state)
{
    (void)state;
    static const struct {
        uint32_t limit;
        uint64_t retry_after_ns;
        enum spread connection, latency;
        double min; /* of the provider's limit */
    } rows[] = {
        {50, S, KEPT, SLOW, 0.55}, {50, 0, KEPT, SLOW, 0.6},      {150, S, KEPT, SLOW, 0.55},
        {120, S, LAZY, SLOW, 0.6}, {50, 5 * S, KEPT, LAZY, 0.25}, {100, S, BUNCHED, STALLED, 0.2},
        {20, S, KEPT, SLOW, 0.4},  {100, 0, KEPT, UNFAIR, 0.6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct scenario scenario = {.sentence = "throttled",
                                          .rate = {200, S},
                                          .burst = 5,
                                          .in_flight = 400,
                                          .connection = rows[i].connection,
                                          .latency = rows[i].latency};
        struct throttled t;
        throttled_open(&t, &scenario, rows[i].limit, rows[i].retry_after_ns);
        simulate_throttled(&t, 610 * S);
        double used = (double)t.taken / (600.0 * rows[i].limit);
        print_message(
            "# 200/s at a provider of %u/s, Retry-After %u s: %.1f %% of its limit, %.2f %% turned down, "
            "%u halvings\n",
            rows[i].limit, (unsigned)(rows[i].retry_after_ns / S), 100 * used,
            100.0 * (double)t.turned_down / (double)t.s.left, (unsigned)t.halvings);
        assert_true(used >= rows[i].min);
        assert_true(t.turned_down > 0 && t.turned_down < t.s.left / 3);

        t.limit = 0;
        simulate_throttled(&t, 610 * S + 30 * S + rows[i].retry_after_ns);
        assert_int_equal(t.s.limiter.share, LIMITER_SHARE_FULL);
        if (scenario.latency == SLOW && scenario.connection == KEPT) {
            uint64_t taken = t.taken, now = t.s.now;
            simulate_throttled(&t, now + 60 * S);
            assert_in_range(t.taken - taken, 99 * 60 * 2, 60 * 200);
        }
        throttled_close(&t);
    }
}

static void what_was_in_flight_together_halves_once_however_late_it_is_answered(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){100, S}, 64);
    for (unsigned i = 0; i < 64; i++) {
        limiter_admit(&limiter, 10 * S);
        limiter_sent(&limiter, 10 * S);
    }
    for (unsigned i = 0; i < 64; i++) /* over 20 s: each holds for its second, none halves again */
        limiter_throttle(&limiter, 11 * S + i * 300 * MS, 10 * S, S);
    assert_int_equal(limiter.share, LIMITER_SHARE_FULL / 2);
    assert_int_equal(limiter_next(&limiter, 30 * S), 11 * S + 63 * 300 * MS + S);

    limiter_throttle(&limiter, 40 * S, 39 * S, 0); /* of the rate as it is now */
    /* nine steps up since 31.9 s, then halved */
    assert_int_equal(limiter.share, (LIMITER_SHARE_FULL / 2 + 9 * LIMITER_SHARE_FULL / 20) / 2);
    limiter_clear(&limiter);
}

static void however_far_down_the_rate_is_full_again_after_19_seconds(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){100, S}, 5);
    for (unsigned i = 0; i < 20; i++)
        limiter_throttle(&limiter, (10 + i) * S, (10 + i) * S, 0);
    assert_int_equal(limiter.share, LIMITER_SHARE_FULL / 20);
    limiter_next(&limiter, (29 + 18) * S);
    assert_in_range(limiter.share, LIMITER_SHARE_FULL * 9 / 10, LIMITER_SHARE_FULL - 1);
    limiter_next(&limiter, (29 + 19) * S);
    assert_int_equal(limiter.share, LIMITER_SHARE_FULL);
    limiter_clear(&limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_requests_never_pass_the_limit_and_use_it),
        cmocka_unit_test(a_provider_with_a_lower_limit_is_followed_and_the_rate_comes_back),
        cmocka_unit_test(what_was_in_flight_together_halves_once_however_late_it_is_answered),
        cmocka_unit_test(however_far_down_the_rate_is_full_again_after_19_seconds),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("limiter_proof", tests, NULL, NULL);
}
