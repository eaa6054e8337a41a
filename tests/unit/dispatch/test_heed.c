/* What a stop leaves in the ledger: the rest of the canary, and which refusals are final. */
#include "unit/dispatch/customers.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/log.h"
#include "delivery/sender.h"
#include "dispatch/dispatcher_state.h"
#include "dispatch/heed.h"

enum { RETRY_FOR_S = 600, ANSWERS_MAX = 128 };

/* The half of a run that stops it: what this file knows of its inside is here, up to answer(). */
struct policy {
    struct customers customers;
    struct dispatcher dispatcher;
    struct job_credentials credentials;
    char token[32];
};

static void ignore_delivery(void *context, struct delivery *delivery)
{
    (void)context;
    (void)delivery;
}

/* The policy as a run begins it. The sender is not run: a stop is an order that waits in its queue. */
static void start_run(struct policy *policy)
{
    struct fixture *fixture = policy->customers.fixture;
    policy->dispatcher = (struct dispatcher){.parts = {.job = &policy->customers.job,
                                                       .provider = policy->customers.provider,
                                                       .ledger = fixture->ledger},
                                             .ahead_max = 1000};
    policy->dispatcher.sender = sender_new(&policy->customers.job, policy->customers.provider,
                                           ignore_delivery, NULL, &fixture->error);
    if (!policy->dispatcher.sender)
        fail_msg("%s", fixture->error.text);
    assert_int_equal(heed_start(&policy->dispatcher, &fixture->error), 0);
}

static void end_run(struct policy *policy)
{
    guard_clear(&policy->dispatcher.guard);
    sender_free(policy->dispatcher.sender);
}

static void open_policy(struct policy *policy, uint32_t canary, uint32_t in_a_row, uint32_t share)
{
    uint64_t random; /* tests side by side must not hold each other's lock */

    digest_random(&random, sizeof random);
    snprintf(policy->token, sizeof policy->token, "FAKE-%016llx", (unsigned long long)random);
    policy->credentials =
        (struct job_credentials){.token = {.data = policy->token, .len = strlen(policy->token)}};
    customers_open(&policy->customers, "payso");
    policy->customers.job.provider.base_url = "http://127.0.0.1:1";
    policy->customers.job.provider.credentials = &policy->credentials;
    policy->customers.job.provider.credential_count = 1;
    policy->customers.job.delivery.timeout_ns = CLOCK_NS_PER_S;
    policy->customers.job.delivery.retry_for_ns = RETRY_FOR_S * CLOCK_NS_PER_S;
    policy->customers.job.delivery.canary = canary;
    policy->customers.job.delivery.refused_in_a_row = in_a_row;
    policy->customers.job.delivery.refused_share = share;
    start_run(policy);
}

static void close_policy(struct policy *policy)
{
    end_run(policy);
    fixture_commit(policy->customers.fixture);
    customers_close(&policy->customers);
}

static bool is_stopped(const struct policy *policy)
{
    assert_int_equal(dispatcher_stop_reason(&policy->dispatcher) != NULL, policy->dispatcher.stopping);
    return policy->dispatcher.stopping;
}

/* True while a request may leave although another is under way. */
static bool may_send_beside_another(struct policy *policy)
{
    policy->dispatcher.pool.count = 1;
    bool may = dispatcher_has_capacity(&policy->dispatcher);
    policy->dispatcher.pool.count = 0;
    return may;
}

/* An attempt of any request came back. */
static void attempt(struct policy *policy, const struct outcome *outcome)
{
    const struct delivery delivery = {.outcome = *outcome, .sent = outcome->kind != OUTCOME_WITHDRAWN};
    heed_outcome(&policy->dispatcher, &delivery);
}

/* What became of a record, once the ledger holds it. */
static void conclude_record(struct policy *policy, int64_t customer, enum conclusion_kind kind,
                            const struct outcome *outcome, bool is_sent)
{
    struct task task = {.customer = customer};
    const struct conclusion conclusion = {.kind = kind, .write = true};

    task.delivery.outcome = *outcome;
    task.delivery.sent = is_sent;
    assert_int_equal(heed_answer(&policy->dispatcher, &task, &conclusion, &policy->customers.fixture->error),
                     0);
}

/* The kinds of answers, by a letter. */
static const struct answer_kind {
    char letter;
    const char *sentence;
    enum life life; /* as the ledger has it when the policy is asked */
    enum conclusion_kind conclusion;
    enum outcome_kind outcome;
    bool is_sent, no_update;
} answer_kinds[] = {
    {'+', "created", CREATED, CONCLUSION_CREATED, OUTCOME_DONE, true, false},
    {'u', "updated", UPDATED, CONCLUSION_UPDATED, OUTCOME_DONE, true, false},
    {'n', "a create in doubt is done, its update is next", CREATED, CONCLUSION_UPDATE_NEXT, OUTCOME_DONE,
     true, false},
    {'i', "updated but for the e-mail, which cannot be sent", UPDATED, CONCLUSION_REFUSED, OUTCOME_DONE, true,
     false},
    {'-', "a create refused", REFUSED, CONCLUSION_REFUSED, OUTCOME_REFUSED, true, false},
    {'x', "a create refused, since the user exists", REFUSED, CONCLUSION_REFUSED, OUTCOME_EXISTS, true,
     false},
    {'w', "an update refused", UPDATE_REFUSED, CONCLUSION_REFUSED, OUTCOME_REFUSED, true, false},
    {'k', "an update refused, since the provider does not update this user", UPDATE_REFUSED,
     CONCLUSION_REFUSED, OUTCOME_REFUSED, true, true},
    {'b', "refused by us: the request could not be built", REFUSED_UNSENT, CONCLUSION_REFUSED,
     OUTCOME_REFUSED, false, false},
    {'d', "in doubt", IN_DOUBT, CONCLUSION_IN_DOUBT, OUTCOME_IN_DOUBT, true, false},
    {'a', "sent again later", JOURNALLED, CONCLUSION_AGAIN, OUTCOME_THROTTLED, true, false},
    {'o', "unsent", UNSENT, CONCLUSION_UNSENT, OUTCOME_NOT_SENT, false, false},
};

static const struct answer_kind *kind_of(char letter)
{
    for (size_t i = 0; i < sizeof answer_kinds / sizeof *answer_kinds; i++)
        if (answer_kinds[i].letter == letter)
            return &answer_kinds[i];
    fail_msg("no kind of answer `%c`", letter);
    return NULL;
}

/* Returns the customer. */
static int64_t answer(struct policy *policy, char letter)
{
    static unsigned number;
    const struct answer_kind *kind = kind_of(letter);
    struct outcome outcome = fixture_outcome(kind->outcome, 422, "a_code", "");
    char key[16];

    snprintf(key, sizeof key, "C-%u", ++number);
    int64_t id = customers_add(&policy->customers, kind->life, key, number).id;
    outcome.no_update = kind->no_update;
    attempt(policy, &outcome);
    conclude_record(policy, id, kind->conclusion, &outcome, kind->is_sent);
    return id;
}

/* Whether the next run sends a refused record again, unchanged. */
static bool is_forgotten(struct policy *policy, int64_t customer)
{
    return fixture_find(policy->customers.fixture, customer).pending_digest.len == 0;
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

/* reason: a part of why the run stopped; NULL: it goes on. again: refusals that are not final, counted from
 * the last refusal on. */
static const struct refusal_case {
    const char *sentence;
    uint32_t canary, in_a_row, share;
    const char *answers, *reason;
    size_t again;
} refusal_cases[] = {
    {"all is well", 3, 3, 20, "++u+n+", NULL, 0},

    {"the first of the canary is refused", 3, 5, 20, "-", "delivery.canary", 1},
    {"the last of the canary is refused", 3, 5, 20, "++-", "delivery.canary", 1},
    {"the first after the canary is refused", 3, 5, 20, "+++-", NULL, 0},
    {"an update is a request too", 3, 5, 20, "uu-", "delivery.canary", 1},
    {"and ends the canary", 3, 5, 20, "uuu-", NULL, 0},
    {"so does a create that was in doubt", 3, 5, 20, "n+n-", NULL, 0},
    {"so does an update that could not send all", 3, 5, 20, "iii-", NULL, 0},
    {"what has no answer yet is not one of the canary", 2, 5, 20, "+dao-", "delivery.canary", 1},
    {"an update that is refused stops it", 3, 5, 20, "w", "delivery.canary", 1},
    {"a user that exists stops it", 3, 5, 20, "x", "delivery.canary", 1},
    {"a user that takes no update does not", 3, 5, 20, "k", NULL, 0},
    {"nor does what we could not send", 3, 5, 20, "b", NULL, 0},
    {"nor do they count as done", 1, 5, 20, "kb-", "delivery.canary", 1},
    {"without a canary", 0, 5, 20, "-", NULL, 0},

    {"as many in a row as may be", 0, 3, 20, "---", "delivery.stop_after.refused_in_a_row", 3},
    {"one less", 0, 3, 20, "--", NULL, 0},
    {"creates and updates together", 0, 3, 20, "-wx", "delivery.stop_after.refused_in_a_row", 3},
    {"a success between", 0, 3, 20, "--+--", NULL, 0},
    {"only those since the success", 0, 3, 20, "--u---", "delivery.stop_after.refused_in_a_row", 3},
    {"an update that could not send all is a success", 0, 3, 20, "--i--", NULL, 0},
    {"what is neither is neither", 0, 3, 20, "--kbdao-", "delivery.stop_after.refused_in_a_row", 3},
    {"what was in flight then is not final either", 0, 3, 20, "-----", "delivery.stop_after.refused_in_a_row",
     5},
    {"also after a success that was in flight", 0, 3, 20, "---+-", "delivery.stop_after.refused_in_a_row", 4},
    {"one in a row", 0, 1, 20, "+-", "delivery.stop_after.refused_in_a_row", 1},

    {"too few answers to speak of a share", 0, 100, 20, "50+49-", NULL, 0},
    {"from a hundred on, and all of the run", 0, 100, 49, "25-50+25-", "delivery.stop_after.refused_share",
     50},
    {"as large a share as may be", 0, 100, 50, "50+50-", NULL, 0},
    {"a larger one", 0, 100, 50, "50+51-", "delivery.stop_after.refused_share", 51},
    {"what is neither is in no share", 0, 100, 50, "50+50-3k3b3d", NULL, 0},
    {"nor does it make a hundred", 0, 100, 49, "50+49-3k3b3d", NULL, 0},
};

static void check_refusals(const struct refusal_case *expected)
{
    struct policy policy;
    char answers[ANSWERS_MAX];
    int64_t refused[ANSWERS_MAX];
    size_t refused_count = 0, len = expand(expected->answers, answers);

    open_policy(&policy, expected->canary, expected->in_a_row, expected->share);
    for (size_t i = 0; i < len; i++) {
        int64_t id = answer(&policy, answers[i]);
        if (strchr("-xw", answers[i]))
            refused[refused_count++] = id;
        else if (strchr("kb", answers[i]) && is_forgotten(&policy, id))
            fail_msg("%s: a refusal that stops nothing is final", expected->sentence);
    }
    const char *reason = dispatcher_stop_reason(&policy.dispatcher);
    if (is_stopped(&policy) != (expected->reason != NULL) || (reason && !strstr(reason, expected->reason)))
        fail_msg("%s: %s", expected->sentence, reason ? reason : "it goes on");
    assert_int_equal(dispatcher_has_capacity(&policy.dispatcher), !reason);
    if (reason) /* with the provider's words of the last one */
        assert_non_null(strstr(reason, "HTTP 422 a_code"));
    for (size_t i = 0; i < refused_count; i++)
        if (is_forgotten(&policy, refused[i]) != (refused_count - i <= expected->again))
            fail_msg("%s: refusal %zu of %zu", expected->sentence, i + 1, refused_count);
    close_policy(&policy);
}

static void refusals_stop_a_run_and_those_that_did_are_not_final(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusal_cases / sizeof *refusal_cases; i++)
        check_refusals(&refusal_cases[i]);
}

/* The refusals of a create count, so that its next idempotency key is another one. */
static void a_forgotten_refusal_was_a_refusal_all_the_same(void **state)
{
    (void)state;
    struct policy policy;
    open_policy(&policy, 1, 5, 20);
    struct ledger_customer customer = fixture_find(policy.customers.fixture, answer(&policy, '-'));
    assert_int_equal(customer.state, LEDGER_UNSENT);
    assert_int_equal(customer.refusals, 1);
    close_policy(&policy);
}

static void the_canary_belongs_to_the_ledger_and_to_the_providers_settings(void **state)
{
    (void)state;
    struct policy policy;

    open_policy(&policy, 3, 5, 20);
    assert_false(may_send_beside_another(&policy)); /* alone */
    assert_true(dispatcher_has_capacity(&policy.dispatcher));
    answer(&policy, '+');
    answer(&policy, '+');
    assert_false(may_send_beside_another(&policy));
    end_run(&policy);

    start_run(&policy); /* the next run: one is left */
    assert_false(may_send_beside_another(&policy));
    answer(&policy, '+');
    assert_true(may_send_beside_another(&policy));
    end_run(&policy);

    start_run(&policy); /* it is over */
    assert_true(may_send_beside_another(&policy));
    end_run(&policy);

    policy.customers.job.delivery.canary = 10; /* no setting of the provider */
    start_run(&policy);
    assert_true(may_send_beside_another(&policy));
    end_run(&policy);

    policy.customers.job.provider.date_format = JOB_DATE_ISO;
    start_run(&policy); /* other bytes: again */
    for (int i = 0; i < 10; i++) {
        assert_false(may_send_beside_another(&policy));
        answer(&policy, '+');
    }
    assert_true(may_send_beside_another(&policy));
    end_run(&policy);

    policy.customers.job.provider.version = "2";
    policy.customers.job.delivery.canary = 0;
    start_run(&policy); /* switched off */
    assert_true(may_send_beside_another(&policy));
    close_policy(&policy);
}

static void a_canary_that_stopped_the_run_is_continued_where_it_was(void **state)
{
    (void)state;
    struct policy policy;

    open_policy(&policy, 3, 5, 20);
    answer(&policy, '+');
    answer(&policy, '-');
    assert_true(is_stopped(&policy));
    end_run(&policy);
    start_run(&policy);
    answer(&policy, '+');
    assert_false(may_send_beside_another(&policy));
    answer(&policy, '+');
    assert_true(may_send_beside_another(&policy));
    close_policy(&policy);
}

/* Nothing more may be written, and the report counts what the ledger does not have as in doubt. */
static void after_a_failure_of_the_ledger_nothing_is_forgotten(void **state)
{
    (void)state;
    struct policy policy;

    open_policy(&policy, 0, 1, 20);
    int64_t id = customers_add(&policy.customers, REFUSED, "C-1", 1).id;
    const struct outcome refused = fixture_outcome(OUTCOME_REFUSED, 422, "a_code", "");
    policy.dispatcher.failed = true;
    conclude_record(&policy, id, CONCLUSION_REFUSED, &refused, true);
    assert_true(is_stopped(&policy));
    assert_false(is_forgotten(&policy, id));
    close_policy(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_stop_a_run_and_those_that_did_are_not_final),
        cmocka_unit_test(a_forgotten_refusal_was_a_refusal_all_the_same),
        cmocka_unit_test(the_canary_belongs_to_the_ledger_and_to_the_providers_settings),
        cmocka_unit_test(a_canary_that_stopped_the_run_is_continued_where_it_was),
        cmocka_unit_test(after_a_failure_of_the_ledger_nothing_is_forgotten),
    };

    log_setup("test", LOG_WARNING, false);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("heed", tests, NULL, NULL);
}
