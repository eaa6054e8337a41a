/* A statement that fails, a read as well, takes its transaction with it: nothing of it is ever sent. */
#include "ledger/sqlite/store_sqlite.h"
#include "unit/ledger/ledger_fixture.h"

static int always(void *context)
{
    (void)context;
    return 1;
}

/* Until it is healed each statement ends as if a person had interrupted it; of a database the tables have
 * other names. */
static void break_down(struct fixture *fixture)
{
    if (ledger_file_server()) {
        ledger_file_sql(fixture->path, "ALTER TABLE customer RENAME TO c; ALTER TABLE event RENAME TO e");
        return;
    }
    sqlite3_progress_handler(store_sqlite_of(fixture->ledger->store)->db, 1, always, NULL);
}

static void heal(struct fixture *fixture)
{
    if (ledger_file_server()) {
        ledger_file_sql(
            fixture->path,
            "ALTER TABLE IF EXISTS c RENAME TO customer; ALTER TABLE IF EXISTS e RENAME TO event");
        return;
    }
    sqlite3_progress_handler(store_sqlite_of(fixture->ledger->store)->db, 0, NULL, NULL);
}

static int try_journal(struct fixture *fixture, int64_t id, const char *key)
{
    struct fixture_digests digests = fixture_digests("abc");
    struct ledger_intent intent = {.id = id,
                                   .external_id = slice_from(key),
                                   .operation = OPERATION_CREATE,
                                   .digest = digests.digest,
                                   .member_digests = slice_make(digests.members, sizeof digests.members),
                                   .at_ns = 2};
    return ledger_journal(fixture->ledger, &intent, &id, &fixture->error);
}

static void a_failed_read_lets_nothing_be_committed(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer customer;
    fixture_begin(fixture);
    assert_int_equal(try_journal(fixture, 0, "C-1"), 0);
    break_down(fixture);
    assert_int_equal(ledger_find(fixture->ledger, 2, &fixture->arena, &customer, &fixture->error), -1);
    heal(fixture);
    fixture_assert_says(&fixture->error, "cannot be read");
    char first[ERROR_TEXT_MAX];
    memcpy(first, fixture->error.text, sizeof first);

    fixture->error = (struct error){.scope = ERROR_NONE};
    assert_int_equal(try_journal(fixture, 0, "C-2"), -1);
    assert_string_equal(fixture->error.text, first);
    fixture->error = (struct error){.scope = ERROR_NONE};
    assert_int_equal(ledger_commit(fixture->ledger, &fixture->error), -1);
    assert_int_equal(fixture->error.scope, ERROR_LEDGER);
    assert_string_equal(fixture->error.text, first);
}

static void the_next_transaction_goes_on_without_what_was_lost(void **state)
{
    struct fixture *fixture = *state;
    fixture_begin(fixture);
    assert_int_equal(try_journal(fixture, 0, "C-1"), 0);
    break_down(fixture);
    assert_int_equal(try_journal(fixture, 0, "C-2"), -1);
    heal(fixture);
    assert_int_equal(ledger_commit(fixture->ledger, &fixture->error), -1);
    fixture_begin(fixture);
    assert_int_equal(try_journal(fixture, 0, "C-3"), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer WHERE external_id = 'C-3'"), 1);
}

static void a_transaction_that_was_left_open_is_given_up(void **state)
{
    struct fixture *fixture = *state;
    fixture_begin(fixture);
    assert_int_equal(try_journal(fixture, 0, "C-1"), 0);
    fixture_begin(fixture);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 0);
}

/* Its row is not there: events that named it would belong to the next run, which gets its id. */
static void a_run_whose_start_was_rolled_back_is_none(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_mark mark;
    for (int i = 0; i < 2; i++) {
        fixture_begin(fixture);
        assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", FIXTURE_AT, &fixture->error),
                         0);
        if (i == 0)
            break_down(fixture);
        assert_int_equal(ledger_commit(fixture->ledger, &fixture->error), i == 0 ? -1 : 0);
        heal(fixture);
        fixture_begin(fixture);
        ledger_mark(fixture->ledger, &mark);
        assert_int_equal(mark.run, i == 0 ? 0 : 2);
        assert_int_equal(try_journal(fixture, 0, i == 0 ? "C-1" : "C-2"), 0);
        fixture_commit(fixture);
    }
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE run IS NULL"), 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE run = 2"), 2);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

#define FAILURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAILURE(a_failed_read_lets_nothing_be_committed),
        FAILURE(the_next_transaction_goes_on_without_what_was_lost),
        FAILURE(a_transaction_that_was_left_open_is_given_up),
        FAILURE(a_run_whose_start_was_rolled_back_is_none),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_failure", tests, NULL, NULL);
}
