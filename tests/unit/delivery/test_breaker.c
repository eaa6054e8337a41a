#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/breaker.h"
#include "delivery/retry.h"

#define S CLOCK_NS_PER_S

static struct retry_random bits;

static struct breaker make(uint64_t retry_for_s)
{
    struct breaker breaker;
    breaker_init(&breaker, retry_for_s * S);
    bits = retry_random_from(1);
    return breaker;
}

/* One request at `now`, to its end. */
static bool request(struct breaker *breaker, bool answered, uint64_t now)
{
    bool is_probe = breaker_admit(breaker);
    return breaker_record(breaker, answered, is_probe, now, retry_random_next(&bits));
}

static struct breaker make_open(uint64_t retry_for_s, uint64_t now)
{
    struct breaker breaker = make(retry_for_s);
    for (int i = 0; i < BREAKER_FAILURES; i++)
        request(&breaker, false, now);
    assert_true(breaker.is_open);
    return breaker;
}

static void ten_failures_in_a_row_open_it_and_no_fewer(void **state)
{
    (void)state;
    struct breaker breaker = make(600);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BREAKER_FAILURES - 1; i++)
            assert_false(request(&breaker, false, S));
        assert_int_equal(breaker_next_ns(&breaker), 0);
        assert_false(request(&breaker, true, S)); /* an answer between: the count begins anew */
    }
    for (int i = 0; i < BREAKER_FAILURES - 1; i++)
        request(&breaker, false, S);
    assert_true(request(&breaker, false, 2 * S));
    assert_int_equal(breaker.openings, 1);
    assert_true(breaker_next_ns(&breaker) >= 2 * S + S / 2 && breaker_next_ns(&breaker) < 3 * S);
}

static void one_or_two_records_that_always_fail_are_no_provider_that_is_gone(void **state)
{
    (void)state;
    struct breaker breaker = make(600);
    for (int i = 0; i < BREAKER_FAILURES; i++) {
        breaker_add_subject(&breaker, 7 + (uint64_t)i % 2);
        request(&breaker, false, S);
    }
    assert_true(breaker.is_open);
    assert_false(breaker_blames_provider(&breaker));
    breaker_add_subject(&breaker, 9);
    assert_true(breaker_blames_provider(&breaker));
    request(&breaker, true, 2 * S); /* an answer between: the count begins anew */
    assert_false(breaker_blames_provider(&breaker));
    breaker_add_subject(&breaker, 7);
    assert_false(breaker_blames_provider(&breaker));
    breaker_add_subject(&breaker, 0); /* a listing or a login is for all */
    assert_true(breaker_blames_provider(&breaker));
}

static void while_it_is_open_one_probe_is_sent_at_a_time(void **state)
{
    (void)state;
    struct breaker breaker = make_open(600, S);
    assert_true(breaker_admit(&breaker));
    assert_int_equal(breaker_next_ns(&breaker), UINT64_MAX);
    breaker_release(&breaker, true); /* it never left: another may */
    assert_true(breaker_next_ns(&breaker) < UINT64_MAX);
    assert_true(breaker_admit(&breaker));
    /* What left before it opened and fails now says nothing new. */
    assert_false(breaker_record(&breaker, false, false, 2 * S, 0));
    assert_int_equal(breaker_next_ns(&breaker), UINT64_MAX);
    assert_int_equal(breaker.probes, 0);
}

static void the_wait_between_probes_doubles_up_to_a_minute(void **state)
{
    (void)state;
    static const uint64_t most_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    struct breaker breaker = make_open(36000, S);
    uint64_t now = S;
    for (size_t i = 0; i < sizeof most_s / sizeof *most_s; i++) {
        uint64_t wait = breaker_next_ns(&breaker) - now;
        assert_in_range(wait, most_s[i] * S / 2, most_s[i] * S - 1);
        now = breaker_next_ns(&breaker);
        assert_false(request(&breaker, false, now));
    }
}

static void any_answer_closes_it(void **state)
{
    (void)state;
    struct breaker breaker = make_open(600, S);
    assert_true(request(&breaker, true, 8 * S));
    assert_int_equal(breaker_next_ns(&breaker), 0);
    assert_int_equal(breaker.paused_ns, 7 * S);
    breaker = make_open(600, S);
    breaker_admit(&breaker);
    assert_true(breaker_record(&breaker, true, false, 3 * S, 0)); /* not the probe's */
    assert_int_equal(breaker_next_ns(&breaker), 0);
    assert_false(breaker_record(&breaker, false, true, 4 * S, 0)); /* the probe, late */
    assert_int_equal(breaker_next_ns(&breaker), 0);
}

static void the_last_probe_is_sent_when_retry_for_is_over_and_then_it_gives_up(void **state)
{
    (void)state;
    static const uint64_t retry_for_s[] = {1, 5, 45, 600};
    for (size_t i = 0; i < sizeof retry_for_s / sizeof *retry_for_s; i++) {
        struct breaker breaker = make_open(retry_for_s[i], S);
        uint64_t end = S + retry_for_s[i] * S, now = S;
        while (!breaker.has_given_up) {
            assert_true(breaker_next_ns(&breaker) <= end);
            now = breaker_next_ns(&breaker);
            assert_int_equal(request(&breaker, false, now), now == end);
        }
        assert_int_equal(now, end);
        assert_int_equal(breaker_next_ns(&breaker), UINT64_MAX);
        assert_false(breaker_record(&breaker, true, false, end + S, 0));
        assert_true(breaker.has_given_up);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_failures_in_a_row_open_it_and_no_fewer),
        cmocka_unit_test(one_or_two_records_that_always_fail_are_no_provider_that_is_gone),
        cmocka_unit_test(while_it_is_open_one_probe_is_sent_at_a_time),
        cmocka_unit_test(the_wait_between_probes_doubles_up_to_a_minute),
        cmocka_unit_test(any_answer_closes_it),
        cmocka_unit_test(the_last_probe_is_sent_when_retry_for_is_over_and_then_it_gives_up),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
