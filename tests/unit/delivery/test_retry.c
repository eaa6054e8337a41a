#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/retry.h"

#define S  CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

static void the_longest_wait_doubles_from_100_ms_to_30_s(void **state)
{
    (void)state;
    static const struct {
        uint32_t attempt;
        uint64_t most_ns;
    } table[] = {{1, 100 * MS}, {2, 200 * MS}, {3, 400 * MS}, {4, 800 * MS}, {9, 25600 * MS},
                 {10, 30 * S},  {11, 30 * S},  {64, 30 * S},  {65, 30 * S},  {UINT32_MAX, 30 * S}};
    struct retry_random random = retry_random_from(1);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t max = table[i].most_ns, sum = 0, seen_low = UINT64_MAX, seen_high = 0;
        assert_int_equal(retry_wait_ns(table[i].attempt, max), max);
        assert_int_equal(retry_wait_ns(table[i].attempt, 0), 0);
        for (unsigned n = 0; n < 20000; n++) {
            uint64_t wait = retry_wait_ns(table[i].attempt, retry_random_next(&random));
            assert_true(wait <= max);
            sum += wait / 1000;
            seen_low = wait < seen_low ? wait : seen_low;
            seen_high = wait > seen_high ? wait : seen_high;
        }
        /* full jitter: evenly spread over all of it */
        assert_in_range(sum / 20000, max / 1000 * 48 / 100, max / 1000 * 52 / 100);
        assert_true(seen_low < max / 100 && seen_high > max / 100 * 99);
    }
}

static void a_record_is_given_up_by_attempts_or_by_time(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint32_t made, attempts;
        uint64_t elapsed_ns, wait_ns, retry_for_ns;
        bool want;
    } table[] = {
        {"the first failure is repeated", 1, 6, 0, 100 * MS, 600 * S, true},
        {"the last attempt but one is repeated", 5, 6, S, S, 600 * S, true},
        {"the last attempt is not", 6, 6, S, S, 600 * S, false},
        {"one attempt is one attempt", 1, 1, 0, 0, 600 * S, false},
        {"a wait that just fits", 2, 6, 590 * S, 10 * S, 600 * S, true},
        {"a wait that does not", 2, 6, 590 * S, 10 * S + 1, 600 * S, false},
        {"time is up", 2, 6, 601 * S, 0, 600 * S, false},
        {"no overflow", 2, 6, 10 * S, UINT64_MAX, 600 * S, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool allowed = retry_is_allowed(table[i].made, table[i].attempts, table[i].elapsed_ns,
                                        table[i].wait_ns, table[i].retry_for_ns);
        if (allowed != table[i].want)
            fail_msg("%s: %d", table[i].sentence, allowed);
    }
}

static void a_seed_gives_the_same_bits_and_the_system_gives_others(void **state)
{
    (void)state;
    struct retry_random a = retry_random_from(1234567), b = retry_random_from(1234567);
    /* the published first values of SplitMix64 for this seed */
    assert_true(retry_random_next(&a) == UINT64_C(6457827717110365317));
    assert_true(retry_random_next(&a) == UINT64_C(3203168211198807973));
    retry_random_next(&b);
    assert_true(retry_random_next(&b) == UINT64_C(3203168211198807973));

    struct retry_random c = retry_random_any(), d = retry_random_any();
    assert_true(retry_random_next(&c) != retry_random_next(&d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_wait_doubles_from_100_ms_to_30_s),
        cmocka_unit_test(a_record_is_given_up_by_attempts_or_by_time),
        cmocka_unit_test(a_seed_gives_the_same_bits_and_the_system_gives_others),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
