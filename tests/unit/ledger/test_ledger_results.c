/* Every customer with the row of its last event, for `results`. */
#include "unit/ledger/ledger_fixture.h"

struct seen {
    size_t count, max;
    char lines[16][64];
};

static bool see(void *context, const struct ledger_customer *customer, uint64_t row)
{
    struct seen *seen = context;
    assert_true(seen->count < 16);
    snprintf(seen->lines[seen->count++], sizeof *seen->lines, "%d %.*s %s %.*s %d", (int)row,
             (int)customer->external_id.len, customer->external_id.data, ledger_state_word(customer->state),
             (int)customer->user_id.len, customer->user_id.len ? customer->user_id.data : "",
             customer->http_status);
    return seen->max == 0 || seen->count < seen->max;
}

static void answer(struct fixture *fixture, int64_t id, enum operation operation,
                   enum ledger_conclusion conclusion, const struct outcome *outcome, uint64_t row)
{
    struct ledger_result result = {.id = id,
                                   .row = row,
                                   .operation = operation,
                                   .conclusion = conclusion,
                                   .event = true,
                                   .outcome = outcome,
                                   .attempt = 1,
                                   .at_ns = FIXTURE_AT};
    bool taken;
    fixture_begin(fixture);
    assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
    fixture_commit(fixture);
}

/* Four customers whose events stand in another order than they do. */
static void fill(struct fixture *fixture)
{
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "USER-1");
    struct outcome refused = fixture_outcome(OUTCOME_REFUSED, 422, "invalid", "");
    enum ledger_settlement settlement;
    int64_t first = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    int64_t second = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    fixture_journal(fixture, 0, "C-3", OPERATION_CREATE, "abc");
    answer(fixture, second, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &refused, 20);
    answer(fixture, first, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 900);
    fixture_journal(fixture, first, "C-1", OPERATION_UPDATE, "abd");
    done.http_status = 200;
    answer(fixture, first, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 10);
    fixture_begin(fixture);
    assert_int_equal(ledger_settle(fixture->ledger,
                                   &(struct ledger_verdict){.external_id = slice_from("C-4"),
                                                            .user_id = slice_from("USER-4"),
                                                            .at_ns = FIXTURE_AT},
                                   &settlement, &fixture->error),
                     0);
    fixture_commit(fixture);
}

static void check_all(struct fixture *fixture, struct ledger *ledger)
{
    static const char *const want[] = {"10 C-1 created USER-1 200", "20 C-2 refused  422",
                                       "0 C-3 journalled  0", "0 C-4 created USER-4 0"};
    struct seen seen = {0};
    assert_int_equal(ledger_each_result(ledger, see, &seen, &fixture->error), 0);
    assert_int_equal(seen.count, 4);
    for (size_t i = 0; i < seen.count; i++)
        assert_string_equal(seen.lines[i], want[i]);
}

static void each_customer_comes_once_with_the_row_of_his_last_event(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    check_all(fixture, fixture->ledger);
    check_all(fixture, fixture->ledger);
}

static void who_reads_sees_it_while_a_run_is_in_the_middle_of_a_write(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    fixture_begin(fixture);
    fixture_journal_at(fixture, 0, "C-5", OPERATION_CREATE, "abc", FIXTURE_AT);
    struct ledger *reader = fixture_try(fixture, LEDGER_READ);
    assert_non_null(reader);
    check_all(fixture, reader);
    ledger_close(reader);
    fixture_commit(fixture);
}

static void who_has_enough_ends_it(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {.max = 2};
    fill(fixture);
    assert_int_equal(ledger_each_result(fixture->ledger, see, &seen, &fixture->error), 0);
    assert_int_equal(seen.count, 2);
    check_all(fixture, fixture->ledger);
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(each_customer_comes_once_with_the_row_of_his_last_event),
        LIFE(who_reads_sees_it_while_a_run_is_in_the_middle_of_a_write),
        LIFE(who_has_enough_ends_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_results", tests, NULL, NULL);
}
