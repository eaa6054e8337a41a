/* reconcile: what is asked at each provider, for how long a key is known, and which replies answer a
 * question.
 */
#include "unit/dispatch/customers.h"

#include "core/clock.h"
#include "dispatch/reconcile.h"
#include "unit/job_parts.h"

enum { TRACE_SIZE = 128 };

#define HOUR_NS  (3600 * CLOCK_NS_PER_S)
#define NOBODY   "{\"users\":[]}"
#define HIT      "{\"users\":[{\"id\":\"u-ours\"}]}"
#define USER(id) "{\"id\":\"" id "\",\"metadata\":{\"external_id\":\"C-1\"},\"external_id\":\"C-1\"}"

struct asking {
    struct customers customers;
    struct reconcile *reconcile;
    struct row_record row;
    struct task task;
};

/* A create of C-1 is in doubt. */
static void open_asking(struct asking *asking, const char *provider)
{
    struct customers *customers = &asking->customers;

    memset(asking, 0, sizeof *asking);
    customers_open(customers, provider);
    customers->job.delivery.timeout_ns = HOUR_NS;
    const struct reconcile_parts parts = {.job = &customers->job,
                                          .provider = customers->provider,
                                          .ledger = customers->fixture->ledger,
                                          .fingerprint = customers->fingerprint};
    asking->reconcile = reconcile_new(&parts);
    const struct customer customer = customers_add(customers, IN_DOUBT, "C-1", 1);
    customers_row(customers, &asking->row, "C-1", 1, ROW_SAME);
    arena_init(&asking->task.arena, 4096);
    asking->task.customer = customer.id;
    asking->task.state = TASK_FIND;
    asking->task.record = &asking->row.sample.record;
    asking->task.delivery.call =
        (struct provider_call){.operation = OPERATION_CREATE, .record = &asking->row.sample.record};
}

static void close_asking(struct asking *asking)
{
    reconcile_drop(&asking->task);
    assert_null(asking->task.question);
    assert_null(asking->task.delivery.sink); /* a create is sent without one */
    reconcile_free(asking->reconcile);
    arena_clear(&asking->task.arena);
    fixture_commit(asking->customers.fixture);
    customers_close(&asking->customers);
}

static void trace_request(const struct delivery *delivery, char *trace)
{
    size_t len = strlen(trace);
    bool is_fetch = delivery->call.operation == OPERATION_FETCH;

    snprintf(trace + len, TRACE_SIZE - len, "%s%s%s%s", len ? ", " : "",
             operation_word(delivery->call.operation), is_fetch ? " " : "",
             is_fetch ? delivery->call.user_id : "");
}

/* replies: with `|` between; `404`, or a body. */
static const struct asked {
    const char *sentence, *provider;
    enum outcome_kind create; /* the reply to the create, */
    const char *named;        /* and the user in it */
    const char *replies, *requests;
    enum task_finding want;
    const char *user_or_code;
} rows[] = {
    {"looked up", "kira", OUTCOME_IN_DOUBT, "", HIT "|" NOBODY "|" USER("u-ours"),
     "look_up, look_up, fetch u-ours", TASK_FOUND_OURS, "u-ours"},
    {"nobody is found", "kira", OUTCOME_IN_DOUBT, "", NOBODY, "look_up", TASK_FOUND_NOBODY, ""},
    {"a page that cannot be read is asked for again", "kira", OUTCOME_IN_DOUBT, "", "{}|" NOBODY,
     "look_up, look_up", TASK_FOUND_NOBODY, ""},
    {"it exists, and the reply names nobody", "kira", OUTCOME_EXISTS, "", NOBODY, "look_up",
     TASK_FOUND_NOBODY, ""},
    {"the user that the reply names, and those found", "kira", OUTCOME_EXISTS, "u-named",
     HIT "|" NOBODY "|404|" USER("u-ours"), "look_up, look_up, fetch u-named, fetch u-ours", TASK_FOUND_OURS,
     "u-ours"},
    {"a user is named by another reply than \"exists\"", "kira", OUTCOME_IN_DOUBT, "u-named", NOBODY,
     "look_up", TASK_FOUND_NOBODY, ""},
    {"where nobody can be looked up, the named user alone", "kraken-embed", OUTCOME_EXISTS, "u-named",
     USER("u-named"), "fetch u-named", TASK_FOUND_OURS, "u-named"},
    {"and it is not returned", "kraken-embed", OUTCOME_EXISTS, "u-named", "404", "fetch u-named",
     TASK_FOUND_UNCLEAR, "user_not_fetched"},
};

static void answer(struct delivery *delivery, struct slice reply)
{
    delivery->outcome = (struct outcome){.kind = OUTCOME_DONE, .http_status = 200};
    if (slice_is(reply, "404")) {
        delivery->outcome = (struct outcome){.kind = OUTCOME_REFUSED, .http_status = 404};
    } else {
        assert_true(delivery->sink(delivery->sink_context, slice_make(NULL, 0)));
        assert_true(delivery->sink(delivery->sink_context, reply));
    }
}

static void the_provider_decides_what_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asking asking;
        struct reconcile_finding finding = {.finding = TASK_FOUND_UNCLEAR, .code = ""};
        struct slice replies = slice_from(rows[i].replies), reply = slice_make("", 0);
        char trace[TRACE_SIZE] = "";
        bool waits = true, is_found = false;

        open_asking(&asking, rows[i].provider);
        struct delivery *delivery = &asking.task.delivery;
        delivery->outcome.kind = rows[i].create;
        snprintf(delivery->outcome.user_id, sizeof delivery->outcome.user_id, "%s", rows[i].named);
        assert_int_equal(
            reconcile_ask(asking.reconcile, &asking.task, false, &waits, &asking.customers.fixture->error),
            0);
        assert_false(waits);
        while (!is_found && slice_next_item(&replies, slice_from("|"), &reply)) {
            trace_request(delivery, trace);
            answer(delivery, reply);
            assert_true(reconcile_has_answer(&asking.task));
            enum reconcile_answer got = reconcile_receive(&asking.task, &finding);
            is_found = got == RECONCILE_FOUND;
            if (got == RECONCILE_MORE)
                reconcile_ask_next(&asking.task);
        }
        if (!is_found || replies.len > 0 || strcmp(trace, rows[i].requests) != 0)
            fail_msg("%s: %s", rows[i].sentence, trace);
        const char *got = finding.finding == TASK_FOUND_OURS ? finding.user_id : finding.code;
        if (finding.finding != rows[i].want || strcmp(got, rows[i].user_or_code) != 0)
            fail_msg("%s: found %d, `%s`", rows[i].sentence, (int)finding.finding, got);
        close_asking(&asking);
    }
}

static void a_question_that_is_asked_anew_begins_at_its_beginning(void **state)
{
    (void)state;
    struct asking asking;
    bool waits;

    open_asking(&asking, "kira");
    for (int i = 0; i < 2; i++) {
        struct delivery *delivery = &asking.task.delivery;
        struct reconcile_finding finding;
        delivery->outcome.kind = OUTCOME_IN_DOUBT;
        assert_int_equal(
            reconcile_ask(asking.reconcile, &asking.task, false, &waits, &asking.customers.fixture->error),
            0);
        assert_int_equal(delivery->call.operation, OPERATION_LOOK_UP);
        assert_int_equal(delivery->call.offset, 0);
        answer(delivery, slice_from(HIT));
        assert_int_equal(reconcile_receive(&asking.task, &finding), RECONCILE_MORE);
        reconcile_ask_next(&asking.task);
        assert_int_equal(delivery->call.offset, 1);
    }
    close_asking(&asking);
}

static void where_users_are_listed_the_task_waits(void **state)
{
    (void)state;
    struct asking asking;
    struct delivery *listing;
    bool waits = false;

    open_asking(&asking, "payso");
    assert_true(reconcile_list_next_ns(asking.reconcile, true) == UINT64_MAX);
    asking.task.delivery.outcome.kind = OUTCOME_EXISTS;
    snprintf(asking.task.delivery.outcome.user_id, OUTCOME_USER_ID_SIZE, "u-named");
    assert_int_equal(
        reconcile_ask(asking.reconcile, &asking.task, false, &waits, &asking.customers.fixture->error), 0);
    assert_true(waits);
    assert_int_equal(asking.task.place, TASK_LISTING);
    assert_null(asking.task.question);
    assert_true(reconcile_list_next_ns(asking.reconcile, false) == asking.task.due_ns);
    assert_int_equal(
        reconcile_list_start(asking.reconcile, false, &listing, &asking.customers.fixture->error), 0);
    assert_null(listing); /* its request may still be carried out */
    assert_false(reconcile_is_listing(asking.reconcile, &asking.task.delivery));
    assert_ptr_equal(reconcile_list_pop_waiting(asking.reconcile), &asking.task);
    assert_null(reconcile_list_pop_waiting(asking.reconcile));
    close_asking(&asking);
}

static void where_nothing_is_listed_no_listing_begins(void **state)
{
    (void)state;
    struct asking asking;
    struct delivery *listing = &asking.task.delivery;

    open_asking(&asking, "kira");
    assert_true(reconcile_list_next_ns(asking.reconcile, true) == UINT64_MAX);
    assert_int_equal(reconcile_list_start(asking.reconcile, true, &listing, &asking.customers.fixture->error),
                     0);
    assert_null(listing);
    assert_false(reconcile_is_listing(asking.reconcile, &asking.task.delivery));
    assert_null(reconcile_list_pop_waiting(asking.reconcile));
    close_asking(&asking);
}

/* A second request for the same create is only safe under a key that the provider still remembers. */
static void a_key_is_known_until_an_hour_before_the_provider_forgets_it(void **state)
{
    (void)state;
    enum { WINDOW_H = 24, EARLIER = 1 << 0, PROVEN = 1 << 1, UNDATED = 1 << 2, SUPERSEDED = 1 << 3 };
    static const struct {
        const char *sentence;
        unsigned facts;
        uint64_t age_min; /* minutes since it was sent first */
        bool finds;
    } cases[] = {
        {"of this run, an hour before the key is forgotten", 0, 22 * 60 + 59, false},
        {"and later", 0, 23 * 60 + 1, true},
        {"of an earlier run, by the provider's clock", EARLIER | PROVEN, 22 * 60, false},
        {"and later", EARLIER | PROVEN, 23 * 60 + 1, true},
        {"of an earlier run, by our clock alone", EARLIER, 1, true},
        {"of an earlier run whose clock was never compared", EARLIER | PROVEN | UNDATED, 1, true},
        {"one key belongs to one body", SUPERSEDED, 0, true},
    };
    const struct job job = {
        .provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_IDEMPOTENCY_WINDOW, WINDOW_H * CLOCK_NS_PER_HOUR))}};
    const struct provider provider = {.recovery = PROVIDER_RECOVERY_LOOK_UP};
    struct reconcile *reconcile =
        reconcile_new(&(struct reconcile_parts){.job = &job, .provider = &provider});

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned facts = cases[i].facts;
        const struct clocks clocks = {.has_provider = facts & PROVEN,
                                      .provider_offset_ns = (int64_t)(clock_real_ns() - clock_boot_ns())};
        const struct task task = {.journalled_ns = clock_real_ns() - cases[i].age_min * 60 * CLOCK_NS_PER_S,
                                  .journalled_boot_ns = facts & EARLIER ? 0 : clock_boot_ns(),
                                  .is_undated = facts & UNDATED};
        const struct task_policy policy = {.recovery = recovery_of(&provider),
                                           .key_known = reconcile_key_is_known(reconcile, &task, &clocks)};
        if (task_must_find(facts & SUPERSEDED, &policy) != cases[i].finds)
            fail_msg("%s", cases[i].sentence);
    }
    reconcile_free(reconcile);
}

static void a_question_is_answered_by_a_success_or_by_a_user_that_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum operation operation;
        enum outcome_kind kind;
        int status;
        bool has_answer;
    } cases[] = {
        {"a page of users", OPERATION_LOOK_UP, OUTCOME_DONE, 200, true},
        {"a user", OPERATION_FETCH, OUTCOME_DONE, 200, true},
        {"a user that the provider does not return", OPERATION_FETCH, OUTCOME_REFUSED, 404, true},
        {"a look-up that it does not have", OPERATION_LOOK_UP, OUTCOME_REFUSED, 404, false},
        {"a user that it refuses", OPERATION_FETCH, OUTCOME_REFUSED, 403, false},
        {"later", OPERATION_FETCH, OUTCOME_THROTTLED, 429, false},
        {"no answer", OPERATION_LOOK_UP, OUTCOME_NOT_SENT, 0, false},
        {"of a create", OPERATION_CREATE, OUTCOME_DONE, 201, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct task task = {
            .delivery = {.call = {.operation = cases[i].operation},
                         .outcome = {.kind = cases[i].kind, .http_status = cases[i].status}}};
        if (reconcile_has_answer(&task) != cases[i].has_answer)
            fail_msg("%s", cases[i].sentence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_provider_decides_what_is_asked),
        cmocka_unit_test(a_question_that_is_asked_anew_begins_at_its_beginning),
        cmocka_unit_test(where_users_are_listed_the_task_waits),
        cmocka_unit_test(where_nothing_is_listed_no_listing_begins),
        cmocka_unit_test(a_key_is_known_until_an_hour_before_the_provider_forgets_it),
        cmocka_unit_test(a_question_is_answered_by_a_success_or_by_a_user_that_is_missing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
