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
    char events[256];
    ledger_file_lines(fixture->path, "SELECT operation || ' ' || outcome FROM event WHERE id > 3 ORDER BY id",
                      events, sizeof events);
    assert_string_equal(events, "link journalled\nlink done\nverification linked\n");
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    assert_int_equal(fixture_verify(fixture, "").verified.tasks, 1);
}

/* A process that journals a link, and dies before or after the commit. */
static void die_after_journal(struct fixture *fixture, bool commits)
{
    fixture_close(fixture);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        fixture_open(fixture, LEDGER_WRITE);
        fixture_begin(fixture);
        fixture_journal_task_at(fixture, 1, LINK, "", "need", "K-1", 50);
        if (commits)
            fixture_commit(fixture);
        _exit(9);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    fixture_open(fixture, LEDGER_WRITE);
}

static void a_link_in_doubt_after_a_crash_is_repeated_under_its_key(void **state)
{
    struct fixture *fixture = *state;
    struct outcome done = created();
    struct ledger_task task;
    fixture_create(fixture, "C-1", "abc", "U-1");
    die_after_journal(fixture, false);
    assert_int_equal(ledger_find_task(fixture->ledger, 1, LINK, SLICE_LITERAL(""), &fixture->arena, &task,
                                      &fixture->error),
                     0);
    die_after_journal(fixture, true);
    task = fixture_find_task(fixture, 1, LINK, "");
    assert_int_equal(task.state, LEDGER_TASK_JOURNALLED);
    assert_true(ledger_task_is_open(&task));
    for (int crash = 0; crash < 2; crash++) {
        assert_int_equal(fixture_journal_task(fixture, 1, LINK, "", "need", "K-2"), task.id);
        fixture_reopen(fixture);
        task = fixture_find_task(fixture, 1, LINK, "");
        assert_int_equal(task.state, LEDGER_TASK_IN_DOUBT);
        assert_true(fixture_slice_is(task.idempotency_key, "K-1"));
        assert_int_equal(task.created_at, 50);
        assert_int_equal(task.attempts, 1);
    }
    fixture_task_result(fixture, task.id, LEDGER_RESULT_ACKNOWLEDGED, &done, 2);
    /* A link for another need is another request. */
    assert_int_equal(fixture_journal_task(fixture, 1, LINK, "", "need", "K-3"), task.id);
    task = fixture_find_task(fixture, 1, LINK, "");
    assert_int_equal(task.state, LEDGER_TASK_JOURNALLED);
    assert_true(fixture_slice_is(task.idempotency_key, "K-3"));
    assert_int_equal(task.created_at, FIXTURE_AT);
    assert_int_equal(task.attempts, 0);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    assert_int_equal(fixture_verify(fixture, "").verified.tasks, 1);
}

static void journal_the_same_document(struct fixture *fixture)
{
    fixture_journal_task(fixture, 1, DOCUMENT, "ssn", "abc", "K-2");
}

static void a_document_is_sent_again_only_when_it_changed(void **state)
{
    struct fixture *fixture = *state;
    struct outcome done = created();
    fixture_create(fixture, "C-1", "abc", "U-1");
    int64_t id = fixture_journal_task(fixture, 1, DOCUMENT, "ssn", "abc", "K-1");
    fixture_task_result(fixture, id, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    struct ledger_task task = fixture_find_task(fixture, 1, DOCUMENT, "ssn");
    assert_int_equal(task.state, LEDGER_TASK_DONE);
    assert_true(fixture_slice_is(task.digest, "abc"));
    assert_int_equal(fixture_find(fixture, 1).link_at, 0);
    assert_true(fixture_aborts(journal_the_same_document, fixture));
    assert_int_equal(fixture_journal_task(fixture, 1, DOCUMENT, "ssn", "abd", "K-2"), id);
    task = fixture_find_task(fixture, 1, DOCUMENT, "ssn");
    assert_int_equal(task.state, LEDGER_TASK_JOURNALLED);
    assert_true(fixture_slice_is(task.digest, "abd"));
    assert_true(fixture_slice_is(task.idempotency_key, "K-2"));
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

static void every_conclusion_of_an_attempt(void **state)
{
    static const struct {
        enum ledger_conclusion conclusion;
        enum outcome_kind outcome;
        enum ledger_task_state state;
        const char *event;
    } cases[] = {
        {LEDGER_RESULT_OPEN, OUTCOME_THROTTLED, LEDGER_TASK_JOURNALLED, "throttled"},
        {LEDGER_RESULT_OPEN, OUTCOME_IN_DOUBT, LEDGER_TASK_IN_DOUBT, "in_doubt"},
        {LEDGER_RESULT_ABANDONED, OUTCOME_STOP, LEDGER_TASK_IN_DOUBT, "stop"},
        {LEDGER_RESULT_REFUSED, OUTCOME_REFUSED, LEDGER_TASK_REFUSED, "refused"},
    };
    struct fixture *fixture = *state;
    fixture_create(fixture, "C-1", "abc", "U-1");
    int64_t id = fixture_journal_task(fixture, 1, LINK, "", "", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome outcome = fixture_outcome(cases[i].outcome, 400, "code", "");
        char query[256];
        fixture_task_result(fixture, id, cases[i].conclusion, &outcome, (uint32_t)i + 1);
        assert_int_equal(fixture_find_task(fixture, 1, LINK, "").state, cases[i].state);
        snprintf(query, sizeof query,
                 "SELECT outcome = '%s' AND attempt = %zu AND http_status = 400 AND code = 'code' AND "
                 "request_id = 'req-400' AND latency_ms = 12 FROM event ORDER BY id DESC LIMIT 1",
                 cases[i].event, i + 1);
        assert_int_equal(fixture_number(fixture, query), 1);
    }
    assert_int_equal(fixture_find(fixture, 1).link_at, 0);
    /* Withdrawn before it was sent, and sent by the next run. */
    assert_int_equal(fixture_journal_task(fixture, 1, LINK, "", "", ""), id);
    fixture_task_result(fixture, id, LEDGER_RESULT_ABANDONED, NULL, 0);
    assert_int_equal(fixture_find_task(fixture, 1, LINK, "").state, LEDGER_TASK_UNSENT);
    assert_int_equal(fixture_journal_task(fixture, 1, LINK, "", "", ""), id);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

static bool note_task(void *context, const struct ledger_task *task)
{
    char *text = context;
    snprintf(text + strlen(text), 64 - strlen(text), "%d:%d:%s ", (int)task->id, (int)task->customer,
             task->slot.len > 0 ? task->slot.data : "");
    return task->id < 4;
}

static bool note_row(void *context, const struct ledger_customer *customer, uint64_t row)
{
    uint64_t *rows = context;
    rows[customer->id - 1] = row;
    return true;
}

static void tasks_are_those_of_a_customer_kind_and_slot(void **state)
{
    struct fixture *fixture = *state;
    char links[64] = "", documents[64] = "";
    uint64_t rows[2];
    fixture_create(fixture, "C-1", "abc", "U-1");
    fixture_create(fixture, "C-2", "abc", "U-2");
    assert_int_equal(fixture_journal_task(fixture, 1, LINK, "", "", ""), 1);
    assert_int_equal(fixture_journal_task(fixture, 1, DOCUMENT, "", "a", ""), 2);
    assert_int_equal(fixture_journal_task(fixture, 1, DOCUMENT, "front", "a", ""), 3);
    assert_int_equal(fixture_journal_task(fixture, 2, DOCUMENT, "front", "a", ""), 4);
    assert_int_equal(fixture_journal_task(fixture, 2, DOCUMENT, "back", "a", ""), 5);
    assert_int_equal(fixture_journal_task(fixture, 2, LINK, "", "", ""), 6);
    assert_int_equal(fixture_find_task(fixture, 2, DOCUMENT, "front").id, 4);
    assert_int_equal(ledger_each_task(fixture->ledger, LINK, note_task, links, &fixture->error), 0);
    assert_string_equal(links, "1:1: 6:2: ");
    assert_int_equal(ledger_each_task(fixture->ledger, DOCUMENT, note_task, documents, &fixture->error), 0);
    assert_string_equal(documents, "2:1: 3:1:front 4:2:front "); /* ended there */
    /* The row of a customer in `results` is that of the input. */
    assert_int_equal(ledger_each_result(fixture->ledger, note_row, rows, &fixture->error), 0);
    assert_int_equal(rows[0], 7);
    assert_int_equal(rows[1], 7);
    assert_int_equal(fixture_verify(fixture, "").verified.tasks, 6);
}

/* What a transaction that was rolled back has given is given again. */
static void what_was_rolled_back_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_task task;
    fixture_create(fixture, "C-1", "abc", "U-1");
    fixture_begin(fixture);
    assert_int_equal(fixture_journal_task_at(fixture, 1, LINK, "", "", "", FIXTURE_AT), 1);
    fixture_begin(fixture);
    assert_int_equal(ledger_find_task(fixture->ledger, 1, LINK, SLICE_LITERAL(""), &fixture->arena, &task,
                                      &fixture->error),
                     0);
    assert_int_equal(fixture_journal_task_at(fixture, 1, LINK, "", "", "", FIXTURE_AT), 1);
    fixture_commit(fixture);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

static void journal_without_a_user(struct fixture *fixture)
{
    fixture_journal_task(fixture, 1, LINK, "", "", "");
}

static void acknowledge_again(struct fixture *fixture)
{
    struct outcome done = created();
    fixture_task_result(fixture, 1, LEDGER_RESULT_ACKNOWLEDGED, &done, 2);
}

static void bugs_of_the_caller_end_the_process(void **state)
{
    struct fixture *fixture = *state;
    fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    assert_true(fixture_aborts(journal_without_a_user, fixture));
    struct outcome user = fixture_outcome(OUTCOME_DONE, 201, "", "U-1");
    fixture_result(fixture, 1, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &user, 1);
    assert_false(fixture_aborts(journal_without_a_user, fixture));
    fixture_reopen(fixture); /* the child wrote to it */
    acknowledge_again(fixture);
    assert_true(fixture_aborts(acknowledge_again, fixture));
}

static void a_task_that_is_gone_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct outcome done = created();
    const struct ledger_task_result result = {.id = 1,
                                              .conclusion = LEDGER_RESULT_ACKNOWLEDGED,
                                              .event = true,
                                              .outcome = &done,
                                              .attempt = 1,
                                              .at_ns = 9};
    fixture_create(fixture, "C-1", "abc", "U-1");
    fixture_journal_task(fixture, 1, LINK, "", "", "");
    fixture_sql(fixture, "DELETE FROM task");
    fixture_begin(fixture);
    assert_int_equal(ledger_task_result(fixture->ledger, &result, &fixture->error), -1);
    fixture_assert_says(&fixture->error, "is damaged: task 1 is gone\nhint: restore");
    assert_int_equal(ledger_commit(fixture->ledger, &fixture->error), -1);
}

/* Without the constraints, as in a copied table. */
static void a_task_that_lacks_a_value_is_not_used(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_task task;
    fixture_create(fixture, "C-1", "abc", "U-1");
    fixture_journal_task(fixture, 1, LINK, "", "", "");
    fixture_close(fixture);
    fixture_sql(
        fixture,
        ledger_file_dialect(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') "
            "WHERE type = 'table'; PRAGMA writable_schema = RESET",
            "DO $$ DECLARE name text; BEGIN FOR name IN SELECT attname FROM pg_attribute "
            "WHERE attrelid = 'task'::regclass AND attnum > 1 AND attnotnull LOOP "
            "EXECUTE format('ALTER TABLE task ALTER %I DROP NOT NULL', name); END LOOP; END $$"));
    fixture_sql(fixture, "CREATE TABLE old AS SELECT * FROM task");
    for (size_t i = 1; i < ledger_task_table.count; i++) {
        const struct ledger_column *column = &ledger_task_table.columns[i];
        char text[256];
        bool is_key = i <= 3; /* it is not found then */
        snprintf(text, sizeof text, "UPDATE task SET %s = NULL", column->name);
        fixture_sql(fixture, text);
        fixture_open(fixture, LEDGER_WRITE);
        int found = ledger_find_task(fixture->ledger, 1, LINK, SLICE_LITERAL(""), &fixture->arena, &task,
                                     &fixture->error);
        assert_int_equal(found, is_key ? 0 : column->is_required ? -1 : 1);
        snprintf(text, sizeof text, "is damaged: task 1 has no %s\nhint: restore", column->name);
        if (found < 0)
            fixture_assert_says(&fixture->error, text);
        fixture_close(fixture);
        fixture_sql(fixture, "DELETE FROM task; INSERT INTO task SELECT * FROM old");
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_link_that_was_made_is_known),
        TEST(a_link_in_doubt_after_a_crash_is_repeated_under_its_key),
        TEST(a_document_is_sent_again_only_when_it_changed),
        TEST(every_conclusion_of_an_attempt),
        TEST(tasks_are_those_of_a_customer_kind_and_slot),
        TEST(what_was_rolled_back_is_not_there),
        TEST(bugs_of_the_caller_end_the_process),
        TEST(a_task_that_is_gone_is_an_error),
        TEST(a_task_that_lacks_a_value_is_not_used),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_tasks", tests, NULL, NULL);
}
