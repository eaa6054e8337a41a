#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/send_gate.h"

#define S    CLOCK_NS_PER_S
#define BOOT (500 * S)

/* Two requests a second, both at once. */
static struct send_gate gate_of_two_a_second(void)
{
    struct send_gate gate = {.withdrawn = false};
    send_gate_init(&gate, (struct job_rate){2, S}, 2);
    return gate;
}

/* A request that the limiter admits now and that reaches the gate now. */
static bool admit_and_pass(struct send_gate *gate, uint64_t now_ns)
{
    assert_true(limiter_next(&gate->limiter, now_ns) <= now_ns);
    limiter_admit(&gate->limiter, now_ns);
    return send_gate_pass(gate, now_ns, BOOT);
}

static void after_a_stop_nothing_passes_and_nothing_is_counted(void **state)
{
    (void)state;
    struct send_gate gate = gate_of_two_a_second();
    assert_true(admit_and_pass(&gate, 10 * S));
    gate.withdrawn = true;
    assert_false(admit_and_pass(&gate, 10 * S));
    assert_int_equal(gate.requests, 1);
    assert_int_equal(gate.sending, 1);
    send_gate_clear(&gate);
}

static void a_retry_after_that_came_while_connecting_holds_the_request_back(void **state)
{
    (void)state;
    struct send_gate gate = gate_of_two_a_second();
    limiter_admit(&gate.limiter, 10 * S);
    limiter_hold(&gate.limiter, 10 * S, 3 * S);
    assert_false(send_gate_pass(&gate, 10 * S, BOOT));
    assert_false(send_gate_pass(&gate, 13 * S - 1, BOOT));
    assert_int_equal(gate.requests, 0);
    assert_true(send_gate_pass(&gate, 13 * S, BOOT));
    assert_int_equal(gate.requests, 1);
    send_gate_clear(&gate);
}

/* Sent at 10 s, but written at 12 s at the latest: the window that holds both ends at 13 s. */
static void the_window_begins_when_libcurl_has_written_not_at_the_gate(void **state)
{
    (void)state;
    struct send_gate gate = gate_of_two_a_second();
    assert_true(admit_and_pass(&gate, 10 * S));
    assert_true(admit_and_pass(&gate, 10 * S));
    assert_true(limiter_next(&gate.limiter, 12 * S) > 12 * S);
    send_gate_count(&gate, 12 * S);
    assert_int_equal(gate.sending, 0);
    assert_true(limiter_next(&gate.limiter, 13 * S - 1) >= 13 * S);
    assert_true(limiter_next(&gate.limiter, 13 * S + S / 100) <= 13 * S + S / 100);
    send_gate_clear(&gate);
}

static void a_request_is_counted_by_the_limiter_once(void **state)
{
    (void)state;
    struct send_gate gate = gate_of_two_a_second();
    assert_true(admit_and_pass(&gate, 10 * S));
    send_gate_count(&gate, 10 * S);
    send_gate_count(&gate, 10 * S);
    assert_int_equal(gate.limiter.sent_count, 1);
    assert_int_equal(gate.limiter.admitted, 0);
    send_gate_clear(&gate);
}

/* The two clocks have nothing to do with each other: the lease is a time of the machine's start. */
static void a_request_leaves_only_while_every_lease_lasts(void **state)
{
    (void)state;
    static const struct {
        uint64_t from_s, ledger_s, share_s, boot_s; /* ledger_s, share_s: 0: no such lease */
        bool want;
    } table[] = {
        {0, 0, 0, 500, true},        {0, 501, 0, 500, true},     {0, 500, 0, 500, false},
        {0, 499, 0, 500, false},     {0, 501, 500, 500, false},  {0, 500, 501, 500, false},
        {0, 501, 501, 500, true},    {501, 0, 0, 500, false},    {500, 0, 0, 500, true},
        {501, 900, 900, 500, false}, {500, 501, 501, 500, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct send_gate gate = gate_of_two_a_second();
        _Atomic uint64_t ledger = table[i].ledger_s * S, share = table[i].share_s * S;
        gate.from_boot_ns = table[i].from_s * S;
        gate.until_boot_ns[SEND_GATE_LEDGER] = table[i].ledger_s ? &ledger : NULL;
        gate.until_boot_ns[SEND_GATE_SHARE] = table[i].share_s ? &share : NULL;
        limiter_admit(&gate.limiter, 10 * S);
        if (send_gate_pass(&gate, 10 * S, table[i].boot_s * S) != table[i].want)
            fail_msg("row %zu", i);
        assert_int_equal(gate.requests, table[i].want);
        assert_int_equal(send_gate_is_leased(&gate, table[i].boot_s * S), table[i].want);
        send_gate_clear(&gate);
    }
}

static void a_lease_that_is_renewed_lets_the_next_request_leave(void **state)
{
    (void)state;
    struct send_gate gate = gate_of_two_a_second();
    _Atomic uint64_t until = 500 * S;
    gate.until_boot_ns[SEND_GATE_LEDGER] = &until;
    limiter_admit(&gate.limiter, 10 * S);
    assert_false(send_gate_pass(&gate, 10 * S, 500 * S));
    atomic_store(&until, 515 * S);
    assert_true(send_gate_pass(&gate, 10 * S, 515 * S - 1));
    send_gate_clear(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_stop_nothing_passes_and_nothing_is_counted),
        cmocka_unit_test(a_retry_after_that_came_while_connecting_holds_the_request_back),
        cmocka_unit_test(the_window_begins_when_libcurl_has_written_not_at_the_gate),
        cmocka_unit_test(a_request_is_counted_by_the_limiter_once),
        cmocka_unit_test(a_request_leaves_only_while_every_lease_lasts),
        cmocka_unit_test(a_lease_that_is_renewed_lets_the_next_request_leave),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("send_gate", tests, NULL, NULL);
}
