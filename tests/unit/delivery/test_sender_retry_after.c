#include "unit/delivery/sender_fixture.h"

/* Waits that the provider asks for, and the probe of an open breaker. */

static void a_retry_after_holds_all_key_slots_by_the_servers_clock(void **state)
{
    (void)state;
    const struct script_step steps[] = {
        {.reply = CREATED},
        {.reply = CREATED},
        {.reply = "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}"},
        {.sleep_ms = 30, .reply = CREATED}, /* so that some are left to be held */
    };
    struct fixture *fixture = fixture_new(steps, 4, 2);
    fixture_start(fixture);
    fixture_submit_many(fixture, 12);
    fixture_wait(fixture, 12);
    fixture_stop(fixture);
    assert_int_equal(fixture_count(fixture, OUTCOME_THROTTLED), 1);
    assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 11);
    const struct script_request *requests = fixture->server->requests;
    uint64_t read_ns = 0;
    for (size_t i = 0; i < 12; i++)
        if (fixture->done[i]->outcome.kind == OUTCOME_THROTTLED)
            read_ns = fixture->done_ns[i];
    /* What left before the answer was read is no breach. */
    for (size_t i = 3; i < 12; i++)
        assert_true(requests[i].arrived_ns < read_ns ||
                    requests[i].arrived_ns >= requests[2].answered_ns + S);
    fixture_free(fixture);
}

#define LATER(status, wait)                                                                                  \
    "HTTP/1.1 " status "\r\nRetry-After: " wait                                                              \
    "\r\nContent-Type: application/json\r\nContent-Length: 38\r\n\r\n"                                       \
    "{\"data\":{\"id\":\"fake-user-0000000001\"}}"

static void a_retry_after_counts_with_any_status(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        enum outcome_kind kind;
        uint64_t wait_ns;
    } rows[] = {
        {LATER("503 Maintenance", "1"), OUTCOME_IN_DOUBT, S},
        {LATER("500 No", "0.3"), OUTCOME_IN_DOUBT, 300 * MS},
        {LATER("404 No", "0.3"), OUTCOME_REFUSED, 300 * MS},
        {LATER("201 Created", "0.3"), OUTCOME_DONE, 300 * MS},
        {LATER("503 Maintenance", "0.3\r\nRetry-After: 3600"), OUTCOME_IN_DOUBT, 300 * MS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct script_step steps[] = {{.reply = rows[i].reply}, {.reply = CREATED}};
        struct fixture *fixture = fixture_new(steps, 2, 1);
        fixture_start(fixture);
        fixture_submit_many(fixture, 3);
        fixture_wait(fixture, 3);
        fixture_stop(fixture);
        assert_int_equal(fixture->deliveries[0].outcome.kind, rows[i].kind);
        const struct script_request *requests = fixture->server->requests;
        for (size_t j = 1; j < 3; j++) {
            assert_int_equal(fixture->deliveries[j].outcome.kind, OUTCOME_DONE);
            uint64_t waited_ns = requests[j].arrived_ns - requests[0].answered_ns;
            if (waited_ns < rows[i].wait_ns)
                fail_msg("%.20s: %llu ns", rows[i].reply, (unsigned long long)waited_ns);
        }
        fixture_free(fixture);
    }
}

static void a_retry_after_longer_than_retry_for_stops_all(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        enum outcome_kind kind;
    } rows[] = {
        {LATER("503 Maintenance", "601"), OUTCOME_IN_DOUBT},
        {LATER("429 Slow", "601"), OUTCOME_THROTTLED},
        {LATER("404 No", "601"), OUTCOME_REFUSED},
        {LATER("201 Created", "600.5"), OUTCOME_DONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct script_step steps[] = {{.reply = rows[i].reply}, {.reply = CREATED}};
        struct fixture *fixture = fixture_new(steps, 2, 1);
        fixture_start(fixture);
        fixture_submit_many(fixture, 3);
        fixture_wait(fixture, 3);
        assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_STOP); /* later ones too */
        fixture_stop(fixture);
        assert_int_equal(fixture->server->request_count, 1);
        assert_int_equal(fixture->deliveries[0].outcome.kind, rows[i].kind);
        for (size_t j = 1; j < 3; j++) {
            assert_int_equal(fixture->deliveries[j].outcome.kind, OUTCOME_STOP);
            assert_string_equal(
                fixture->deliveries[j].outcome.message,
                "the provider asks to wait 601 s, longer than delivery.retry_for: run again after that");
        }
        fixture_free(fixture);
    }
}

static void only_a_probe_that_was_not_answered_is_marked(void **state)
{
    (void)state;
    struct script_step steps[13];
    for (size_t i = 0; i < 11; i++) /* ten open the breaker, and the eleventh is its first probe */
        steps[i] = (struct script_step){.reply = JSON_REPLY("500 No", "2", "{}")};
    steps[11] = (struct script_step){.reply = CREATED};
    struct fixture *fixture = fixture_new(steps, 12, 1);
    fixture_start(fixture);
    for (size_t i = 0; i < 12; i++) {
        const struct delivery *delivery = fixture_deliver(fixture);
        assert_int_equal(delivery->was_probe, i == 10);
    }
    fixture_stop(fixture);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_after_holds_all_key_slots_by_the_servers_clock),
        cmocka_unit_test(a_retry_after_counts_with_any_status),
        cmocka_unit_test(a_retry_after_longer_than_retry_for_stops_all),
        cmocka_unit_test(only_a_probe_that_was_not_answered_is_marked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sender_retry_after", tests, NULL, NULL);
}
