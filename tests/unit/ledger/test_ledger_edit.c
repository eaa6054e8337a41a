/* Every edit by another program is found: of each column of customer, event, run and task, of whole rows, of
 * the indexes. The columns come from the program's own lists. */
#include <sys/stat.h>

#include "ledger/ledger_internal.h"
#include "unit/erase_one.h"
#include "unit/ledger/task_fixture.h"

enum { TEXT_SIZE = 1024, QUERY_SIZE = 512 };

static void finish_run(struct fixture *fixture)
{
    fixture_begin(fixture);
    assert_int_equal(ledger_run_finish(fixture->ledger, 0, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"),
                                       FIXTURE_AT, &fixture->error),
                     0);
    fixture_commit(fixture);
}

static void start_run(struct fixture *fixture)
{
    fixture_begin(fixture);
    assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", FIXTURE_AT, &fixture->error), 0);
    fixture_commit(fixture);
}

/* Three runs. Run 1: C-1 and C-2 are created, journalled in one commit; run 2: C-3 is created and its update
 * refused, C-4 is refused, C-5 is erased; run 3 has not ended: C-6 is in doubt, C-3 has a verification, a
 * link that was made, a document that was refused and one that is in doubt: tasks 1, 2 and 3. */
static int set_up(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 500, "oops", "");
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "U-1");
    bool found;
    fixture_begin(fixture);
    int64_t first = fixture_journal_at(fixture, 0, "C-1", OPERATION_CREATE, "abc", FIXTURE_AT);
    int64_t second = fixture_journal_at(fixture, 0, "C-2", OPERATION_CREATE, "abd", FIXTURE_AT);
    fixture_commit(fixture);
    fixture_result(fixture, first, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    snprintf(done.user_id, sizeof done.user_id, "U-2");
    fixture_result(fixture, second, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    finish_run(fixture);
    start_run(fixture);
    int64_t third = fixture_create(fixture, "C-3", "abc", "U-3");
    fixture_journal(fixture, third, "C-3", OPERATION_UPDATE, "abd");
    fixture_result(fixture, third, OPERATION_UPDATE, LEDGER_RESULT_REFUSED, &no, 1);
    int64_t fourth = fixture_journal(fixture, 0, "C-4", OPERATION_CREATE, "abc");
    fixture_result(fixture, fourth, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    fixture_create(fixture, "C-5", "abc", "U-5");
    fixture_begin(fixture);
    assert_int_equal(erase_one(fixture->ledger, SLICE_LITERAL("C-5"), FIXTURE_AT, &found, &fixture->error),
                     0);
    assert_true(found);
    fixture_commit(fixture);
    assert_true(fixture_verification(fixture, third, VERIFICATION_ACTION_NEEDED, "documents", "blurred", 7));
    fixture_task_result(fixture, fixture_journal_task(fixture, third, LEDGER_TASK_LINK, "", "", "K-1"),
                        LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    fixture_task_result(fixture,
                        fixture_journal_task(fixture, third, LEDGER_TASK_DOCUMENT, "ssn", "abc", "K-2"),
                        LEDGER_RESULT_REFUSED, &no, 1);
    fixture_journal_task(fixture, third, LEDGER_TASK_DOCUMENT, "selfie", "abd", "");
    finish_run(fixture);
    start_run(fixture);
    int64_t sixth = fixture_journal(fixture, 0, "C-6", OPERATION_CREATE, "abc");
    fixture_result(fixture, sixth, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, &doubt, 1);
    fixture_sql(fixture, "CREATE TABLE old_customer AS SELECT * FROM customer;"
                         "CREATE TABLE old_event AS SELECT * FROM event;"
                         "CREATE TABLE old_task AS SELECT * FROM task;"
                         "CREATE TABLE old_run AS SELECT * FROM run");
    struct fixture_findings findings = fixture_verify(fixture, "");
    if (findings.verified.findings > 0)
        fail_msg("the whole ledger has findings");
    assert_int_equal(findings.verified.customers, 6);
    assert_int_equal(findings.verified.runs, 3);
    assert_int_equal(findings.verified.erased, 1);
    assert_int_equal(findings.verified.tasks, 3);
    return 0;
}

static void restore(struct fixture *fixture)
{
    fixture_sql(fixture, "DELETE FROM customer; INSERT INTO customer SELECT * FROM old_customer;"
                         "DELETE FROM event; INSERT INTO event SELECT * FROM old_event;"
                         "DELETE FROM task; INSERT INTO task SELECT * FROM old_task;"
                         "DELETE FROM run; INSERT INTO run SELECT * FROM old_run");
}

__attribute__((format(printf, 2, 3))) static int64_t number(struct fixture *fixture, const char *format, ...)
{
    char text[QUERY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return fixture_number(fixture, text);
}

/* The edits of one value. NULL: there is none of this kind for it. */
enum edit { EDIT_OTHER, EDIT_EMPTY, EDIT_NULL, EDITS };

static const char *edit_of(struct fixture *fixture, const struct ledger_table *table, size_t column,
                           int64_t id, enum edit edit, char text[TEXT_SIZE])
{
    static const char *const empties[] = {
        [LEDGER_NUMBER] = "0", [LEDGER_TEXT] = "''", [LEDGER_BLOB] = "zeroblob(0)"};
    const struct ledger_column *of = &table->columns[column];
    bool is_null =
        number(fixture, "SELECT %s IS NULL FROM %s WHERE id = %d", of->name, table->name, (int)id) != 0;
    char value[128];
    if (edit == EDIT_OTHER && of->type == LEDGER_NUMBER)
        snprintf(value, sizeof value, "ifnull(%s, 0) + 1000", of->name);
    else if (edit == EDIT_OTHER && of->type == LEDGER_TEXT)
        snprintf(value, sizeof value, "ifnull(%s, '') || 'x'", of->name);
    else if (edit == EDIT_OTHER)
        snprintf(value, sizeof value, "zeroblob(ifnull(length(%s), 32))", of->name);
    else if (edit == EDIT_EMPTY && is_null)
        snprintf(value, sizeof value, "%s", empties[of->type]);
    else if (edit == EDIT_NULL && !is_null && !of->is_required)
        snprintf(value, sizeof value, "NULL");
    else
        return NULL;
    snprintf(text, TEXT_SIZE, "UPDATE %s SET %s = %s WHERE id = %d", table->name, of->name, value, (int)id);
    return text;
}

static void fail_unfound(const char *sql, const struct fixture_findings *findings)
{
    char text[TEXT_SIZE] = "";
    for (int kind = 0; kind <= LEDGER_FINDING_TASK; kind++)
        if (findings->stats[kind])
            snprintf(text + strlen(text), sizeof text - strlen(text),
                     " %u %s (event %d to %d, customer %d %s, run %d: %s)", findings->stats[kind],
                     ledger_finding_word((enum ledger_finding_kind)kind), (int)findings->event[kind],
                     (int)findings->last_event[kind], (int)findings->customer[kind], findings->key[kind],
                     (int)findings->run[kind], findings->text[kind]);
    fail_msg("%s: not found as it must be:%s", sql, text);
}

/* Applies each edit of each column of a row, but that of its id, and restores the ledger after it. */
static void edit_row(struct fixture *fixture, const struct ledger_table *table, int64_t id,
                     bool (*is_found)(struct fixture *fixture, const struct ledger_column *column, int64_t id,
                                      enum edit edit, const struct fixture_findings *findings))
{
    for (size_t column = 1; column < table->count; column++)
        for (enum edit edit = 0; edit < EDITS; edit++) {
            char text[TEXT_SIZE];
            if (!edit_of(fixture, table, column, id, edit, text))
                continue;
            fixture_sql(fixture, text);
            struct fixture_findings findings = fixture_verify(fixture, "");
            if (!is_found(fixture, &table->columns[column], id, edit, &findings))
                fail_unfound(text, &findings);
            restore(fixture);
        }
}

/* One finding, with the customer, its key as stored, and the event that sealed the row. */
static bool customer_is_found(struct fixture *fixture, const struct ledger_column *column, int64_t id,
                              enum edit edit, const struct fixture_findings *findings)
{
    const int kind = LEDGER_FINDING_CUSTOMER;
    char key[64];
    (void)edit;
    snprintf(key, sizeof key, "C-%d", (int)id);
    bool is_key = strcmp(column->name, "external_id") == 0;
    return findings->verified.findings == 1 && findings->stats[kind] == 1 && findings->customer[kind] == id &&
           (is_key || strcmp(findings->key[kind], key) == 0) &&
           findings->event[kind] == number(fixture,
                                           "SELECT max(id) FROM event WHERE customer = %d AND "
                                           "operation NOT IN ('link', 'document')",
                                           (int)id);
}

static void an_edit_of_each_column_of_a_customer_is_found(void **state)
{
    for (int64_t id = 2; id <= 4; id++)
        edit_row(*state, &ledger_customer_table, id, customer_is_found);
}

/* In a commit that has the event. Where it is the last of its customer or run, its seal counts too. */
static bool event_is_found(struct fixture *fixture, const struct ledger_column *column, int64_t id,
                           enum edit edit, const struct fixture_findings *findings)
{
    const int kind = LEDGER_FINDING_EVENT;
    int64_t last = findings->last_event[kind] ? findings->last_event[kind] : findings->event[kind];
    (void)fixture;
    if (strcmp(column->name, "chain") == 0 && edit == EDIT_NULL) /* the next stored chain covers it */
        return findings->verified.findings == 0;
    bool is_other = strcmp(column->name, "seal") == 0 || strcmp(column->name, "customer") == 0 ||
                    strcmp(column->name, "run") == 0;
    return findings->stats[kind] == 1 && findings->event[kind] <= id && id <= last &&
           (is_other || findings->verified.findings == 1);
}

static void an_edit_of_each_column_of_an_event_is_found(void **state)
{
    struct fixture *fixture = *state;
    /* The second of a commit; an answer in a commit of its own; the end of a run; one that was erased. */
    const int64_t ids[] = {3, 5, 6,
                           number(fixture, "SELECT max(id) FROM event WHERE body_digest IS NOT NULL")};
    assert_int_equal(number(fixture, "SELECT customer FROM event WHERE id = 6"), 0);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        edit_row(fixture, &ledger_event_table, ids[i], event_is_found);
}

static bool run_is_found(struct fixture *fixture, const struct ledger_column *column, int64_t id,
                         enum edit edit, const struct fixture_findings *findings)
{
    const int kind = LEDGER_FINDING_RUN;
    (void)fixture, (void)column, (void)edit;
    return findings->verified.findings == 1 && findings->stats[kind] == 1 && findings->run[kind] == id;
}

static void an_edit_of_each_column_of_a_run_is_found(void **state)
{
    for (int64_t id = 1; id <= 3; id++)
        edit_row(*state, &ledger_run_table, id, run_is_found);
}

/* One finding, with the task, the customer of its events and the last of these. */
static bool task_is_found(struct fixture *fixture, const struct ledger_column *column, int64_t id,
                          enum edit edit, const struct fixture_findings *findings)
{
    const int kind = LEDGER_FINDING_TASK;
    (void)column, (void)edit;
    return findings->verified.findings == 1 && findings->stats[kind] == 1 && findings->task[kind] == id &&
           findings->customer[kind] == 3 && strcmp(findings->key[kind], "C-3") == 0 &&
           findings->event[kind] == number(fixture,
                                           "SELECT max(id) FROM event WHERE row = %d AND "
                                           "operation IN ('link', 'document')",
                                           (int)id);
}

static void an_edit_of_each_column_of_a_task_is_found(void **state)
{
    for (int64_t id = 1; id <= 3; id++)
        edit_row(*state, &ledger_task_table, id, task_is_found);
}

/* Edits of whole rows, and what must be found: so many of a kind, of which the first names this. */
struct row_edit {
    const char *sentence, *sql;
    enum ledger_finding_kind kind;
    unsigned count;
    int64_t event, customer, run; /* 0: any */
    const char *text;
};

static const struct row_edit row_edits[] = {
    {"the first customer is deleted", "DELETE FROM customer WHERE id = 1", LEDGER_FINDING_GONE, 1,
     .customer = 1, .text = "the next run would create this customer again"},
    {"a customer is deleted", "DELETE FROM customer WHERE id = 3", LEDGER_FINDING_GONE, 1, .customer = 3,
     .text = "sealed, is missing"},
    {"the last customer is deleted", "DELETE FROM customer WHERE id = 6", LEDGER_FINDING_GONE, 1,
     .customer = 6, .text = "sealed, is missing"},
    {"all customers are deleted", "DELETE FROM customer", LEDGER_FINDING_GONE, 6, .customer = 1,
     .text = "sealed, is missing"},
    {"a customer and its events are deleted",
     "DELETE FROM customer WHERE id = 4; DELETE FROM event WHERE customer = 4", LEDGER_FINDING_GONE, 1,
     .customer = 4, .text = "neither a row nor an event"},
    {"a customer's id is another", "UPDATE customer SET id = 1000 WHERE id = 3", LEDGER_FINDING_GONE, 1,
     .customer = 3, .text = "sealed, is missing"},
    {"a customer was added",
     "INSERT INTO customer(id, state, operation, refusals, attempts, updated_at) VALUES (7, 'unsent', 'create', 0, 0, 1)",
     LEDGER_FINDING_CUSTOMER, 1, .customer = 7, .text = "it has no event"},
    {"a customer has an id that sizes no array",
     "INSERT INTO customer(id, state, operation, refusals, attempts, updated_at) VALUES (9223372036854775807, 'unsent', 'create', 0, 0, 1)",
     LEDGER_FINDING_CUSTOMER, 1, .customer = INT64_MAX, .text = "it has no event"},
    {"a customer has a negative id",
     "INSERT INTO customer(id, state, operation, refusals, attempts, updated_at) VALUES (-9223372036854775808, 'unsent', 'create', 0, 0, 1)",
     LEDGER_FINDING_CUSTOMER, 1, .customer = INT64_MIN, .text = "it has no event"},
    {"two customers are swapped",
     "UPDATE customer SET id = 100 WHERE id = 1; UPDATE customer SET id = 1 WHERE id = 2; UPDATE customer SET id = 2 WHERE id = 100",
     LEDGER_FINDING_CUSTOMER, 2, .customer = 1, .text = "its row is not the one that event"},
    {"two customers have one user",
     "DROP INDEX customer_user_id; UPDATE customer SET user_id = 'U-1' WHERE id = 3", LEDGER_FINDING_USER, 1,
     .customer = 1, .text = "customers 1 and 3 have the same user_id U-1"},
    {"an index is missing", "DROP INDEX customer_user_id", LEDGER_FINDING_FILE, 1,
     .text = "customer_user_id"},

    {"the first event is deleted", "DELETE FROM event WHERE id = 1", LEDGER_FINDING_MISSING, 1, .event = 1,
     .text = "it is missing"},
    {"an event is deleted", "DELETE FROM event WHERE id = 4", LEDGER_FINDING_MISSING, 1, .event = 4,
     .text = "it is missing"},
    {"two events are deleted", "DELETE FROM event WHERE id IN (4, 5)", LEDGER_FINDING_MISSING, 1, .event = 4,
     .text = "they are missing"},
    {"two customers lack their last events", "DELETE FROM event WHERE id IN (4, 5)", LEDGER_FINDING_CUSTOMER,
     2, .customer = 1, .text = "or its later events are missing"},
    {"an event's id is another", "UPDATE event SET id = 4611686018427387904 WHERE id = 4",
     LEDGER_FINDING_MISSING, 2, .event = 4},
    {"an event has no id that one can have",
     "INSERT INTO event SELECT -1, run, customer, row, operation, outcome, at, attempt, latency_ms, http_status, seal, user_id, digest, code, request_id, body_digest, chain FROM event WHERE id = 3",
     LEDGER_FINDING_EVENT, 1, .event = -1, .text = "it was added"},
    {"an event is of another customer", "UPDATE event SET customer = 1 WHERE id = 5", LEDGER_FINDING_EVENT, 1,
     .event = 5, .text = "it was changed"},
    {"an event is of a customer that sizes no array",
     "UPDATE event SET customer = 4611686018427387904 WHERE id = 5", LEDGER_FINDING_EVENT, 1, .event = 5,
     .text = "cannot have given"},
    {"two events are swapped",
     "UPDATE event SET id = 100 WHERE id = 4; UPDATE event SET id = 4 WHERE id = 5; UPDATE event SET id = 5 WHERE id = 100",
     LEDGER_FINDING_EVENT, 3, .text = "it was changed"},
    {"an event is added at the end",
     "INSERT INTO event SELECT (SELECT max(id) + 1 FROM event), run, customer, row, operation, outcome, at, attempt, latency_ms, http_status, seal, user_id, digest, code, request_id, body_digest, chain FROM event WHERE id = (SELECT max(id) FROM event)",
     LEDGER_FINDING_EVENT, 1, .text = "it was changed"},
    {"the last event has no chain", "UPDATE event SET chain = NULL WHERE id = (SELECT max(id) FROM event)",
     LEDGER_FINDING_EVENT, 1, .text = "has no chain"},
    {"an erased event has data again",
     "UPDATE event SET user_id = 'U-5' WHERE outcome = 'done' AND customer = 5 AND body_digest IS NOT NULL",
     LEDGER_FINDING_EVENT, 1, .customer = 5, .text = "has both its data and the body_digest"},
    {"two commits are edited", "UPDATE event SET latency_ms = 1 WHERE id IN (4, 9)", LEDGER_FINDING_EVENT, 2,
     .event = 4},
    {"an event, and the chain of the next one",
     "UPDATE event SET latency_ms = 1 WHERE id = 4; UPDATE event SET chain = zeroblob(32) WHERE id = 5",
     LEDGER_FINDING_EVENT, 2, .event = 4},

    {"the first run is deleted", "DELETE FROM run WHERE id = 1", LEDGER_FINDING_RUN, 1, .run = 1,
     .text = "its row is missing"},
    {"a run is deleted", "DELETE FROM run WHERE id = 2", LEDGER_FINDING_RUN, 1, .run = 2,
     .text = "its row is missing"},
    {"the last run is deleted", "DELETE FROM run WHERE id = 3", LEDGER_FINDING_RUN, 1, .run = 3,
     .text = "its row is missing"},
    {"all runs are deleted", "DELETE FROM run", LEDGER_FINDING_RUN, 3, .run = 1},
    {"a run's id is another", "UPDATE run SET id = 9223372036854775807 WHERE id = 2", LEDGER_FINDING_RUN, 2,
     .run = 2},
    {"a run was added", "INSERT INTO run(id, epoch, command, started) VALUES (4, 4, 'run', 'x')",
     LEDGER_FINDING_RUN, 1, .run = 4, .text = "no event records its start"},
    {"two runs have each other's head",
     "UPDATE run SET chain_head = (SELECT chain_head FROM old_run WHERE id = 3 - run.id) WHERE id < 3",
     LEDGER_FINDING_RUN, 2, .run = 1, .text = "its chain_head is not the chain after event"},
    {"a run that has not ended has a head",
     "UPDATE run SET chain_head = (SELECT chain_head FROM old_run WHERE id = 1) WHERE id = 3",
     LEDGER_FINDING_RUN, 1, .run = 3, .text = "no event records its end"},
    {"a task is deleted", "DELETE FROM task WHERE id = 2", LEDGER_FINDING_TASK, 1, .customer = 3,
     .text = "its row is missing: the next run would send this link or document again"},
    {"the last task is deleted", "DELETE FROM task WHERE id = 3", LEDGER_FINDING_TASK, 1, .customer = 3,
     .text = "its row is missing"},
    {"all tasks are deleted", "DELETE FROM task", LEDGER_FINDING_TASK, 3, .customer = 3,
     .text = "its row is missing"},
    {"a task and its events are deleted",
     "DELETE FROM task WHERE id = 2; DELETE FROM event WHERE operation = 'document' AND row = 2",
     LEDGER_FINDING_TASK, 1, .text = "its row is missing"},
    {"a task was added",
     "INSERT INTO task SELECT 4, 2, kind, slot, state, digest, idempotency_key, attempts, http_status, code, created_at, updated_at FROM task WHERE id = 1",
     LEDGER_FINDING_TASK, 1, .customer = 2, .text = "it has no event"},
    {"a task has an id that sizes no array", "UPDATE task SET id = 9223372036854775807 WHERE id = 3",
     LEDGER_FINDING_TASK, 2, .customer = 3},
    {"a task has a negative id", "UPDATE task SET id = -9223372036854775808 WHERE id = 3",
     LEDGER_FINDING_TASK, 2, .customer = 3},
    {"two tasks are swapped",
     "UPDATE task SET id = 100 WHERE id = 1; UPDATE task SET id = 1 WHERE id = 2; UPDATE task SET id = 2 WHERE id = 100",
     LEDGER_FINDING_TASK, 2, .customer = 3, .text = "its row is not the one that its last event sealed"},
    {"a task's event is of another one", "UPDATE event SET row = 1 WHERE operation = 'document' AND row = 3",
     LEDGER_FINDING_TASK, 2, .customer = 3},
    {"a task's event is of one that sizes no array",
     "UPDATE event SET row = 4611686018427387904 WHERE operation = 'document' AND row = 3",
     LEDGER_FINDING_EVENT, 1, .text = "cannot have given"},
    {"a task's event is of another customer",
     "UPDATE event SET customer = 2 WHERE operation = 'link' AND outcome = 'done'", LEDGER_FINDING_EVENT, 1,
     .customer = 2, .text = "its task is that of another customer"},
    {"the index of tasks is missing", "DROP INDEX task_slot", LEDGER_FINDING_FILE, 1, .text = "task_slot"},
    {"a whole run is gone",
     "DELETE FROM event WHERE run = 2; DELETE FROM run WHERE id = 2; DELETE FROM customer WHERE first_run = 2",
     LEDGER_FINDING_MISSING, 1, .text = "they are missing"},
};

static void an_edit_of_whole_rows_is_found(void **state)
{
    for (size_t i = 0; i < sizeof row_edits / sizeof *row_edits; i++) {
        const struct row_edit *edit = &row_edits[i];
        char sentence[TEXT_SIZE];
        set_up(state);
        struct fixture *fixture = *state;
        fixture_sql(fixture, edit->sql);
        struct fixture_findings findings = fixture_verify(fixture, "");
        snprintf(sentence, sizeof sentence, "%s (%s)", edit->sentence, edit->sql);
        if (findings.stats[edit->kind] != edit->count ||
            (edit->event && findings.event[edit->kind] != edit->event) ||
            (edit->customer && findings.customer[edit->kind] != edit->customer) ||
            (edit->run && findings.run[edit->kind] != edit->run) ||
            (edit->text && !strstr(findings.text[edit->kind], edit->text)))
            fail_unfound(sentence, &findings);
        fixture_teardown(state);
    }
}

static void an_older_row_put_back_is_found(void **state)
{
    struct fixture *fixture = *state;
    fixture_journal(fixture, 1, "C-1", OPERATION_UPDATE, "abe");
    struct outcome done = fixture_outcome(OUTCOME_DONE, 200, "", "");
    fixture_result(fixture, 1, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    int64_t last = number(fixture, "SELECT max(id) FROM event");
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    fixture_sql(fixture, "DELETE FROM customer WHERE id = 1;"
                         "INSERT INTO customer SELECT * FROM old_customer WHERE id = 1");
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.verified.findings, 1);
    assert_int_equal(findings.customer[LEDGER_FINDING_CUSTOMER], 1);
    assert_int_equal(findings.event[LEDGER_FINDING_CUSTOMER], last);
    assert_string_equal(findings.key[LEDGER_FINDING_CUSTOMER], "C-1");
}

/* The last run, its events and its customers are gone, and the rows before it are whole: an older ledger. */
static void only_the_reports_head_proves_the_last_run(void **state)
{
    struct fixture *fixture = *state;
    char head[LEDGER_HEAD_SIZE];
    ledger_chain_head(fixture->ledger, head);
    assert_int_equal(fixture_verify(fixture, head).verified.findings, 0);
    fixture_sql(fixture, "DELETE FROM event WHERE run = 3; DELETE FROM run WHERE id = 3;"
                         "DELETE FROM customer WHERE first_run = 3");
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    struct fixture_findings findings = fixture_verify(fixture, head);
    assert_int_equal(findings.verified.findings, 1);
    assert_int_equal(findings.stats[LEDGER_FINDING_REPORT], 1);
}

/* A head in the middle of a commit is held too: the chain is computed for each event. */
static void a_head_between_commits_is_held_without_its_chain(void **state)
{
    struct fixture *fixture = *state;
    char head[LEDGER_HEAD_SIZE];
    ledger_chain_head(fixture->ledger, head);
    fixture_journal(fixture, 1, "C-1", OPERATION_UPDATE, "abe");
    fixture_sql(fixture, "UPDATE event SET chain = NULL WHERE id < (SELECT max(id) FROM event)");
    assert_int_equal(fixture_verify(fixture, head).verified.findings, 0);
}

/* Deleted by another program, and made anew by the next run under the same id. */
static void a_task_that_was_made_twice_is_found(void **state)
{
    struct fixture *fixture = *state;
    fixture_sql(fixture, "DELETE FROM task WHERE id = 3");
    assert_int_equal(fixture_journal_task(fixture, 3, LEDGER_TASK_DOCUMENT, "selfie", "abd", ""), 3);
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.verified.findings, 1);
    assert_int_equal(findings.customer[LEDGER_FINDING_EVENT], 3);
    assert_non_null(strstr(findings.text[LEDGER_FINDING_EVENT], "that was made before"));
}

/* The time of the last reading would be an event for every user and night. */
static void a_reading_is_not_proven(void **state)
{
    struct fixture *fixture = *state;
    fixture_sql(fixture, "UPDATE reading SET at = at + 1; INSERT INTO reading VALUES(1, 1)");
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

static void append_event(struct fixture *fixture, const char *outcome, int64_t epoch)
{
    struct ledger *ledger = fixture->ledger;
    struct ledger_value values[LEDGER_RUN_COLUMNS];
    uint8_t seal[LEDGER_SEAL_LEN];
    ledger->run.epoch = epoch;
    ledger_row_to_values(&ledger_run_table, &ledger->run, values);
    ledger_sealer_seal(ledger->sealer, &ledger_run_table, values, seal);
    struct ledger_event event = {.operation = SLICE_LITERAL("run"),
                                 .outcome = slice_from(outcome),
                                 .at = FIXTURE_AT,
                                 .seal = slice_make((const char *)seal, sizeof seal)};
    fixture_begin(fixture);
    assert_int_equal(store_update_run(ledger->store, values, &fixture->error), 0);
    assert_int_equal(ledger_write_event(ledger, &event, &fixture->error), 0);
    fixture_commit(fixture);
}

/* Sealed and chained, so by this program or with its key: two that wrote at once, or a later version. */
static void what_no_version_writes_is_found(void **state)
{
    struct fixture *fixture = *state;
    append_event(fixture, "started", 2);
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.verified.findings, 1);
    assert_int_equal(findings.run[LEDGER_FINDING_RUN], 3);
    assert_string_equal(findings.text[LEDGER_FINDING_RUN], "its epoch is 2, and that of an earlier run is 2");
    append_event(fixture, "renamed", 3);
    findings = fixture_verify(fixture, "");
    assert_int_equal(findings.stats[LEDGER_FINDING_EVENT], 1);
    assert_non_null(strstr(findings.text[LEDGER_FINDING_EVENT], "neither the start nor the end of a run"));
}

/* Flips a bit of this text in the pages of an index. */
static void flip_bit(struct fixture *fixture, const char *index, const char *text, size_t len)
{
    enum { PAGE = 4096 };
    char page[PAGE];
    long start =
        ((long)number(fixture, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", index) - 1) * PAGE;
    FILE *file = fopen(fixture->path, "r+");
    assert_non_null(file);
    fseek(file, start, SEEK_SET);
    assert_int_equal(fread(page, 1, PAGE, file), PAGE);
    char *found = memmem(page, PAGE, text, len);
    assert_non_null(found);
    *found ^= 1;
    fseek(file, start, SEEK_SET);
    assert_int_equal(fwrite(page, 1, PAGE, file), PAGE);
    fclose(file);
}

static void a_flipped_bit_in_an_index_is_found(void **state)
{
    ledger_file_only();
    static const struct {
        const char *index, *text;
    } cases[] = {{"customer_external_id", "C-3"}, {"customer_user_id", "U-2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_up(state);
        struct fixture *fixture = *state;
        fixture_close(fixture);
        fixture_sql(fixture, "PRAGMA wal_checkpoint(TRUNCATE)");
        flip_bit(fixture, cases[i].index, cases[i].text, strlen(cases[i].text));
        fixture_open(fixture, LEDGER_WRITE);
        struct fixture_findings findings = fixture_verify(fixture, "");
        if (findings.verified.findings == 0 ||
            findings.stats[LEDGER_FINDING_FILE] != findings.verified.findings)
            fail_unfound(cases[i].index, &findings);
        fixture_teardown(state);
    }
}

#define EDIT(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EDIT(an_edit_of_each_column_of_a_customer_is_found),
        EDIT(an_edit_of_each_column_of_an_event_is_found),
        EDIT(an_edit_of_each_column_of_a_run_is_found),
        EDIT(an_edit_of_each_column_of_a_task_is_found),
        EDIT(a_task_that_was_made_twice_is_found),
        EDIT(a_reading_is_not_proven),
        cmocka_unit_test(an_edit_of_whole_rows_is_found),
        EDIT(an_older_row_put_back_is_found),
        EDIT(only_the_reports_head_proves_the_last_run),
        EDIT(a_head_between_commits_is_held_without_its_chain),
        EDIT(what_no_version_writes_is_found),
        cmocka_unit_test(a_flipped_bit_in_an_index_is_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_edit", tests, NULL, NULL);
}
