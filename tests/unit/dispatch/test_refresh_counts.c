#include "unit/ledger/task_fixture.h"

#include "dispatch/refresh_counts.h"
#include "ledger/ledger_verification.h"

static int64_t add_user(struct fixture *fixture, int number)
{
    char key[16], user[16];
    snprintf(key, sizeof key, "C-%d", number);
    snprintf(user, sizeof user, "U-%d", number);
    return fixture_create(fixture, key, "abc", user);
}

static void assert_run(struct fixture *fixture, bool is_known, uint64_t unknown, uint64_t verified,
                       uint64_t deleted)
{
    struct run_stats *stats = run_stats_new(1);
    assert_int_equal(refresh_counts_read_run(fixture->ledger, stats, &fixture->error), 0);
    assert_int_equal(stats->verification.is_known, is_known);
    if (is_known) {
        assert_int_equal(stats->verification.customers[VERIFICATION_UNKNOWN], unknown);
        assert_int_equal(stats->verification.customers[VERIFICATION_VERIFIED], verified);
        assert_int_equal(stats->verification.customers[REFRESH_DELETED], deleted);
    }
    run_stats_free(stats);
}

static void a_run_has_states_once_one_is_known(void **state)
{
    struct fixture *fixture = *state;
    assert_run(fixture, false, 0, 0, 0);
    int64_t first = add_user(fixture, 1);
    int64_t second = add_user(fixture, 2);
    assert_run(fixture, false, 0, 0, 0);
    fixture_verification(fixture, first, VERIFICATION_UNKNOWN, "", "", 5); /* an answer without a word */
    assert_run(fixture, false, 0, 0, 0);
    fixture_verification(fixture, first, VERIFICATION_VERIFIED, "approved", "", 6);
    assert_run(fixture, true, 1, 1, 0);
    fixture_verification(fixture, second, VERIFICATION_UNKNOWN, LEDGER_DELETED, "", 7);
    assert_run(fixture, true, 0, 1, 1);
}

static void a_user_that_was_read_long_ago_is_known(void **state)
{
    struct fixture *fixture = *state;
    fixture_verification(fixture, add_user(fixture, 0), VERIFICATION_VERIFIED, "approved", "", 6);
    fixture_begin(fixture);
    for (int i = 1; i <= 1000; i++) {
        char key[16];
        snprintf(key, sizeof key, "C-%d", i);
        fixture_journal_at(fixture, 0, key, OPERATION_CREATE, "abc", FIXTURE_AT);
    }
    fixture_commit(fixture);
    assert_run(fixture, true, 0, 1, 0);
}

/* The answer of a create gives a state, and no user was read. */
static void the_state_of_an_answer_is_known_too(void **state)
{
    struct fixture *fixture = *state;
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "U-1");
    done.verification = VERIFICATION_VERIFIED;
    snprintf(done.verification_word, sizeof done.verification_word, "VERIFIED");
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 1);
    assert_run(fixture, true, 0, 1, 0);
}

static void assert_reason(const struct refresh_reason *reason, enum verification state, const char *text,
                          uint64_t customers)
{
    assert_int_equal(reason->state, state);
    assert_string_equal(reason->text, text);
    assert_int_equal(reason->customers, customers);
}

static void reasons_are_grouped_by_state_and_text(void **state)
{
    struct fixture *fixture = *state;
    struct refresh_stats stats = {.since_ns = 100};
    static const struct {
        enum verification state;
        const char *word, *reason;
        uint64_t at_ns;
    } users[] = {
        {VERIFICATION_REJECTED, "no", "blurred", 150},
        {VERIFICATION_ACTION_NEEDED, "todo", "selfie", 90},
        {VERIFICATION_ACTION_NEEDED, "todo", "blurred", 99},
        {VERIFICATION_ACTION_NEEDED, "other", "blurred", 100},
        {VERIFICATION_VERIFIED, "yes", "was blurred", 150},
        {VERIFICATION_UNKNOWN, LEDGER_DELETED, "x", 150},
        {VERIFICATION_REJECTED, "no", "", 150},
        {VERIFICATION_REJECTED, "no", "", 150},
    };
    for (int i = 0; i < 8; i++)
        fixture_verification(fixture, add_user(fixture, i), users[i].state, users[i].word, users[i].reason,
                             users[i].at_ns);
    assert_int_equal(refresh_counts_read(fixture->ledger, &stats, &fixture->error), 0);
    assert_int_equal(stats.customers[VERIFICATION_REJECTED], 3);
    assert_int_equal(stats.customers[VERIFICATION_ACTION_NEEDED], 3);
    assert_int_equal(stats.customers[REFRESH_DELETED], 1);
    assert_int_equal(stats.changed[VERIFICATION_REJECTED], 3);
    assert_int_equal(stats.changed[VERIFICATION_ACTION_NEEDED], 1);
    assert_int_equal(stats.changed[REFRESH_DELETED], 1);
    assert_int_equal(stats.reason_count, 4);
    assert_reason(&stats.reasons[0], VERIFICATION_ACTION_NEEDED, "blurred", 2);
    assert_reason(&stats.reasons[1], VERIFICATION_ACTION_NEEDED, "selfie", 1);
    assert_reason(&stats.reasons[2], VERIFICATION_REJECTED, "", 2);
    assert_reason(&stats.reasons[3], VERIFICATION_REJECTED, "blurred", 1);
    assert_int_equal(stats.other_reasons, 0);
}

static void more_reasons_than_are_kept_are_counted(void **state)
{
    struct fixture *fixture = *state;
    struct refresh_stats stats = {.since_ns = 0};
    for (int i = 0; i < REFRESH_REASONS_MAX + 3; i++) {
        char reason[16];
        snprintf(reason, sizeof reason, "reason %d", i);
        fixture_verification(fixture, add_user(fixture, i), VERIFICATION_REJECTED, "no", reason, 5);
    }
    fixture_verification(fixture, add_user(fixture, 100), VERIFICATION_REJECTED, "no", "reason 7", 5);
    assert_int_equal(refresh_counts_read(fixture->ledger, &stats, &fixture->error), 0);
    assert_int_equal(stats.reason_count, REFRESH_REASONS_MAX);
    assert_reason(&stats.reasons[0], VERIFICATION_REJECTED, "reason 7", 2);
    assert_int_equal(stats.other_reasons, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_has_states_once_one_is_known, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_user_that_was_read_long_ago_is_known, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_state_of_an_answer_is_known_too, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reasons_are_grouped_by_state_and_text, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(more_reasons_than_are_kept_are_counted, fixture_setup,
                                        fixture_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("refresh_counts", tests, NULL, NULL);
}
