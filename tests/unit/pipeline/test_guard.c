#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/guard.h"

static struct guard make(uint32_t in_a_row, uint32_t share, uint32_t canary)
{
    const struct job_delivery limits = {.refused_in_a_row = in_a_row, .refused_share = share};
    struct guard guard;
    guard_init(&guard, &limits, canary);
    return guard;
}

/* answers: `+` done, `-` refused; the trip after all of them. Customers are numbered from 1. */
static enum guard_trip answer(struct guard *guard, const char *answers)
{
    for (size_t i = 0; answers[i]; i++)
        if (answers[i] == '+')
            guard_add_done(guard);
        else
            guard_add_refused(guard, (int64_t)i + 1);
    return guard->trip;
}

static void each_rule_trips_when_it_should_and_no_sooner(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint32_t in_a_row, share, canary;
        const char *answers;
        enum guard_trip want;
        size_t not_final;
    } rows[] = {
        {"all is well", 3, 20, 2, "+++++", GUARD_GOES_ON, 0},
        {"the canary's first is refused", 3, 20, 2, "-", GUARD_CANARY, 1},
        {"the canary's last is refused", 3, 20, 2, "+-", GUARD_CANARY, 1},
        {"the first after the canary is refused", 3, 20, 2, "++-", GUARD_GOES_ON, 1},
        {"no canary", 3, 20, 0, "--", GUARD_GOES_ON, 2},
        {"three in a row", 3, 20, 0, "---", GUARD_IN_A_ROW, 3},
        {"three, one done between", 3, 20, 0, "--+-", GUARD_GOES_ON, 1},
        {"the row is counted from the last that was done", 3, 20, 0, "--+---", GUARD_IN_A_ROW, 3},
        {"one in a row is one", 1, 20, 0, "+-", GUARD_IN_A_ROW, 1},
        {"what comes after is not final either", 3, 20, 0, "-----", GUARD_IN_A_ROW, 5},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guard guard = make(rows[i].in_a_row, rows[i].share, rows[i].canary);
        size_t count;
        enum guard_trip trip = answer(&guard, rows[i].answers);
        const int64_t *customers = guard_not_final(&guard, &count);
        if (trip != rows[i].want || count != rows[i].not_final)
            fail_msg("%s: trip %d, %zu not final", rows[i].sentence, (int)trip, count);
        if (count > 0)
            assert_int_equal(customers[count - 1], strrchr(rows[i].answers, '-') - rows[i].answers + 1);
        guard_clear(&guard);
    }
}

static void the_share_counts_from_a_hundred_answers_on(void **state)
{
    (void)state;
    struct guard guard = make(1000, 20, 0);
    size_t count;
    for (int i = 1; i <= 99; i++) /* two in three refused, and too few to say */
        if (i % 3 == 0)
            guard_add_done(&guard);
        else
            assert_int_equal(guard_add_refused(&guard, i), GUARD_GOES_ON);
    assert_int_equal(guard_add_refused(&guard, 100), GUARD_SHARE);
    assert_ptr_equal(guard_not_final(&guard, &count), guard.refused);
    assert_int_equal(count, 67);
    guard_clear(&guard);
}

static void a_share_as_high_as_allowed_goes_on(void **state)
{
    (void)state;
    struct guard guard = make(1000, 20, 0);
    for (int i = 1; i <= 1000; i++)
        if (i % 5 == 0)
            assert_int_equal(guard_add_refused(&guard, i), GUARD_GOES_ON);
        else
            guard_add_done(&guard);
    assert_int_equal(guard_add_refused(&guard, 1001), GUARD_SHARE);
    guard_clear(&guard);
}

static void a_night_with_one_in_a_hundred_refused_goes_on(void **state)
{
    (void)state;
    struct guard guard = make(25, 20, 0);
    uint64_t bits = 1;
    for (int i = 1; i <= 1000000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407u;
        if ((bits >> 33) % 100 == 0)
            assert_int_equal(guard_add_refused(&guard, i), GUARD_GOES_ON);
        else
            guard_add_done(&guard);
    }
    guard_clear(&guard);
}

static void any_setting_of_the_provider_makes_other_settings(void **state)
{
    (void)state;
    static const struct provider provider = {.name = "payward", .base_url = "https://a.example.com"};
    char seen[6][GUARD_SETTINGS_SIZE];
    const char *keep[] = {"accounts", NULL};
    struct job jobs[6] = {{.name = "a"}};
    jobs[1].provider.version = "";
    jobs[2].provider.version_header = "";
    jobs[3].provider.concat_country = true;
    jobs[4].provider.keep = keep;
    jobs[5].provider.base_url = "https://b.example.com";
    for (size_t i = 0; i < 6; i++) {
        guard_settings(&jobs[i], &provider, seen[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(seen[i], seen[j]);
    }
    jobs[0].name = "b"; /* not of the provider */
    guard_settings(&jobs[0], &provider, seen[1]);
    assert_string_equal(seen[0], seen[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_trips_when_it_should_and_no_sooner),
        cmocka_unit_test(the_share_counts_from_a_hundred_answers_on),
        cmocka_unit_test(a_share_as_high_as_allowed_goes_on),
        cmocka_unit_test(a_night_with_one_in_a_hundred_refused_goes_on),
        cmocka_unit_test(any_setting_of_the_provider_makes_other_settings),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
