/* An erasure leaves nothing that identifies the customer, and a chain that still proves the rest. */
#include "unit/erase_one.h"
#include "unit/ledger/task_fixture.h"

static bool erase(struct fixture *fixture, const char *key)
{
    bool found = false;
    fixture_begin(fixture);
    if (erase_one(fixture->ledger, slice_from(key), FIXTURE_AT + 9, &found, &fixture->error) != 0)
        fail_msg("erase: %s", fixture->error.text);
    fixture_commit(fixture);
    return found;
}

static int64_t id_of(struct fixture *fixture, const char *key)
{
    struct ledger_customer customer = {.id = 0};
    assert_true(ledger_find_by_key(fixture->ledger, slice_from(key), &fixture->arena, &customer,
                                   &fixture->error) >= 0);
    return customer.id;
}

static void assert_verifies(struct fixture *fixture, uint64_t erased)
{
    struct fixture_findings findings = fixture_verify(fixture, "");
    for (size_t i = 0; i <= LEDGER_FINDING_TASK; i++)
        if (findings.stats[i] > 0)
            fail_msg("%s", findings.text[i]);
    assert_int_equal(findings.verified.erased, erased);
}

/* A customer with something in every column that an erasure removes, and the events of it. Returns its id. */
static int64_t make_customer(struct fixture *fixture)
{
    struct fixture_digests digests = fixture_digests("abc");
    const struct ledger_intent intent = {
        .external_id = SLICE_LITERAL("C-secret"),
        .operation = OPERATION_CREATE,
        .digest = digests.digest,
        .member_digests = slice_make(digests.members, sizeof digests.members),
        .email_digest = slice_make(digests.members, FINGERPRINT_MEMBER_LEN),
        .identity = slice_make(digests.members, FINGERPRINT_IDENTITY_LEN),
        .idempotency_key = SLICE_LITERAL("K-secret"),
        .at_ns = 5,
    };
    const struct ledger_rekey rekey = {
        .from = SLICE_LITERAL("C-secret"), .to = SLICE_LITERAL("N-secret"), .at_ns = 8};
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "code-secret", "U-secret");
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 500, "oops-secret", "");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no-secret", "");
    struct outcome partly = fixture_outcome(OUTCOME_DONE, 200, "", "");
    enum ledger_settlement settlement;
    int64_t id;
    snprintf(done.kept, sizeof done.kept, "{\"account\":\"A-secret\"}");
    fixture_begin(fixture);
    assert_int_equal(ledger_journal(fixture->ledger, &intent, &id, &fixture->error), 0);
    fixture_commit(fixture);
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &doubt, 1);
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 2);
    fixture_journal(fixture, id, "C-secret", OPERATION_UPDATE, "xyz");
    fixture_left_out(fixture, id, &partly, 1);
    fixture_journal(fixture, id, "C-secret", OPERATION_UPDATE, "xyw");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_REFUSED, &no, 1);
    fixture_begin(fixture);
    assert_int_equal(ledger_rekey(fixture->ledger, &rekey, &settlement, &fixture->error), 0);
    fixture_commit(fixture);
    assert_int_equal(settlement, LEDGER_SETTLED);
    struct outcome link = fixture_outcome(OUTCOME_DONE, 201, "link-secret", "");
    fixture_verification(fixture, id, VERIFICATION_REJECTED, "word-secret", "reason-secret", 9);
    fixture_task_result(fixture, fixture_journal_task(fixture, id, LEDGER_TASK_LINK, "", "", "L-secret"),
                        LEDGER_RESULT_ACKNOWLEDGED, &link, 1);
    fixture_task_result(
        fixture,
        fixture_journal_task(fixture, id, LEDGER_TASK_DOCUMENT, "slot-secret", "digest-secret", "D-secret"),
        LEDGER_RESULT_REFUSED, &no, 1);
    fixture_journal_task(fixture, id, LEDGER_TASK_DOCUMENT, "other-secret", "doubt-secret", "D-secret");
    return id;
}

static void nothing_is_left_but_its_id_runs_and_times(void **state)
{
    static const char *const gone[] = {
        "former_key",
        "user_id",
        "digest",
        "member_digests",
        "email_digest",
        "left_out",
        "kept",
        "identity",
        "twin",
        "verdict",
        "pending_digest",
        "http_status",
        "code",
        "message",
        "request_id",
        "pending_member_digests",
        "pending_email_digest",
        "idempotency_key",
        "first_sent_at",
        "verification",
        "verification_word",
        "verification_reason",
        "verification_at",
        "link_at",
    };
    struct fixture *fixture = *state;
    char text[512];
    fixture_create(fixture, "C-0", "abc", "U-0");
    int64_t id = make_customer(fixture);
    fixture_create(fixture, "C-9", "abc", "U-9");
    int64_t bodies = fixture_number(fixture, "SELECT count(*) FROM event WHERE digest IS NOT NULL");
    int64_t own =
        fixture_number(fixture, "SELECT count(*) FROM event WHERE customer = 2 AND digest IS NOT NULL");
    const char *const has_body = "SELECT count(*) FROM event WHERE customer = 2 AND (user_id IS NOT NULL OR "
                                 "digest IS NOT NULL OR code IS NOT NULL OR request_id IS NOT NULL)";
    int64_t removed = fixture_number(fixture, has_body);
    assert_int_equal(id, 2);
    assert_true(own > 0);
    assert_true(removed < fixture_number(fixture, "SELECT count(*) FROM event WHERE customer = 2"));
    assert_true(erase(fixture, "N-secret"));
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        snprintf(text, sizeof text, "SELECT count(%s) FROM customer WHERE id = 2", gone[i]);
        if (fixture_number(fixture, text) != 0)
            fail_msg("%s is still there", gone[i]);
    }
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_ERASED);
    assert_int_equal(customer.attempts, 0);
    assert_int_equal(customer.refusals, 0);
    assert_int_equal(customer.first_run, 1);
    assert_int_equal(customer.updated_at, FIXTURE_AT + 9);
    assert_int_equal(customer.external_id.len, sizeof "erased:" - 1 + 64);
    assert_true(slice_begins_with(customer.external_id, "erased:"));
    /* Its events have no body, and those of others have theirs. */
    assert_int_equal(fixture_number(fixture, "SELECT count(user_id) + count(digest) + count(code) + "
                                             "count(request_id) FROM event WHERE customer = 2"),
                     0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE digest IS NOT NULL"),
                     bodies - own);
    assert_int_equal(fixture_number(fixture, "SELECT count(body_digest) FROM event WHERE customer <> 2"), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(body_digest) FROM event WHERE customer = 2"),
                     removed);
    assert_verifies(fixture, 2);
    fixture_reopen(fixture);
    assert_verifies(fixture, 2);
}

/* Neither a value of any column nor a byte of the file's pages, once they were written anew. */
static void no_text_of_it_is_in_the_file(void **state)
{
    struct fixture *fixture = *state;
    ledger_file_only();
    make_customer(fixture);
    assert_true(erase(fixture, "N-secret"));
    fixture_close(fixture);
    fixture_sql(fixture, "PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    FILE *file = fopen(fixture->path, "rb");
    assert_non_null(file);
    static char bytes[1 << 20];
    size_t len = fread(bytes, 1, sizeof bytes, file);
    assert_true(len > 4096 && len < sizeof bytes);
    fclose(file);
    assert_null(memmem(bytes, len, "secret", 6));
    fixture_open(fixture, LEDGER_WRITE);
    assert_verifies(fixture, 2);
}

static void its_tasks_are_erased_and_still_proven(void **state)
{
    struct fixture *fixture = *state;
    uint64_t at_ns = 1;
    int64_t other = fixture_create(fixture, "C-0", "abc", "U-0");
    fixture_journal_task(fixture, other, LEDGER_TASK_LINK, "", "", "L-0");
    fixture_verification(fixture, other, VERIFICATION_PENDING, "p", "", 8);
    int64_t id = make_customer(fixture);
    assert_int_equal(ledger_reading(fixture->ledger, id, &at_ns, &fixture->error), 0);
    assert_int_equal(at_ns, 9);
    assert_true(erase(fixture, "N-secret"));
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM task WHERE customer = 2 AND state = 'erased' "
                                    "AND slot = 'erased:' || id AND attempts = 0 AND updated_at = 1000009"),
                     3);
    assert_int_equal(fixture_number(fixture, "SELECT count(digest) + count(idempotency_key) + count(code) + "
                                             "count(http_status) FROM task WHERE customer = 2"),
                     0);
    assert_int_equal(ledger_reading(fixture->ledger, id, &at_ns, &fixture->error), 0);
    assert_int_equal(at_ns, 0);
    /* Those of others are as they were. */
    assert_true(
        fixture_slice_is(fixture_find_task(fixture, other, LEDGER_TASK_LINK, "").idempotency_key, "L-0"));
    assert_int_equal(ledger_reading(fixture->ledger, other, &at_ns, &fixture->error), 0);
    assert_int_equal(at_ns, 8);
    assert_verifies(fixture, 2);
    fixture_sql(fixture, "UPDATE task SET slot = 'x' WHERE id = 3");
    assert_int_equal(fixture_verify(fixture, "").stats[LEDGER_FINDING_TASK], 1);
}

static void what_may_be_in_doubt_is_not_erased(void **state)
{
    struct fixture *fixture = *state;
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 500, "", "");
    int64_t journalled = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    int64_t create = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    fixture_result(fixture, create, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, &doubt, 1);
    int64_t update = fixture_create(fixture, "C-3", "abc", "U-3");
    fixture_journal(fixture, update, "C-3", OPERATION_UPDATE, "abd");
    int64_t events = fixture_number(fixture, "SELECT count(*) FROM event");
    assert_false(erase(fixture, "C-1"));
    assert_false(erase(fixture, "C-2"));
    assert_false(erase(fixture, "C-3"));
    assert_false(erase(fixture, "C-4")); /* which the ledger does not have */
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event"), events);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 3);
    assert_int_equal(fixture_find(fixture, journalled).state, LEDGER_JOURNALLED);
    assert_int_equal(fixture_find(fixture, create).state, LEDGER_IN_DOUBT);
    assert_true(fixture_slice_is(fixture_find(fixture, update).user_id, "U-3"));
    assert_verifies(fixture, 0);
}

static void note_brief(void *context, const struct ledger_brief *brief)
{
    char *text = context;
    snprintf(text + strlen(text), 64 - strlen(text), "%.*s ", (int)brief->external_id.len,
             brief->external_id.data);
}

static void the_next_run_sees_a_new_customer(void **state)
{
    struct fixture *fixture = *state;
    char text[64] = "";
    int64_t id = fixture_create(fixture, "C-1", "abc", "U-1");
    fixture_create(fixture, "C-2", "abc", "U-2");
    assert_true(erase(fixture, "C-1"));
    assert_int_equal(ledger_scan(fixture->ledger, note_brief, text, &fixture->error), 0);
    assert_string_equal(text, "C-2 ");
    assert_int_equal(id_of(fixture, "C-1"), 0);
    assert_false(erase(fixture, "C-1"));
    int64_t owner = -1;
    assert_int_equal(ledger_owner(fixture->ledger, SLICE_LITERAL("U-1"), &owner, &fixture->error), 0);
    assert_int_equal(owner, 0);
    /* The same key, and even the same user, is another customer from then on; which can be erased too. */
    int64_t again = fixture_create(fixture, "C-1", "xyz", "U-1");
    assert_int_not_equal(again, id);
    assert_int_equal(fixture_find(fixture, id).state, LEDGER_ERASED);
    assert_true(fixture_slice_is(fixture_find(fixture, again).user_id, "U-1"));
    assert_true(erase(fixture, "C-1"));
    assert_int_equal(fixture_find(fixture, again).state, LEDGER_ERASED);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 3);
    assert_verifies(fixture, 2);
}

static bool is_erased(struct fixture *fixture, const char *key)
{
    bool erased = false;
    assert_int_equal(ledger_is_erased(fixture->ledger, slice_from(key), &erased, &fixture->error), 0);
    return erased;
}

/* Also in the process that erased them, and in one that has asked before. */
static void an_erased_key_is_known_until_the_erasure_is_rolled_back(void **state)
{
    struct fixture *fixture = *state;
    bool found;
    fixture_create(fixture, "C-1", "abc", "U-1");
    fixture_create(fixture, "C-2", "abc", "U-2");
    assert_false(is_erased(fixture, "C-1"));
    assert_true(erase(fixture, "C-1"));
    assert_true(is_erased(fixture, "C-1"));
    assert_false(is_erased(fixture, "C-2"));
    fixture_begin(fixture);
    assert_int_equal(
        erase_one(fixture->ledger, SLICE_LITERAL("C-2"), FIXTURE_AT + 9, &found, &fixture->error), 0);
    assert_true(is_erased(fixture, "C-2"));
    fixture_begin(fixture); /* rolled back */
    assert_false(is_erased(fixture, "C-2"));
    fixture_commit(fixture);
    fixture_reopen(fixture);
    assert_true(is_erased(fixture, "C-1"));
    assert_false(is_erased(fixture, "C-2"));
}

static void an_erased_body_that_somebody_fills_again_is_found(void **state)
{
    static const char *const edits[] = {
        "UPDATE event SET body_digest = zeroblob(32) WHERE body_digest IS NOT NULL AND outcome = 'done'",
        "UPDATE event SET body_digest = NULL WHERE outcome = 'done' AND operation = 'create'",
    };
    struct fixture *fixture = *state;
    fixture_create(fixture, "C-1", "abc", "U-1");
    assert_true(erase(fixture, "C-1"));
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        fixture_sql(fixture, "CREATE TABLE saved AS SELECT * FROM event");
        fixture_sql(fixture, edits[i]);
        assert_true(fixture_verify(fixture, "").stats[LEDGER_FINDING_EVENT] > 0);
        fixture_sql(fixture, "DELETE FROM event; INSERT INTO event SELECT * FROM saved; DROP TABLE saved");
        assert_verifies(fixture, 1);
    }
}

static void nobody_gives_an_erased_customer_a_user(void **state)
{
    struct fixture *fixture = *state;
    enum ledger_settlement settlement;
    int64_t id = fixture_create(fixture, "C-1", "abc", "U-1");
    assert_true(erase(fixture, "C-1"));
    const struct ledger_verdict verdict = {
        .external_id = fixture_find(fixture, id).external_id, .user_id = SLICE_LITERAL("U-2"), .at_ns = 7};
    fixture_begin(fixture);
    assert_int_equal(ledger_settle(fixture->ledger, &verdict, &settlement, &fixture->error), 0);
    fixture_commit(fixture);
    assert_int_equal(settlement, LEDGER_SETTLE_NO_DOUBT);
    assert_int_equal(fixture_find(fixture, id).state, LEDGER_ERASED);
}

#define ERASE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ERASE(nothing_is_left_but_its_id_runs_and_times),
        ERASE(no_text_of_it_is_in_the_file),
        ERASE(its_tasks_are_erased_and_still_proven),
        ERASE(what_may_be_in_doubt_is_not_erased),
        ERASE(the_next_run_sees_a_new_customer),
        ERASE(an_erased_key_is_known_until_the_erasure_is_rolled_back),
        ERASE(nobody_gives_an_erased_customer_a_user),
        ERASE(an_erased_body_that_somebody_fills_again_is_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_erase", tests, NULL, NULL);
}
