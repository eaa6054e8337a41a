/* conclude: the whole table of what an outcome means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "pipeline/item.h"

enum { NONE = -1, NOW = 1000 };

/* What stands before the attempt. */
enum {
    CREATE = 0,
    UPDATE = 1,
    DOUBT = 2,
    CHANGED = 4,
    LAST = 8,
    STOPPING = 16,
    HOLD = 32,
    HOME = 64,
    IMMUTABLE = 128
};

struct example {
    const char *sentence;
    enum outcome_kind outcome;
    int status;
    unsigned before;
    enum conclusion_kind want;
    int ledger; /* enum ledger_conclusion, or NONE: nothing is written */
    const char *rule;
};

static const struct example examples[] = {
    {"a yes is created", OUTCOME_DONE, 201, CREATE, CONCLUSION_CREATED, LEDGER_ACKNOWLEDGED, NULL},
    {"a yes to a doubt is created", OUTCOME_DONE, 200, DOUBT, CONCLUSION_CREATED, LEDGER_ACKNOWLEDGED, NULL},
    {"a yes while stopping is created", OUTCOME_DONE, 201, STOPPING, CONCLUSION_CREATED, LEDGER_ACKNOWLEDGED,
     NULL},
    {"a yes to the last attempt is created", OUTCOME_DONE, 201, LAST, CONCLUSION_CREATED, LEDGER_ACKNOWLEDGED,
     NULL},
    {"a yes to a changed doubt: the user exists, what differs comes next", OUTCOME_DONE, 200, DOUBT | CHANGED,
     CONCLUSION_UPDATE_NEXT, LEDGER_ACKNOWLEDGED, NULL},
    {"a yes to an update is updated", OUTCOME_DONE, 200, UPDATE, CONCLUSION_UPDATED, LEDGER_ACKNOWLEDGED,
     NULL},
    {"a yes beside a change that cannot be sent is refused by its name", OUTCOME_DONE, 200,
     UPDATE | IMMUTABLE, CONCLUSION_REFUSED, LEDGER_ACKNOWLEDGED, RULE_IMMUTABLE},
    {"somebody's user is not ours", OUTCOME_EXISTS, 409, CREATE, CONCLUSION_REFUSED, LEDGER_TURNED_DOWN,
     RULE_EXISTS},
    {"after a doubt it may be ours", OUTCOME_EXISTS, 409, DOUBT, CONCLUSION_IN_DOUBT, LEDGER_DOUBTFUL, NULL},
    {"a no is a refusal", OUTCOME_REFUSED, 422, CREATE, CONCLUSION_REFUSED, LEDGER_TURNED_DOWN, "refused"},
    {"a 404 is a refusal", OUTCOME_REFUSED, 404, CREATE, CONCLUSION_REFUSED, LEDGER_TURNED_DOWN, "refused"},
    {"a 422 to the bytes of the doubt settles it", OUTCOME_REFUSED, 422, DOUBT, CONCLUSION_REFUSED,
     LEDGER_TURNED_DOWN, "refused"},
    {"a 400 too", OUTCOME_REFUSED, 400, DOUBT, CONCLUSION_REFUSED, LEDGER_TURNED_DOWN, "refused"},
    {"a 404 after a doubt settles nothing", OUTCOME_REFUSED, 404, DOUBT, CONCLUSION_IN_DOUBT, LEDGER_DOUBTFUL,
     NULL},
    {"a 422 to other bytes settles nothing", OUTCOME_REFUSED, 422, DOUBT | CHANGED, CONCLUSION_IN_DOUBT,
     LEDGER_DOUBTFUL, NULL},
    {"no answer is asked for again", OUTCOME_IN_DOUBT, 0, CREATE, CONCLUSION_AGAIN, LEDGER_DOUBTFUL, NULL},
    {"no answer to the last attempt stays in doubt", OUTCOME_IN_DOUBT, 500, LAST, CONCLUSION_IN_DOUBT,
     LEDGER_DOUBTFUL, NULL},
    {"in_doubt: hold asks no more", OUTCOME_IN_DOUBT, 500, HOLD, CONCLUSION_IN_DOUBT, LEDGER_DOUBTFUL, NULL},
    {"no answer while stopping stays in doubt", OUTCOME_IN_DOUBT, 0, STOPPING, CONCLUSION_IN_DOUBT,
     LEDGER_DOUBTFUL, NULL},
    {"what did not leave goes again, and the ledger need not know", OUTCOME_NOT_SENT, 0, HOME,
     CONCLUSION_AGAIN, NONE, NULL},
    {"what did not leave at the last attempt was never sent", OUTCOME_NOT_SENT, 0, HOME | LAST,
     CONCLUSION_UNSENT, LEDGER_NEVER_SENT, NULL},
    {"of a doubt it stays one, as the ledger knows", OUTCOME_NOT_SENT, 0, HOME | LAST | DOUBT,
     CONCLUSION_IN_DOUBT, NONE, NULL},
    {"a 429 goes again, and is an event", OUTCOME_THROTTLED, 429, CREATE, CONCLUSION_AGAIN, LEDGER_STILL_OPEN,
     NULL},
    {"a 429 to the last attempt is unsent", OUTCOME_THROTTLED, 429, LAST, CONCLUSION_UNSENT,
     LEDGER_NEVER_SENT, NULL},
    {"a 429 after a doubt leaves the doubt", OUTCOME_THROTTLED, 429, LAST | DOUBT, CONCLUSION_IN_DOUBT,
     LEDGER_STILL_OPEN, NULL},
    {"a 429 while stopping is unsent", OUTCOME_THROTTLED, 429, STOPPING, CONCLUSION_UNSENT, LEDGER_NEVER_SENT,
     NULL},
    {"a stop is final, and nothing was done", OUTCOME_STOP, 401, CREATE, CONCLUSION_UNSENT, LEDGER_NEVER_SENT,
     NULL},
    {"a stop after a doubt leaves the doubt", OUTCOME_STOP, 401, DOUBT, CONCLUSION_IN_DOUBT,
     LEDGER_STILL_OPEN, NULL},
    {"what was withdrawn was never sent", OUTCOME_WITHDRAWN, 0, HOME, CONCLUSION_UNSENT, LEDGER_NEVER_SENT,
     NULL},
    {"a doubt that was withdrawn stays one", OUTCOME_WITHDRAWN, 0, HOME | DOUBT, CONCLUSION_IN_DOUBT, NONE,
     NULL},
    {"a bad nonce goes again", OUTCOME_BAD_NONCE, 401, CREATE, CONCLUSION_AGAIN, LEDGER_STILL_OPEN, NULL},
};

static const struct conclude_limits limits = {
    .attempts = 6, .retry_for_ns = 600 * CLOCK_NS_PER_S, .settle = true};

static struct item item_before(unsigned before)
{
    struct item item = {.attempts = before & LAST ? 6 : 1,
                        .bad_nonces = 1,
                        .in_doubt = before & DOUBT,
                        .changed = before & CHANGED,
                        .immutable = before & IMMUTABLE ? FIELD_EMAIL : FIELD_NONE};
    item.delivery.call.operation = before & UPDATE ? OPERATION_UPDATE : OPERATION_CREATE;
    return item;
}

static void each_outcome_means_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *example = &examples[i];
        struct item item = item_before(example->before);
        struct conclude_limits at = limits;
        at.settle = !(example->before & HOLD);
        at.stopping = example->before & STOPPING;
        const struct outcome outcome = {.kind = example->outcome, .http_status = example->status};
        bool left = !(example->before & HOME);
        struct conclusion got = conclude(&item, &outcome, left, &at, NOW, 1);
        if (got.kind != example->want || got.write != (example->ledger != NONE) ||
            (got.write && (int)got.ledger != example->ledger))
            fail_msg("%s: kind %d, written %d as %d", example->sentence, got.kind, got.write, got.ledger);
        if (got.event != (left && got.write))
            fail_msg("%s: what left and is written is an event, and nothing else", example->sentence);
        if (example->rule && (!got.rule || strcmp(got.rule, example->rule) != 0))
            fail_msg("%s: rule %s", example->sentence, got.rule ? got.rule : "none");
    }
}

/* After a doubt, where a repeat is the only question: the user that a 409 names is fetched. */
static void a_conflict_that_names_the_user_is_asked_about(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        unsigned before;
        const char *user_id;
        enum conclusion_kind want;
    } rows[] = {
        {"named, after a doubt", DOUBT, "u-1", CONCLUSION_ASK},
        {"not named", DOUBT, "", CONCLUSION_IN_DOUBT},
        {"named, without a doubt", CREATE, "u-1", CONCLUSION_REFUSED},
        {"named, while stopping", DOUBT | STOPPING, "u-1", CONCLUSION_IN_DOUBT},
        {"named, and doubts are to be held", DOUBT | HOLD, "u-1", CONCLUSION_IN_DOUBT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct item item = item_before(rows[i].before);
        struct conclude_limits at = limits;
        struct outcome outcome = {.kind = OUTCOME_EXISTS, .http_status = 409};
        at.settle = !(rows[i].before & HOLD);
        at.stopping = rows[i].before & STOPPING;
        at.doubt = PROVIDER_DOUBT_REPEAT;
        strcpy(outcome.user_id, rows[i].user_id);
        if (conclude(&item, &outcome, true, &at, NOW, 1).kind != rows[i].want)
            fail_msg("%s", rows[i].sentence);
    }
}

static void a_record_is_tried_no_more_after_its_attempts_or_its_time(void **state)
{
    (void)state;
    const struct outcome outcome = {.kind = OUTCOME_THROTTLED, .http_status = 429};
    struct item item = item_before(CREATE);
    item.attempts = 5;
    assert_int_equal(conclude(&item, &outcome, true, &limits, NOW, 1).kind, CONCLUSION_AGAIN);
    item.attempts = 6;
    assert_int_equal(conclude(&item, &outcome, true, &limits, NOW, 1).kind, CONCLUSION_UNSENT);
    item.attempts = 2;
    item.retrying_since_ns = NOW;
    uint64_t end = NOW + limits.retry_for_ns;
    assert_int_equal(conclude(&item, &outcome, true, &limits, end - 10, 5).kind, CONCLUSION_AGAIN);
    assert_int_equal(conclude(&item, &outcome, true, &limits, end - 10, 11).kind, CONCLUSION_UNSENT);
    assert_int_equal(conclude(&item, &outcome, true, &limits, end + 10, 0).kind, CONCLUSION_UNSENT);
}

static void three_bad_nonces_of_one_record_are_enough(void **state)
{
    (void)state;
    const struct outcome outcome = {.kind = OUTCOME_BAD_NONCE, .http_status = 401};
    for (uint32_t count = 1; count <= 4; count++) {
        struct item item = item_before(CREATE);
        item.bad_nonces = count;
        struct conclusion got = conclude(&item, &outcome, true, &limits, NOW, 1);
        assert_int_equal(got.kind, count < 3 ? CONCLUSION_AGAIN : CONCLUSION_UNSENT);
    }
}

static void what_is_given_up_while_it_waits_is_unsent_or_stays_in_doubt(void **state)
{
    (void)state;
    struct item item = item_before(CREATE);
    struct conclusion got = conclude_given_up(&item);
    assert_int_equal(got.kind, CONCLUSION_UNSENT);
    assert_true(got.write && got.ledger == LEDGER_NEVER_SENT && !got.event);
    item = item_before(DOUBT);
    got = conclude_given_up(&item);
    assert_int_equal(got.kind, CONCLUSION_IN_DOUBT);
    assert_false(got.write);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conflict_that_names_the_user_is_asked_about),
        cmocka_unit_test(each_outcome_means_what_the_table_says),
        cmocka_unit_test(a_record_is_tried_no_more_after_its_attempts_or_its_time),
        cmocka_unit_test(three_bad_nonces_of_one_record_are_enough),
        cmocka_unit_test(what_is_given_up_while_it_waits_is_unsent_or_stays_in_doubt),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("conclude", tests, NULL, NULL);
}
