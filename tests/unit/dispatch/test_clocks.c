#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dispatch/clocks.h"

/* All in hours: the real clocks count from 1000, the one that cannot step from 10. */
#define H (3600 * UINT64_C(1000000000))

static void an_age_is_the_largest_that_the_clocks_give(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint64_t ledger, lead;
        int64_t provider; /* the provider's clock; -1: not told */
        uint64_t sent, now;
        uint64_t want; /* UINT64_MAX: not known */
    } rows[] = {
        {"all clocks agree", 1000, 0, 1003, 1000, 1003, 3},
        {"the provider has not told its time", 1000, 0, -1, 1000, 1003, UINT64_MAX},
        {"this clock is behind in this run", 1000, 0, 1024, 1000, 1020, 24},
        {"this clock is ahead in this run", 1000, 0, 1003, 1000, 1005, 5},
        {"the ledger is newer than both", 1009, 0, 1003, 1000, 1003, 9},
        {"this clock was ahead when it was sent", 1000, 2, 1024, 1002, 1024, 24},
        {"it was ahead, and nobody knew", 1002, 0, 1001, 1002, 1001, UINT64_MAX},
        {"it was ahead, and is so still", 1002, 2, 1001, 1002, 1003, 3},
        {"ahead by more than all time", 1000, 5000, 1003, 1000, 1003, 1003},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct clocks clocks = {.ledger_ns = rows[i].ledger * H,
                                      .lead_ns = rows[i].lead * H,
                                      .has_provider = rows[i].provider >= 0,
                                      .provider_offset_ns = (rows[i].provider - 10) * (int64_t)H};
        uint64_t age = clocks_age_ns(&clocks, rows[i].sent * H, rows[i].now * H, 10 * H);
        uint64_t want = rows[i].want == UINT64_MAX ? UINT64_MAX : rows[i].want * H;
        if (age != want)
            fail_msg("%s: %llu h", rows[i].sentence, (unsigned long long)(age / H));
    }
}

static void a_lead_is_that_of_what_was_journalled(void **state)
{
    (void)state;
    struct clocks clocks = {.provider_offset_ns =
                                INT64_MIN}; /* as the sender gives it before an answer came */
    clocks_journalled(&clocks, 1000 * H, 10 * H);
    assert_true(clocks_lead_ns(&clocks) == 0);
    clocks = (struct clocks){.provider_offset_ns = 990 * (int64_t)H};

    clocks_journalled(&clocks, 1000 * H + CLOCKS_TOLERANCE_NS, 10 * H);
    assert_true(clocks_lead_ns(&clocks) == 0); /* the provider has not told its time */
    clocks.has_provider = true;
    assert_true(clocks_lead_ns(&clocks) == 0); /* a minute is no lead */
    clocks_journalled(&clocks, 1003 * H, 11 * H);
    assert_true(clocks_lead_ns(&clocks) == 2 * H);
    clocks_journalled(&clocks, 1002 * H, 12 * H); /* it has stepped back */
    assert_true(clocks_lead_ns(&clocks) == 2 * H);
    clocks = (struct clocks){.has_provider = true, .provider_offset_ns = 990 * (int64_t)H};
    clocks_journalled(&clocks, 998 * H, 10 * H); /* it is behind */
    assert_true(clocks_lead_ns(&clocks) == 0);
}

static void a_step_of_the_clock_makes_nothing_of_this_run_younger(void **state)
{
    (void)state;
    assert_true(clocks_age_here_ns(1000 * H, 10 * H, 1001 * H, 11 * H) == H);
    assert_true(clocks_age_here_ns(1000 * H, 10 * H, 900 * H, 11 * H) == H);
    assert_true(clocks_age_here_ns(1000 * H, 10 * H, 1024 * H, 10 * H) == 24 * H);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_age_is_the_largest_that_the_clocks_give),
        cmocka_unit_test(a_lead_is_that_of_what_was_journalled),
        cmocka_unit_test(a_step_of_the_clock_makes_nothing_of_this_run_younger),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("clocks", tests, NULL, NULL);
}
