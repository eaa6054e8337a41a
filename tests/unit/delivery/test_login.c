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
        struct login login = {.wanted = true};
        assert_true(login_is_due(&login, 7 * S));
        login.asking = true;
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
    struct login login = {.wanted = false};
    assert_false(login_is_due(&login, 1));
}

static void a_token_is_dropped_once_however_many_requests_carried_it(void **state)
{
    (void)state;
    struct login login = {.wanted = true};

    login_succeeded(&login, 3600, 0);
    uint32_t first = login.token;
    login_refuse(&login, first);
    assert_true(login_is_due(&login, 1));
    login_succeeded(&login, 3600, 1);
    assert_int_not_equal(login.token, first);
    login_refuse(&login, first);
    assert_false(login_is_due(&login, 2));
}

static void a_renewal_that_fails_leaves_the_token_to_its_end(void **state)
{
    (void)state;
    struct login login = {.wanted = true};

    assert_false(login_failed(&login, 0));
    login_succeeded(&login, 3600, 0);
    login.asking = true;
    assert_true(login_failed(&login, 3301 * S));
    assert_false(login_is_due(&login, 3302 * S));
    assert_true(login_is_due(&login, 3331 * S));
    login.asking = true;
    assert_false(login_failed(&login, 3600 * S));
    assert_true(login_is_due(&login, 3600 * S));
    login_succeeded(&login, 3600, 4000 * S);
    login_refuse(&login, login.token);
    assert_false(login_failed(&login, 4001 * S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_renewed_five_minutes_ahead_or_at_half_its_life),
        cmocka_unit_test(a_provider_without_logins_never_waits),
        cmocka_unit_test(a_token_is_dropped_once_however_many_requests_carried_it),
        cmocka_unit_test(a_renewal_that_fails_leaves_the_token_to_its_end),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
