#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/latency.h"

#define US UINT64_C(1000)

static void a_percentile_is_within_two_percent_at_every_size(void **state)
{
    (void)state;
    for (uint64_t us = 1; us < UINT64_C(4000000000); us = us + us / 7 + 1) {
        static struct latency latency;
        latency = (struct latency){0};
        latency_add(&latency, us * US);
        latency_add(&latency, 100 * us * US); /* so that the maximum does not cut it */
        double ms = latency_percentile_ms(&latency, 50), want = (double)us / 1000;
        if (ms < want || ms > want * 1.016)
            fail_msg("%f ms came back as %f", want, ms);
    }
}

static void percentiles_of_an_even_spread(void **state)
{
    (void)state;
    static struct latency latency;
    latency = (struct latency){0};
    for (uint64_t ms = 1; ms <= 1000; ms++)
        latency_add(&latency, ms * CLOCK_NS_PER_MS);
    assert_float_equal(latency_percentile_ms(&latency, 50), 500, 8);
    assert_float_equal(latency_percentile_ms(&latency, 95), 950, 15.2);
    assert_float_equal(latency_percentile_ms(&latency, 99), 990, 10);
    assert_float_equal(latency_percentile_ms(&latency, 100), 1000, 0.001);
    assert_float_equal(latency_max_ms(&latency), 1000, 0.001);
}

static void nothing_and_too_much_are_no_trouble(void **state)
{
    (void)state;
    static struct latency latency;
    latency = (struct latency){0};
    assert_float_equal(latency_percentile_ms(&latency, 99), 0, 0);
    assert_float_equal(latency_max_ms(&latency), 0, 0);
    latency_add(&latency, 0);
    assert_float_equal(latency_percentile_ms(&latency, 99), 0, 0);
    latency_add(&latency, UINT64_MAX);
    assert_true(latency_percentile_ms(&latency, 99) > 1e7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_percentile_is_within_two_percent_at_every_size),
        cmocka_unit_test(percentiles_of_an_even_spread),
        cmocka_unit_test(nothing_and_too_much_are_no_trouble),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
