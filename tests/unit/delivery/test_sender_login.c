/* Logins and sinks through the real sender, at kira. */
#include "unit/delivery/sender_fixture.h"

#define TOKEN(text) "{\"data\":{\"access_token\":\"" text "\",\"expires_in\":3600}}"
#define LOGIN(text) JSON_REPLY("200 OK", "51", TOKEN(text))
#define MADE        JSON_REPLY("201 Created", "13", "{\"id\":\"u-12\"}")
#define OVER        JSON_REPLY("401 No", "18", "{\"message\":\"over\"}")

static struct fixture *start(const struct script_step *steps, size_t count)
{
    struct fixture *fixture = fixture_new(steps, count, 1);

    fixture->provider = *provider_find("kira");
    fixture->credentials[0] =
        job_parts_credentials(fixture->items[0], "api_key", fixture->keys[0], "client_id", fixture->keys[0],
                              "password", "fake-password", (char *)NULL);
    job_parts_set(&fixture->job.provider, fixture->settings,
                  (struct job_setting_value)JOB_TEXT(SETTING_VERSION_HEADER, "X-Api-Version"));
    job_parts_set(&fixture->job.provider, fixture->settings,
                  (struct job_setting_value)JOB_TEXT(SETTING_VERSION, "2026-04-14"));
    fixture->job.delivery.in_flight = 1;
    fixture_start(fixture);
    return fixture;
}

static bool carried(struct fixture *fixture, size_t request, const char *text)
{
    return strstr(fixture->server->requests[request].raw, text) != NULL;
}

static void one_login_comes_first_and_serves_all(void **state)
{
    (void)state;
    const struct script_step steps[] = {{.reply = LOGIN("tok-1")}, {.reply = MADE}};
    assert_int_equal(strlen(TOKEN("tok-1")), 51);
    struct fixture *fixture = start(steps, 2);
    for (size_t i = 0; i < 5; i++)
        fixture_submit(fixture);
    fixture_wait(fixture, 5);
    fixture_stop(fixture);
    assert_int_equal(fixture->server->request_count, 6);
    assert_true(carried(fixture, 0, "/auth") && carried(fixture, 0, "fake-password"));
    for (size_t i = 1; i < 6; i++)
        assert_true(carried(fixture, i, "Bearer tok-1"));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(fixture->deliveries[i].outcome.kind, OUTCOME_DONE);
    assert_int_equal(sender_requests(fixture->sender), 6);
    fixture_free(fixture);
}

static void an_expired_token_is_renewed(void **state)
{
    (void)state;
    const struct script_step steps[] = {{.reply = LOGIN("tok-1")}, {.reply = MADE}, {.reply = OVER},
                                        {.reply = LOGIN("tok-2")}, {.reply = MADE}, {.reply = OVER},
                                        {.reply = LOGIN("tok-3")}, {.reply = OVER}};
    struct fixture *fixture = start(steps, 8);
    fixture_deliver(fixture);
    struct delivery *second = (struct delivery *)(uintptr_t)fixture_deliver(fixture);
    assert_int_equal(second->outcome.kind, OUTCOME_BAD_TOKEN);
    sender_submit(fixture->sender, second);
    fixture->submitted++;
    fixture_wait(fixture, 3);
    assert_int_equal(second->outcome.kind, OUTCOME_DONE);
    fixture->submitted++; /* of the third, which stands apart */
    struct delivery *third = &fixture->deliveries[10];
    *third = (struct delivery){.call = {.operation = OPERATION_CREATE, .record = &fixture->record}};
    sender_submit(fixture->sender, third);
    fixture_wait(fixture, 4);
    assert_int_equal(third->outcome.kind, OUTCOME_BAD_TOKEN);
    sender_submit(fixture->sender, third);
    fixture->submitted++;
    fixture_wait(fixture, 5);
    assert_int_equal(third->outcome.kind, OUTCOME_BAD_TOKEN); /* it alone is refused, and never for good */
    assert_int_equal(third->bad_tokens, 2);
    assert_int_equal(second->bad_tokens, 1);
    fixture_stop(fixture);
    assert_int_equal(fixture->server->request_count, 8);
    assert_true(carried(fixture, 4, "Bearer tok-2") && carried(fixture, 7, "Bearer tok-3"));
    fixture_free(fixture);
}

static void a_new_token_that_serves_nobody_stops_all(void **state)
{
    (void)state;
    const struct script_step steps[] = {{.reply = LOGIN("tok-1")},
                                        {.reply = MADE},
                                        {.reply = OVER},
                                        {.reply = LOGIN("tok-2")},
                                        {.reply = OVER}};
    struct fixture *fixture = start(steps, 5);
    fixture_deliver(fixture);
    const struct delivery *second = fixture_deliver(fixture), *third = fixture_deliver(fixture);
    const struct delivery *fourth = fixture_deliver(fixture);
    assert_int_equal(second->outcome.kind, OUTCOME_BAD_TOKEN);
    assert_int_equal(third->outcome.kind, OUTCOME_STOP);
    assert_int_equal(third->outcome.http_status, 401);
    assert_int_equal(fourth->outcome.kind, OUTCOME_WITHDRAWN);
    fixture_stop(fixture);
    assert_int_equal(fixture->server->request_count, 5);
    fixture_free(fixture);
}

#define SHORT JSON_REPLY("200 OK", "48", "{\"data\":{\"access_token\":\"tok-1\",\"expires_in\":1}}")

static void ten_logins_without_a_success_between_stop_all(void **state)
{
    (void)state;
    enum { LOGINS = 10 };
    struct script_step steps[2 * LOGINS];
    for (size_t i = 0; i < LOGINS; i++) {
        steps[2 * i] = (struct script_step){.reply = SHORT};
        /* half of the token's second is over with the answer, so that the next one is due */
        steps[2 * i + 1] = (struct script_step){.sleep_ms = 600, .reply = JSON_REPLY("500 No", "2", "{}")};
    }
    struct fixture *fixture = start(steps, 2 * LOGINS);
    for (size_t i = 0; i < LOGINS; i++)
        assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_IN_DOUBT);
    const struct delivery *last = fixture_deliver(fixture);
    assert_int_equal(last->outcome.kind, OUTCOME_STOP);
    assert_non_null(strstr(last->outcome.message, "10 logins in a row"));
    assert_false(last->sent);
    fixture_stop(fixture);
    assert_int_equal(fixture->server->request_count, 2 * LOGINS);
    fixture_free(fixture);
}

static void a_login_may_say_how_long_to_wait(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *reply;
        uint64_t retry_for_ns;
        enum outcome_kind first, second;
    } rows[] = {
        {"a 503", "HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}", 600 * S,
         OUTCOME_NOT_SENT, OUTCOME_DONE},
        {"longer than retry_for", "HTTP/1.1 503 No\r\nRetry-After: 700\r\nContent-Length: 2\r\n\r\n{}",
         600 * S, OUTCOME_NOT_SENT, OUTCOME_STOP},
        {"with its token", "HTTP/1.1 200 OK\r\nRetry-After: 700\r\nContent-Length: 51\r\n\r\n" TOKEN("tok-1"),
         600 * S, OUTCOME_STOP, OUTCOME_STOP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct script_step steps[] = {
            {.reply = rows[i].reply}, {.reply = LOGIN("tok-2")}, {.reply = MADE}};
        struct fixture *fixture = start(steps, 3);
        const struct delivery *first = fixture_deliver(fixture);
        if (first->outcome.kind != rows[i].first)
            fail_msg("%s: %s", rows[i].sentence, outcome_word(first->outcome.kind));
        const struct delivery *second = fixture_deliver(fixture);
        if (second->outcome.kind != rows[i].second)
            fail_msg("%s: then %s", rows[i].sentence, outcome_word(second->outcome.kind));
        fixture_stop(fixture);
        const struct script_request *requests = fixture->server->requests;
        assert_int_equal(fixture->server->request_count, rows[i].second == OUTCOME_DONE ? 3 : 1);
        if (rows[i].second == OUTCOME_DONE)
            assert_true(requests[1].arrived_ns >= requests[0].answered_ns + S);
        fixture_free(fixture);
    }
}

static void without_a_login_those_who_wait_come_back(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *reply;
        enum outcome_kind kind;
        enum retry_cause cause;
    } rows[] = {
        {"refused", JSON_REPLY("401 No", "19", "{\"message\":\"wrong\"}"), OUTCOME_STOP, RETRY_AUTH},
        {"no answer", NULL, OUTCOME_NOT_SENT, RETRY_CONNECT},
        {"a 503", JSON_REPLY("503 No", "2", "{}"), OUTCOME_NOT_SENT, RETRY_5XX},
        {"a 429", JSON_REPLY("429 No", "2", "{}"), OUTCOME_THROTTLED, RETRY_429},
        {"no token in it", JSON_REPLY("200 OK", "2", "{}"), OUTCOME_NOT_SENT, RETRY_AUTH},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct script_step step = {.reply = rows[i].reply, .close = true};
        struct fixture *fixture = start(&step, 1);
        const struct outcome *outcome = &fixture_deliver(fixture)->outcome;
        if (outcome->kind != rows[i].kind || outcome->cause != rows[i].cause || fixture->deliveries[0].sent)
            fail_msg("%s: %s %s", rows[i].sentence, outcome_word(outcome->kind),
                     retry_cause_word(outcome->cause));
        fixture_stop(fixture);
        fixture_free(fixture);
    }
}

struct taken {
    size_t len, resets;
    bool refuses;
};

static bool take(void *context, struct slice bytes)
{
    struct taken *taken = context;

    taken->resets += bytes.len == 0;
    taken->len = bytes.len == 0 ? 0 : taken->len + bytes.len;
    return !taken->refuses || bytes.len == 0;
}

#define LARGE                                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 300016\r\n\r\n{\"users\":[\"0123"

static void a_question_may_be_larger_than_64_kib(void **state)
{
    (void)state;
    const struct script_step steps[] = {{.reply = LOGIN("tok-1")},
                                        {.reply = LARGE, .filler = 300001},
                                        {.reply = JSON_REPLY("500 No", "2", "{}")},
                                        {.reply = LARGE, .filler = 300001}};
    struct taken taken = {.len = 0};
    struct fixture *fixture = start(steps, 4);
    struct delivery *delivery = &fixture->deliveries[fixture->submitted++];

    *delivery = (struct delivery){.call = {.operation = OPERATION_LOOK_UP, .record = &fixture->record},
                                  .sink = take,
                                  .sink_context = &taken};
    sender_submit(fixture->sender, delivery);
    fixture_wait(fixture, 1);
    assert_int_equal(delivery->outcome.kind, OUTCOME_DONE);
    assert_int_equal(taken.len, 300016);
    for (int i = 0; i < 2; i++) { /* an error is not for the sink; and then the sink will not have it */
        taken.refuses = i == 1;
        sender_submit(fixture->sender, delivery);
        fixture->submitted++;
        fixture_wait(fixture, fixture->submitted);
        assert_int_equal(delivery->outcome.kind, OUTCOME_NOT_SENT);
        assert_int_equal(taken.len, i == 0 ? 0 : taken.len);
    }
    assert_int_equal(taken.resets, 3);
    fixture_stop(fixture);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_login_comes_first_and_serves_all),
        cmocka_unit_test(an_expired_token_is_renewed),
        cmocka_unit_test(a_new_token_that_serves_nobody_stops_all),
        cmocka_unit_test(ten_logins_without_a_success_between_stop_all),
        cmocka_unit_test(a_login_may_say_how_long_to_wait),
        cmocka_unit_test(without_a_login_those_who_wait_come_back),
        cmocka_unit_test(a_question_may_be_larger_than_64_kib),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sender_login", tests, NULL, NULL);
}
