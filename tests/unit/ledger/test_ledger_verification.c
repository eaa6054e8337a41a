/* The verification of users: stored, counted, and selected to be read again. */
#include "unit/ledger/task_fixture.h"

enum { ALL_STATES = (1 << VERIFICATION_COUNT) - 1 };

static void assert_verification(struct fixture *fixture, int64_t id, enum verification state,
                                const char *word, const char *reason, uint64_t changed_at, uint64_t read_at)
{
    struct ledger_customer row = fixture_find(fixture, id);
    uint64_t at_ns;
    assert_int_equal(row.verification, state);
    assert_true(fixture_slice_is(row.verification_word, word));
    assert_true(fixture_slice_is(row.verification_reason, reason));
    assert_int_equal(row.verification_at, changed_at);
    assert_int_equal(ledger_reading(fixture->ledger, id, &at_ns, &fixture->error), 0);
    assert_int_equal(at_ns, read_at);
}

static int64_t count_events(struct fixture *fixture)
{
    return fixture_number(fixture, "SELECT count(*) FROM event");
}

static void a_change_is_an_event_and_a_reading_is_none(void **state)
{
    static const struct {
        enum verification state;
        const char *word, *reason;
        bool changed, same_state; /* same_state: the time of the change stays */
    } steps[] = {
        {VERIFICATION_UNKNOWN, "", "", false, true}, /* as a customer that was never read */
        {VERIFICATION_PENDING, "submitted", "", true, false},
        {VERIFICATION_PENDING, "submitted", "", false, true},
        {VERIFICATION_PENDING, "in_review", "", true, false},
        {VERIFICATION_ACTION_NEEDED, "in_review", "", true, false},
        {VERIFICATION_ACTION_NEEDED, "in_review", "blurred", true, true},
        {VERIFICATION_ACTION_NEEDED, "in_review", "blurred", false, true},
        {VERIFICATION_ACTION_NEEDED, "in_review", "", true, true},
        {VERIFICATION_ACTION_NEEDED, "in_review", "expired", true, true},
        {VERIFICATION_ACTION_NEEDED, "in_review", "too dark", true, false},
        {VERIFICATION_VERIFIED, "approved", "", true, false},
        {VERIFICATION_UNKNOWN, LEDGER_DELETED, "", true, false},
        {VERIFICATION_UNKNOWN, LEDGER_DELETED, "", false, true},
        {VERIFICATION_UNKNOWN, "", "", true, false},
    };
    struct fixture *fixture = *state;
    int64_t id = fixture_create(fixture, "C-1", "abc", "U-1");
    uint64_t changed_at = 0;
    struct ledger_customer before = fixture_find(fixture, id);
    assert_verification(fixture, id, VERIFICATION_UNKNOWN, "", "", 0, 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int64_t events = count_events(fixture);
        if (!steps[i].same_state)
            changed_at = i + 100;
        assert_int_equal(
            fixture_verification(fixture, id, steps[i].state, steps[i].word, steps[i].reason, i + 100),
            steps[i].changed);
        assert_verification(fixture, id, steps[i].state, steps[i].word, steps[i].reason, changed_at, i + 100);
        assert_int_equal(count_events(fixture), events + steps[i].changed);
        assert_int_equal(ledger_customer_is_deleted(
                             &(struct ledger_customer){.verification_word = slice_from(steps[i].word)}),
                         i == 11 || i == 12);
    }
    struct ledger_customer after = fixture_find(fixture, id);
    assert_int_equal(after.updated_at, before.updated_at);
    assert_int_equal(after.attempts, before.attempts);
    assert_int_equal(after.state, LEDGER_CREATED);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM event WHERE operation = 'verification' AND "
                                    "outcome = 'changed' AND code IN ('pending', 'action_needed', "
                                    "'verified', 'unknown')"),
                     10);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    fixture_reopen(fixture);
    assert_verification(fixture, id, VERIFICATION_UNKNOWN, "", "", changed_at, 113);
}

static void an_answer_brings_its_own_verification(void **state)
{
    struct fixture *fixture = *state;
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "U-1");
    done.verification = VERIFICATION_REJECTED;
    snprintf(done.verification_word, sizeof done.verification_word, "REJECTED");
    snprintf(done.verification_reason, sizeof done.verification_reason, "too young");
    snprintf(done.link, sizeof done.link, "https://verify.example.com/secret");
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    int64_t events = count_events(fixture);
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    assert_int_equal(count_events(fixture), events + 1);
    assert_verification(fixture, id, VERIFICATION_REJECTED, "REJECTED", "too young", FIXTURE_AT + 1, 0);
    assert_int_equal(fixture_find(fixture, id).link_at, FIXTURE_AT + 1);
    /* An update whose answer has none leaves it. */
    struct outcome nothing = fixture_outcome(OUTCOME_DONE, 200, "", "");
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abd");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &nothing, 2);
    assert_verification(fixture, id, VERIFICATION_REJECTED, "REJECTED", "too young", FIXTURE_AT + 1, 0);
    /* Nor does one take a reason away that it does not have, for the same state. */
    nothing.verification = VERIFICATION_REJECTED;
    snprintf(nothing.verification_word, sizeof nothing.verification_word, "REJECTED");
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abe");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &nothing, 3);
    assert_verification(fixture, id, VERIFICATION_REJECTED, "REJECTED", "too young", FIXTURE_AT + 1, 0);
    nothing.verification = VERIFICATION_PENDING;
    snprintf(nothing.verification_word, sizeof nothing.verification_word, "IN_REVIEW");
    fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abf");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_ACKNOWLEDGED, &nothing, 4);
    assert_verification(fixture, id, VERIFICATION_PENDING, "IN_REVIEW", "", FIXTURE_AT + 4, 0);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer, event WHERE event.code LIKE "
                                             "'%secret%' OR message LIKE '%secret%' OR kept LIKE '%secret%'"),
                     0);
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

/* Another user, or none: unknown, and never read. */
static void a_user_takes_its_verification_with_it(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        char key[8];
        enum ledger_settlement settlement;
        snprintf(key, sizeof key, "C-%d", i);
        struct ledger_verdict verdict = {
            .external_id = slice_from(key), .user_id = slice_from(i ? "U-1" : "U-0"), .at_ns = 7};
        fixture_begin(fixture);
        assert_int_equal(ledger_settle(fixture->ledger, &verdict, &settlement, &fixture->error), 0);
        fixture_commit(fixture);
        int64_t id = i + 1;
        fixture_verification(fixture, id, VERIFICATION_VERIFIED, "w", "r", 8);
        assert_verification(fixture, id, VERIFICATION_VERIFIED, "w", "r", 8, 8);
        verdict.user_id = slice_from(i ? "U-9" : "");
        fixture_begin(fixture);
        assert_int_equal(ledger_settle(fixture->ledger, &verdict, &settlement, &fixture->error), 0);
        fixture_commit(fixture);
        assert_int_equal(settlement, LEDGER_SETTLE_CORRECTED);
        assert_verification(fixture, id, VERIFICATION_UNKNOWN, "", "", 0, 0);
    }
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

/* Eight customers: one for each state, one that is deleted, one that was never read, and one without a user.
 */
static void make_customers(struct fixture *fixture)
{
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "");
    for (int i = 0; i < 7; i++) {
        char key[8], user[8];
        snprintf(key, sizeof key, "C-%d", i + 1);
        snprintf(user, sizeof user, "U-%d", i + 1);
        int64_t id = fixture_create(fixture, key, "abc", user);
        if (i < VERIFICATION_COUNT)
            fixture_verification(fixture, id, (enum verification)i, i ? "w" : "", "", (uint64_t)i + 10);
    }
    fixture_verification(fixture, 6, VERIFICATION_UNKNOWN, LEDGER_DELETED, "", 15);
    fixture_journal(fixture, 0, "C-8", OPERATION_CREATE, "abc");
    for (int64_t id = 3; id <= 4; id++)
        fixture_task_result(fixture, fixture_journal_task(fixture, id, LEDGER_TASK_LINK, "", "", ""),
                            LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
}

static void note_group(void *context, const struct ledger_group *group)
{
    char *text = context;
    snprintf(text + strlen(text), 128 - strlen(text), "%s %s %d %d, ", group->state, group->operation,
             (int)group->count, (int)group->open);
}

static void users_are_counted_by_state(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_verification_counts counts;
    assert_int_equal(ledger_count_verification(fixture->ledger, 0, &counts, &fixture->error), 0);
    assert_int_equal(counts.users, 0);
    make_customers(fixture);
    assert_int_equal(ledger_count_verification(fixture->ledger, 13, &counts, &fixture->error), 0);
    assert_int_equal(counts.users, 7);
    assert_int_equal(counts.states[VERIFICATION_UNKNOWN], 2); /* C-1, C-7 */
    assert_int_equal(counts.states[VERIFICATION_PENDING], 1);
    assert_int_equal(counts.states[VERIFICATION_ACTION_NEEDED], 1);
    assert_int_equal(counts.states[VERIFICATION_VERIFIED], 1);
    assert_int_equal(counts.states[VERIFICATION_REJECTED], 1);
    assert_int_equal(counts.deleted, 1);
    assert_int_equal(counts.never_read, 1);
    assert_int_equal(counts.linked, 2);
    assert_int_equal(counts.changed[VERIFICATION_UNKNOWN], 0);
    assert_int_equal(counts.changed[VERIFICATION_PENDING], 0);
    assert_int_equal(counts.changed[VERIFICATION_ACTION_NEEDED], 0); /* at 12 */
    assert_int_equal(counts.changed[VERIFICATION_VERIFIED], 1);      /* at 13 */
    assert_int_equal(counts.changed[VERIFICATION_REJECTED], 1);
    assert_int_equal(counts.changed_to_deleted, 1);
    assert_int_equal(ledger_count_verification(fixture->ledger, UINT64_MAX, &counts, &fixture->error), 0);
    assert_int_equal(counts.changed[VERIFICATION_REJECTED], 0);
    assert_int_equal(counts.changed_to_deleted, 0);
    /* The groups of `status` are those of creates and updates: links and documents add none. */
    char groups[128] = "";
    assert_int_equal(ledger_each_group(fixture->ledger, note_group, groups, &fixture->error), 0);
    assert_string_equal(groups, "created create 7 0, journalled create 1 1, ");
}

/* The ids of a selection, as digits. */
static const char *select_ids(struct fixture *fixture, struct ledger_selection selection, char text[16])
{
    struct ledger_customer customer;
    uint64_t read_at;
    size_t len = 0;
    int found;
    while ((found = ledger_next_reading(fixture->ledger, &selection, &fixture->arena, &customer, &read_at,
                                        &fixture->error)) == 1) {
        uint64_t at_ns;
        assert_int_equal(ledger_reading(fixture->ledger, customer.id, &at_ns, &fixture->error), 0);
        assert_int_equal(read_at, at_ns);
        assert_true(customer.user_id.data[customer.user_id.len] == '\0');
        text[len++] = (char)('0' + customer.id);
        selection.after = customer.id;
    }
    assert_int_equal(found, 0);
    text[len] = '\0';
    return text;
}

static void users_are_selected_by_state_and_age(void **state)
{
    static const struct {
        struct ledger_selection selection;
        const char *ids;
    } cases[] = {
        {{0, ALL_STATES, true, UINT64_MAX}, "1234567"},
        {{0, ALL_STATES, false, UINT64_MAX}, "123457"},
        {{4, ALL_STATES, true, UINT64_MAX}, "567"},
        {{0, 0, true, UINT64_MAX}, ""},
        {{0, 1 << VERIFICATION_UNKNOWN, true, UINT64_MAX}, "167"},
        {{0, 1 << VERIFICATION_UNKNOWN, false, UINT64_MAX}, "17"},
        {{0, 1 << VERIFICATION_VERIFIED, false, UINT64_MAX}, "4"},
        {{0, 1 << VERIFICATION_PENDING | 1 << VERIFICATION_REJECTED, false, UINT64_MAX}, "25"},
        {{0, ALL_STATES, true, 12}, "127"}, /* read at 10, 11, and never */
        {{0, ALL_STATES, true, 1}, "7"},
        {{0, ALL_STATES, true, 0}, ""},
    };
    struct fixture *fixture = *state;
    char text[16];
    make_customers(fixture);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(select_ids(fixture, cases[i].selection, text), cases[i].ids);
}

static void readings_of_a_clock_that_was_ahead_count_as_never(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = fixture_create(fixture, "C-1", "abc", "U-1");
    uint64_t at_ns;
    fixture_verification(fixture, id, VERIFICATION_PENDING, "submitted", "", 500);
    for (uint64_t now_ns = 500; now_ns >= 499; now_ns--) {
        fixture_begin(fixture);
        assert_int_equal(ledger_forget_readings(fixture->ledger, now_ns, &fixture->error), 0);
        fixture_commit(fixture);
        assert_int_equal(ledger_reading(fixture->ledger, id, &at_ns, &fixture->error), 0);
        assert_int_equal(at_ns, now_ns == 500 ? 500 : 0);
    }
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

/* A state at 9 s, a link, and a state, the last two by a clock that was set back. */
static void states_and_links_keep_their_order_when_the_clock_is_set_back(void **state)
{
    const uint64_t ahead_ns = FIXTURE_AT + 9000;
    struct fixture *fixture = *state;
    int64_t id = fixture_create(fixture, "C-1", "abc", "U-1");
    const struct outcome made = fixture_outcome(OUTCOME_DONE, 201, "", "");
    fixture_verification(fixture, id, VERIFICATION_ACTION_NEEDED, "needs_action", "", ahead_ns);
    int64_t task = fixture_journal_task(fixture, id, LEDGER_TASK_LINK, "", "link", "key-1");
    fixture_task_result(fixture, task, LEDGER_RESULT_ACKNOWLEDGED, &made, 1);
    struct ledger_customer row = fixture_find(fixture, id);
    assert_int_equal(row.verification_at, ahead_ns);
    assert_int_equal(row.link_at, ahead_ns); /* no other link is made for this state */
    fixture_verification(fixture, id, VERIFICATION_REJECTED, "rejected", "", FIXTURE_AT + 2);
    row = fixture_find(fixture, id);
    assert_int_equal(row.verification_at, ahead_ns + 1); /* for this one, another one is */
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_change_is_an_event_and_a_reading_is_none),
        TEST(an_answer_brings_its_own_verification),
        TEST(a_user_takes_its_verification_with_it),
        TEST(users_are_counted_by_state),
        TEST(users_are_selected_by_state_and_age),
        TEST(readings_of_a_clock_that_was_ahead_count_as_never),
        TEST(states_and_links_keep_their_order_when_the_clock_is_set_back),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_verification", tests, NULL, NULL);
}
