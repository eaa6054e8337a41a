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

/* How long an admitted request waits for its connection. */
enum wait_kind {
    WAIT_NONE,
    WAIT_SHORT,     /* 0–2 ms, mostly 0: kept connections */
    WAIT_LONG,      /* 0–300 ms */
    WAIT_UNFAIR,    /* mostly 0, one in twenty 3 s */
    WAIT_BUNCHED,   /* all until the next multiple of 700 ms: they leave together */
    WAIT_SOME_LOST, /* 0–300 ms, one in five never leaves */
};

static uint64_t wait_of(enum wait_kind kind, uint64_t now, struct retry_random *random)
{
    uint64_t bits = retry_random_next(random);
    switch (kind) {
    case WAIT_SHORT:
        return bits % 10 == 0 ? (bits >> 8) % (2 * MS) : 0;
    case WAIT_LONG:
    case WAIT_SOME_LOST:
        return bits % (300 * MS);
    case WAIT_UNFAIR:
        return bits % 20 == 0 ? 3 * S : 0;
    case WAIT_BUNCHED:
        return 700 * MS - now % (700 * MS);
    case WAIT_NONE:
    default:
        return 0;
    }
}

/* A heap of the times at which the admitted leave. */
struct heap {
    uint64_t *at_ns;
    size_t count;
};

static void heap_add(struct heap *heap, uint64_t time)
{
    size_t i = heap->count++;
    for (; i > 0 && heap->at_ns[(i - 1) / 2] > time; i = (i - 1) / 2)
        heap->at_ns[i] = heap->at_ns[(i - 1) / 2];
    heap->at_ns[i] = time;
}

static void heap_drop_first(struct heap *heap)
{
    uint64_t last = heap->at_ns[--heap->count];
    size_t i = 0;
    for (size_t child = 1; child < heap->count; child = 2 * i + 1) {
        if (child + 1 < heap->count && heap->at_ns[child + 1] < heap->at_ns[child])
            child++;
        if (heap->at_ns[child] >= last)
            break;
        heap->at_ns[i] = heap->at_ns[child];
        i = child;
    }
    heap->at_ns[i] = last;
}

struct simulation {
    struct limiter limiter;
    struct retry_random random;
    enum wait_kind wait;
    uint64_t wake_late_ns; /* up to so much later than asked for */
    uint64_t now;
    struct heap waiting;
    uint64_t *left;
    size_t left_count;
};

/* All that happens at one moment; gives the next. */
static uint64_t simulate_moment(struct simulation *s)
{
    while (s->waiting.count > 0 && s->waiting.at_ns[0] <= s->now) {
        heap_drop_first(&s->waiting);
        if (s->wait == WAIT_SOME_LOST && retry_random_next(&s->random) % 5 == 0) {
            limiter_drop(&s->limiter);
        } else {
            limiter_sent(&s->limiter, s->now);
            s->left[s->left_count++] = s->now;
        }
    }
    uint64_t next = limiter_next(&s->limiter, s->now);
    if (next <= s->now) {
        limiter_admit(&s->limiter, s->now);
        heap_add(&s->waiting, s->now + wait_of(s->wait, s->now, &s->random));
        return s->now;
    }
    if (s->wake_late_ns > 0)
        next += retry_random_next(&s->random) % s->wake_late_ns;
    return s->waiting.count > 0 && s->waiting.at_ns[0] < next ? s->waiting.at_ns[0] : next;
}

static void simulate(struct simulation *s, size_t requests)
{
    while (s->left_count < requests)
        s->now = simulate_moment(s);
}

struct row {
    const char *sentence;
    struct job_rate rate;
    uint32_t burst;
    enum wait_kind wait;
    uint64_t wake_late_ns;
    size_t requests;
    double least_used; /* of the rate */
};

static const struct row rows[] = {
    {"10/s, one at a time", {10, S}, 1, WAIT_NONE, 0, 200000, 0.99},
    {"100/s with the default burst", {100, S}, 5, WAIT_SHORT, MS, 200000, 0.99},
    {"100/s that wakes up late", {100, S}, 5, WAIT_SHORT, 5 * MS, 200000, 0.99},
    {"100/s all at once", {100, S}, 100, WAIT_SHORT, MS, 200000, 0.99},
    {"100/s with a burst over the rate", {100, S}, 100000, WAIT_SHORT, MS, 200000, 0.99},
    {"100/s through slow connections", {100, S}, 5, WAIT_LONG, MS, 200000, 0.80},
    {"100/s with a few very slow connections", {100, S}, 5, WAIT_UNFAIR, MS, 200000, 0.80},
    {"100/s whose connections come together", {100, S}, 100, WAIT_BUNCHED, MS, 200000, 0.40},
    {"100/s with lost connections", {100, S}, 5, WAIT_SOME_LOST, MS, 200000, 0.60},
    {"1,000/s", {1000, S}, 5, WAIT_SHORT, MS, 300000, 0.99},
    {"1,000/s whose connections come together", {1000, S}, 1000, WAIT_BUNCHED, MS, 300000, 0.40},
    {"a rate that does not divide a second", {333, S}, 3, WAIT_SHORT, MS, 200000, 0.99},
    {"one a second", {1, S}, 5, WAIT_NONE, 0, 5000, 0.99},
    {"300 a minute", {300, 60 * S}, 5, WAIT_SHORT, MS, 200000, 0.999},
    {"300 a minute, unfairly", {300, 60 * S}, 300, WAIT_UNFAIR, MS, 200000, 0.99},
    {"5,000 an hour", {5000, 3600 * S}, 20, WAIT_LONG, MS, 200000, 0.999},
    {"100,000/s", {100000, S}, 1000, WAIT_NONE, 0, 400000, 0.99},
    {"720,000 an hour, kept by parts", {720000, 3600 * S}, 10, WAIT_SHORT, MS, 800000, 0.999},
};

/* Every window that ends with a request: the one count requests before it left at least `per` earlier. */
static void assert_never_over(const struct simulation *s, struct job_rate rate, const char *sentence)
{
    for (size_t i = rate.count; i < s->left_count; i++) {
        if (s->left[i] - s->left[i - rate.count] < rate.per_ns) {
            fail_msg("%s: %u + 1 requests within %.3f ms", sentence, (unsigned)rate.count,
                     (double)(s->left[i] - s->left[i - rate.count]) / 1e6);
        }
    }
}

static void no_window_holds_more_than_the_rate_and_the_rate_is_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct simulation s = {.random = retry_random_from(i + 1), .wait = row->wait, .now = 12345};
        s.wake_late_ns = row->wake_late_ns;
        s.left = memory_new(row->requests + row->rate.count + 1, sizeof *s.left);
        s.waiting.at_ns = memory_new(row->rate.count + 1, sizeof *s.waiting.at_ns);
        limiter_init(&s.limiter, row->rate, row->burst);
        simulate(&s, row->requests);

        assert_never_over(&s, row->rate, row->sentence);
        double windows = (double)(s.left[s.left_count - 1] - 12345) / (double)row->rate.per_ns;
        double used = (double)s.left_count / (windows * row->rate.count);
        if (used < row->least_used)
            fail_msg("%s: %.4f of the rate used", row->sentence, used);
        print_message("# %s: %.2f %% used\n", row->sentence, 100 * used);
        limiter_clear(&s.limiter);
        free(s.left);
        free(s.waiting.at_ns);
    }
}

/* Admits and lets leave at once as many as may go now. */
static unsigned go_now(struct limiter *limiter, uint64_t now)
{
    unsigned count = 0;
    while (limiter_next(limiter, now) <= now) {
        limiter_admit(limiter, now);
        limiter_sent(limiter, now);
        count++;
    }
    return count;
}

static void a_burst_leaves_at_once_and_then_one_by_one(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){20, S}, 5);
    assert_int_equal(go_now(&limiter, 7 * S), 5);
    assert_int_equal(limiter_next(&limiter, 7 * S), 7 * S + 50 * MS);
    assert_int_equal(go_now(&limiter, 7 * S + 50 * MS - 1), 0);
    assert_int_equal(go_now(&limiter, 7 * S + 50 * MS), 1);
    limiter_clear(&limiter);
}

static void the_window_holds_what_the_burst_would_let_go(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){20, S}, 20);
    assert_int_equal(go_now(&limiter, 10 * S), 20);
    assert_int_equal(limiter_next(&limiter, 10 * S), 11 * S + 5 * MS);
    assert_int_equal(go_now(&limiter, 11 * S + 5 * MS - 1), 0);
    assert_int_equal(go_now(&limiter, 11 * S + 5 * MS), 20);
    limiter_clear(&limiter);
}

static void a_request_that_waits_for_its_connection_counts_as_if_it_left_now(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){2, S}, 2);
    limiter_admit(&limiter, 10 * S);
    limiter_admit(&limiter, 10 * S);
    assert_int_equal(limiter_next(&limiter, 15 * S), 16 * S + 5 * MS);

    limiter_sent(&limiter, 15 * S);
    limiter_drop(&limiter);
    assert_true(limiter_next(&limiter, 15 * S) <= 15 * S);
    limiter_admit(&limiter, 15 * S);
    assert_int_equal(limiter_next(&limiter, 15 * S), 16 * S + 5 * MS);
    limiter_clear(&limiter);
}

static void a_retry_after_holds_everything_until_then(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){100, S}, 10);
    go_now(&limiter, 10 * S);
    limiter_throttle(&limiter, 11 * S, 10 * S, 3 * S);
    assert_true(limiter_is_held(&limiter, 14 * S - 1));
    assert_false(limiter_is_held(&limiter, 14 * S));
    assert_int_equal(limiter_next(&limiter, 11 * S), 14 * S);
    limiter_throttle(&limiter, 12 * S, 10 * S, S); /* a shorter one does not shorten the first */
    assert_int_equal(limiter_next(&limiter, 12 * S), 14 * S);
    assert_int_equal(go_now(&limiter, 14 * S), 1);          /* not all at once */
    limiter_throttle(&limiter, 15 * S, 14 * S, UINT64_MAX); /* and none overflows */
    assert_true(limiter_next(&limiter, 16 * S) > 1000 * S);
    limiter_clear(&limiter);
}

/* Requests that leave in the second from `start` on, asked every millisecond. */
static unsigned in_a_second(struct limiter *limiter, uint64_t start)
{
    unsigned count = 0;
    for (unsigned i = 0; i < 1000; i++)
        count += go_now(limiter, start + i * MS);
    return count;
}

static void a_429_halves_the_rate_and_it_comes_back_step_by_step(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){100, S}, 1);
    assert_in_range(in_a_second(&limiter, 10 * S), 99, 100);
    for (unsigned i = 0; i < 20; i++) /* all of what was in flight: one event */
        limiter_throttle(&limiter, 11 * S + i * MS, 10 * S + i * MS, 0);
    assert_in_range(in_a_second(&limiter, 11 * S + 20 * MS), 46, 50);
    assert_in_range(in_a_second(&limiter, 12 * S + 20 * MS), 51, 55);
    assert_in_range(in_a_second(&limiter, 13 * S + 20 * MS), 56, 60);
    in_a_second(&limiter, 20 * S);
    assert_in_range(in_a_second(&limiter, 22 * S), 98, 100);
    limiter_clear(&limiter);
}

static void unending_429s_slow_down_to_a_twentieth_and_no_further(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){320, S}, 1);
    static const unsigned want[] = {160, 80, 40, 20, 16, 16, 16};
    for (unsigned i = 0; i < 7; i++) {
        unsigned count = 0;
        for (unsigned step = 0; step < 10000; step++) {
            uint64_t now = (10 + i) * S + step * (MS / 10);
            if (step % 100 == 0)
                limiter_throttle(&limiter, now, now, 0);
            count += go_now(&limiter, now);
        }
        assert_in_range(count, want[i] - 3, want[i]);
    }
    limiter_clear(&limiter);
}

static void the_rate_does_not_recover_while_it_is_held(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){100, S}, 1);
    limiter_throttle(&limiter, 10 * S, 9 * S, 100 * S);
    assert_in_range(in_a_second(&limiter, 110 * S), 48, 50);
    limiter_clear(&limiter);
}

static void a_clock_that_steps_back_counts_as_the_last_time(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){1, S}, 1);
    limiter_admit(&limiter, 10 * S);
    limiter_sent(&limiter, 10 * S);
    assert_int_equal(limiter_next(&limiter, 3 * S), 11 * S + 5 * MS);
    limiter_clear(&limiter);
}

/* Whatever the one let go before it was killed, and whenever: a window over both holds no more than the rate.
 */
static void one_that_follows_another_keeps_its_distance(void **state)
{
    (void)state;
    static const struct {
        uint32_t rate, burst, first_burst;
    } table[] = {{20, 20, 20}, {20, 1, 1}, {100, 5, 5}, {300, 50, 50}, {10, 3, 3}, {20, 1, 20}, {300, 5, 50}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (uint64_t killed_ns = 0; killed_ns < 2 * S; killed_ns += 37 * MS) {
            static uint64_t left[4096];
            size_t count = 0;
            uint64_t now = 10 * S;
            for (int run = 0; run < 3; run++) {
                struct limiter limiter;
                limiter_init(&limiter, (struct job_rate){table[i].rate, S},
                             run > 0 ? table[i].burst : table[i].first_burst);
                uint64_t end = now + killed_ns;
                if (run > 0)
                    assert_int_equal(limiter_carry_over(&limiter, now, table[i].first_burst),
                                     (table[i].first_burst + 2) * ((S + table[i].rate - 1) / table[i].rate));
                for (; (now = limiter_next(&limiter, now)) < end; left[count++] = now) {
                    limiter_admit(&limiter, now);
                    limiter_sent(&limiter, now);
                }
                now = end;
                limiter_clear(&limiter);
            }
            for (size_t index = table[i].rate; index < count; index++)
                assert_true(left[index] - left[index - table[i].rate] >= S);
        }
    }
}

/* Shares of a rate. */

static void a_smaller_count_holds_at_once_and_counts_what_is_on_its_way(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){20, S}, 20);
    for (int i = 0; i < 20; i++)
        limiter_admit(&limiter, 10 * S);
    limiter_set_count(&limiter, 10 * S, 5);
    assert_int_equal(limiter_using(&limiter), 20);
    for (int i = 0; i < 6; i++)
        limiter_drop(&limiter);
    assert_int_equal(limiter_using(&limiter), 14);
    for (int i = 0; i < 14; i++)
        limiter_sent(&limiter, 12 * S);
    assert_int_equal(limiter_using(&limiter), 5);
    assert_int_equal(limiter_next(&limiter, 12 * S),
                     13 * S + 5 * MS); /* ten have left the window, and four stay */
    limiter_clear(&limiter);
}

static void nothing_leaves_with_a_count_of_none(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){20, S}, 5);
    limiter_set_count(&limiter, 10 * S, 0);
    assert_true(limiter_next(&limiter, 11 * S) == UINT64_MAX);
    assert_int_equal(limiter_using(&limiter), 0);
    limiter_set_count(&limiter, 12 * S, 1);
    limiter_admit(&limiter, 12 * S);
    limiter_sent(&limiter, 12 * S);
    limiter_set_count(&limiter, 12 * S, 100); /* of 20: the job's own rate is the most */
    assert_int_equal(limiter_using(&limiter), 20);
    /* The second that one request in a second waits is not waited for any more. */
    assert_true(limiter_next(&limiter, 12 * S) <= 12 * S + 50 * MS);
    limiter_clear(&limiter);
}

static void a_429_of_another_job_halves_once(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter, (struct job_rate){20, S}, 5);
    limiter_throttle(&limiter, 10 * S, 9 * S, 0);
    limiter_slow(&limiter, 10 * S + 500 * MS); /* of the same burst */
    assert_int_equal(limiter.share, LIMITER_SHARE_FULL / 2);
    limiter_slow(&limiter, 11 * S);
    assert_in_range(limiter.share, LIMITER_SHARE_FULL / 4, LIMITER_SHARE_FULL / 4 + LIMITER_SHARE_FULL / 40);
    limiter_clear(&limiter);
}

enum { USES_MAX = 4096 };

/* What left within any window is never more than what limiter_using gave at some moment of it, however the
 * counts change and connections are delayed; and with a constant count it is used. */
static void no_window_holds_more_than_what_was_used_in_it(void **state)
{
    (void)state;
    static struct use {
        uint64_t at_ns;
        uint32_t count;
    } uses[USES_MAX];
    static uint64_t left[USES_MAX];
    struct retry_random random = retry_random_from(7);
    struct limiter limiter;
    struct heap heap = {.at_ns = memory_new(USES_MAX, sizeof(uint64_t))};
    size_t use_count = 0, left_count = 0;
    uint64_t now = 10 * S, next_change = now;
    limiter_init(&limiter, (struct job_rate){50, S}, 5);
    for (unsigned step = 0; step < 200000; step++) {
        now += retry_random_next(&random) % (5 * MS);
        uses[use_count++ % USES_MAX] = (struct use){now, limiter_using(&limiter)};
        for (; heap.count > 0 && heap.at_ns[0] <= now; heap_drop_first(&heap)) {
            size_t in_window = 1;
            uint32_t most = 0;
            limiter_sent(&limiter, now);
            left[left_count++ % USES_MAX] = now;
            for (size_t i = left_count - 1; i-- > 0 && left[i % USES_MAX] + S > now; in_window++) {
            }
            for (size_t i = use_count; i-- > 0;
                 most = uses[i % USES_MAX].count > most ? uses[i % USES_MAX].count : most)
                if (i + 1 < use_count && uses[(i + 1) % USES_MAX].at_ns + S <= now)
                    break;
            if (in_window > most)
                fail_msg("%zu in a window with at most %u, step %u", in_window, most, step);
        }
        if (now >= next_change) {
            limiter_set_count(&limiter, now, (uint32_t)(retry_random_next(&random) % 60));
            next_change = now + retry_random_next(&random) % (2 * S);
        }
        while (limiter_next(&limiter, now) <= now) {
            limiter_admit(&limiter, now);
            uint64_t wait = retry_random_next(&random) % 4 ? 0 : retry_random_next(&random) % (3 * S);
            heap_add(&heap, now + wait);
        }
    }
    assert_true(left_count > 5000);
    limiter_clear(&limiter);
    free(heap.at_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_holds_more_than_the_rate_and_the_rate_is_used),
        cmocka_unit_test(a_burst_leaves_at_once_and_then_one_by_one),
        cmocka_unit_test(the_window_holds_what_the_burst_would_let_go),
        cmocka_unit_test(a_request_that_waits_for_its_connection_counts_as_if_it_left_now),
        cmocka_unit_test(a_retry_after_holds_everything_until_then),
        cmocka_unit_test(a_429_halves_the_rate_and_it_comes_back_step_by_step),
        cmocka_unit_test(unending_429s_slow_down_to_a_twentieth_and_no_further),
        cmocka_unit_test(the_rate_does_not_recover_while_it_is_held),
        cmocka_unit_test(a_clock_that_steps_back_counts_as_the_last_time),
        cmocka_unit_test(one_that_follows_another_keeps_its_distance),
        cmocka_unit_test(a_smaller_count_holds_at_once_and_counts_what_is_on_its_way),
        cmocka_unit_test(nothing_leaves_with_a_count_of_none),
        cmocka_unit_test(a_429_of_another_job_halves_once),
        cmocka_unit_test(no_window_holds_more_than_what_was_used_in_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
