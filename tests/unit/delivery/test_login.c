#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/login.h"

#define S CLOCK_NS_PER_S

static void a_token_is_renewed_five_minutes_ahead_or_at_half_its_life(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint64_t seconds, due_s;
    } rows[] = {
        {"an hour", 3600, 3300},    {"a day", 86400, 86100}, {"ten minutes", 600, 300},
        {"nine minutes", 540, 270}, {"two seconds", 2, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct login login = {.required = true};
        assert_true(login_is_due(&login, 7 * S));
        login.in_progress = true;
        assert_false(login_is_due(&login, 7 * S));
        login_succeeded(&login, rows[i].seconds, 7 * S);
        if (login_is_due(&login, (7 + rows[i].due_s) * S - 1) ||
            !login_is_due(&login, (7 + rows[i].due_s) * S))
            fail_msg("%s", rows[i].sentence);
    }
}

static void a_provider_without_logins_never_waits(void **state)
{
    (void)state;
    struct login login = {.required = false};
    assert_false(login_is_due(&login, 1));
}

static void a_token_is_dropped_once_however_many_requests_carried_it(void **state)
{
    (void)state;
    struct login login = {.required = true};

    login_succeeded(&login, 3600, 0);
    uint32_t first = login.token;
    login_invalidate(&login, first, NULL);
    assert_true(login_is_due(&login, 1));
    login_succeeded(&login, 3600, 1);
    assert_int_not_equal(login.token, first);
    login_invalidate(&login, first, NULL);
    assert_false(login_is_due(&login, 2));
}

static void a_renewal_that_fails_leaves_the_token_to_its_end(void **state)
{
    (void)state;
    struct login login = {.required = true};

    assert_false(login_failed(&login, 0));
    login_succeeded(&login, 3600, 0);
    login.in_progress = true;
    assert_true(login_failed(&login, 3301 * S));
    assert_false(login_is_due(&login, 3302 * S));
    assert_true(login_is_due(&login, 3331 * S));
    login.in_progress = true;
    assert_false(login_failed(&login, 3600 * S));
    assert_true(login_is_due(&login, 3600 * S));
    login_succeeded(&login, 3600, 4000 * S);
    login_invalidate(&login, login.token, NULL);
    assert_false(login_failed(&login, 4001 * S));
}

static void a_401_ends_an_old_token_and_stops_at_a_new_one_that_served_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        bool served, older_token;
        uint64_t left_s;
        bool refused_before, broken;
    } rows[] = {
        {"new, and nobody was served", false, false, 1, false, true},
        {"new, and it has served", true, false, 1, false, false},
        {"no longer new: it may have been over by itself", false, false, 61, false, false},
        {"new, but the record was refused under another token before", false, false, 1, true, false},
        {"the one before the new one", false, true, 1, false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct login login = {.required = true};
        int record;
        login_succeeded(&login, 3600, 0);
        uint32_t token = login.token;
        if (rows[i].older_token)
            login_succeeded(&login, 3600, 0);
        if (rows[i].served)
            login_proved(&login, token);
        if (login_is_broken(&login, token, rows[i].left_s * S, &record, rows[i].refused_before) !=
            rows[i].broken)
            fail_msg("%s", rows[i].sentence);
    }
}

static void one_record_may_be_the_cause_and_two_are_not(void **state)
{
    (void)state;
    struct login login = {.required = true};
    int first, second;

    login_succeeded(&login, 3600, 0);
    login_proved(&login, login.token);
    login_invalidate(&login, login.token, &first);
    for (int i = 0; i < 2; i++) {
        login_succeeded(&login, 3600, 0);
        assert_false(login_is_broken(&login, login.token, 1, &first, true));
        login_invalidate(&login, login.token, &first);
    }
    login_succeeded(&login, 3600, 0);
    assert_true(login_is_broken(&login, login.token, 1, &second, true));
    login_proved(&login, login.token);
    login_succeeded(&login, 3600, 0);
    assert_false(login_is_broken(&login, login.token, 1, &second, true));
}

static void ten_logins_without_a_success_between_are_enough(void **state)
{
    (void)state;
    struct login login = {.required = true};

    for (int i = 0; i < 9; i++)
        login_succeeded(&login, 1, 0);
    assert_false(login_is_futile(&login));
    login_succeeded(&login, 1, 0);
    assert_true(login_is_futile(&login));
    login_proved(&login, login.token - 1); /* late, and a success all the same */
    assert_false(login_is_futile(&login));
    for (int i = 0; i < 9; i++)
        login_succeeded(&login, 1, 0);
    assert_false(login_is_futile(&login));
    login_succeeded(&login, 1, 0);
    assert_true(login_is_futile(&login));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_renewed_five_minutes_ahead_or_at_half_its_life),
        cmocka_unit_test(a_provider_without_logins_never_waits),
        cmocka_unit_test(a_token_is_dropped_once_however_many_requests_carried_it),
        cmocka_unit_test(a_renewal_that_fails_leaves_the_token_to_its_end),
        cmocka_unit_test(a_401_ends_an_old_token_and_stops_at_a_new_one_that_served_nobody),
        cmocka_unit_test(one_record_may_be_the_cause_and_two_are_not),
        cmocka_unit_test(ten_logins_without_a_success_between_are_enough),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
