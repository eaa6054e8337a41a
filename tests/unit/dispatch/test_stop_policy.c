/* The rules are those of "Stopping before damage" in the manual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/log.h"
#include "delivery/sender.h"
#include "dispatch/stop_policy.h"
#include "provider/outcome_table.h"
#include "provider/provider_table.h"
#include "unit/provider/records.h"

enum { RETRY_FOR_S = 600, ANSWERS_MAX = 128, ONE_YEAR_S = 365 * 86400 };

struct fixture {
    struct stop_policy policy;
    struct job_delivery limits;
    int64_t customers; /* that had an answer */
    int64_t refused[ANSWERS_MAX];
    size_t refused_count; /* the last ones of them are in refused, from the start again */
    size_t not_final;     /* refusals that are not final, in all */
};

static void open_policy(struct fixture *fixture, uint32_t canary, uint32_t in_a_row, uint32_t share)
{
    *fixture = (struct fixture){.limits = {.canary = canary,
                                           .refused_in_a_row = in_a_row,
                                           .refused_share = share,
                                           .retry_for_ns = RETRY_FOR_S * CLOCK_NS_PER_S}};
    stop_policy_init(&fixture->policy, &fixture->limits, canary);
}

static void restart(struct fixture *fixture)
{
    stop_policy_clear(&fixture->policy);
    stop_policy_init(&fixture->policy, &fixture->limits, fixture->limits.canary);
}

static enum stop_reason attempt(struct fixture *fixture, const struct outcome *outcome)
{
    const struct delivery delivery = {.outcome = *outcome, .sent = outcome->kind != OUTCOME_WITHDRAWN};

    return stop_policy_add_reply(&fixture->policy, &delivery);
}

static struct outcome outcome_of(enum outcome_kind kind, int status, const char *code)
{
    struct outcome outcome = {.kind = kind, .http_status = status};

    snprintf(outcome.code, sizeof outcome.code, "%s", code);
    snprintf(outcome.message, sizeof outcome.message, "%s", code);
    return outcome;
}

/* `+`: a create or update was carried out; `-`: refused; `k`: refused, since the provider does not update
 * this user. Customers are numbered from 1. */
static enum stop_reason answer(struct fixture *fixture, char letter)
{
    const int64_t customer = ++fixture->customers, *not_final;
    struct outcome outcome = outcome_of(OUTCOME_REFUSED, 422, "a_code");
    size_t count;

    if (letter == '+') {
        stop_policy_add_done(&fixture->policy);
        return STOP_NONE;
    }
    outcome.no_update = letter == 'k';
    if (letter == '-')
        fixture->refused[fixture->refused_count++ % ANSWERS_MAX] = customer;
    enum stop_reason reason =
        stop_policy_add_refused(&fixture->policy, customer, &outcome, &not_final, &count);
    assert_int_equal(reason != STOP_NONE, count > 0);
    fixture->not_final += count;
    for (size_t i = 1; i <= count && i <= ANSWERS_MAX; i++) /* the last ones, in the order of the answers */
        assert_int_equal(not_final[count - i], fixture->refused[(fixture->refused_count - i) % ANSWERS_MAX]);
    return reason;
}

/* `50+1-`: fifty of one kind, then one of another. */
static size_t expand(const char *answers, char out[ANSWERS_MAX])
{
    size_t len = 0;

    while (*answers) {
        char *letter;
        unsigned long count = strtoul(answers, &letter, 10);
        for (count = letter == answers ? 1 : count; count > 0; count--, len++) {
            assert_true(len < ANSWERS_MAX);
            out[len] = *letter;
        }
        answers = letter + 1;
    }
    return len;
}

/* reason: the last answer's. again: the refusals that are not final. */
static const struct refusal_case {
    const char *sentence;
    uint32_t canary, in_a_row, share;
    const char *answers;
    enum stop_reason reason;
    size_t again;
} refusal_cases[] = {
    {"all is well", 3, 3, 20, "++++++", STOP_NONE, 0},
    {"the first of the canary is refused", 3, 5, 20, "-", STOP_CANARY, 1},
    {"the second of two of the canary is refused", 2, 3, 20, "+-", STOP_CANARY, 1},
    {"the last of the canary is refused", 3, 5, 20, "++-", STOP_CANARY, 1},
    {"the first after the canary is refused", 3, 5, 20, "+++-", STOP_NONE, 0},
    {"a user that takes no update does not stop the canary", 3, 5, 20, "k", STOP_NONE, 0},
    {"nor is it one of the canary", 1, 5, 20, "k-", STOP_CANARY, 1},
    {"without a canary", 0, 5, 20, "-", STOP_NONE, 0},
    {"as many in a row as may be", 0, 3, 20, "---", STOP_IN_A_ROW, 3},
    {"one less", 0, 3, 20, "--", STOP_NONE, 0},
    {"a success between", 0, 3, 20, "--+--", STOP_NONE, 0},
    {"only those since the success", 0, 3, 20, "--+---", STOP_IN_A_ROW, 3},
    {"what is neither is neither", 0, 3, 20, "--k-", STOP_IN_A_ROW, 3},
    {"what was in flight then is not final either", 0, 3, 20, "-----", STOP_IN_A_ROW, 5},
    {"also after a success that was in flight", 0, 3, 20, "---+-", STOP_IN_A_ROW, 4},
    {"one in a row", 0, 1, 20, "+-", STOP_IN_A_ROW, 1},
    {"too few answers to speak of a share", 0, 100, 20, "50+49-", STOP_NONE, 0},
    {"from a hundred on, and all of the run", 0, 100, 49, "25-50+25-", STOP_SHARE, 50},
    {"as large a share as may be", 0, 100, 50, "50+50-", STOP_NONE, 0},
    {"a larger one", 0, 100, 50, "50+51-", STOP_SHARE, 51},
    {"what is neither is in no share", 0, 100, 50, "50+50-3k", STOP_NONE, 0},
    {"nor does it make a hundred", 0, 100, 49, "50+49-3k", STOP_NONE, 0},
    {"three, one done between", 0, 3, 20, "--+-", STOP_NONE, 0},
};

static void refusals_stop_a_run_and_those_that_did_are_not_final(void **state)
{
    (void)state;
    static const char *const settings[] = {[STOP_CANARY] = "delivery.canary",
                                           [STOP_IN_A_ROW] = "delivery.stop_after.refused_in_a_row",
                                           [STOP_SHARE] = "delivery.stop_after.refused_share"};

    for (size_t i = 0; i < sizeof refusal_cases / sizeof *refusal_cases; i++) {
        const struct refusal_case *expected = &refusal_cases[i];
        struct fixture fixture;
        char answers[ANSWERS_MAX];
        enum stop_reason reason = STOP_NONE;
        size_t len = expand(expected->answers, answers);

        open_policy(&fixture, expected->canary, expected->in_a_row, expected->share);
        for (size_t k = 0; k < len; k++)
            reason = answer(&fixture, answers[k]);
        const char *text = stop_policy_text(&fixture.policy);
        if (reason != expected->reason || fixture.policy.refusal_stop != reason ||
            fixture.not_final != expected->again)
            fail_msg("%s: reason %d, %zu again", expected->sentence, (int)reason, fixture.not_final);
        assert_int_equal(reason != STOP_NONE, text != NULL);
        if (text && (!settings[reason] || !strstr(text, settings[reason]) ||
                     !strstr(text, "with HTTP 422 a_code: a_code")))
            fail_msg("%s: %s", expected->sentence, text); /* with the provider's words of the last one */
        stop_policy_clear(&fixture.policy);
    }
}

static void the_share_counts_from_a_hundred_answers_on(void **state)
{
    (void)state;
    struct fixture fixture;

    open_policy(&fixture, 0, 1000, 20);
    for (int i = 1; i <= 99; i++) /* two in three refused, and too few to say */
        assert_int_equal(answer(&fixture, i % 3 == 0 ? '+' : '-'), STOP_NONE);
    assert_int_equal(answer(&fixture, '-'), STOP_SHARE);
    assert_int_equal(fixture.not_final, 67);
    stop_policy_clear(&fixture.policy);
}

static void a_share_as_high_as_allowed_does_not_stop(void **state)
{
    (void)state;
    struct fixture fixture;

    open_policy(&fixture, 0, 1000, 20);
    for (int i = 1; i <= 1000; i++)
        assert_int_equal(answer(&fixture, i % 5 == 0 ? '-' : '+'), STOP_NONE);
    assert_int_equal(answer(&fixture, '-'), STOP_SHARE);
    stop_policy_clear(&fixture.policy);
}

static void a_night_with_one_in_a_hundred_refused_does_not_stop(void **state)
{
    (void)state;
    struct fixture fixture;
    uint64_t bits = 1;

    open_policy(&fixture, 0, 25, 20);
    for (int i = 1; i <= 1000000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407u;
        assert_int_equal(answer(&fixture, (bits >> 33) % 100 == 0 ? '-' : '+'), STOP_NONE);
    }
    stop_policy_clear(&fixture.policy);
}

static void requests_are_sent_one_at_a_time_until_the_canary_is_through(void **state)
{
    (void)state;
    struct fixture fixture;

    open_policy(&fixture, 2, 5, 20);
    assert_true(stop_policy_is_canary(&fixture.policy));
    answer(&fixture, '+');
    assert_true(stop_policy_is_canary(&fixture.policy));
    assert_int_equal(fixture.policy.canary, 1); /* what the ledger is to store */
    answer(&fixture, 'k');
    assert_true(stop_policy_is_canary(&fixture.policy)); /* neither way */
    answer(&fixture, '+');
    assert_false(stop_policy_is_canary(&fixture.policy));
    answer(&fixture, '+');
    assert_int_equal(fixture.policy.canary, 0);
    stop_policy_clear(&fixture.policy);
}

static void the_text_is_that_of_the_first_reason(void **state)
{
    (void)state;
    struct fixture fixture;
    struct outcome stop = outcome_of(OUTCOME_STOP, 401, "why it stops");

    open_policy(&fixture, 0, 1, 20);
    assert_null(stop_policy_text(&fixture.policy));
    assert_int_equal(attempt(&fixture, &stop), STOP_PROVIDER);
    assert_int_equal(answer(&fixture, '-'), STOP_IN_A_ROW); /* it was in flight: not final all the same */
    assert_int_equal(fixture.not_final, 1);
    stop = outcome_of(OUTCOME_STOP, 401, "another reason");
    assert_int_equal(attempt(&fixture, &stop), STOP_PROVIDER);
    assert_string_equal(stop_policy_text(&fixture.policy), "why it stops");
    stop_policy_clear(&fixture.policy);
}

static void a_refusal_that_stops_the_run_has_the_numbers_of_the_run(void **state)
{
    (void)state;
    static const struct {
        uint32_t canary, in_a_row, share;
        const char *answers, *want;
    } cases[] = {
        {5, 3, 20, "+-",
         "the provider refused one of the first requests (delivery.canary: 5 are sent alone), with HTTP 422 "
         "a_code: a_code; nothing was sent after it\nhint: correct the cause and run again"},
        {0, 3, 20, "-+---",
         "the provider refused 3 in a row (delivery.stop_after.refused_in_a_row), the last with HTTP 422 "
         "a_code: a_code\nhint: correct the cause and run again: these are sent again"},
        {0, 100, 20, "79+21-",
         "the provider refused 21 of 100 (delivery.stop_after.refused_share: 20 %), the last with HTTP 422 "
         "a_code: a_code\nhint: correct the cause and run again: these are sent again"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        char answers[ANSWERS_MAX];
        size_t len = expand(cases[i].answers, answers);
        open_policy(&fixture, cases[i].canary, cases[i].in_a_row, cases[i].share);
        for (size_t k = 0; k < len; k++)
            answer(&fixture, answers[k]);
        assert_string_equal(stop_policy_text(&fixture.policy), cases[i].want);
        stop_policy_clear(&fixture.policy);
    }
}

/* Single replies. */

static void an_outcome_stops_the_run_by_its_kind(void **state)
{
    (void)state;
    static const struct {
        enum outcome_kind kind;
        bool stops, want;
    } cases[] = {
        {OUTCOME_STOP, false, true},       {OUTCOME_IN_DOUBT, true, true},
        {OUTCOME_IN_DOUBT, false, false},  {OUTCOME_DONE, false, false},
        {OUTCOME_EXISTS, false, false},    {OUTCOME_REFUSED, false, false},
        {OUTCOME_NOT_SENT, false, false},  {OUTCOME_THROTTLED, false, false},
        {OUTCOME_BAD_NONCE, false, false}, {OUTCOME_BAD_TOKEN, false, false},
        {OUTCOME_WITHDRAWN, false, false},
    };
    struct fixture fixture;

    open_policy(&fixture, 0, 25, 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome outcome = outcome_of(cases[i].kind, 0, "why it stops");
        outcome.stops = cases[i].stops;
        if (attempt(&fixture, &outcome) != (cases[i].want ? STOP_PROVIDER : STOP_NONE))
            fail_msg("%s, stops %d", outcome_word(cases[i].kind), cases[i].stops);
        if (cases[i].want)
            assert_string_equal(stop_policy_text(&fixture.policy), "why it stops");
        else
            assert_null(stop_policy_text(&fixture.policy));
        restart(&fixture);
    }
    stop_policy_clear(&fixture.policy);
}

static void a_retry_after_beyond_retry_for_stops_the_run_whatever_the_reply_was(void **state)
{
    (void)state;
    static const uint64_t waits_ns[] = {RETRY_FOR_S * CLOCK_NS_PER_S, RETRY_FOR_S * CLOCK_NS_PER_S + 1,
                                        ONE_YEAR_S * CLOCK_NS_PER_S};
    struct fixture fixture;

    open_policy(&fixture, 0, 25, 20);
    for (int kind = 0; kind <= OUTCOME_WITHDRAWN; kind++)
        for (unsigned i = 0; i < 3; i++) {
            struct outcome outcome = outcome_of((enum outcome_kind)kind, 0, "why");
            /* After a success the next request is what must not leave: the sender sees to that. */
            enum stop_reason want = kind == OUTCOME_STOP            ? STOP_PROVIDER
                                    : kind != OUTCOME_DONE && i > 0 ? STOP_RETRY_AFTER
                                                                    : STOP_NONE;
            outcome.retry_after_ns = waits_ns[i];
            if (attempt(&fixture, &outcome) != want)
                fail_msg("%s, wait %u", outcome_word((enum outcome_kind)kind), i);
            if (want == STOP_RETRY_AFTER)
                assert_non_null(strstr(stop_policy_text(&fixture.policy), "delivery.retry_for"));
            restart(&fixture);
        }
    stop_policy_clear(&fixture.policy);
}

/* Also over successes: it is their number that gets a key banned. */
static void ten_bad_nonces_of_a_run_stop_it(void **state)
{
    (void)state;
    const struct outcome bad = outcome_of(OUTCOME_BAD_NONCE, 401, "");
    struct fixture fixture;

    open_policy(&fixture, 0, 25, 20);
    for (int count = 1; count <= 9; count++) {
        assert_int_equal(attempt(&fixture, &bad), STOP_NONE);
        answer(&fixture, '+');
    }
    assert_int_equal(attempt(&fixture, &bad), STOP_NONCES);
    assert_non_null(strstr(stop_policy_text(&fixture.policy), "provider.nonce_floor"));
    stop_policy_clear(&fixture.policy);
}

/* As the providers' own tables read them. proven: an earlier request with these credentials succeeded. */
static const struct reply_case {
    const char *sentence, *provider;
    enum operation operation;
    int status;
    const char *body, *error_type;
    bool proven, login_broken, want;
} reply_cases[] = {
    {"unknown credentials", "payward", OPERATION_CREATE, 401, "{\"error\":[\"EAPI:Invalid key\"]}", "", false,
     false, true},
    {"also later", "payward", OPERATION_UPDATE, 401, "{\"error\":[\"EAPI:Invalid key\"]}", "", true, false,
     true},
    {"unknown credentials", "kraken-embed", OPERATION_CREATE, 401, "{\"error\":[\"EAPI:Invalid key\"]}", "",
     false, false, true},
    {"unknown credentials", "payso", OPERATION_CREATE, 401, "{\"error\":\"unauthorized\"}", "", true, false,
     true},
    {"unknown credentials of a listing", "payso", OPERATION_LIST, 401, "{\"error\":\"unauthorized\"}", "",
     true, false, true},
    {"one bad nonce", "payward", OPERATION_CREATE, 401, "{\"error\":[\"EAPI:Invalid nonce\"]}", "", true,
     false, false},
    {"one bad nonce", "kraken-embed", OPERATION_UPDATE, 401, "{\"error\":[\"EAPI:Invalid nonce\"]}", "", true,
     false, false},
    {"a token that is over", "kira", OPERATION_CREATE, 401, "{\"message\":\"Unauthorized\"}", "", true, false,
     false},
    {"no token works", "kira", OPERATION_CREATE, 401, "{\"message\":\"Unauthorized\"}", "", true, true, true},
    {"a refused login", "kira", OPERATION_LOGIN, 401, "{\"message\":\"no\"}", "", false, false, true},
    {"a refused login", "kira", OPERATION_LOGIN, 400, "{\"message\":\"no\"}", "", true, false, true},
    {"forbidden before any success", "payward", OPERATION_CREATE, 403, "{\"error\":[\"no\"]}", "", false,
     false, true},
    {"forbidden before any success", "payso", OPERATION_CREATE, 403, "{\"error\":\"no\"}", "", false, false,
     true},
    {"forbidden after a success: this record", "payward", OPERATION_CREATE, 403, "{\"error\":[\"no\"]}", "",
     true, false, false},
    {"forbidden after a success: this record", "kira", OPERATION_CREATE, 403, "{\"code\":\"no\"}", "", true,
     false, false},
    {"forbidden by the gateway", "kira", OPERATION_CREATE, 403, "{\"message\":\"Forbidden\"}", "", true,
     false, true},
    {"forbidden by the gateway, in its header", "kira", OPERATION_CREATE, 403, "{\"code\":\"no\"}",
     "ForbiddenException", true, false, true},
    {"a redirect of a create", "payward", OPERATION_CREATE, 302, "", "", true, false, true},
    {"a redirect of a look-up", "kira", OPERATION_LOOK_UP, 308, "", "", true, false, true},
    {"a refusal", "payward", OPERATION_CREATE, 422, "{\"error\":[\"no\"]}", "", true, false, false},
    {"it exists", "kraken-embed", OPERATION_CREATE, 409, "{\"error\":[\"exists\"]}", "", true, false, false},
    {"too many", "kira", OPERATION_CREATE, 429, "{\"message\":\"slow down\"}", "", true, false, false},
    {"down", "payso", OPERATION_CREATE, 503, "", "", true, false, false},
};

static void a_reply_stops_the_run_when_it_concerns_all_requests(void **state)
{
    (void)state;
    struct fixture fixture;
    struct sample sample;

    sample_fill(&sample);
    open_policy(&fixture, 0, 25, 20);
    for (size_t i = 0; i < sizeof reply_cases / sizeof *reply_cases; i++) {
        const struct reply_case *expected = &reply_cases[i];
        struct outcome outcome;
        bool is_question = expected->operation == OPERATION_LIST || expected->operation == OPERATION_LOGIN;
        const struct provider_reply reply = {.operation = expected->operation,
                                             .sent = true,
                                             .complete = true,
                                             .http_status = expected->status,
                                             .proven = expected->proven,
                                             .login_broken = expected->login_broken,
                                             .error_type = slice_from(expected->error_type),
                                             .body = slice_from(expected->body)};
        outcome_table_classify(provider_find(expected->provider), &reply, is_question ? NULL : &sample.record,
                               &outcome);
        if ((attempt(&fixture, &outcome) != STOP_NONE) != expected->want)
            fail_msg("%s (%s %s, HTTP %d): %s", expected->sentence, expected->provider,
                     operation_word(expected->operation), expected->status, outcome_word(outcome.kind));
        if (expected->want && !strstr(stop_policy_text(&fixture.policy), "check "))
            fail_msg("%s: `%s` has no hint", expected->sentence, stop_policy_text(&fixture.policy));
        restart(&fixture);
    }
    stop_policy_clear(&fixture.policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_stop_a_run_and_those_that_did_are_not_final),
        cmocka_unit_test(the_share_counts_from_a_hundred_answers_on),
        cmocka_unit_test(a_share_as_high_as_allowed_does_not_stop),
        cmocka_unit_test(a_night_with_one_in_a_hundred_refused_does_not_stop),
        cmocka_unit_test(requests_are_sent_one_at_a_time_until_the_canary_is_through),
        cmocka_unit_test(the_text_is_that_of_the_first_reason),
        cmocka_unit_test(a_refusal_that_stops_the_run_has_the_numbers_of_the_run),
        cmocka_unit_test(an_outcome_stops_the_run_by_its_kind),
        cmocka_unit_test(a_retry_after_beyond_retry_for_stops_the_run_whatever_the_reply_was),
        cmocka_unit_test(ten_bad_nonces_of_a_run_stop_it),
        cmocka_unit_test(a_reply_stops_the_run_when_it_concerns_all_requests),
    };

    log_setup("test", LOG_WARNING, false);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("stop_policy", tests, NULL, NULL);
}
