/* Users that existed before: adopted, held, and a ledger that is not complete. */
#include "unit/ledger/ledger_fixture.h"

static bool adopt(struct fixture *fixture, const char *key, const char *letters, const char *user,
                  bool is_whole)
{
    struct fixture_digests digests = fixture_digests(letters);
    const struct ledger_adoption adoption = {
        .external_id = slice_from(key),
        .user_id = slice_from(user),
        .row = 7,
        .digest = is_whole ? digests.digest : NULL,
        .member_digests = slice_make(digests.members, sizeof digests.members),
        .email_digest = slice_make(digests.members, FINGERPRINT_MEMBER_LEN),
        .identity = SLICE_LITERAL("0123456789"),
        .at_ns = 9,
    };
    bool taken;

    fixture_begin(fixture);
    assert_int_equal(ledger_adopt(fixture->ledger, &adoption, &taken, &fixture->error), 0);
    fixture_commit(fixture);
    return taken;
}

static void hold(struct fixture *fixture, const char *key, const char *letters, const char *message)
{
    struct fixture_digests digests = fixture_digests(letters);
    const struct ledger_intent intent = {.external_id = slice_from(key),
                                         .operation = OPERATION_CREATE,
                                         .digest = digests.digest,
                                         .member_digests =
                                             slice_make(digests.members, sizeof digests.members),
                                         .at_ns = 9};

    fixture_begin(fixture);
    assert_int_equal(ledger_hold(fixture->ledger, &intent, slice_from(message), &fixture->error), 0);
    fixture_commit(fixture);
}

static void find_key(struct fixture *fixture, const char *key, struct ledger_customer *customer)
{
    assert_int_equal(
        ledger_find_by_key(fixture->ledger, slice_from(key), &fixture->arena, customer, &fixture->error), 1);
}

static void a_found_user_is_the_customers(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer customer;
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 0, "reset", "");

    assert_true(ledger_is_empty(fixture->ledger));
    assert_false(adopt(fixture, "C-1", "abc", "U-1", true));
    assert_false(ledger_is_empty(fixture->ledger));
    find_key(fixture, "C-1", &customer);
    assert_int_equal(customer.state, LEDGER_CREATED);
    assert_true(slice_is(customer.user_id, "U-1"));
    assert_int_equal(customer.digest.len, FINGERPRINT_LEN);
    assert_string_equal(fixture_letters(customer.member_digests), "abc");
    assert_int_equal(customer.verdict, 0);

    int64_t id = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, &doubt, 1);
    assert_false(adopt(fixture, "C-2", "xbc", "U-2", false));
    find_key(fixture, "C-2", &customer);
    assert_int_equal(customer.digest.len, 0);
    assert_string_equal(fixture_letters(customer.member_digests), "xbc");
    assert_false(ledger_customer_is_open(&customer));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE operation = 'adopt'"), 2);
    assert_int_equal(fixture_number(fixture, "SELECT min(row) FROM event WHERE operation = 'adopt'"), 7);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

static void nothing_is_taken_away(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer customer;

    fixture_create(fixture, "C-1", "abc", "U-1");
    assert_true(adopt(fixture, "C-2", "abc", "U-1", true));
    assert_true(adopt(fixture, "C-1", "abc", "U-9", true));
    find_key(fixture, "C-1", &customer);
    assert_true(slice_is(customer.user_id, "U-1"));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 1);
}

static void a_held_create_waits_for_a_person(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer customer;

    hold(fixture, "C-1", "abc", "differs");
    hold(fixture, "C-1", "abd", "differs");
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE outcome = 'held'"), 1);
    hold(fixture, "C-1", "abd", "several");
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE outcome = 'held'"), 2);
    find_key(fixture, "C-1", &customer);
    assert_true(ledger_customer_is_held(&customer));
    assert_true(ledger_customer_is_untouched(&customer));

    const struct ledger_verdict absent = {.external_id = SLICE_LITERAL("C-1"), .at_ns = 10};
    enum ledger_settlement settlement;
    fixture_begin(fixture);
    assert_int_equal(ledger_settle(fixture->ledger, &absent, &settlement, &fixture->error), 0);
    fixture_commit(fixture);
    assert_int_equal(settlement, LEDGER_SETTLE_ALLOWED);
    hold(fixture, "C-1", "abc", "differs");
    find_key(fixture, "C-1", &customer);
    assert_int_equal(customer.state, LEDGER_UNSENT);
    assert_false(ledger_customer_is_held(&customer));

    fixture_create(fixture, "C-2", "abc", "U-2");
    hold(fixture, "C-2", "abc", "differs");
    find_key(fixture, "C-2", &customer);
    assert_int_equal(customer.state, LEDGER_CREATED);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

static void a_ledger_knows_that_it_is_not_complete(void **state)
{
    struct fixture *fixture = *state;
    bool adopting;

    assert_int_equal(ledger_adopting(fixture->ledger, &adopting, &fixture->error), 0);
    assert_false(adopting);
    for (int i = 1; i >= 0; i--) {
        fixture_begin(fixture);
        assert_int_equal(ledger_adopting_set(fixture->ledger, i == 1, &fixture->error), 0);
        fixture_commit(fixture);
        fixture_reopen(fixture);
        assert_int_equal(ledger_adopting(fixture->ledger, &adopting, &fixture->error), 0);
        assert_int_equal(adopting, i == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_found_user_is_the_customers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_taken_away, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_held_create_waits_for_a_person, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_ledger_knows_that_it_is_not_complete, fixture_setup,
                                        fixture_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_adopt", tests, NULL, NULL);
}
