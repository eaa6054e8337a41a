/* What questions (look-up, fetch, listing) write, and who owns a user. */
#include "unit/ledger/task_fixture.h"

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
        fixture_number(fixture, "SELECT count(*) FROM event WHERE operation IN ('look_up', 'fetch')"), 2);
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

static void note_user(void *context, struct slice user_id, bool is_deleted)
{
    char *text = context;
    size_t len = strlen(text);
    snprintf(text + len, 64 - len, "%.*s%s|", (int)user_id.len, user_id.data, is_deleted ? " deleted" : "");
}

static void every_user_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    char text[64] = "";

    fixture_create(fixture, "C-1", "abc", "u-1");
    fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    int64_t id = fixture_create(fixture, "C-3", "abc", "u-3");
    fixture_verification(fixture, id, VERIFICATION_UNKNOWN, LEDGER_DELETED, "", 7);
    assert_int_equal(ledger_each_user(fixture->ledger, note_user, text, &fixture->error), 0);
    assert_string_equal(text, "u-1|u-3 deleted|");
}

static void what_was_sent_last_is_remembered_for_the_next_process(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_sending sending, ended = {.boot = "0a1b2c3d-0000-4000-8000-000000000001",
                                            .boot_ns = UINT64_MAX,
                                            .real_ns = 1,
                                            .hold_ns = 60,
                                            .burst = 50};

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
        assert_int_equal(sending.burst, 50);
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

static void note_brief(void *context, const struct ledger_brief *brief)
{
    note_user(context, brief->external_id, false);
}

static void count_group(void *context, const struct ledger_group *group)
{
    *(uint64_t *)context += group->count;
}

static bool note_result(void *context, const struct ledger_customer *customer, uint64_t row)
{
    (void)row;
    note_user(context, customer->external_id, false);
    return true;
}

static void a_customer_that_lost_its_key_is_in_no_scan_list_or_count(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_digests digests = fixture_digests("abc");
    const struct ledger_intent twin = {.external_id = SLICE_LITERAL("C-2"),
                                       .digest = digests.digest,
                                       .member_digests = slice_make(digests.members, sizeof digests.members),
                                       .at_ns = 4};
    const struct ledger_rekey rekey = {.from = SLICE_LITERAL("C-1"), .to = SLICE_LITERAL("C-2"), .at_ns = 5};
    struct ledger_customer customer;
    enum ledger_settlement settlement;
    char scanned[64] = "", results[64] = "";
    uint64_t count = 0;
    int64_t user = fixture_create(fixture, "C-1", "abc", "u-1");

    fixture_begin(fixture);
    assert_int_equal(ledger_note_twin(fixture->ledger, &twin, SLICE_LITERAL("twin"), &fixture->error), 0);
    assert_int_equal(ledger_rekey(fixture->ledger, &rekey, &settlement, &fixture->error), 0);
    assert_int_equal(settlement, LEDGER_SETTLED);
    /* Nor is it one of the twins of this run. */
    assert_int_equal(ledger_stop_twins(fixture->ledger, 6, &fixture->error), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 2);
    assert_int_equal(ledger_scan(fixture->ledger, note_brief, scanned, &fixture->error), 0);
    assert_string_equal(scanned, "C-2|");
    assert_int_equal(ledger_each_result(fixture->ledger, note_result, results, &fixture->error), 0);
    assert_string_equal(results, "C-2|");
    assert_int_equal(ledger_each_group(fixture->ledger, count_group, &count, &fixture->error), 0);
    assert_int_equal(count, 1);
    assert_int_equal(ledger_next_user(fixture->ledger, 0, &fixture->arena, &customer, &fixture->error), 1);
    assert_int_equal(customer.id, user);
    assert_int_equal(ledger_next_user(fixture->ledger, user, &fixture->arena, &customer, &fixture->error), 0);
    assert_int_equal(fixture_find(fixture, user + 1).twin, LEDGER_TWIN_NONE);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
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
        LEDGER_TEST(a_customer_that_lost_its_key_is_in_no_scan_list_or_count),
        LEDGER_TEST(what_was_sent_last_is_remembered_for_the_next_process),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_questions", tests, NULL, NULL);
}
