/* What a person may decide about a customer in each state, and what comes of it. */
#include "unit/ledger/ledger_fixture.h"

enum state {
    UNKNOWN, /* not in the ledger */
    UNSENT,
    IN_DOUBT,
    REFUSED,
    TWIN,
    CREATED,  /* U-1, by an answer */
    ASSIGNED, /* U-1, by a person */
    UPDATING, /* U-1, by an answer; an update is in doubt */
    STATES
};

static void note_twin(struct fixture *fixture, const char *key)
{
    struct fixture_digests digests = fixture_digests("abc");
    const struct ledger_intent twin = {.external_id = slice_from(key),
                                       .digest = digests.digest,
                                       .member_digests = slice_make(digests.members, sizeof digests.members),
                                       .at_ns = 4};
    fixture_begin(fixture);
    assert_int_equal(ledger_note_twin(fixture->ledger, &twin, SLICE_LITERAL("twin"), &fixture->error), 0);
    fixture_commit(fixture);
}

static enum ledger_settlement settle(struct fixture *fixture, const char *key, const char *user,
                                     bool is_proven)
{
    const struct ledger_verdict verdict = {
        .external_id = slice_from(key), .user_id = slice_from(user), .proven = is_proven, .at_ns = 7};
    enum ledger_settlement settlement;
    fixture_begin(fixture);
    assert_int_equal(ledger_settle(fixture->ledger, &verdict, &settlement, &fixture->error), 0);
    fixture_commit(fixture);
    return settlement;
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

/* C-1 in this state. */
static void make_state(struct fixture *fixture, enum state wanted)
{
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 500, "", "");
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    int64_t id = 0;
    if (wanted == UNSENT || wanted == IN_DOUBT || wanted == REFUSED)
        id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    if (wanted == UNSENT)
        fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ABANDONED, NULL, 0);
    if (wanted == IN_DOUBT)
        fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, &doubt, 1);
    if (wanted == REFUSED)
        fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    if (wanted == TWIN)
        note_twin(fixture, "C-1");
    if (wanted == CREATED || wanted == UPDATING)
        id = fixture_create(fixture, "C-1", "abc", "U-1");
    if (wanted == ASSIGNED)
        assert_int_equal(settle(fixture, "C-1", "U-1", false), LEDGER_SETTLE_ADOPTED);
    if (wanted == UPDATING) {
        fixture_journal(fixture, id, "C-1", OPERATION_UPDATE, "abd");
        fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_IN_DOUBT, &doubt, 1);
    }
}

/* `+`: the verdict is this event; `-`: none; `=`: that of before. */
static const struct {
    enum state state;
    const char *user;
    bool is_proven;
    enum ledger_settlement want;
    const char *state_after, *user_after, *members_after;
    char verdict;
} cases[] = {
    {UNKNOWN, "U-2", false, LEDGER_SETTLE_ADOPTED, "created", "U-2", "-", '+'},
    {UNKNOWN, "", false, LEDGER_SETTLE_NO_DOUBT, NULL, NULL, NULL, '-'},
    {UNKNOWN, "U-0", false, LEDGER_SETTLE_TAKEN, NULL, NULL, NULL, '-'},
    {UNSENT, "U-2", false, LEDGER_SETTLE_ADOPTED, "created", "U-2", "-", '+'},
    {UNSENT, "", false, LEDGER_SETTLE_NO_DOUBT, "unsent", "", "-", '-'},
    {IN_DOUBT, "U-2", false, LEDGER_SETTLED, "created", "U-2", "abc", '+'},
    {IN_DOUBT, "U-0", false, LEDGER_SETTLE_TAKEN, "in_doubt", "", "-", '-'},
    {IN_DOUBT, "", false, LEDGER_SETTLED, "unsent", "", "-", '-'},
    {REFUSED, "U-2", false, LEDGER_SETTLED, "created", "U-2", "-", '+'},
    {REFUSED, "", false, LEDGER_SETTLE_NO_DOUBT, "refused", "", "-", '-'},
    {TWIN, "U-2", false, LEDGER_SETTLED, "created", "U-2", "-", '+'},
    {TWIN, "", false, LEDGER_SETTLE_ALLOWED, "unsent", "", "-", '-'},
    {CREATED, "U-1", false, LEDGER_SETTLE_ACCEPTED, "created", "U-1", "-", '-'},
    {CREATED, "U-2", false, LEDGER_SETTLE_OTHER_USER, "created", "U-1", "abc", '-'},
    {CREATED, "U-2", true, LEDGER_SETTLE_CORRECTED, "created", "U-2", "-", '+'},
    {CREATED, "U-0", true, LEDGER_SETTLE_TAKEN, "created", "U-1", "abc", '-'},
    {CREATED, "", false, LEDGER_SETTLE_NO_DOUBT, "created", "U-1", "abc", '-'},
    {ASSIGNED, "U-1", false, LEDGER_SETTLE_ACCEPTED, "created", "U-1", "-", '='},
    {ASSIGNED, "U-2", false, LEDGER_SETTLE_CORRECTED, "created", "U-2", "-", '+'},
    {ASSIGNED, "", false, LEDGER_SETTLE_CORRECTED, "unsent", "", "-", '-'},
    {UPDATING, "U-1", false, LEDGER_SETTLE_ACCEPTED, "created", "U-1", "-", '-'},
    {UPDATING, "U-2", true, LEDGER_SETTLE_CORRECTED, "created", "U-2", "-", '+'},
    {UPDATING, "", false, LEDGER_SETTLE_NO_DOUBT, "created", "U-1", "ab?", '-'},
};

static void a_verdict_is_written_only_where_it_decides_something(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ledger_customer before = {.id = 0}, after = {.id = 0};
        fixture_setup(state);
        struct fixture *fixture = *state;
        fixture_create(fixture, "C-0", "abc", "U-0");
        make_state(fixture, cases[i].state);
        int64_t events = fixture_number(fixture, "SELECT max(id) FROM event");
        ledger_find_by_key(fixture->ledger, SLICE_LITERAL("C-1"), &fixture->arena, &before, &fixture->error);
        enum ledger_settlement got = settle(fixture, "C-1", cases[i].user, cases[i].is_proven);
        bool is_written =
            got <= LEDGER_SETTLE_ACCEPTED || got == LEDGER_SETTLE_CORRECTED || got == LEDGER_SETTLE_ALLOWED;
        int found = ledger_find_by_key(fixture->ledger, SLICE_LITERAL("C-1"), &fixture->arena, &after,
                                       &fixture->error);
        int64_t verdict = cases[i].verdict == '+' ? events + 1 : cases[i].verdict == '=' ? before.verdict : 0;
        if (got != cases[i].want || found != (cases[i].state_after != NULL))
            fail_msg("state %d, user `%s`: %d", (int)cases[i].state, cases[i].user, (int)got);
        assert_int_equal(fixture_number(fixture, "SELECT max(id) FROM event"), events + is_written);
        assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
        if (found && (strcmp(ledger_state_word(after.state), cases[i].state_after) != 0 ||
                      !fixture_slice_is(after.user_id, cases[i].user_after) || after.verdict != verdict ||
                      strcmp(fixture_letters(after.member_digests), cases[i].members_after) != 0))
            fail_msg("state %d, user `%s`: %s %.*s %s, verdict %d", (int)cases[i].state, cases[i].user,
                     ledger_state_word(after.state), (int)after.user_id.len, after.user_id.data,
                     fixture_letters(after.member_digests), (int)after.verdict);
        fixture_teardown(state);
    }
}

static void another_key_is_given_only_to_a_user(void **state)
{
    static const enum ledger_settlement wants[STATES] = {
        [UNKNOWN] = LEDGER_SETTLE_UNKNOWN,   [UNSENT] = LEDGER_SETTLE_UNKNOWN,
        [IN_DOUBT] = LEDGER_SETTLE_IN_DOUBT, [REFUSED] = LEDGER_SETTLE_UNKNOWN,
        [TWIN] = LEDGER_SETTLE_UNKNOWN,      [CREATED] = LEDGER_SETTLED,
        [ASSIGNED] = LEDGER_SETTLED,         [UPDATING] = LEDGER_SETTLED,
    };
    for (enum state from = 0; from < STATES; from++) {
        fixture_setup(state);
        struct fixture *fixture = *state;
        make_state(fixture, from);
        enum ledger_settlement got = rekey(fixture, "C-1", "C-2");
        if (got != wants[from])
            fail_msg("from state %d: %d", (int)from, (int)got);
        assert_int_equal(fixture_number(fixture,
                                        "SELECT count(*) FROM customer WHERE external_id = 'C-2' AND "
                                        "former_key = 'C-1'"),
                         got == LEDGER_SETTLED);
        assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
        fixture_teardown(state);
    }
}

static void only_a_key_without_a_history_is_given_to_another_customer(void **state)
{
    static const bool is_free[STATES] = {[UNKNOWN] = true, [UNSENT] = true, [TWIN] = true};
    for (enum state to = 0; to < STATES; to++) {
        fixture_setup(state);
        struct fixture *fixture = *state;
        fixture_create(fixture, "C-0", "abc", "U-0");
        make_state(fixture, to);
        enum ledger_settlement got = rekey(fixture, "C-0", "C-1");
        if (got != (is_free[to] ? LEDGER_SETTLED : LEDGER_SETTLE_KEY_TAKEN))
            fail_msg("to state %d: %d", (int)to, (int)got);
        assert_int_equal(fixture_number(fixture,
                                        "SELECT count(*) FROM customer WHERE external_id = 'C-1' AND "
                                        "user_id = 'U-0'"),
                         is_free[to]);
        assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
        fixture_teardown(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_is_written_only_where_it_decides_something),
        cmocka_unit_test(another_key_is_given_only_to_a_user),
        cmocka_unit_test(only_a_key_without_a_history_is_given_to_another_customer),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_settle", tests, NULL, NULL);
}
