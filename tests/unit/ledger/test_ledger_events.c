/* Each change of a customer has one event, with what it did and nothing of what another one did. */
#include "unit/erase_one.h"
#include "unit/ledger/ledger_fixture.h"

/* Every event: operation, outcome, attempt, status, code and user; `*`: with a digest. */
static void assert_events(struct fixture *fixture, const char *const *want, size_t count)
{
    char got[8192], wanted[8192] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s\n", want[i]);
    ledger_file_lines(fixture->path,
                      "SELECT id || ' ' || run || ' ' || customer || ' ' || operation || ' ' "
                      "|| outcome || ' ' || attempt || ' ' || coalesce(cast(http_status AS text), '-') || "
                      "' ' || coalesce(code, '-') || ' ' || coalesce(user_id, '-') || "
                      "CASE WHEN digest IS NULL THEN '' ELSE ' *' END FROM event ORDER BY id",
                      got, sizeof got);
    assert_string_equal(got, wanted);
}

#define ASSERT_EVENTS(fixture, want) assert_events(fixture, want, sizeof(want) / sizeof *(want))

static void requests_are_journalled_once_and_answered_by_attempts(void **state)
{
    static const char *const want[] = {
        "1 1 0 run started 0 - - -",           "2 1 1 create journalled 0 - - - *",
        "3 1 1 create throttled 1 429 slow -", "4 1 1 create in_doubt 2 - timeout -",
        "5 1 1 create repeated 0 - - - *",     "6 1 1 look_up done 2 200 absent -",
        "7 1 1 create superseded 0 - - - *",   "8 1 1 create done 3 201 - U-1",
        "9 1 1 update journalled 0 - - - *",   "10 1 1 update done 1 200 left_out -",
        "11 1 1 update journalled 0 - - - *",  "12 1 1 update abandoned 0 - - -",
        "13 1 2 create journalled 0 - - - *",  "14 1 2 create refused 1 422 no -",
        "15 1 2 create forgotten 0 - - -",
    };
    struct fixture *fixture = *state;
    struct outcome slow = fixture_outcome(OUTCOME_THROTTLED, 429, "slow", "");
    struct outcome lost = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
    struct outcome absent = fixture_outcome(OUTCOME_DONE, 200, "absent", "");
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "U-1");
    struct outcome updated = fixture_outcome(OUTCOME_DONE, 200, "", "");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    struct fixture_digests digests = fixture_digests("abd");
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    const struct ledger_intent other = {.id = id,
                                        .external_id = SLICE_LITERAL("C-1"),
                                        .operation = OPERATION_CREATE,
                                        .digest = digests.digest,
                                        .member_digests = slice_make(digests.members, sizeof digests.members),
                                        .at_ns = 5};
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &slow, 1);
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &lost, 2);
    fixture_journal(fixture, id, "C-1", OPERATION_CREATE, "abc");
    fixture_result(fixture, id, OPERATION_LOOK_UP, LEDGER_RESULT_OPEN, &absent, 2);
    fixture_begin(fixture);
    assert_int_equal(ledger_journal_superseded(fixture->ledger, &other, &fixture->error), 0);
    fixture_commit(fixture);
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 3);
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "xyz");
    fixture_left_out(fixture, id, &updated, 1);
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "xyw");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    id = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    fixture_begin(fixture);
    assert_int_equal(ledger_forget_refusal(fixture->ledger, id, 6, &fixture->error), 0);
    assert_int_equal(ledger_forget_refusal(fixture->ledger, id, 6, &fixture->error), 0); /* already */
    fixture_commit(fixture);
    ASSERT_EVENTS(fixture, want);
}

/* A run counts the attempts that it began; the ledger those that left. */
static void what_was_not_sent_is_no_attempt(void **state)
{
    static const char *const want[] = {
        "1 1 0 run started 0 - - -",
        "2 1 1 create journalled 0 - - - *",
        "3 1 1 create refused 0 - not_built -",
        "4 1 2 create journalled 0 - - - *",
        "5 1 2 create abandoned 0 - - -",
    };
    struct fixture *fixture = *state;
    struct outcome not_built = {.kind = OUTCOME_REFUSED, .code = "not_built"};
    struct outcome withdrawn = {.kind = OUTCOME_WITHDRAWN, .code = "withdrawn"};
    bool taken;
    for (int i = 0; i < 2; i++) {
        const struct ledger_result result = {
            .id = fixture_journal(fixture, 0, i ? "C-2" : "C-1", OPERATION_CREATE, "abc"),
            .operation = OPERATION_CREATE,
            .conclusion = i ? LEDGER_RESULT_ABANDONED : LEDGER_RESULT_REFUSED,
            .outcome = i ? &withdrawn : &not_built,
            .attempt = 3,
            .latency_ms = 12, /* of an earlier attempt */
            .at_ns = 5};
        fixture_begin(fixture);
        assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
        fixture_commit(fixture);
        assert_int_equal(fixture_find(fixture, result.id).attempts, 0);
    }
    ASSERT_EVENTS(fixture, want);
    assert_int_equal(fixture_number(fixture, "SELECT max(latency_ms) FROM event"), 0);
}

static void settle(struct fixture *fixture, const char *key, const char *user)
{
    const struct ledger_verdict verdict = {
        .external_id = slice_from(key), .user_id = slice_from(user), .at_ns = 7};
    enum ledger_settlement settlement;
    assert_int_equal(ledger_settle(fixture->ledger, &verdict, &settlement, &fixture->error), 0);
}

static void decisions_of_persons_and_of_runs_are_events_without_an_attempt(void **state)
{
    static const char *const want[] = {
        "1 1 0 run started 0 - - -",
        "2 1 1 create journalled 0 - - -", /* the erasure took its digest, and the user of the next */
        "3 1 1 create settled 0 - - -",
        "4 1 2 create settled 0 - - U-2",
        "5 1 2 create settled 0 - - -",
        "6 1 3 create twin_refused 0 - - -",
        "7 1 3 create twin_stopped 0 - - -",
        "8 1 3 rekey released 0 - - -",
        "9 1 1 rekey done 0 - - -",
        "10 1 1 erase done 0 - - -",
        "11 1 4 erase done 0 - - -", /* its former key, C-1 */
        "12 1 0 run finished 0 - - -",
    };
    struct fixture *fixture = *state;
    struct fixture_digests digests = fixture_digests("abc");
    const struct ledger_intent twin = {.external_id = SLICE_LITERAL("C-3"),
                                       .digest = digests.digest,
                                       .member_digests = slice_make(digests.members, sizeof digests.members),
                                       .at_ns = 4};
    const struct ledger_rekey rekey = {.from = SLICE_LITERAL("C-1"), .to = SLICE_LITERAL("C-3"), .at_ns = 5};
    enum ledger_settlement settlement;
    fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    fixture_begin(fixture);
    settle(fixture, "C-1", "U-1");
    settle(fixture, "C-2", "U-2");
    settle(fixture, "C-2", "U-1"); /* taken: not written */
    settle(fixture, "C-2", "");
    assert_int_equal(ledger_note_twin(fixture->ledger, &twin, SLICE_LITERAL("twin"), &fixture->error), 0);
    assert_int_equal(ledger_stop_twins(fixture->ledger, 5, &fixture->error), 0);
    assert_int_equal(ledger_stop_twins(fixture->ledger, 5, &fixture->error), 0); /* already */
    assert_int_equal(ledger_rekey(fixture->ledger, &rekey, &settlement, &fixture->error), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_find(fixture, 1).verdict, 3);
    bool found;
    fixture_begin(fixture);
    assert_int_equal(erase_one(fixture->ledger, SLICE_LITERAL("C-3"), 8, &found, &fixture->error), 0);
    assert_int_equal(
        ledger_run_finish(fixture->ledger, 0, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"), 9, &fixture->error),
        0);
    fixture_commit(fixture);
    ASSERT_EVENTS(fixture, want);
}

#define EVENTS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EVENTS(requests_are_journalled_once_and_answered_by_attempts),
        EVENTS(what_was_not_sent_is_no_attempt),
        EVENTS(decisions_of_persons_and_of_runs_are_events_without_an_attempt),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_events", tests, NULL, NULL);
}
