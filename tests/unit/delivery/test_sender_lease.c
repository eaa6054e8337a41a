#include "unit/delivery/sender_fixture.h"

#include <stdatomic.h>

/* The right to send, which ends at a time by the clock of this boot. */

static enum sender_hold hold_of(const struct fixture *fixture, uint64_t *until_ns)
{
    return sender_held_by(fixture->sender, clock_mono_ns(), until_ns);
}

static void nothing_leaves_before_the_right_to_send_begins(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    uint64_t until_ns, begun_ns = clock_mono_ns();
    fixture->lease_wait_ns = 2 * S;
    fixture_start(fixture);
    uint64_t started_ns = clock_mono_ns();
    fixture_submit_many(fixture, 3);
    fixture_await_hold(fixture, SENDER_LEASE);
    hold_of(fixture, &until_ns);
    assert_in_range(until_ns, begun_ns + 2 * S - MS, started_ns + 2 * S + 100 * MS);
    fixture_wait(fixture, 3);
    fixture_stop(fixture);
    assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 3);
    assert_true(fixture->server->requests[0].arrived_ns >= begun_ns + 2 * S);
    assert_int_equal(sender_held_ns(fixture->sender), 0); /* no Retry-After for the next process */
    fixture_free(fixture);
}

/* The process before this one may have sent until this one's right begins: its requests count from then on.
 */
static void the_rate_holds_over_both_where_the_former_may_send_until_the_right_begins(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture->job.delivery.rate = (struct job_rate){10, S};
    fixture->job.delivery.burst = 3;
    fixture->lease_wait_ns = S;
    fixture->follows_another = true;
    uint64_t begun_ns = clock_mono_ns();
    fixture_start(fixture);
    uint64_t start_ns = clock_mono_ns() - begun_ns;
    /* The wait of five requests at 10/s, as limiter.h has it, from when the right begins. */
    assert_in_range(fixture->carry_over_ns + start_ns, 1500 * MS, 1500 * MS + 2 * start_ns);
    fixture_submit_many(fixture, 2);
    fixture_wait(fixture, 2);
    fixture_stop(fixture);
    assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 2);
    assert_true(fixture->server->requests[0].arrived_ns >= begun_ns + 1500 * MS);
    fixture_free(fixture);
}

static void nothing_leaves_once_the_lease_is_over_until_it_is_renewed(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    _Atomic uint64_t lease = clock_boot_ns() + 20 * S;
    uint64_t until_ns;
    fixture->lease_until_ns = &lease;
    fixture_start(fixture);
    assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_DONE);
    atomic_store(&lease, clock_boot_ns());
    fixture_submit_many(fixture, 4);
    fixture_await_hold(fixture, SENDER_LEASE);
    hold_of(fixture, &until_ns);
    assert_int_equal(until_ns, 0);
    script_sleep_ms(100);
    assert_int_equal(sender_requests(fixture->sender), 1);
    atomic_store(&lease, clock_boot_ns() + 20 * S);
    fixture_wait(fixture, 5);
    fixture_await_hold(fixture, SENDER_FREE);
    fixture_stop(fixture);
    assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 5);
    assert_int_equal(fixture->server->request_count, 5);
    fixture_free(fixture);
}

static void what_waits_for_the_lease_can_be_withdrawn(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    _Atomic uint64_t lease = clock_boot_ns();
    fixture->lease_until_ns = &lease;
    fixture_start(fixture);
    fixture_submit_many(fixture, 3);
    script_sleep_ms(50);
    sender_withdraw(fixture->sender);
    fixture_wait(fixture, 3);
    fixture_stop(fixture);
    assert_int_equal(fixture_count(fixture, OUTCOME_WITHDRAWN), 3);
    assert_int_equal(fixture->server->request_count, 0);
    fixture_free(fixture);
}

/* The lease ends between launching and leaving: the request was built and signed, and waits again. */
static void what_still_connects_does_not_leave_once_the_lease_is_over(void **state)
{
    (void)state;
    /* A listener whose queue is full: the sender's SYN is dropped and repeated a second later. */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fillers[2], accepted[3];
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    for (size_t i = 0; i < 2; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, len);
    }
    script_sleep_ms(50);

    struct fixture *fixture = fixture_new(NULL, 0, 1);
    _Atomic uint64_t lease = clock_boot_ns() + 20 * S;
    snprintf(fixture->base_url, sizeof fixture->base_url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    fixture->lease_until_ns = &lease;
    fixture_start(fixture);
    struct delivery *delivery = fixture_submit(fixture);
    fixture_await_in_flight(fixture, 1);
    atomic_store(&lease, clock_boot_ns());
    for (size_t i = 0; i < 3; i++)
        accepted[i] = accept(listener, NULL, NULL);
    fixture_await_in_flight(fixture, 0);
    assert_int_equal(fixture_done_count(fixture), 0);
    assert_int_equal(sender_requests(fixture->sender), 0);
    sender_withdraw(fixture->sender);
    fixture_wait(fixture, 1);
    fixture_stop(fixture);
    assert_int_equal(delivery->outcome.kind, OUTCOME_WITHDRAWN);
    assert_false(delivery->sent);
    for (size_t i = 0; i < 3; i++) {
        char byte;
        assert_true(recv(accepted[i], &byte, 1, MSG_DONTWAIT) <= 0);
        close(accepted[i]);
    }
    close(fillers[0]);
    close(fillers[1]);
    close(listener);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_before_the_right_to_send_begins),
        cmocka_unit_test(the_rate_holds_over_both_where_the_former_may_send_until_the_right_begins),
        cmocka_unit_test(nothing_leaves_once_the_lease_is_over_until_it_is_renewed),
        cmocka_unit_test(what_waits_for_the_lease_can_be_withdrawn),
        cmocka_unit_test(what_still_connects_does_not_leave_once_the_lease_is_over),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sender_lease", tests, NULL, NULL);
}
