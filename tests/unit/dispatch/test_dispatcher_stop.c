/* What a stop leaves in the ledger, with replies from a script: the rest of the canary, and which refusals
 * are final. */
#include "unit/dispatch/scripted.h"

enum { ANSWERS_MAX = 128 };

/* The kinds of answers, by a letter. */
static const struct answer_kind {
    char letter;
    const char *sentence;
    enum life life; /* before the run */
    enum row row;
    enum outcome_kind outcome;
    bool is_sent, no_update, hold;
} answer_kinds[] = {
    {'+', "created", NEVER_SEEN, ROW_SAME, OUTCOME_DONE, true, false, false},
    {'u', "updated", CREATED, ROW_PHONE, OUTCOME_DONE, true, false, false},
    {'n', "a create in doubt is done, its update is next", IN_DOUBT, ROW_PHONE, OUTCOME_DONE, true, false,
     false},
    {'i', "updated but for the e-mail, which cannot be sent", CREATED, ROW_EMAIL_PHONE, OUTCOME_DONE, true,
     false, false},
    {'-', "a create refused", NEVER_SEEN, ROW_SAME, OUTCOME_REFUSED, true, false, false},
    {'x', "a create refused, since the user exists", NEVER_SEEN, ROW_SAME, OUTCOME_EXISTS, true, false,
     false},
    {'w', "an update refused", CREATED, ROW_PHONE, OUTCOME_REFUSED, true, false, false},
    {'k', "an update refused, since the provider does not update this user", CREATED, ROW_PHONE,
     OUTCOME_REFUSED, true, true, false},
    {'b', "refused by us: the request could not be built", NEVER_SEEN, ROW_SAME, OUTCOME_REFUSED, false,
     false, false},
    {'d', "in doubt", NEVER_SEEN, ROW_SAME, OUTCOME_IN_DOUBT, true, false, true},
    {'a', "sent again later", NEVER_SEEN, ROW_SAME, OUTCOME_THROTTLED, true, false, false},
    {'o', "unsent", NEVER_SEEN, ROW_SAME, OUTCOME_WITHDRAWN, false, false, false},
};

static const struct answer_kind *kind_of(char letter)
{
    for (size_t i = 0; i < sizeof answer_kinds / sizeof *answer_kinds; i++)
        if (answer_kinds[i].letter == letter)
            return &answer_kinds[i];
    fail_msg("no kind of answer `%c`", letter);
    return NULL;
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

/* A run whose customers get these answers, before the first of them. */
static void open_run(struct scripted *scripted, uint32_t canary, uint32_t in_a_row, uint32_t share,
                     const char *answers, size_t count)
{
    struct job_delivery *limits;
    char key[16];

    scripted_open(scripted, "payward");
    limits = &scripted->customers.job.delivery;
    limits->canary = canary;
    limits->refused_in_a_row = in_a_row;
    limits->refused_share = share;
    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof key, "C-%u", i);
        (void)customers_add(&scripted->customers, kind_of(answers[i])->life, key, i);
    }
    customers_load(&scripted->customers);
    scripted_start(scripted);
}

/* Adds a record and answers its request. number: of customers_add, or a new one. Returns the customer. */
static int64_t answer(struct scripted *scripted, char letter, unsigned number)
{
    const struct answer_kind *kind = kind_of(letter);
    struct row_record row;
    char key[16];

    snprintf(key, sizeof key, "C-%u", number);
    scripted->customers.job.delivery.settle = !kind->hold;
    const struct decision decision = scripted_decide(scripted, key, number, kind->row, &row);
    assert_int_equal(dispatcher_add(scripted->dispatcher, &row.sample.record, &decision,
                                    &scripted->customers.fixture->error),
                     0);
    struct task *task = dispatcher_pop_ready(scripted->dispatcher);
    assert_true(slice_is(task->record->values[FIELD_EXTERNAL_ID].text, key));
    task_move(task, TASK_IN_FLIGHT);
    scripted->dispatcher->in_flight++;
    task->delivery.outcome =
        fixture_outcome(kind->outcome, 422, "a_code", kind->outcome == OUTCOME_DONE ? key : "");
    task->delivery.outcome.no_update = kind->no_update;
    task->delivery.sent = kind->is_sent;
    int64_t customer = task->customer;
    scripted_return(scripted, &task->delivery);
    (void)scripted_pop_ended(scripted);
    /* The update that is next waits for good: no other request is taken for it. */
    if ((task = dispatcher_pop_ready(scripted->dispatcher)))
        backoff_queue_add(&scripted->dispatcher->backoff, task);
    return customer;
}

static bool is_stopped(const struct scripted *scripted)
{
    assert_int_equal(dispatcher_stop_reason(scripted->dispatcher) != NULL, scripted->dispatcher->stopping);
    return scripted->dispatcher->stopping;
}

/* True while a request may leave with so many others under way. */
static bool may_send_beside(struct scripted *scripted, size_t others)
{
    size_t count = scripted->dispatcher->pool.count;

    scripted->dispatcher->pool.count = others;
    bool may = dispatcher_has_capacity(scripted->dispatcher);
    scripted->dispatcher->pool.count = count;
    return may;
}

/* Whether the next run sends a refused record again, unchanged. */
static bool is_forgotten(struct scripted *scripted, int64_t customer)
{
    return fixture_find(scripted->customers.fixture, customer).pending_digest.len == 0;
}

static void end_run(struct scripted *scripted)
{
    scripted_stop(scripted);
    scripted_end(scripted);
}

static void check_refusals(const struct refusal_case *expected)
{
    struct scripted scripted;
    char answers[ANSWERS_MAX] = "";
    int64_t refused[ANSWERS_MAX];
    size_t refused_count = 0, len = expand(expected->answers, answers);

    open_run(&scripted, expected->canary, expected->in_a_row, expected->share, answers, len);
    for (unsigned i = 0; i < len; i++) {
        int64_t id = answer(&scripted, answers[i], i);
        if (strchr("-xw", answers[i]))
            refused[refused_count++] = id;
        else if (strchr("kb", answers[i]) && is_forgotten(&scripted, id))
            fail_msg("%s: a refusal that stops nothing is final", expected->sentence);
    }
    const char *reason = dispatcher_stop_reason(scripted.dispatcher);
    if (is_stopped(&scripted) != (expected->reason != NULL) || (reason && !strstr(reason, expected->reason)))
        fail_msg("%s: %s", expected->sentence, reason ? reason : "it continues");
    assert_int_equal(may_send_beside(&scripted, 0), !reason);
    if (reason) /* with the provider's words of the last one */
        assert_non_null(strstr(reason, "HTTP 422 a_code"));
    for (size_t i = 0; i < refused_count; i++)
        if (is_forgotten(&scripted, refused[i]) != (refused_count - i <= expected->again))
            fail_msg("%s: refusal %zu of %zu", expected->sentence, i + 1, refused_count);
    end_run(&scripted);
    scripted_close(&scripted);
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
    struct scripted scripted;
    open_run(&scripted, 1, 5, 20, "", 0);
    struct ledger_customer customer = fixture_find(scripted.customers.fixture, answer(&scripted, '-', 1));
    assert_int_equal(customer.state, LEDGER_UNSENT);
    assert_int_equal(customer.refusals, 1);
    end_run(&scripted);
    scripted_close(&scripted);
}

static void next_run(struct scripted *scripted)
{
    end_run(scripted);
    scripted_start(scripted);
}

static void the_canary_belongs_to_the_ledger_and_to_the_providers_settings(void **state)
{
    (void)state;
    struct scripted scripted;
    struct job *job = &scripted.customers.job;
    unsigned number = 0;

    open_run(&scripted, 3, 5, 20, "", 0);
    assert_false(may_send_beside(&scripted, 1)); /* alone */
    assert_true(may_send_beside(&scripted, 0));
    answer(&scripted, '+', number++);
    answer(&scripted, '+', number++);
    assert_false(may_send_beside(&scripted, 1));

    next_run(&scripted); /* one is left */
    assert_false(may_send_beside(&scripted, 1));
    answer(&scripted, '+', number++);
    assert_true(may_send_beside(&scripted, 1));

    next_run(&scripted); /* it is over */
    assert_true(may_send_beside(&scripted, 1));

    job->delivery.canary = 10; /* no setting of the provider */
    next_run(&scripted);
    assert_true(may_send_beside(&scripted, 1));

    job->provider.date_format = JOB_DATE_ISO;
    next_run(&scripted); /* other bytes: again */
    for (int i = 0; i < 10; i++) {
        assert_false(may_send_beside(&scripted, 1));
        answer(&scripted, '+', number++);
    }
    assert_true(may_send_beside(&scripted, 1));

    job->provider.version = "2";
    job->delivery.canary = 0;
    next_run(&scripted); /* switched off */
    assert_true(may_send_beside(&scripted, 1));
    end_run(&scripted);
    scripted_close(&scripted);
}

static void a_canary_that_stopped_the_run_is_continued_where_it_was(void **state)
{
    (void)state;
    struct scripted scripted;

    open_run(&scripted, 3, 5, 20, "", 0);
    answer(&scripted, '+', 0);
    answer(&scripted, '-', 1);
    assert_true(is_stopped(&scripted));
    next_run(&scripted);
    answer(&scripted, '+', 2);
    assert_false(may_send_beside(&scripted, 1));
    answer(&scripted, '+', 3);
    assert_true(may_send_beside(&scripted, 1));
    end_run(&scripted);
    scripted_close(&scripted);
}

/* Nothing more may be written, and the report counts what the ledger does not have as in doubt. */
static void after_a_failure_of_the_ledger_nothing_is_forgotten(void **state)
{
    (void)state;
    struct scripted scripted;

    open_run(&scripted, 0, 1, 20, "", 0);
    struct row_record row;
    const struct decision decision = scripted_decide(&scripted, "C-1", 1, ROW_SAME, &row);
    struct fixture *fixture = scripted.customers.fixture;

    assert_int_equal(dispatcher_add(scripted.dispatcher, &row.sample.record, &decision, &fixture->error), 0);
    struct delivery *delivery = scripted_next(&scripted);
    int64_t customer = ((struct task *)delivery)->customer;
    dispatcher_fail(scripted.dispatcher);
    scripted_answer(&scripted, delivery, "422", "");
    assert_int_equal(fixture_find(fixture, customer).state, LEDGER_JOURNALLED);
    scripted_stop(&scripted);
    assert_int_equal(scripted.stats->in_doubt, 1);
    scripted_end(&scripted);
    scripted_close(&scripted);
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
    return cmocka_run_group_tests_name("dispatcher_stop", tests, NULL, NULL);
}
