/* Logins and sinks through the real sender, at kira. */
#include "unit/delivery/sender_fixture.h"

#define TOKEN(text) "{\"data\":{\"access_token\":\"" text "\",\"expires_in\":3600}}"
#define LOGIN(text) JSON_REPLY("200 OK", "51", TOKEN(text))
#define MADE        JSON_REPLY("201 Created", "13", "{\"id\":\"u-12\"}")
#define OVER        JSON_REPLY("401 No", "18", "{\"message\":\"over\"}")

static struct fixture *start(const struct script_step *steps, size_t count)
{
    struct fixture *fixture = fixture_new(steps, count, 1);
    static char password[] = "fake-password";

    fixture->provider = *provider_find("kira");
    fixture->credentials[0].client_id = fixture->credentials[0].api_key;
    fixture->credentials[0].password = (struct secret){.at = password, .len = strlen(password)};
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

static void a_token_that_is_over_is_asked_for_again_and_then_no_more(void **state)
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
    assert_int_equal(third->outcome.kind, OUTCOME_REFUSED); /* as a 403 of credentials that work */
    fixture_stop(fixture);
    assert_int_equal(fixture->server->request_count, 8);
    assert_true(carried(fixture, 4, "Bearer tok-2") && carried(fixture, 7, "Bearer tok-3"));
    fixture_free(fixture);
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
        if (outcome->kind != rows[i].kind || outcome->cause != rows[i].cause || fixture->deliveries[0].left)
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
        cmocka_unit_test(a_token_that_is_over_is_asked_for_again_and_then_no_more),
        cmocka_unit_test(without_a_login_those_who_wait_come_back),
        cmocka_unit_test(a_question_may_be_larger_than_64_kib),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sender_login", tests, NULL, NULL);
}
