#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/max_rate.h"
#include "delivery/retry.h"

#define S CLOCK_NS_PER_S

static void a_second_is_half_open(void **state)
{
    (void)state;
    struct max_rate max_rate = {0};
    max_rate_add(&max_rate, 5 * S);
    max_rate_add(&max_rate, 6 * S);
    assert_int_equal(max_rate.max, 1);
    max_rate_add(&max_rate, 7 * S - 1);
    assert_int_equal(max_rate.max, 2);
    max_rate_clear(&max_rate);
}

static void it_counts_what_counting_by_hand_counts(void **state)
{
    (void)state;
    enum { EVENTS = 5000 };
    static uint64_t times[EVENTS];
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct retry_random random = retry_random_from(seed);
        struct max_rate max_rate = {0};
        uint64_t max = 0;
        for (size_t i = 0, first = 0; i < EVENTS; i++) {
            uint64_t bits = retry_random_next(&random);
            times[i] = (i ? times[i - 1] : 1) + (bits % 100 == 0 ? bits % (3 * S) : bits % (S / 500));
            max_rate_add(&max_rate, times[i]);
            while (times[i] - times[first] >= S)
                first++;
            max = i - first + 1 > max ? i - first + 1 : max;
            assert_int_equal(max_rate.max, max);
        }
        max_rate_clear(&max_rate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_is_half_open),
        cmocka_unit_test(it_counts_what_counting_by_hand_counts),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("max_rate", tests, NULL, NULL);
}
