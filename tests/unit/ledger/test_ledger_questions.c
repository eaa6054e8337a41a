/* What questions (look-up, fetch, listing) write, and who owns a user. */
#include "unit/ledger/ledger_fixture.h"

static int64_t count_rows(struct fixture *fixture, const char *query)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return count;
}

static void a_question_leads_a_doubt_to_its_user(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    struct outcome lost = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
    struct outcome page = fixture_outcome(OUTCOME_DONE, 200, "", "");
    struct outcome found = fixture_outcome(OUTCOME_DONE, 200, "", "u-1");
    struct ledger_customer customer;

    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &lost, 1);
    fixture_result(fixture, id, OPERATION_LOOK_UP, LEDGER_RESULT_OPEN, &page, 1);
    customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_IN_DOUBT);
    assert_int_equal(customer.operation, OPERATION_CREATE);
    assert_true(customer.first_sent_at > 0);
    assert_false(fixture_result(fixture, id, OPERATION_FETCH, LEDGER_RESULT_ACKNOWLEDGED, &found, 2));
    customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_CREATED);
    assert_true(fixture_slice_is(customer.user_id, "u-1"));
    assert_string_equal(fixture_letters(customer.member_digests), "abc");
    assert_int_equal(
        count_rows(fixture, "SELECT count(*) FROM event WHERE operation IN ('look_up', 'fetch')"), 2);
}

static void a_listing_may_leave_a_doubt_or_refuse(void **state)
{
    struct fixture *fixture = *state;
    int64_t first = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    int64_t second = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    struct outcome unclear = fixture_outcome(OUTCOME_IN_DOUBT, 200, "email_alone", "");
    struct outcome refused = fixture_outcome(OUTCOME_REFUSED, 422, "record_not_unique", "");

    fixture_result(fixture, first, OPERATION_LIST, LEDGER_RESULT_IN_DOUBT, &unclear, 1);
    fixture_result(fixture, second, OPERATION_LIST, LEDGER_RESULT_REFUSED, &refused, 1);
    struct ledger_customer customer = fixture_find(fixture, first);
    assert_int_equal(customer.state, LEDGER_IN_DOUBT);
    assert_true(fixture_slice_is(customer.code, "email_alone"));
    customer = fixture_find(fixture, second);
    assert_int_equal(customer.state, LEDGER_REFUSED);
    assert_int_equal(customer.refusals, 1);
}

static void a_user_has_one_owner(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_create(fixture, "C-1", "abc", "u-1"), owner = -1;

    assert_int_equal(ledger_owner(fixture->ledger, SLICE_LITERAL("u-1"), &owner, &fixture->error), 0);
    assert_int_equal(owner, id);
    assert_int_equal(ledger_owner(fixture->ledger, SLICE_LITERAL("u-2"), &owner, &fixture->error), 0);
    assert_int_equal(owner, 0);
}

static void note_user(void *context, struct slice user_id)
{
    char *text = context;
    size_t len = strlen(text);
    snprintf(text + len, 64 - len, "%.*s|", (int)user_id.len, user_id.data);
}

static void every_user_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    char text[64] = "";

    fixture_create(fixture, "C-1", "abc", "u-1");
    fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    fixture_create(fixture, "C-3", "abc", "u-3");
    assert_int_equal(ledger_each_user(fixture->ledger, note_user, text, &fixture->error), 0);
    assert_string_equal(text, "u-1|u-3|");
}

static void what_was_sent_last_is_remembered_for_the_next_process(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_sending sending, ended = {.boot = "0a1b2c3d-0000-4000-8000-000000000001",
                                            .boot_ns = UINT64_MAX,
                                            .real_ns = 1,
                                            .hold_ns = 60};

    assert_int_equal(ledger_sending(fixture->ledger, &sending, &fixture->error), 0);
    assert_false(sending.under_way);
    for (int has_boot = 1; has_boot >= 0; has_boot--) {
        ended.boot[0] = has_boot ? '0' : '\0';
        assert_int_equal(ledger_begin(fixture->ledger, &fixture->error), 0);
        assert_int_equal(ledger_sending_set(fixture->ledger, &ended, &fixture->error), 0);
        assert_int_equal(ledger_commit(fixture->ledger, &fixture->error), 0);
        assert_int_equal(ledger_sending(fixture->ledger, &sending, &fixture->error), 1);
        assert_false(sending.under_way);
        assert_string_equal(sending.boot, ended.boot);
        assert_true(sending.boot_ns == UINT64_MAX);
        assert_int_equal(sending.real_ns, 1);
        assert_int_equal(sending.hold_ns, 60);
    }
    const struct ledger_sending under_way = {.under_way = true, .real_ns = 7, .hold_ns = 3};
    assert_int_equal(ledger_begin(fixture->ledger, &fixture->error), 0);
    assert_int_equal(ledger_sending_set(fixture->ledger, &under_way, &fixture->error), 0);
    assert_int_equal(ledger_commit(fixture->ledger, &fixture->error), 0);
    assert_int_equal(ledger_sending(fixture->ledger, &sending, &fixture->error), 1);
    assert_true(sending.under_way);
    assert_int_equal(sending.real_ns, 7);
    assert_int_equal(sending.hold_ns, 3);
}

#define LEDGER_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

static void what_runs_found_of_the_clock_is_kept(void **state)
{
    struct fixture *fixture = *state;
    uint64_t lead_ns = 7;
    int64_t run = 7;

    assert_int_equal(ledger_clock(fixture->ledger, &run, &lead_ns, &fixture->error), 0);
    assert_true(run == 0 && lead_ns == 0);
    assert_true(ledger_newest_ns(fixture->ledger) == 0);
    fixture_create(fixture, "C-1", "abc", "u-1"); /* its event is of FIXTURE_AT + 1 */
    fixture_begin(fixture);
    assert_int_equal(ledger_clock_set(fixture->ledger, UINT64_C(7200000000000), &fixture->error), 0);
    fixture_commit(fixture);
    fixture_reopen(fixture);
    assert_int_equal(ledger_clock(fixture->ledger, &run, &lead_ns, &fixture->error), 0);
    assert_true(run == 1 && lead_ns == UINT64_C(7200000000000));
    assert_true(ledger_newest_ns(fixture->ledger) == FIXTURE_AT + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(what_runs_found_of_the_clock_is_kept),
        LEDGER_TEST(a_question_leads_a_doubt_to_its_user),
        LEDGER_TEST(a_listing_may_leave_a_doubt_or_refuse),
        LEDGER_TEST(a_user_has_one_owner),
        LEDGER_TEST(every_user_is_told_once),
        LEDGER_TEST(what_was_sent_last_is_remembered_for_the_next_process),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_questions", tests, NULL, NULL);
}
