/* What the stop policy leaves in the ledger: the rest of the canary, and which refusals are final. */
#include "unit/dispatch/scripted.h"

enum { ANSWERS_MAX = 128 };

/* canary, in_a_row, share: of delivery. The customers are still to be added. */
static void open_limits(struct scripted *scripted, uint32_t canary, uint32_t in_a_row, uint32_t share)
{
    scripted_open(scripted, "payward");
    scripted->customers.job.delivery.canary = canary;
    scripted->customers.job.delivery.refused_in_a_row = in_a_row;
    scripted->customers.job.delivery.refused_share = share;
}

static void close_run(struct scripted *scripted)
{
    scripted_stop(scripted);
    scripted_end(scripted);
}

static bool is_stopped(const struct scripted *scripted)
{
    assert_int_equal(dispatcher_stop_reason(scripted->dispatcher) != NULL, scripted->dispatcher->stopping);
    return scripted->dispatcher->stopping;
}

/* True while a request may leave although another is under way. */
static bool may_send_beside_another(struct scripted *scripted)
{
    scripted->dispatcher->pool.count++;
    bool may = dispatcher_has_capacity(scripted->dispatcher);
    scripted->dispatcher->pool.count--;
    return may;
}

/* The kinds of answers, by a letter. */
static const struct answer_kind {
    char letter;
    const char *sentence;
    enum life life; /* before the run */
    enum row row;
    enum outcome_kind outcome;
    bool is_sent, no_update;
    enum task_state want;
} answer_kinds[] = {
    {'+', "created", NEVER_SEEN, ROW_SAME, OUTCOME_DONE, true, false, TASK_CREATED},
    {'u', "updated", CREATED, ROW_PHONE, OUTCOME_DONE, true, false, TASK_UPDATED},
    {'n', "a create in doubt is done, its update is next", IN_DOUBT, ROW_PHONE, OUTCOME_DONE, true, false,
     TASK_UPDATE},
    {'i', "updated but for the e-mail, which cannot be sent", CREATED, ROW_EMAIL_PHONE, OUTCOME_DONE, true,
     false, TASK_REFUSED},
    {'-', "a create refused", NEVER_SEEN, ROW_SAME, OUTCOME_REFUSED, true, false, TASK_REFUSED},
    {'x', "a create refused, since the user exists", NEVER_SEEN, ROW_SAME, OUTCOME_EXISTS, true, false,
     TASK_REFUSED},
    {'w', "an update refused", CREATED, ROW_PHONE, OUTCOME_REFUSED, true, false, TASK_REFUSED},
    {'k', "an update refused, since the provider does not update this user", CREATED, ROW_PHONE,
     OUTCOME_REFUSED, true, true, TASK_REFUSED},
    {'b', "refused by us: the request could not be built", NEVER_SEEN, ROW_SAME, OUTCOME_REFUSED, false,
     false, TASK_REFUSED},
    {'d', "in doubt", IN_DOUBT, ROW_SAME, OUTCOME_EXISTS, true, false, TASK_IN_DOUBT},
    {'a', "sent again later", NEVER_SEEN, ROW_SAME, OUTCOME_THROTTLED, true, false, TASK_CREATE},
    {'o', "not sent, and again later", NEVER_SEEN, ROW_SAME, OUTCOME_NOT_SENT, false, false, TASK_CREATE},
};

static const struct answer_kind *kind_of(char letter)
{
    for (size_t i = 0; i < sizeof answer_kinds / sizeof *answer_kinds; i++)
        if (answer_kinds[i].letter == letter)
            return &answer_kinds[i];
    fail_msg("no kind of answer `%c`", letter);
    return NULL;
}

static const char *key_of(unsigned number)
{
    static char key[16];

    snprintf(key, sizeof key, "C-%u", number);
    return key;
}

/* The ledger before the run: the customers of these answers, numbered from 1; then the run begins. */
static void start_with(struct scripted *scripted, const char *answers, size_t count)
{
    for (unsigned i = 0; i < count; i++)
        customers_add(&scripted->customers, kind_of(answers[i])->life, key_of(i + 1), i + 1);
    customers_load(&scripted->customers);
    scripted_start(scripted);
}

/* The request of a customer leaves, and is answered. Returns the customer's id. */
static int64_t answer(struct scripted *scripted, unsigned number, char letter)
{
    const struct answer_kind *kind = kind_of(letter);
    struct row_record row;
    const struct decision decision = scripted_decide(scripted, key_of(number), number, kind->row, &row);

    assert_int_equal(dispatcher_add(scripted->dispatcher, &row.sample.record, &decision,
                                    &scripted->customers.fixture->error),
                     0);
    struct task *task = (struct task *)scripted_next(scripted);
    const int64_t customer = task->customer;
    task->delivery.outcome = fixture_outcome(kind->outcome, 422, "a_code", "");
    task->delivery.outcome.no_update = kind->no_update;
    task->delivery.sent = kind->is_sent;
    if (kind->outcome == OUTCOME_DONE && task->delivery.call.operation == OPERATION_CREATE)
        snprintf(task->delivery.outcome.user_id, OUTCOME_USER_ID_SIZE, "u-%u", number);
    scripted_return(scripted, &task->delivery);
    if (task->state != kind->want && !(scripted->dispatcher->stopping && !task_is_final(kind->want)))
        fail_msg("%s: %s", kind->sentence, task_state_word(task->state));
    if (task->place == TASK_READY) { /* the update that is next waits behind other requests */
        task->delivery.outcome = fixture_outcome(OUTCOME_THROTTLED, 429, "", "");
        assert_ptr_equal(scripted_next(scripted), &task->delivery);
        scripted_return(scripted, &task->delivery);
    }
    (void)scripted_pop_ended(scripted);
    return customer;
}

/* Whether the next run sends a refused record again, unchanged. */
static bool is_forgotten(struct scripted *scripted, int64_t customer)
{
    return fixture_find(scripted->customers.fixture, customer).pending_digest.len == 0;
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
    struct scripted scripted;
    char answers[ANSWERS_MAX] = "";
    int64_t refused[ANSWERS_MAX];
    size_t refused_count = 0, len = expand(expected->answers, answers);

    open_limits(&scripted, expected->canary, expected->in_a_row, expected->share);
    start_with(&scripted, answers, len);
    for (unsigned i = 0; i < len; i++) {
        int64_t id = answer(&scripted, i + 1, answers[i]);
        if (strchr("-xw", answers[i]))
            refused[refused_count++] = id;
        else if (strchr("kb", answers[i]) && is_forgotten(&scripted, id))
            fail_msg("%s: a refusal that stops nothing is final", expected->sentence);
    }
    const char *reason = dispatcher_stop_reason(scripted.dispatcher);
    if (is_stopped(&scripted) != (expected->reason != NULL) ||
        (reason && expected->reason && !strstr(reason, expected->reason)))
        fail_msg("%s: %s", expected->sentence, reason ? reason : "it goes on");
    if (reason) /* with the provider's words of the last one */
        assert_non_null(strstr(reason, "HTTP 422 a_code"));
    for (size_t i = 0; i < refused_count; i++)
        if (is_forgotten(&scripted, refused[i]) != (refused_count - i <= expected->again))
            fail_msg("%s: refusal %zu of %zu", expected->sentence, i + 1, refused_count);
    close_run(&scripted);
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

    open_limits(&scripted, 1, 5, 20);
    start_with(&scripted, "-", 1);
    struct ledger_customer customer = fixture_find(scripted.customers.fixture, answer(&scripted, 1, '-'));
    assert_int_equal(customer.state, LEDGER_UNSENT);
    assert_int_equal(customer.refusals, 1);
    close_run(&scripted);
    scripted_close(&scripted);
}

static void the_canary_belongs_to_the_ledger_and_to_the_providers_settings(void **state)
{
    (void)state;
    struct scripted scripted;

    open_limits(&scripted, 3, 5, 20);
    start_with(&scripted, "", 0);
    assert_false(may_send_beside_another(&scripted)); /* alone */
    assert_true(dispatcher_has_capacity(scripted.dispatcher));
    answer(&scripted, 1, '+');
    answer(&scripted, 2, '+');
    assert_false(may_send_beside_another(&scripted));
    close_run(&scripted);

    scripted_start(&scripted); /* the next run: one is left */
    assert_false(may_send_beside_another(&scripted));
    answer(&scripted, 3, '+');
    assert_true(may_send_beside_another(&scripted));
    close_run(&scripted);

    scripted_start(&scripted); /* it is over */
    assert_true(may_send_beside_another(&scripted));
    close_run(&scripted);

    scripted.customers.job.delivery.canary = 10; /* no setting of the provider */
    scripted_start(&scripted);
    assert_true(may_send_beside_another(&scripted));
    close_run(&scripted);

    scripted.customers.job.provider.base_url = "http://127.0.0.1:2";
    scripted_start(&scripted); /* another provider: again */
    for (unsigned i = 0; i < 10; i++) {
        assert_false(may_send_beside_another(&scripted));
        answer(&scripted, 4 + i, '+');
    }
    assert_true(may_send_beside_another(&scripted));
    close_run(&scripted);

    scripted.customers.job.provider.base_url = "http://127.0.0.1:3";
    scripted.customers.job.delivery.canary = 0;
    scripted_start(&scripted); /* switched off */
    assert_true(may_send_beside_another(&scripted));
    close_run(&scripted);
    scripted_close(&scripted);
}

static void a_canary_that_stopped_the_run_is_continued_where_it_was(void **state)
{
    (void)state;
    struct scripted scripted;

    open_limits(&scripted, 3, 5, 20);
    start_with(&scripted, "", 0);
    answer(&scripted, 1, '+');
    answer(&scripted, 2, '-');
    assert_true(is_stopped(&scripted));
    close_run(&scripted);
    scripted_start(&scripted);
    answer(&scripted, 3, '+');
    assert_false(may_send_beside_another(&scripted));
    answer(&scripted, 4, '+');
    assert_true(may_send_beside_another(&scripted));
    close_run(&scripted);
    scripted_close(&scripted);
}

/* Nothing more may be written, and the report counts what the ledger does not have as in doubt. */
static void after_a_failure_of_the_ledger_a_refusal_is_in_doubt(void **state)
{
    (void)state;
    struct scripted scripted;
    struct row_record row;

    open_limits(&scripted, 0, 1, 20);
    start_with(&scripted, "", 0);
    struct fixture *fixture = scripted.customers.fixture;
    const struct decision decision = scripted_decide(&scripted, "C-1", 1, ROW_SAME, &row);
    assert_int_equal(dispatcher_add(scripted.dispatcher, &row.sample.record, &decision, &fixture->error), 0);
    struct task *task = (struct task *)scripted_next(&scripted);
    const int64_t customer = task->customer;
    dispatcher_fail(scripted.dispatcher);
    task->delivery.outcome = fixture_outcome(OUTCOME_REFUSED, 422, "a_code", "");
    task->delivery.sent = true;
    scripted_return(&scripted, &task->delivery);
    assert_int_equal(task->state, TASK_IN_DOUBT);
    assert_false(is_forgotten(&scripted, customer));
    assert_int_equal(fixture_find(fixture, customer).state, LEDGER_JOURNALLED);
    scripted_stop(&scripted);
    assert_int_equal(scripted.stats->in_doubt, 1);
    scripted_end(&scripted);
    fixture_commit(fixture);
    scripted_close(&scripted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_stop_a_run_and_those_that_did_are_not_final),
        cmocka_unit_test(a_forgotten_refusal_was_a_refusal_all_the_same),
        cmocka_unit_test(the_canary_belongs_to_the_ledger_and_to_the_providers_settings),
        cmocka_unit_test(a_canary_that_stopped_the_run_is_continued_where_it_was),
        cmocka_unit_test(after_a_failure_of_the_ledger_a_refusal_is_in_doubt),
    };

    log_setup("test", LOG_WARNING, false);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("dispatcher_event", tests, NULL, NULL);
}
