/* user_task: a link or document in the ledger, from its journal entry to each of its ends. */
#include "unit/ledger/task_fixture.h"

#include "dispatch/user_task.h"

#define KEY "1b4e28ba-2fa1-51d2-883f-0016d3cca427"

struct attempt_of {
    enum outcome_kind kind;
    int status;
    bool sent;
};

/* The request after an attempt. */
static void attempt(struct request *request, const struct attempt_of *result)
{
    request->attempt++;
    request->delivery.sent = result->sent;
    request->delivery.outcome = fixture_outcome(result->kind, result->status, "", "");
}

static struct user_task begin(struct fixture *fixture, int64_t id, const struct ledger_task *known)
{
    const struct ledger_customer customer = fixture_find(fixture, id);
    struct user_task task = {.digest = {1, 2, 3}};
    user_task_init(&task, &customer, known);
    if (!known)
        snprintf(task.key, sizeof task.key, KEY);
    fixture_begin(fixture);
    assert_int_equal(
        user_task_journal(fixture->ledger, LEDGER_TASK_LINK, slice_make("", 0), &task, &fixture->error), 0);
    fixture_commit(fixture);
    return task;
}

static void end(struct fixture *fixture, struct user_task *task, const struct request *request,
                struct user_task_counts *counts)
{
    fixture_begin(fixture);
    assert_int_equal(user_task_end(fixture->ledger, task, request, counts, &fixture->error), 0);
    fixture_commit(fixture);
    user_task_clear(task);
}

/* first: an attempt that is repeated; kind of last: the one that ends it. */
static const struct {
    const char *sentence;
    struct attempt_of first, last; /* first.status 0: none */
    enum ledger_task_state want;
    uint64_t done, refused, in_doubt, unsent;
    uint32_t attempts;
} ends[] = {
    {"done", {0}, {OUTCOME_DONE, 201, true}, LEDGER_TASK_DONE, 1, 0, 0, 0, 1},
    {"refused", {0}, {OUTCOME_REFUSED, 422, true}, LEDGER_TASK_REFUSED, 0, 1, 0, 0, 1},
    {"not built: the provider did not see it",
     {0},
     {OUTCOME_REFUSED, 0, false},
     LEDGER_TASK_UNSENT,
     0,
     0,
     0,
     1,
     0},
    {"no answer", {0}, {OUTCOME_IN_DOUBT, 0, true}, LEDGER_TASK_IN_DOUBT, 0, 0, 1, 0, 1},
    {"throttled to the end", {0}, {OUTCOME_THROTTLED, 429, true}, LEDGER_TASK_UNSENT, 0, 0, 0, 1, 1},
    {"withdrawn before it began", {0}, {OUTCOME_WITHDRAWN, 0, false}, LEDGER_TASK_UNSENT, 0, 0, 0, 1, 0},
    {"stopped by the provider", {0}, {OUTCOME_STOP, 403, true}, LEDGER_TASK_UNSENT, 0, 0, 0, 1, 1},
    {"done after a doubt",
     {OUTCOME_IN_DOUBT, 500, true},
     {OUTCOME_DONE, 200, true},
     LEDGER_TASK_DONE,
     1,
     0,
     0,
     0,
     2},
    {"withdrawn after a doubt",
     {OUTCOME_IN_DOUBT, 500, true},
     {OUTCOME_WITHDRAWN, 0, false},
     LEDGER_TASK_IN_DOUBT,
     0,
     0,
     1,
     0,
     1},
    {"throttled after a doubt",
     {OUTCOME_IN_DOUBT, 500, true},
     {OUTCOME_THROTTLED, 429, true},
     LEDGER_TASK_IN_DOUBT,
     0,
     0,
     1,
     0,
     2},
    {"no answer after it was throttled",
     {OUTCOME_THROTTLED, 429, true},
     {OUTCOME_IN_DOUBT, 0, true},
     LEDGER_TASK_IN_DOUBT,
     0,
     0,
     1,
     0,
     2},
};

static void every_end_is_in_the_ledger_and_counted(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char key[16], user[16];
        struct request request = {.attempt = 0};
        struct user_task_counts counts = {0};
        snprintf(key, sizeof key, "c-%zu", i);
        snprintf(user, sizeof user, "u-%zu", i);
        int64_t id = fixture_create(fixture, key, "abc", user);
        struct user_task task = begin(fixture, id, NULL);
        if (ends[i].first.sent) {
            attempt(&request, &ends[i].first);
            fixture_begin(fixture);
            assert_int_equal(user_task_repeat(fixture->ledger, &task, &request, &fixture->error), 0);
            fixture_commit(fixture);
        }
        attempt(&request, &ends[i].last);
        end(fixture, &task, &request, &counts);
        const struct ledger_task row = fixture_find_task(fixture, id, LEDGER_TASK_LINK, "");
        if (row.state != ends[i].want)
            fail_msg("%s: %s", ends[i].sentence, ledger_task_state_word(row.state));
        if (row.attempts != ends[i].attempts)
            fail_msg("%s: %u attempts", ends[i].sentence, row.attempts);
        if (counts.done != ends[i].done || counts.refused != ends[i].refused ||
            counts.in_doubt != ends[i].in_doubt || counts.unsent != ends[i].unsent)
            fail_msg("%s: counted otherwise", ends[i].sentence);
    }
}

/* The series stops while the request waits for its next attempt: its outcome is the last one's. */
static void an_attempt_is_written_once(void **state)
{
    struct fixture *fixture = *state;
    static const struct attempt_of lost = {OUTCOME_IN_DOUBT, 500, true};
    struct request request = {.attempt = 0};
    struct user_task_counts counts = {0};
    int64_t id = fixture_create(fixture, "c-1", "abc", "u-1");
    struct user_task task = begin(fixture, id, NULL);
    attempt(&request, &lost);
    fixture_begin(fixture);
    assert_int_equal(user_task_repeat(fixture->ledger, &task, &request, &fixture->error), 0);
    fixture_commit(fixture);
    end(fixture, &task, &request, &counts);
    const struct ledger_task row = fixture_find_task(fixture, id, LEDGER_TASK_LINK, "");
    assert_int_equal(row.state, LEDGER_TASK_IN_DOUBT);
    assert_int_equal(row.attempts, 1);
    assert_int_equal(counts.in_doubt, 1);
}

/* A crash before the answer: the next series sends the same, under the same key. */
static void what_is_open_is_repeated_under_its_key(void **state)
{
    struct fixture *fixture = *state;
    static const struct attempt_of done = {OUTCOME_DONE, 200, true};
    static const uint8_t digest[USER_TASK_DIGEST_LEN] = {1, 2, 3};
    const struct slice same = slice_make((const char *)digest, sizeof digest);
    struct request request = {.attempt = 0};
    struct user_task_counts counts = {0};
    int64_t id = fixture_create(fixture, "c-1", "abc", "u-1");
    assert_int_equal(user_task_standing(NULL, same), USER_TASK_NEW);
    struct user_task first = begin(fixture, id, NULL);
    user_task_clear(&first);

    struct ledger_task row = fixture_find_task(fixture, id, LEDGER_TASK_LINK, "");
    assert_int_equal(row.state, LEDGER_TASK_JOURNALLED);
    assert_int_equal(user_task_standing(&row, same), USER_TASK_OPEN);
    assert_int_equal(user_task_standing(&row, SLICE_LITERAL("another")), USER_TASK_NEW);
    struct user_task second = begin(fixture, id, &row);
    assert_string_equal(second.key, KEY);
    assert_int_equal(second.at_ns, row.created_at);
    attempt(&request, &done);
    end(fixture, &second, &request, &counts);
    row = fixture_find_task(fixture, id, LEDGER_TASK_LINK, "");
    assert_int_equal(row.state, LEDGER_TASK_DONE);
    assert_int_equal(row.attempts, 2);
    assert_int_equal(user_task_standing(&row, same), USER_TASK_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_end_is_in_the_ledger_and_counted, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_attempt_is_written_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_open_is_repeated_under_its_key, fixture_setup,
                                        fixture_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("user_task", tests, NULL, NULL);
}
