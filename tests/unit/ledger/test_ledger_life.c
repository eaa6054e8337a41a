/* Every life of a record, from journalled to what became of it. */
#include "unit/ledger/ledger_fixture.h"

#include <signal.h>

static void a_journalled_create_has_everything_that_was_tried(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_digests digests = fixture_digests("abc");
    struct ledger_intent intent = {
        .external_id = SLICE_LITERAL("C-1"),
        .operation = OPERATION_CREATE,
        .digest = digests.digest,
        .member_digests = slice_make(digests.members, sizeof digests.members),
        .idempotency_key = SLICE_LITERAL("3f0c5a4e-key"),
        .at_ns = 77,
    };
    int64_t id = 0;
    fixture_begin(fixture);
    assert_int_equal(ledger_journal(fixture->ledger, &intent, &id, &fixture->error), 0);
    fixture_commit(fixture);
    fixture_reopen(fixture);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_true(fixture_slice_is(customer.external_id, "C-1"));
    assert_int_equal(customer.state, LEDGER_JOURNALLED);
    assert_int_equal(customer.operation, OPERATION_CREATE);
    assert_int_equal(customer.user_id.len, 0);
    assert_int_equal(customer.digest.len, 0);
    assert_memory_equal(customer.pending_digest.data, digests.digest, FINGERPRINT_LEN);
    assert_string_equal(fixture_letters(customer.pending_member_digests), "abc");
    assert_true(fixture_slice_is(customer.idempotency_key, "3f0c5a4e-key"));
    assert_int_equal(customer.first_sent_at, 77);
    assert_int_equal(customer.attempts, 0);
    assert_int_equal(fixture_number(fixture, "SELECT first_run FROM customer"), 1);
}

static void a_yes_makes_what_was_tried_what_the_provider_has(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "USER-1");
    assert_false(fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 2));
    fixture_reopen(fixture);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_CREATED);
    assert_true(fixture_slice_is(customer.user_id, "USER-1"));
    assert_string_equal(fixture_letters(customer.member_digests), "abc");
    assert_int_equal(customer.digest.len, FINGERPRINT_LEN);
    assert_int_equal(customer.pending_digest.len, 0);
    assert_int_equal(customer.pending_member_digests.len, 0);
    assert_int_equal(customer.first_sent_at, 0);
    assert_int_equal(customer.http_status, 201);
    assert_int_equal(customer.attempts, 2);
    assert_true(fixture_slice_is(customer.request_id, "req-201"));
    assert_int_equal(customer.updated_at, FIXTURE_AT + 2);
}

static void a_final_no_counts_and_keeps_what_was_refused(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "bad_phone", "");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_REFUSED);
    assert_int_equal(customer.refusals, 1);
    assert_string_equal(fixture_letters(customer.pending_member_digests), "abc");
    assert_int_equal(customer.first_sent_at, 0);
    assert_true(fixture_slice_is(customer.code, "bad_phone"));

    /* With other data it is a new operation. */
    assert_int_equal(fixture_journal(fixture, id, "C-1", OPERATION_CREATE, "abd"), id);
    customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_JOURNALLED);
    assert_int_equal(customer.code.len, 0);
    assert_int_equal(customer.http_status, 0);
    assert_int_equal(customer.attempts, 0);
    assert_int_equal(customer.refusals, 1);
    assert_string_equal(fixture_letters(customer.pending_member_digests), "abd");
    assert_int_equal(customer.first_sent_at, FIXTURE_AT);
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    assert_int_equal(fixture_find(fixture, id).refusals, 2);
}

static void a_doubt_keeps_the_journal(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    struct outcome timeout = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, &timeout, 1);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_IN_DOUBT);
    assert_int_equal(customer.first_sent_at, FIXTURE_AT);
    assert_string_equal(fixture_letters(customer.pending_member_digests), "abc");

    /* Repeated much later: the time of the first attempt stays. */
    fixture_begin(fixture);
    fixture_journal_at(fixture, id, "C-1", OPERATION_CREATE, "abc", FIXTURE_AT + 500);
    fixture_commit(fixture);
    customer = fixture_find(fixture, id);
    assert_int_equal(customer.first_sent_at, FIXTURE_AT);
    assert_int_equal(customer.state, LEDGER_IN_DOUBT);
    struct outcome done = fixture_outcome(OUTCOME_DONE, 200, "", "USER-1");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_CREATED);
    assert_int_equal(customer.code.len, 0);
}

static void a_retry_leaves_the_operation_open(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    struct outcome throttled = fixture_outcome(OUTCOME_THROTTLED, 429, "", "");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &throttled, 1);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_JOURNALLED);
    assert_int_equal(customer.attempts, 1);
    assert_int_equal(customer.first_sent_at, FIXTURE_AT);
    struct outcome reset = fixture_outcome(OUTCOME_IN_DOUBT, 0, "reset", "");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &reset, 2);
    assert_int_equal(fixture_find(fixture, id).state, LEDGER_IN_DOUBT);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE attempt > 0"), 2);
}

static void a_new_create_that_never_left_is_unsent(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_UNSENT);
    assert_int_equal(customer.pending_digest.len, 0);
    assert_int_equal(customer.pending_member_digests.len, 0);
    assert_int_equal(customer.pending_email_digest.len, 0);
    assert_int_equal(customer.first_sent_at, 0);
    assert_int_equal(customer.attempts, 0);
    assert_int_equal(customer.first_run, 1);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE attempt > 0"), 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE outcome = 'abandoned'"), 1);
    /* The next run finds it by its key. */
    assert_int_equal(fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "xyz"), id);
    assert_string_equal(fixture_letters(fixture_find(fixture, id).pending_member_digests), "xyz");
}

static void a_create_given_up_is_sent_again_by_the_next_run(void **state)
{
    static const struct {
        const char *sentence;
        bool refused, throttled, stop;
    } cases[] = {
        {"refused once, and its second create never left", true, false, false},
        {"throttled, then given up without another attempt", false, true, false},
        {"given up by an attempt that left and certainly did nothing", false, false, true},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char key[8];
        snprintf(key, sizeof key, "C-%zu", i);
        int64_t id = fixture_journal(fixture, 0, key, OPERATION_CREATE, "abc");
        struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
        struct outcome throttled = fixture_outcome(OUTCOME_THROTTLED, 429, "", "");
        struct outcome stop = fixture_outcome(OUTCOME_STOP, 401, "", "");
        if (cases[i].refused) {
            fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
            fixture_journal(fixture, id, key, OPERATION_CREATE, "abd");
        }
        if (cases[i].throttled)
            fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &throttled, 1);
        fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, cases[i].stop ? &stop : NULL,
                       1);
        struct ledger_customer customer = fixture_find(fixture, id);
        if (customer.state != LEDGER_UNSENT || customer.pending_digest.len != 0 ||
            customer.first_sent_at != 0 || customer.refusals != cases[i].refused)
            fail_msg("%s", cases[i].sentence);
    }
}

/* An id that is free again would give its events to another customer. */
static void no_customer_is_deleted_and_no_id_is_used_twice(void **state)
{
    struct fixture *fixture = *state;
    int64_t first = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    fixture_result(fixture, first, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    fixture_reopen(fixture);
    fixture_begin(fixture);
    assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", 2, &fixture->error), 0);
    fixture_commit(fixture);
    fixture_journal(fixture, first, "C-1", OPERATION_CREATE, "abc");
    fixture_result(fixture, first, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    assert_int_equal(first, 1);
    assert_int_equal(fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc"), 2);
    /* What was not committed has no id. */
    fixture_begin(fixture);
    assert_int_equal(fixture_journal_at(fixture, 0, "C-3", OPERATION_CREATE, "abc", 3), 3);
    fixture_begin(fixture);
    assert_int_equal(fixture_journal_at(fixture, 0, "C-4", OPERATION_CREATE, "abc", 3), 3);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 3);
    assert_int_equal(fixture_number(fixture, "SELECT max(id) - count(*) FROM event"), 0);
    assert_int_equal(fixture_find(fixture, first).state, LEDGER_UNSENT);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

static int journal_as_new(struct fixture *fixture, const char *key, int64_t *id)
{
    struct fixture_digests digests = fixture_digests("abc");
    const struct ledger_intent intent = {
        .is_new = true,
        .external_id = slice_from(key),
        .operation = OPERATION_CREATE,
        .digest = digests.digest,
        .member_digests = slice_make(digests.members, sizeof digests.members),
        .email_digest = slice_make(digests.members, FINGERPRINT_MEMBER_LEN),
        .at_ns = FIXTURE_AT,
    };

    return ledger_journal(fixture->ledger, &intent, id, &fixture->error);
}

/* A caller that has read all keys saves a look-up, and is not trusted with it. */
static void a_new_customer_whose_key_is_there_is_not_written(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = 0;
    fixture_begin(fixture);
    assert_int_equal(journal_as_new(fixture, "C-1", &id), 0);
    assert_int_equal(id, 1);
    fixture_commit(fixture);
    fixture_begin(fixture);
    bool is_written =
        journal_as_new(fixture, "C-1", &id) == 0 && ledger_commit(fixture->ledger, &fixture->error) == 0;
    assert_false(is_written);
    assert_int_equal(fixture->error.scope, ERROR_LEDGER);
    fixture_begin(fixture);
    assert_int_equal(journal_as_new(fixture, "C-2", &id), 0);
    assert_int_equal(id, 2);
    fixture_commit(fixture);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 2);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

/* A file answers without; a database has to give the same. */
static void what_is_asked_for_ahead_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_wanted wanted = {.id_count = 0};
    int64_t id = fixture_create(fixture, "C-1", "abc", "U-1"), owner = 0;
    for (int round = 0; round < 3; round++) {
        ledger_wanted_reset(&wanted);
        ledger_wanted_id(&wanted, 0);
        ledger_wanted_key(&wanted, slice_make(NULL, 0));
        ledger_wanted_user(&wanted, slice_make(NULL, 0));
        assert_int_equal(wanted.id_count + wanted.key_count + wanted.user_count, 0);
        for (int i = 0; i < 200; i++) {
            ledger_wanted_id(&wanted, i);
            ledger_wanted_key(&wanted, i % 2 ? SLICE_LITERAL("C-1") : SLICE_LITERAL("C-2"));
            ledger_wanted_user(&wanted, i % 2 ? SLICE_LITERAL("U-1") : SLICE_LITERAL("U-2"));
        }
        assert_int_equal(wanted.id_count, 199);
        assert_int_equal(wanted.key_count, 200);
        fixture_begin(fixture);
        assert_int_equal(ledger_prefetch(fixture->ledger, &wanted, &fixture->error), 0);
        assert_int_equal(ledger_owner(fixture->ledger, SLICE_LITERAL("U-1"), &owner, &fixture->error), 0);
        assert_int_equal(owner, id);
        assert_int_equal(ledger_owner(fixture->ledger, SLICE_LITERAL("U-2"), &owner, &fixture->error), 0);
        assert_int_equal(owner, 0);
        assert_int_equal(
            fixture_journal_at(fixture, id, "C-1", OPERATION_UPDATE, round % 2 ? "abd" : "abe", FIXTURE_AT),
            id);
        fixture_commit(fixture);
    }
    ledger_wanted_clear(&wanted);
    assert_null(wanted.ids);
}

static enum ledger_settlement rekey(struct fixture *fixture, const char *from, const char *to)
{
    const struct ledger_rekey rekey = {.from = slice_from(from), .to = slice_from(to), .at_ns = 9};
    enum ledger_settlement settlement;
    fixture_begin(fixture);
    assert_int_equal(ledger_rekey(fixture->ledger, &rekey, &settlement, &fixture->error), 0);
    fixture_commit(fixture);
    return settlement;
}

static void note_twin(struct fixture *fixture, int64_t id, const char *key)
{
    struct fixture_digests digests = fixture_digests("abc");
    const struct ledger_intent twin = {.id = id,
                                       .external_id = slice_from(key),
                                       .digest = digests.digest,
                                       .member_digests = slice_make(digests.members, sizeof digests.members),
                                       .at_ns = 4};
    fixture_begin(fixture);
    assert_int_equal(ledger_note_twin(fixture->ledger, &twin, SLICE_LITERAL("twin"), &fixture->error), 0);
    assert_int_equal(ledger_stop_twins(fixture->ledger, 5, &fixture->error), 0);
    fixture_commit(fixture);
}

static struct ledger_customer find_key(struct fixture *fixture, const char *key)
{
    struct ledger_customer customer = {.id = 0};
    assert_true(ledger_find_by_key(fixture->ledger, slice_from(key), &fixture->arena, &customer,
                                   &fixture->error) >= 0);
    return customer;
}

/* A key is taken only from a customer of which the provider can have nothing. */
static void a_twin_makes_way_for_a_key_unless_it_was_refused(void **state)
{
    struct fixture *fixture = *state;
    struct outcome throttled = fixture_outcome(OUTCOME_THROTTLED, 429, "", "");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    int64_t refused = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    fixture_result(fixture, refused, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    int64_t tried = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    fixture_result(fixture, tried, OPERATION_CREATE, LEDGER_RESULT_OPEN, &throttled, 1);
    fixture_result(fixture, tried, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    fixture_journal(fixture, tried, "C-2", OPERATION_CREATE, "abc");
    fixture_result(fixture, tried, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    int64_t user = fixture_create(fixture, "C-0", "abc", "U-0");
    note_twin(fixture, refused, "C-1");
    note_twin(fixture, tried, "C-2");
    note_twin(fixture, 0, "C-3");
    int64_t twin = find_key(fixture, "C-3").id;
    assert_int_equal(rekey(fixture, "C-0", "C-1"), LEDGER_SETTLE_KEY_TAKEN);
    assert_int_equal(fixture_find(fixture, refused).twin, LEDGER_TWIN_STOPPED);
    assert_int_equal(fixture_find(fixture, refused).refusals, 1);
    assert_int_equal(rekey(fixture, "C-0", "C-2"), LEDGER_SETTLED);
    assert_int_equal(rekey(fixture, "C-2", "C-3"), LEDGER_SETTLED);

    /* The user is found under its last key; the others have none, and keep their ids. */
    assert_int_equal(find_key(fixture, "C-3").id, user);
    assert_int_equal(find_key(fixture, "C-2").id, 0);
    assert_true(fixture_slice_is(fixture_find(fixture, user).former_key, "C-0"));
    const int64_t released[] = {tried, twin};
    for (size_t i = 0; i < 2; i++) {
        struct ledger_customer customer = fixture_find(fixture, released[i]);
        assert_int_equal(customer.external_id.len, 0);
        assert_int_equal(customer.state, LEDGER_UNSENT);
        assert_int_equal(customer.twin, LEDGER_TWIN_NONE);
        assert_int_equal(customer.pending_digest.len, 0);
        assert_int_equal(customer.message.len, 0); /* it had both keys */
    }
    struct fixture_findings findings = fixture_verify(fixture, NULL);
    if (findings.verified.findings > 0)
        fail_msg("%s%s", findings.text[LEDGER_FINDING_EVENT], findings.text[LEDGER_FINDING_CUSTOMER]);
}

/* The idempotency key goes by the creates that the provider refused: this one it has never seen. */
static void what_never_left_does_not_count_as_refused_by_the_provider(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    struct outcome outcome = fixture_outcome(OUTCOME_REFUSED, 0, "not_built", "");
    struct ledger_result result = {.id = id,
                                   .operation = OPERATION_CREATE,
                                   .conclusion = LEDGER_RESULT_REFUSED,
                                   .outcome = &outcome,
                                   .at_ns = 1};
    bool taken;
    fixture_begin(fixture);
    assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
    fixture_commit(fixture);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_REFUSED);
    assert_int_equal(customer.refusals, 0);
    assert_true(fixture_slice_is(customer.code, "not_built"));
}

/* Withdrawn, or no connection: what the last attempt got stays in the columns. */
static void what_never_left_says_nothing_about_the_last_attempt(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    struct outcome throttled = fixture_outcome(OUTCOME_THROTTLED, 429, "slow_down", "");
    struct outcome withdrawn = fixture_outcome(OUTCOME_WITHDRAWN, 0, "", "");
    struct ledger_result result = {.id = id,
                                   .operation = OPERATION_CREATE,
                                   .conclusion = LEDGER_RESULT_ABANDONED,
                                   .outcome = &withdrawn,
                                   .at_ns = 1};
    bool taken;
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_OPEN, &throttled, 1);
    fixture_begin(fixture);
    assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
    fixture_commit(fixture);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.http_status, 429);
    assert_true(fixture_slice_is(customer.code, "slow_down"));
}

static void what_may_have_left_stays_in_doubt_whatever_is_said(void **state)
{
    struct fixture *fixture = *state;
    int64_t crashed = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    fixture_reopen(fixture);
    fixture_journal(fixture, crashed, "C-1", OPERATION_CREATE, "abc");
    assert_int_equal(fixture_find(fixture, crashed).state, LEDGER_IN_DOUBT);
    fixture_result(fixture, crashed, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    struct ledger_customer customer = fixture_find(fixture, crashed);
    assert_int_equal(customer.state, LEDGER_IN_DOUBT);
    assert_int_equal(customer.pending_digest.len, FINGERPRINT_LEN);
    assert_int_equal(customer.first_sent_at, FIXTURE_AT);
}

static void a_refusal_that_stopped_the_run_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    int64_t refused = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    int64_t open = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    fixture_result(fixture, refused, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    fixture_begin(fixture);
    assert_int_equal(ledger_forget_refusal(fixture->ledger, refused, 6, &fixture->error), 0);
    assert_int_equal(ledger_forget_refusal(fixture->ledger, open, 6, &fixture->error), 0);
    fixture_commit(fixture);
    assert_int_equal(fixture_find(fixture, refused).state, LEDGER_UNSENT);
    assert_int_equal(fixture_find(fixture, refused).refusals, 1);
    assert_int_equal(fixture_find(fixture, refused).pending_digest.len, 0);
    assert_int_equal(fixture_find(fixture, open).pending_digest.len, FINGERPRINT_LEN);
}

static void a_user_that_another_has_is_a_doubt_and_no_error(void **state)
{
    struct fixture *fixture = *state;
    fixture_create(fixture, "C-1", "abc", "USER-1");
    int64_t id = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abd");
    int64_t other = fixture_journal(fixture, 0, "C-3", OPERATION_CREATE, "abe");
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "USER-1");
    struct ledger_result result = {.id = id,
                                   .row = 2,
                                   .operation = OPERATION_CREATE,
                                   .conclusion = LEDGER_RESULT_ACKNOWLEDGED,
                                   .event = true,
                                   .outcome = &done,
                                   .attempt = 1,
                                   .at_ns = 5};
    struct outcome fine = fixture_outcome(OUTCOME_DONE, 201, "", "USER-3");
    bool taken = false;
    /* The rest of the transaction stands. */
    fixture_begin(fixture);
    assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
    assert_true(taken);
    result.id = other;
    result.outcome = &fine;
    assert_int_equal(ledger_result(fixture->ledger, &result, &taken, &fixture->error), 0);
    assert_false(taken);
    fixture_commit(fixture);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_IN_DOUBT);
    assert_int_equal(customer.user_id.len, 0);
    assert_true(fixture_slice_is(customer.code, "user_id_taken"));
    assert_int_equal(customer.pending_digest.len, FINGERPRINT_LEN);
    assert_int_equal(fixture_find(fixture, other).state, LEDGER_CREATED);
    assert_int_equal(
        fixture_number(
            fixture,
            "SELECT count(*) FROM event WHERE code = 'user_id_taken' AND outcome = 'in_doubt' AND user_id = 'USER-1'"),
        1);
}

static void an_update_changes_what_the_provider_has_only_by_a_yes(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_create(fixture, "C-1", "abc", "USER-1");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    struct outcome timeout = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
    struct outcome yes = fixture_outcome(OUTCOME_DONE, 200, "", "");
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abd");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_REFUSED, &no, 1);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_CREATED);
    assert_int_equal(customer.operation, OPERATION_UPDATE);
    assert_int_equal(customer.refusals, 0);
    assert_int_equal(customer.first_sent_at, 0);
    assert_string_equal(fixture_letters(customer.member_digests), "abc");
    assert_string_equal(fixture_letters(customer.pending_member_digests), "abd");

    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abe");
    assert_string_equal(fixture_letters(fixture_find(fixture, id).member_digests), "abc");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_IN_DOUBT, &timeout, 1);
    customer = fixture_find(fixture, id);
    assert_int_equal(customer.state, LEDGER_CREATED);
    assert_int_equal(customer.first_sent_at, FIXTURE_AT);
    assert_string_equal(fixture_letters(customer.member_digests), "ab?");
    assert_string_equal(fixture_letters(customer.pending_member_digests), "abe");

    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abe");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &yes, 1);
    customer = fixture_find(fixture, id);
    assert_string_equal(fixture_letters(customer.member_digests), "abe");
    assert_true(fixture_slice_is(customer.user_id, "USER-1"));
    assert_int_equal(customer.pending_digest.len, 0);
}

static void an_update_overtaken_in_doubt_leaves_its_members_unknown(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_create(fixture, "C-1", "abc", "USER-1");
    struct outcome timeout = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
    struct outcome yes = fixture_outcome(OUTCOME_DONE, 200, "", "");
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "xbc");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_IN_DOUBT, &timeout, 1);
    /* The row went back: the provider may have x or a. */
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abc");
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_string_equal(fixture_letters(customer.member_digests), "?bc");
    assert_int_equal(customer.digest.len, 0);
    /* Said never to have left: still in doubt, for the first of the two did. */
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    assert_int_equal(fixture_find(fixture, id).first_sent_at, FIXTURE_AT);
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &yes, 2);
    customer = fixture_find(fixture, id);
    assert_string_equal(fixture_letters(customer.member_digests), "abc");
    assert_int_equal(customer.digest.len, FINGERPRINT_LEN);
}

/* What may have landed is not undone by a no to its repeat, however the repeat comes to its end. */
static void a_refused_repeat_of_an_update_in_doubt_leaves_its_members_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct outcome timeout = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
    struct outcome throttled = fixture_outcome(OUTCOME_THROTTLED, 429, "", "");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    struct outcome not_built = fixture_outcome(OUTCOME_REFUSED, 0, "not_built", "");
    not_built.request_id[0] = '\0';
    enum before { IN_THIS_RUN, IN_AN_EARLIER_RUN, IN_A_CRASH, THROTTLED, BEFORES };
    enum after { REFUSED, FORGOTTEN, NOT_BUILT, AFTERS };
    for (int before = 0; before < BEFORES; before++)
        for (int after = 0; after < AFTERS; after++) {
            char key[16], user[16];
            snprintf(key, sizeof key, "C-%d-%d", before, after);
            snprintf(user, sizeof user, "USER-%d-%d", before, after);
            int64_t id = fixture_create(fixture, key, "abc", user);
            fixture_journal(fixture, id, key, OPERATION_UPDATE, "xbc");
            if (before == IN_THIS_RUN)
                fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_OPEN, &timeout, 1);
            if (before == IN_AN_EARLIER_RUN)
                fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_IN_DOUBT, &timeout, 1);
            if (before == THROTTLED)
                fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_OPEN, &throttled, 1);
            if (before == IN_AN_EARLIER_RUN || before == IN_A_CRASH)
                fixture_journal(fixture, id, key, OPERATION_UPDATE, "xbc");
            struct ledger_result refused = {.id = id,
                                            .operation = OPERATION_UPDATE,
                                            .conclusion = LEDGER_RESULT_REFUSED,
                                            .event = after != NOT_BUILT,
                                            .outcome = after == NOT_BUILT ? &not_built : &no,
                                            .attempt = 2,
                                            .at_ns = FIXTURE_AT};
            bool taken;
            fixture_begin(fixture);
            assert_int_equal(ledger_result(fixture->ledger, &refused, &taken, &fixture->error), 0);
            if (after == FORGOTTEN)
                assert_int_equal(ledger_forget_refusal(fixture->ledger, id, 6, &fixture->error), 0);
            fixture_commit(fixture);
            struct ledger_customer customer = fixture_find(fixture, id);
            bool is_known = before == THROTTLED;
            if (strcmp(fixture_letters(customer.member_digests), is_known ? "abc" : "?bc") != 0 ||
                customer.digest.len != (is_known ? FINGERPRINT_LEN : 0) || customer.first_sent_at != 0)
                fail_msg("%d, %d: %s", before, after, fixture_letters(customer.member_digests));
            assert_int_equal(customer.pending_digest.len, after == FORGOTTEN ? 0 : FINGERPRINT_LEN);
        }
    struct fixture_findings findings = fixture_verify(fixture, "");
    if (findings.verified.findings != 0)
        fail_msg("%s: %s", findings.key[LEDGER_FINDING_CUSTOMER], findings.text[LEDGER_FINDING_CUSTOMER]);
}

static void members_that_the_provider_leaves_out_keep_their_digests(void **state)
{
    struct fixture *fixture = *state;
    struct outcome done = fixture_outcome(OUTCOME_DONE, 200, "", "");
    int64_t id = fixture_create(fixture, "C-1", "abc", "USER-1");
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "xyz");
    fixture_left_out(fixture, id, &done, 1u << 1 | 1u << 2);
    fixture_reopen(fixture);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.digest.len, 0); /* no row agrees by its digest: the members are compared */
    assert_string_equal(fixture_letters(customer.member_digests), "xbc");
    assert_string_equal(fixture_letters(customer.left_out), "?yz");
    assert_int_equal(customer.pending_digest.len, 0);
    assert_int_equal(customer.first_sent_at, 0);
    assert_true(fixture_slice_is(customer.code, LEDGER_LEFT_OUT));
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE code = 'left_out'"), 1);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);

    /* An update that may have landed leaves unknown what the provider has, not what it left out. */
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 500, "", "");
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "xyc");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_IN_DOUBT, &doubt, 1);
    customer = fixture_find(fixture, id);
    assert_string_equal(fixture_letters(customer.member_digests), "x?c");
    assert_string_equal(fixture_letters(customer.left_out), "?yz");

    /* The next one that is taken as a whole ends it. */
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 2);
    customer = fixture_find(fixture, id);
    assert_string_equal(fixture_letters(customer.member_digests), "xyc");
    assert_int_equal(customer.digest.len, FINGERPRINT_LEN);
    assert_int_equal(customer.left_out.len, 0);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

static void an_update_that_never_left_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_create(fixture, "C-1", "abc", "USER-1");
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abd");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    struct ledger_customer customer = fixture_find(fixture, id);
    assert_int_equal(customer.pending_digest.len, 0);
    assert_int_equal(customer.first_sent_at, 0);
    assert_string_equal(fixture_letters(customer.member_digests), "abc");
}

static int64_t victim;

static void create_again(struct fixture *fixture)
{
    fixture_journal(fixture, victim, "C-1", OPERATION_CREATE, "abd");
}

static void create_as_if_new(struct fixture *fixture)
{
    fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
}

static void create_with_the_key_of_another(struct fixture *fixture)
{
    fixture_journal(fixture, victim, "C-2", OPERATION_CREATE, "abc");
}

static void update_without_a_user(struct fixture *fixture)
{
    fixture_journal(fixture, victim, "C-1", OPERATION_UPDATE, "abd");
}

static void write_outside_a_transaction(struct fixture *fixture)
{
    fixture_journal_at(fixture, 0, "C-9", OPERATION_CREATE, "abc", 1);
}

static void a_second_create_ends_the_process(void **state)
{
    struct fixture *fixture = *state;
    victim = fixture_create(fixture, "C-1", "abc", "USER-1");
    assert_true(fixture_aborts(create_again, fixture));
    assert_true(fixture_aborts(create_as_if_new, fixture));
    assert_true(fixture_aborts(write_outside_a_transaction, fixture));
    /* A state that was changed by hand is damage, and no reason for a create either. */
    fixture_sql(fixture, "UPDATE customer SET state = 'refused'");
    struct fixture_digests digests = fixture_digests("abd");
    const struct ledger_intent intent = {.id = victim,
                                         .external_id = SLICE_LITERAL("C-1"),
                                         .operation = OPERATION_CREATE,
                                         .digest = digests.digest,
                                         .at_ns = 1};
    fixture_begin(fixture);
    assert_int_equal(ledger_journal(fixture->ledger, &intent, &victim, &fixture->error), -1);
    fixture_assert_says(&fixture->error, "customer 1 has no state created, and a user_id\nhint: restore it");
    assert_int_equal(fixture->error.scope, ERROR_LEDGER);
}

static void a_create_in_doubt_with_other_data_ends_the_process(void **state)
{
    struct fixture *fixture = *state;
    victim = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    assert_true(fixture_aborts(create_again, fixture));
    assert_true(fixture_aborts(create_with_the_key_of_another, fixture));
    assert_true(fixture_aborts(update_without_a_user, fixture));
    /* The same data is a repeat, also from a caller that does not know the customer. */
    assert_int_equal(fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc"), victim);
    assert_int_equal(fixture_find(fixture, victim).state, LEDGER_IN_DOUBT);
}

struct seen {
    size_t count;
    struct ledger_brief briefs[8]; /* by id */
    char states[8][24], text[256];
};

static void note_brief(void *context, const struct ledger_brief *brief)
{
    struct seen *seen = context;
    seen->count++;
    seen->briefs[brief->id - 1] = *brief;
    snprintf(seen->states[brief->id - 1], sizeof *seen->states, "%.*s:%s", (int)brief->external_id.len,
             brief->external_id.data, ledger_state_word(brief->state));
}

static void note_group(void *context, const struct ledger_group *group)
{
    struct seen *seen = context;
    char open[16] = "";
    if (group->open > 0)
        snprintf(open, sizeof open, "(%d)", (int)group->open);
    snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%s/%s/%d/%s=%d%s ",
             group->state, group->operation, group->http_status, group->code, (int)group->count, open);
}

static void note_doubt(void *context, const struct ledger_customer *customer)
{
    struct seen *seen = context;
    snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%.*s ",
             (int)customer->external_id.len, customer->external_id.data);
}

static void the_scan_and_the_lists_tell_every_customer_once(void **state)
{
    struct fixture *fixture = *state;
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    struct outcome timeout = fixture_outcome(OUTCOME_IN_DOUBT, 0, "timeout", "");
    int64_t z = fixture_create(fixture, "Z", "abc", "USER-1");
    fixture_create(fixture, "Y", "abcdefgh", "USER-2");
    int64_t a = fixture_journal(fixture, 0, "A", OPERATION_CREATE, "abc");
    int64_t b = fixture_journal(fixture, 0, "B", OPERATION_CREATE, "abc");
    fixture_journal(fixture, 0, "C", OPERATION_CREATE, "abc");
    fixture_result(fixture, a, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    fixture_result(fixture, b, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, &timeout, 1);
    fixture_journal(fixture, z, "Z", OPERATION_UPDATE, "abd");

    struct seen seen = {.count = 0};
    assert_int_equal(ledger_scan(fixture->ledger, note_brief, &seen, &fixture->error), 0);
    static const char *const states[] = {"Z:created", "Y:created", "A:refused", "B:in_doubt", "C:journalled"};
    assert_int_equal(seen.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(seen.states[i], states[i]);
    assert_int_equal(seen.briefs[0].digest, 0x636261);
    assert_int_equal(seen.briefs[2].digest, 0);
    static const bool users[] = {true, true, false, false, false};
    static const bool pendings[] = {true, false, true, true, true};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(seen.briefs[i].has_user_id, users[i]);
        assert_int_equal(seen.briefs[i].pending, pendings[i]);
    }

    seen = (struct seen){.count = 0};
    assert_int_equal(ledger_each_group(fixture->ledger, note_group, &seen, &fixture->error), 0);
    assert_string_equal(
        seen.text,
        "created/create/201/=1 created/update/0/=1(1) in_doubt/create/0/timeout=1(1) journalled/create/0/=1(1) refused/create/422/no=1 ");

    seen = (struct seen){.count = 0};
    assert_int_equal(ledger_each_in_doubt(fixture->ledger, 10, note_doubt, &seen, &fixture->error), 0);
    assert_string_equal(seen.text, "Z B C ");
    seen = (struct seen){.count = 0};
    assert_int_equal(ledger_each_in_doubt(fixture->ledger, 2, note_doubt, &seen, &fixture->error), 0);
    assert_string_equal(seen.text, "Z B ");
}

static void the_last_run_is_known_also_when_it_did_not_finish(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_run run;
    assert_int_equal(ledger_last_run(fixture->ledger, &fixture->arena, &run, &fixture->error), 1);
    assert_true(fixture_slice_is(run.started, "1970-01-01T00:00:00.001Z"));
    assert_int_equal(run.finished.len, 0);
    fixture_begin(fixture);
    assert_int_equal(ledger_run_finish(fixture->ledger, 1, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"),
                                       2 * FIXTURE_AT, &fixture->error),
                     0);
    assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", 3 * FIXTURE_AT, &fixture->error),
                     0);
    assert_int_equal(ledger_run_finish(fixture->ledger, 6, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"),
                                       4 * FIXTURE_AT, &fixture->error),
                     0);
    fixture_commit(fixture);
    assert_int_equal(ledger_last_run(fixture->ledger, &fixture->arena, &run, &fixture->error), 1);
    assert_int_equal(run.id, 2);
    assert_int_equal(run.status, 6);
    assert_true(fixture_slice_is(run.finished, "1970-01-01T00:00:00.004Z"));
}

/* As another program may have left them: the next number would be negative. */
static void no_run_follows_the_last_number(void **state)
{
    static const char *const edits[] = {"UPDATE run SET epoch = 9223372036854775807",
                                        "UPDATE run SET epoch = 1, id = 9223372036854775807"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        fixture_sql(fixture, edits[i]);
        fixture_begin(fixture);
        assert_int_equal(
            ledger_run_start(fixture->ledger, "run", "1", "abc", 3 * FIXTURE_AT, &fixture->error), -1);
        assert_non_null(strstr(fixture->error.text, "is damaged: no run can follow run "));
        assert_int_equal(ledger_commit(fixture->ledger, &fixture->error), -1);
        fixture_begin(fixture);
        fixture_commit(fixture);
    }
}

static void a_nonce_floor_only_rises(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        uint64_t reserve, want;
    } cases[] = {
        {100, 100},
        {50, 100},
        {UINT64_C(1) << 62, UINT64_C(1) << 62},
        {UINT64_MAX - 1, UINT64_MAX - 1},
        {7, UINT64_MAX - 1},
    };
    uint64_t floor = 1;
    assert_int_equal(ledger_nonce_floor(fixture->ledger, "k1", &floor, &fixture->error), 0);
    assert_int_equal(floor, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_begin(fixture);
        assert_int_equal(ledger_nonce_reserve(fixture->ledger, "k1", cases[i].reserve, &fixture->error), 0);
        fixture_commit(fixture);
        fixture_reopen(fixture);
        assert_int_equal(ledger_nonce_floor(fixture->ledger, "k1", &floor, &fixture->error), 0);
        assert_true(floor == cases[i].want);
    }
    assert_int_equal(ledger_nonce_floor(fixture->ledger, "k2", &floor, &fixture->error), 0);
    assert_int_equal(floor, 0);
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(a_journalled_create_has_everything_that_was_tried),
        LIFE(a_yes_makes_what_was_tried_what_the_provider_has),
        LIFE(a_final_no_counts_and_keeps_what_was_refused),
        LIFE(a_doubt_keeps_the_journal),
        LIFE(a_retry_leaves_the_operation_open),
        LIFE(a_new_create_that_never_left_is_unsent),
        LIFE(a_create_given_up_is_sent_again_by_the_next_run),
        LIFE(no_customer_is_deleted_and_no_id_is_used_twice),
        LIFE(a_new_customer_whose_key_is_there_is_not_written),
        LIFE(what_is_asked_for_ahead_changes_nothing),
        LIFE(a_twin_makes_way_for_a_key_unless_it_was_refused),
        LIFE(what_never_left_does_not_count_as_refused_by_the_provider),
        LIFE(what_never_left_says_nothing_about_the_last_attempt),
        LIFE(what_may_have_left_stays_in_doubt_whatever_is_said),
        LIFE(a_refusal_that_stopped_the_run_is_forgotten),
        LIFE(a_user_that_another_has_is_a_doubt_and_no_error),
        LIFE(an_update_changes_what_the_provider_has_only_by_a_yes),
        LIFE(an_update_overtaken_in_doubt_leaves_its_members_unknown),
        LIFE(a_refused_repeat_of_an_update_in_doubt_leaves_its_members_unknown),
        LIFE(members_that_the_provider_leaves_out_keep_their_digests),
        LIFE(an_update_that_never_left_is_forgotten),
        LIFE(a_second_create_ends_the_process),
        LIFE(a_create_in_doubt_with_other_data_ends_the_process),
        LIFE(the_scan_and_the_lists_tell_every_customer_once),
        LIFE(the_last_run_is_known_also_when_it_did_not_finish),
        LIFE(no_run_follows_the_last_number),
        LIFE(a_nonce_floor_only_rises),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_life", tests, NULL, NULL);
}
