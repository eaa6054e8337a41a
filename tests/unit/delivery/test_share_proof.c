/* The proof that several jobs with shares of one rate never exceed it together, and use it: their limiters
 * and the table of shares in simulated time, with jobs that join, end, are killed and hang; each request is
 * checked against every window at a provider that sees it up to 5 ms later than it left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/memory.h"
#include "delivery/limiter.h"
#include "delivery/retry.h"
#include "delivery/share_table.h"
#include "model/rate_share.h"

#define S  CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||     \
    __has_feature(thread_sanitizer)
enum { SECONDS = 200 };
#else
enum { SECONDS = 2000 };
#endif
enum { JOBS_MAX = 5, PENDING_MAX = 2048, ARRIVALS = 4096 };

/* A job: its limiter, its lease, and what it waits for. */
struct job_process {
    char name[RATE_SHARE_HOLDER_SIZE];
    bool is_running;
    struct limiter limiter;
    uint64_t lease_until_ns, hung_until_ns;
    uint64_t renews_ns;   /* when it asks next */
    uint64_t answered_ns; /* when the answer arrives; 0: none is on its way */
    uint64_t asked_ns;
    struct rate_share_answer answer;
    uint64_t pending[PENDING_MAX]; /* when each request that was admitted is connected */
    size_t pending_count;
};

struct simulation {
    struct job_rate rate;
    struct rate_share_limit limit;
    struct share_table table;
    struct job_process jobs[JOBS_MAX];
    struct retry_random random;
    uint64_t now, arrivals[ARRIVALS], sent;
    size_t arrival_count;
    unsigned names;
    uint64_t slowest_ns; /* of the few connections that are slow */
};

static uint64_t any(struct simulation *s, uint64_t below)
{
    return retry_random_next(&s->random) % below;
}

static void begin(struct simulation *s, struct job_process *job)
{
    *job = (struct job_process){.is_running = true, .renews_ns = s->now, .lease_until_ns = 0};
    snprintf(job->name, sizeof job->name, "job-%u-%u", (unsigned)any(s, 10), s->names++);
    limiter_init(&job->limiter, s->rate, 5);
    limiter_set_count(&job->limiter, s->now, 0);
}

static void end(struct job_process *job)
{
    limiter_clear(&job->limiter);
    job->is_running = false;
}

/* It ends in order: nothing is in flight. */
static void leave(struct simulation *s, struct job_process *job)
{
    share_table_leave(&s->table, s->now, job->name, &s->limit, NULL, 0);
    end(job);
}

static void arrive(struct simulation *s)
{
    uint64_t at_ns = s->now + any(s, 5 * MS);
    size_t index = s->arrival_count++;
    for (; index > 0 && s->arrivals[(index - 1) % ARRIVALS] > at_ns; index--)
        s->arrivals[index % ARRIVALS] = s->arrivals[(index - 1) % ARRIVALS];
    s->arrivals[index % ARRIVALS] = at_ns;
    for (; index < s->arrival_count; index++)
        if (index >= s->rate.count &&
            s->arrivals[index % ARRIVALS] - s->arrivals[(index - s->rate.count) % ARRIVALS] < s->rate.per_ns)
            fail_msg("%u/s: one too many at %.3f s", s->rate.count, (double)s->now / 1e9);
    s->sent++;
}

static void connect_pending(struct simulation *s, struct job_process *job)
{
    for (size_t i = 0; i < job->pending_count;)
        if (job->pending[i] <= s->now) {
            if (s->now < job->lease_until_ns) {
                arrive(s);
                limiter_sent(&job->limiter, s->now);
            } else {
                limiter_drop(&job->limiter);
            }
            job->pending[i] = job->pending[--job->pending_count];
        } else {
            i++;
        }
}

static void launch(struct simulation *s, struct job_process *job)
{
    while (s->now < job->lease_until_ns && job->pending_count < PENDING_MAX &&
           limiter_next(&job->limiter, s->now) <= s->now) {
        limiter_admit(&job->limiter, s->now);
        uint64_t wait = any(s, 50) ? any(s, MS) : any(s, s->slowest_ns);
        job->pending[job->pending_count++] = s->now + wait;
    }
}

static void ask(struct simulation *s, struct job_process *job)
{
    uint64_t window_ns;
    if (s->now >=
        job->lease_until_ns) { /* its lease is over: it may use nothing, and has nothing on its way */
        limiter_set_count(&job->limiter, s->now, 0);
        if (limiter_using(&job->limiter) > 0) {
            job->renews_ns = s->now + 20 * MS;
            return;
        }
    }
    const struct rate_share_report report = {.using_count = limiter_using(&job->limiter)};
    uint64_t trip = any(s, 200) ? any(s, 10 * MS) : any(s, S);
    job->asked_ns = s->now;
    job->answered_ns = s->now + trip;
    /* The table's clock runs on meanwhile, by half of the trip. */
    assert_true(
        share_table_renew(&s->table, s->now, job->name, &s->limit, &report, &job->answer, &window_ns));
    job->renews_ns = UINT64_MAX;
}

static void apply_answer(struct simulation *s, struct job_process *job)
{
    bool shrinks = job->answer.count < job->limiter.allowed;
    job->lease_until_ns = job->asked_ns + s->limit.ttl_ns;
    limiter_set_count(&job->limiter, s->now, job->answer.count);
    job->answered_ns = 0;
    job->renews_ns = shrinks ? s->now : s->now + (job->answer.count ? 500 : 200) * MS;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* All that the job does now; then when it does something next. */
static uint64_t work(struct simulation *s, struct job_process *job)
{
    if (!job->is_running)
        return UINT64_MAX;
    if (job->hung_until_ns > s->now)
        return job->hung_until_ns;
    connect_pending(s, job);
    if (job->answered_ns && job->answered_ns <= s->now)
        apply_answer(s, job);
    if (job->renews_ns <= s->now)
        ask(s, job);
    launch(s, job);
    uint64_t next = job->renews_ns;
    if (job->answered_ns)
        next = sooner(next, job->answered_ns);
    for (size_t i = 0; i < job->pending_count; i++)
        next = sooner(next, job->pending[i]);
    if (s->now < job->lease_until_ns)
        next = sooner(next, limiter_next(&job->limiter, s->now));
    return next > s->now ? next : s->now + 1;
}

static void run_until(struct simulation *s, uint64_t until_ns)
{
    while (s->now < until_ns) {
        uint64_t next = until_ns;
        for (size_t i = 0; i < JOBS_MAX; i++)
            next = sooner(next, work(s, &s->jobs[i]));
        s->now = next;
    }
}

static void open(struct simulation *s, uint32_t per_second, uint64_t seed)
{
    *s = (struct simulation){.rate = {per_second, S}, .random = retry_random_from(seed), .now = 100 * S};
    s->limit = rate_share_limit(s->rate);
    s->slowest_ns = 400 * MS;
    share_table_init(&s->table);
    s->table.window_ns = s->limit.window_ns; /* it is older than any lease */
}

static void close(struct simulation *s)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (s->jobs[i].is_running)
            end(&s->jobs[i]);
}

static double used(struct simulation *s, uint64_t ns)
{
    uint64_t before = s->sent;
    run_until(s, s->now + ns);
    return 100.0 * (double)(s->sent - before) / ((double)ns / 1e9 * s->rate.count);
}

static const uint32_t rates[] = {10, 20, 100, 1000};

static void jobs_that_stay_use_97_percent_together(void **state)
{
    (void)state;
    struct simulation *s = memory_new(1, sizeof *s);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (size_t jobs = 1; jobs <= JOBS_MAX; jobs++) {
            open(s, rates[i], jobs);
            for (size_t job = 0; job < jobs; job++)
                begin(s, &s->jobs[job]);
            run_until(s, s->now + 5 * S);
            double percent = used(s, 60 * S);
            if (percent < 97)
                fail_msg("%zu jobs used %.1f %% of %u/s", jobs, percent, rates[i]);
            close(s);
        }
    free(s);
}

static void disturb(struct simulation *s)
{
    struct job_process *job = &s->jobs[any(s, JOBS_MAX)];
    switch (any(s, 4)) {
    case 0: /* killed */
        if (job->is_running)
            end(job);
        break;
    case 1: /* hangs, mostly for longer than its lease */
        if (job->is_running)
            job->hung_until_ns = s->now + any(s, 8 * S);
        break;
    case 2:
        if (job->is_running && job->pending_count == 0 && job->hung_until_ns <= s->now)
            leave(s, job);
        break;
    default:
        if (!job->is_running)
            begin(s, job);
    }
    if (any(s, 10) == 0) /* a failover that forgets, or a file that was removed */
        share_table_init(&s->table);
}

static void jobs_that_come_and_go_never_exceed_the_rate(void **state)
{
    (void)state;
    struct simulation *s = memory_new(1, sizeof *s);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        open(s, rates[i], 77);
        s->slowest_ns = 4 * S;
        uint64_t began = s->now;
        while (s->now < began + SECONDS * S) {
            disturb(s);
            run_until(s, s->now + any(s, 2 * S));
        }
        double percent = 100.0 * (double)s->sent / ((double)(s->now - began) / 1e9 * s->rate.count);
        print_message("# %u/s, disturbed every second: %.0f %% used\n", rates[i], percent);
        assert_true(percent > 30);
        close(s);
    }
    free(s);
}

/* As tests/scale/shared.t does with processes: three jobs for a minute, one killed, one stopped for longer
 * than its lease, two that join. */
static void a_minute_with_a_kill_a_stop_and_two_joins_uses_85_percent(void **state)
{
    (void)state;
    struct simulation *s = memory_new(1, sizeof *s);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        open(s, rates[i], 5);
        for (size_t job = 0; job < 3; job++)
            begin(s, &s->jobs[job]);
        uint64_t began = s->now;
        run_until(s, began + 15 * S);
        end(&s->jobs[0]);
        run_until(s, began + 25 * S);
        s->jobs[1].hung_until_ns = s->now + 5 * S;
        run_until(s, began + 40 * S);
        begin(s, &s->jobs[0]);
        begin(s, &s->jobs[3]);
        run_until(s, began + 60 * S);
        double percent = 100.0 * (double)s->sent / (60.0 * s->rate.count);
        print_message("# %u/s: %.1f %% used\n", rates[i], percent);
        assert_true(percent >= 85);
        close(s);
    }
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_that_stay_use_97_percent_together),
        cmocka_unit_test(jobs_that_come_and_go_never_exceed_the_rate),
        cmocka_unit_test(a_minute_with_a_kill_a_stop_and_two_joins_uses_85_percent),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("share_proof", tests, NULL, NULL);
}
