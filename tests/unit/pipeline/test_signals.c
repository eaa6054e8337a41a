/* Requests to stop: each comes to the part of a command that runs, or to the next one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "pipeline/signals.h"

enum { WAIT_S = 10 };

/* How many come within the time, at least `expected` of them. */
static unsigned wait_for(struct coordinator_queue *queue, unsigned expected, uint64_t for_ns)
{
    uint64_t until_ns = clock_mono_ns() + for_ns;
    struct coordinator_queue_arrivals arrivals = {.interrupts = 0};

    while (arrivals.interrupts < expected && clock_mono_ns() < until_ns)
        coordinator_queue_wait(queue, false, until_ns, &arrivals);
    return arrivals.interrupts;
}

/* So that the next test begins without one. */
static void take_pending(void)
{
    static const struct timespec now = {0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    while (sigtimedwait(&set, NULL, &now) > 0)
        continue;
}

static void a_signal_stops_the_part_that_runs(void **state)
{
    struct coordinator_queue *queue = coordinator_queue_new(1);
    struct signals signals;
    struct error error;

    (void)state;
    assert_int_equal(signals_start(&signals, queue, &error), 0);
    kill(getpid(), SIGINT);
    assert_int_equal(wait_for(queue, 1, WAIT_S * CLOCK_NS_PER_S), 1);
    kill(getpid(), SIGTERM);
    assert_int_equal(wait_for(queue, 2, WAIT_S * CLOCK_NS_PER_S), 2);
    signals_stop(&signals);
    coordinator_queue_free(queue);
    take_pending();
}

static void one_that_comes_too_late_stops_the_next_part(void **state)
{
    struct error error;

    (void)state;
    for (int part = 0; part < 3; part++) {
        struct coordinator_queue *queue = coordinator_queue_new(1);
        struct signals signals;

        assert_int_equal(signals_start(&signals, queue, &error), 0);
        if (part == 0)
            kill(getpid(), SIGINT);
        assert_int_equal(wait_for(queue, 1, WAIT_S * CLOCK_NS_PER_S), 1);
        signals_stop(&signals);
        coordinator_queue_free(queue);
    }
    take_pending();
}

static void without_one_no_part_is_stopped(void **state)
{
    struct error error;

    (void)state;
    for (int part = 0; part < 2; part++) {
        struct coordinator_queue *queue = coordinator_queue_new(1);
        struct signals signals;

        assert_int_equal(signals_start(&signals, queue, &error), 0);
        assert_int_equal(wait_for(queue, 1, CLOCK_NS_PER_S / 10), 0);
        signals_stop(&signals);
        coordinator_queue_free(queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_stops_the_part_that_runs),
        cmocka_unit_test(one_that_comes_too_late_stops_the_next_part),
        cmocka_unit_test(without_one_no_part_is_stopped),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
