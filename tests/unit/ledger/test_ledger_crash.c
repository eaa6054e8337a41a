/* A process that ends at any point leaves a ledger that says the truth, and the next one goes on. */
#include "unit/ledger/ledger_fixture.h"

enum point {
    AFTER_BEGIN,
    AFTER_JOURNAL,
    AFTER_JOURNAL_COMMIT,
    AFTER_SECOND_BEGIN,
    AFTER_RESULT,
    AFTER_RESULT_COMMIT,
    AFTER_CLOSE,
    POINTS
};

static void reach(enum point point, enum point last)
{
    if (point == last)
        _exit(9);
}

/* Creates one customer and dies at a point on the way. */
static void live_until(struct fixture *fixture, enum point last, int64_t id, const char *key,
                       const char *user)
{
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", user);
    struct ledger_result result = {.id = 0,
                                   .row = 1,
                                   .operation = OPERATION_CREATE,
                                   .conclusion = LEDGER_RESULT_ACKNOWLEDGED,
                                   .event = true,
                                   .outcome = &done,
                                   .attempt = 1,
                                   .at_ns = 3};
    struct fixture_digests digests = fixture_digests("abc");
    struct ledger_intent intent = {.id = id,
                                   .external_id = slice_from(key),
                                   .operation = OPERATION_CREATE,
                                   .digest = digests.digest,
                                   .member_digests = slice_make(digests.members, sizeof digests.members),
                                   .at_ns = 2};
    bool taken;
    fixture->ledger = fixture_try(fixture, LEDGER_MAKE);
    if (!fixture->ledger || ledger_begin(fixture->ledger, &fixture->error))
        _exit(1);
    reach(AFTER_BEGIN, last);
    if (ledger_journal(fixture->ledger, &intent, &result.id, &fixture->error))
        _exit(2);
    reach(AFTER_JOURNAL, last);
    if (ledger_commit(fixture->ledger, &fixture->error))
        _exit(3);
    reach(AFTER_JOURNAL_COMMIT, last);
    if (ledger_begin(fixture->ledger, &fixture->error))
        _exit(4);
    reach(AFTER_SECOND_BEGIN, last);
    if (ledger_result(fixture->ledger, &result, &taken, &fixture->error))
        _exit(5);
    reach(AFTER_RESULT, last);
    if (ledger_commit(fixture->ledger, &fixture->error))
        _exit(6);
    reach(AFTER_RESULT_COMMIT, last);
    fixture_close(fixture);
    _exit(9);
}

static void die_at(struct fixture *fixture, enum point point, int64_t id, const char *key, const char *user)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        live_until(fixture, point, id, key, user);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 9);
}

static int64_t count_events(struct fixture *fixture)
{
    struct fixture_findings findings = fixture_verify(fixture, "");
    assert_int_equal(findings.verified.findings, 0);
    return fixture_number(fixture, "SELECT count(*) FROM event");
}

static void what_was_committed_is_there_and_nothing_else(void **state)
{
    static const struct {
        enum point point;
        bool there;
        enum ledger_state state;
        int events; /* of the journal, and of the answer */
    } cases[POINTS] = {
        {AFTER_BEGIN, false, LEDGER_JOURNALLED, 0},
        {AFTER_JOURNAL, false, LEDGER_JOURNALLED, 0},
        {AFTER_JOURNAL_COMMIT, true, LEDGER_JOURNALLED, 1},
        {AFTER_SECOND_BEGIN, true, LEDGER_JOURNALLED, 1},
        {AFTER_RESULT, true, LEDGER_JOURNALLED, 1},
        {AFTER_RESULT_COMMIT, true, LEDGER_CREATED, 2},
        {AFTER_CLOSE, true, LEDGER_CREATED, 2},
    };
    struct fixture *fixture = *state;
    int64_t events = 0;
    for (size_t i = 0; i < POINTS; i++) {
        char key[8], user[8], text[96];
        snprintf(key, sizeof key, "C-%zu", i);
        snprintf(user, sizeof user, "U-%zu", i);
        die_at(fixture, cases[i].point, 0, key, user);
        fixture_open(fixture, LEDGER_MAKE);
        snprintf(text, sizeof text, "SELECT coalesce(max(id), 0) FROM customer WHERE external_id = '%s'",
                 key);
        int64_t id = fixture_number(fixture, text);
        assert_int_equal(id != 0, cases[i].there);
        if (id)
            assert_int_equal(fixture_find(fixture, id).state, cases[i].state);
        events += cases[i].events;
        assert_int_equal(count_events(fixture), events);

        /* The next run goes on and comes to the same end from wherever it was. */
        if (!id || cases[i].state != LEDGER_CREATED) {
            fixture_close(fixture);
            die_at(fixture, AFTER_CLOSE, id, key, user);
            fixture_open(fixture, LEDGER_WRITE);
            events += 2;
        }
        snprintf(text, sizeof text,
                 "SELECT count(*) FROM customer WHERE external_id = '%s' AND user_id = '%s'", key, user);
        assert_int_equal(fixture_number(fixture, text), 1);
        assert_int_equal(count_events(fixture), events);
        fixture_close(fixture);
    }
}

static void a_doubt_of_a_crash_is_told_with_its_first_attempt(void **state)
{
    struct fixture *fixture = *state;
    die_at(fixture, AFTER_JOURNAL_COMMIT, 0, "C-1", "U-1");
    fixture_open(fixture, LEDGER_WRITE);
    struct ledger_customer customer = fixture_find(fixture, 1);
    assert_int_equal(customer.first_sent_at, 2);
    assert_string_equal(fixture_letters(customer.pending_member_digests), "abc");
    assert_int_equal(customer.user_id.len, 0);
}

#define CRASH(test) cmocka_unit_test_setup_teardown(test, fixture_setup_empty, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CRASH(what_was_committed_is_there_and_nothing_else),
        CRASH(a_doubt_of_a_crash_is_told_with_its_first_attempt),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_crash", tests, NULL, NULL);
}
