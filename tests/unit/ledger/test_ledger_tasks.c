/* Links and documents: journalled, resumed after a crash, and proven. */
#include "unit/ledger/task_fixture.h"

#define LINK     LEDGER_TASK_LINK
#define DOCUMENT LEDGER_TASK_DOCUMENT

static struct outcome created(void)
{
    return fixture_outcome(OUTCOME_DONE, 201, "", "");
}

static void a_link_that_was_made_is_known(void **state)
{
    struct fixture *fixture = *state;
    struct outcome done = created();
    struct ledger_task task;
    int64_t customer = fixture_create(fixture, "C-1", "abc", "U-1");
    assert_int_equal(ledger_find_task(fixture->ledger, customer, LINK, SLICE_LITERAL(""), &fixture->arena,
                                      &task, &fixture->error),
                     0);
    int64_t id = fixture_journal_task(fixture, customer, LINK, "", "", "K-1");
    task = fixture_find_task(fixture, customer, LINK, "");
    assert_int_equal(task.id, id);
    assert_int_equal(task.customer, customer);
    assert_int_equal(task.state, LEDGER_TASK_JOURNALLED);
    assert_true(ledger_task_is_open(&task));
    assert_true(fixture_slice_is(task.idempotency_key, "K-1"));
    assert_int_equal(task.created_at, FIXTURE_AT);
    assert_int_equal(fixture_find(fixture, customer).link_at, 0);
    fixture_task_result(fixture, id, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    task = fixture_find_task(fixture, customer, LINK, "");
    assert_int_equal(task.state, LEDGER_TASK_DONE);
    assert_int_equal(task.attempts, 1);
    assert_int_equal(task.http_status, 201);
    assert_int_equal(task.updated_at, FIXTURE_AT + 1);
    struct ledger_customer row = fixture_find(fixture, customer);
    assert_int_equal(row.link_at, FIXTURE_AT + 1);
    assert_int_equal(row.updated_at, FIXTURE_AT + 1); /* of the create */
    assert_int_equal(row.attempts, 1);
    assert_int_equal(fixture_number(fixture, "SELECT group_concat(operation || ' ' || outcome) = "
                                             "'link journalled,link done,verification linked' FROM "
                                             "(SELECT * FROM event WHERE id > 3 ORDER BY id)"),
                     1);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    assert_int_equal(fixture_verify(fixture, "").verified.tasks, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_link_that_was_made_is_known),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_tasks", tests, NULL, NULL);
}
