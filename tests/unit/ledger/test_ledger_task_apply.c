/* The life of a task: every state, every change, and the whole row after it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/ledger_task_apply.h"

enum { TEXT_SIZE = 256 };

/* The states, as sets. A done link, unlike a done document, may be needed again. */
enum {
    NEW = 1 << 0,
    JOURNALLED = 1 << 1,
    IN_DOUBT = 1 << 2,
    DONE_DOCUMENT = 1 << 3,
    DONE_LINK = 1 << 4,
    REFUSED = 1 << 5,
    UNSENT = 1 << 6,
    ERASED = 1 << 7,
    STATES = 8,

    OPEN = JOURNALLED | IN_DOUBT,
    CLOSED = DONE_DOCUMENT | DONE_LINK | REFUSED | UNSENT,
};

/* id customer kind slot state digest key attempts http code created updated. */
static const struct {
    const char *name;
    struct ledger_task row;
} states[STATES] = {
#define TASK(of, at)                                                                                         \
    .id = 5, .customer = 2, .kind = LEDGER_TASK_##of, .slot = {"s", 1}, .digest = {"abc", 3},                \
    .idempotency_key = {"K-1", 3}, .created_at = 40, .updated_at = (at)
    {"new", {.id = 5, .customer = 2, .kind = LEDGER_TASK_DOCUMENT, .slot = {"s", 1}}},
    {"journalled", {TASK(DOCUMENT, 40), .state = LEDGER_TASK_JOURNALLED}},
    {"in doubt", {TASK(LINK, 50), .state = LEDGER_TASK_IN_DOUBT, .attempts = 2, .code = {"reset", 5}}},
    {"a done document", {TASK(DOCUMENT, 50), .state = LEDGER_TASK_DONE, .attempts = 1, .http_status = 201}},
    {"a done link", {TASK(LINK, 50), .state = LEDGER_TASK_DONE, .attempts = 1, .http_status = 201}},
    {"refused",
     {TASK(DOCUMENT, 50), .state = LEDGER_TASK_REFUSED, .attempts = 1, .http_status = 422,
      .code = {"no", 2}}},
    {"unsent", {TASK(DOCUMENT, 50), .state = LEDGER_TASK_UNSENT, .attempts = 1, .http_status = 503}},
    {"erased",
     {.id = 5,
      .customer = 2,
      .kind = LEDGER_TASK_LINK,
      .slot = {"erased:5", 8},
      .state = LEDGER_TASK_ERASED,
      .created_at = 40,
      .updated_at = 50}},
};

enum change {
    JOURNAL,
    JOURNAL_WITHOUT_TIME,
    REPEAT,
    RENEW_SAME,
    RENEW_OTHER,
    RENEW_WITHOUT_TIME,
    RETRY,
    RETRY_IN_DOUBT,
    RETRY_UNSENT,
    RETRY_WITHOUT_OUTCOME,
    ACKNOWLEDGE,
    ACKNOWLEDGE_WITHOUT_OUTCOME,
    REFUSE,
    REFUSE_UNSENT,
    DOUBT,
    DOUBT_WITHOUT_OUTCOME,
    ABANDON,
    ABANDON_SENT,
    ABANDON_IN_DOUBT,
    ERASE,
    ERASE_WITHOUT_SLOT,
    NO_CHANGE,
    CHANGES
};

static const struct outcome done = {.kind = OUTCOME_DONE, .http_status = 200},
                            slow = {.kind = OUTCOME_THROTTLED, .http_status = 429, .code = "slow"},
                            lost = {.kind = OUTCOME_IN_DOUBT, .code = "timeout"},
                            no = {.kind = OUTCOME_REFUSED, .http_status = 422, .code = "bad"},
                            not_built = {.kind = OUTCOME_REFUSED, .code = "not_built"};

#define CHANGE(of)       .kind = LEDGER_TASK_CHANGE_##of, .at_ns = 100
#define LEFT_WITH(which) .outcome = &(which), .is_sent = true, .attempt = 3
#define DATA(text)       .digest = {text, 3}, .idempotency_key = {"K-9", 3}

static const struct {
    const char *name;
    struct ledger_task_change change;
    const char *outcome; /* of its event */
} samples[CHANGES] = {
    [JOURNAL] = {"journal", {CHANGE(JOURNAL), DATA("xyz")}, "journalled"},
    [JOURNAL_WITHOUT_TIME] = {"journal at no time", {.kind = LEDGER_TASK_CHANGE_JOURNAL, DATA("xyz")}, ""},
    [REPEAT] = {"repeat", {CHANGE(REPEAT), DATA("xyz")}, "repeated"},
    [RENEW_SAME] = {"renew the same", {CHANGE(RENEW), DATA("abc")}, "renewed"},
    [RENEW_OTHER] = {"renew", {CHANGE(RENEW), DATA("xyz")}, "renewed"},
    [RENEW_WITHOUT_TIME] = {"renew at no time", {.kind = LEDGER_TASK_CHANGE_RENEW, DATA("xyz")}, ""},
    [RETRY] = {"retry", {CHANGE(RETRY), LEFT_WITH(slow)}, "throttled"},
    [RETRY_IN_DOUBT] = {"retry what may have happened", {CHANGE(RETRY), LEFT_WITH(lost)}, "in_doubt"},
    [RETRY_UNSENT] = {"retry what was not sent", {CHANGE(RETRY), .outcome = &slow}, ""},
    [RETRY_WITHOUT_OUTCOME] = {"retry without an outcome", {CHANGE(RETRY), .is_sent = true}, ""},
    [ACKNOWLEDGE] = {"acknowledge", {CHANGE(ACKNOWLEDGE), LEFT_WITH(done)}, "done"},
    [ACKNOWLEDGE_WITHOUT_OUTCOME] = {"acknowledge without an outcome", {CHANGE(ACKNOWLEDGE)}, ""},
    [REFUSE] = {"refuse", {CHANGE(REFUSE), LEFT_WITH(no)}, "refused"},
    [REFUSE_UNSENT] = {"refuse unsent", {CHANGE(REFUSE), .outcome = &not_built}, "refused"},
    [DOUBT] = {"leave in doubt", {CHANGE(IN_DOUBT), LEFT_WITH(lost)}, "in_doubt"},
    [DOUBT_WITHOUT_OUTCOME] = {"leave in doubt without an outcome", {CHANGE(IN_DOUBT)}, "in_doubt"},
    [ABANDON] = {"abandon", {CHANGE(ABANDON)}, "abandoned"},
    [ABANDON_SENT] = {"abandon by an attempt", {CHANGE(ABANDON), LEFT_WITH(slow)}, "throttled"},
    [ABANDON_IN_DOUBT] = {"abandon what may have happened", {CHANGE(ABANDON), LEFT_WITH(lost)}, ""},
    [ERASE] = {"erase", {CHANGE(ERASE), .slot = {"erased:5", 8}}, "erased"},
    [ERASE_WITHOUT_SLOT] = {"erase without a slot", {CHANGE(ERASE)}, ""},
    [NO_CHANGE] = {"no change", {CHANGE(KINDS)}, ""},
};

/* state digest key attempts http code created updated. */
static const struct {
    enum change change;
    unsigned states;
    const char *after;
} legal[] = {
    {JOURNAL, NEW, "journalled xyz K-9 0 0 - 100 100"},
    {REPEAT, JOURNALLED, "in_doubt abc K-1 1 0 - 40 100"},
    {REPEAT, IN_DOUBT, "in_doubt abc K-1 2 0 reset 40 100"},
    {RENEW_SAME, DONE_LINK | REFUSED | UNSENT, "journalled abc K-9 0 0 - 100 100"},
    {RENEW_OTHER, OPEN | CLOSED, "journalled xyz K-9 0 0 - 100 100"},
    {RETRY, JOURNALLED, "journalled abc K-1 3 429 slow 40 100"},
    {RETRY, IN_DOUBT, "in_doubt abc K-1 3 429 slow 40 100"},
    {RETRY_IN_DOUBT, OPEN, "in_doubt abc K-1 3 0 timeout 40 100"},
    {ACKNOWLEDGE, OPEN, "done abc K-1 3 200 - 40 100"},
    {REFUSE, OPEN, "refused abc K-1 3 422 bad 40 100"},
    {REFUSE_UNSENT, JOURNALLED, "refused abc K-1 0 0 not_built 40 100"},
    {REFUSE_UNSENT, IN_DOUBT, "refused abc K-1 2 0 not_built 40 100"},
    {DOUBT, OPEN, "in_doubt abc K-1 3 0 timeout 40 100"},
    {DOUBT_WITHOUT_OUTCOME, JOURNALLED, "in_doubt abc K-1 0 0 - 40 100"},
    {DOUBT_WITHOUT_OUTCOME, IN_DOUBT, "in_doubt abc K-1 2 0 reset 40 100"},
    {ABANDON, JOURNALLED, "unsent abc K-1 0 0 - 40 100"},
    {ABANDON, IN_DOUBT, "in_doubt abc K-1 2 0 reset 40 100"},
    {ABANDON_SENT, JOURNALLED, "unsent abc K-1 3 429 slow 40 100"},
    {ABANDON_SENT, IN_DOUBT, "in_doubt abc K-1 3 429 slow 40 100"},
    {ERASE, OPEN | CLOSED, "erased - - 0 0 - 40 100"},
};

static const char *find_legal(enum change change, size_t state)
{
    for (size_t i = 0; i < sizeof legal / sizeof *legal; i++)
        if (legal[i].change == change && legal[i].states >> state & 1)
            return legal[i].after;
    return NULL;
}

static const char *show(struct slice text)
{
    return text.len > 0 ? text.data : "-";
}

static const char *describe(const struct ledger_task *row, char text[TEXT_SIZE])
{
    snprintf(text, TEXT_SIZE, "%s %s %s %u %d %s %d %d", ledger_task_state_word(row->state),
             show(row->digest), show(row->idempotency_key), row->attempts, row->http_status, show(row->code),
             (int)row->created_at, (int)row->updated_at);
    return text;
}

static bool aborts(const struct ledger_task *row, const struct ledger_task_change *change)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        signal(SIGABRT, SIG_DFL);
        ledger_task_apply(row, change);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void every_change_of_every_state(void **state)
{
    size_t pairs = 0;
    (void)state;
    for (size_t i = 0; i < STATES; i++)
        for (enum change j = 0; j < CHANGES; j++) {
            const struct ledger_task *row = &states[i].row;
            const struct ledger_task_change *change = &samples[j].change;
            const char *after = find_legal(j, i);
            char got[TEXT_SIZE];
            if (ledger_task_apply_allows(row, change) != (after != NULL))
                fail_msg("%s, %s: %s", states[i].name, samples[j].name, after ? "forbidden" : "allowed");
            if (!after) {
                if (!aborts(row, change))
                    fail_msg("%s, %s does not abort", states[i].name, samples[j].name);
                continue;
            }
            struct ledger_task result = ledger_task_apply(row, change);
            if (strcmp(describe(&result, got), after) != 0)
                fail_msg("%s, %s:\ngot  %s\nwant %s", states[i].name, samples[j].name, got, after);
            assert_int_equal(result.id, 5);
            assert_int_equal(result.customer, 2);
            assert_int_equal(result.kind, row->kind);
            assert_string_equal(result.slot.data, j == ERASE ? "erased:5" : "s");
            assert_string_equal(ledger_task_change_outcome(change), samples[j].outcome);
            pairs++;
        }
    assert_int_equal(pairs, 36);
}

/* A link rests on no content: the need for it does. */
static void a_link_without_a_digest_is_repeated_while_open_and_renewed_after(void **state)
{
    struct ledger_task link = {.id = 1, .customer = 1, .kind = LEDGER_TASK_LINK};
    const struct ledger_task_change journal = {CHANGE(JOURNAL)}, renew = {CHANGE(RENEW)},
                                    repeat = {CHANGE(REPEAT)}, end = {CHANGE(ACKNOWLEDGE), LEFT_WITH(done)};
    (void)state;
    link = ledger_task_apply(&link, &journal);
    assert_false(ledger_task_apply_allows(&link, &renew));
    assert_true(ledger_task_apply_allows(&link, &repeat));
    link = ledger_task_apply(&link, &end);
    assert_true(ledger_task_apply_allows(&link, &renew));
    assert_false(ledger_task_apply_allows(&link, &repeat));
}

/* Random lives: what may have been carried out stays open until an answer ends it, and is sent again under
 * its key. */
static void no_life_loses_what_may_have_been_carried_out(void **state)
{
    enum { STEPS = 200000 };
    uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);
    struct ledger_task row = states[0].row;
    size_t applied[LEDGER_TASK_CHANGE_KINDS] = {0};
    bool may_be_done = false; /* what was journalled last */
    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        const struct ledger_task_change *change = &samples[(random_state >> 33) % CHANGES].change;
        if (!ledger_task_apply_allows(&row, change))
            continue;
        struct ledger_task after = ledger_task_apply(&row, change);
        bool is_journal =
            change->kind == LEDGER_TASK_CHANGE_JOURNAL || change->kind == LEDGER_TASK_CHANGE_RENEW;
        bool is_end = change->kind == LEDGER_TASK_CHANGE_ACKNOWLEDGE ||
                      change->kind == LEDGER_TASK_CHANGE_REFUSE || change->kind == LEDGER_TASK_CHANGE_ERASE;
        applied[change->kind]++;
        if (is_journal || is_end)
            may_be_done = false;
        else if (change->kind == LEDGER_TASK_CHANGE_REPEAT || change->kind == LEDGER_TASK_CHANGE_IN_DOUBT ||
                 (change->is_sent && change->outcome->kind == OUTCOME_IN_DOUBT))
            may_be_done = true;
        assert_true(!may_be_done || after.state == LEDGER_TASK_IN_DOUBT);
        if (!is_journal && change->kind != LEDGER_TASK_CHANGE_ERASE) {
            assert_true(slice_equal(after.idempotency_key, row.idempotency_key));
            assert_true(slice_equal(after.digest, row.digest));
            assert_true(after.created_at == row.created_at && after.attempts >= row.attempts);
        }
        row = after.state == LEDGER_TASK_ERASED ? states[0].row : after;
    }
    for (size_t i = 0; i < LEDGER_TASK_CHANGE_KINDS; i++)
        assert_true(applied[i] > STEPS / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_of_every_state),
        cmocka_unit_test(a_link_without_a_digest_is_repeated_while_open_and_renewed_after),
        cmocka_unit_test(no_life_loses_what_may_have_been_carried_out),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_task_apply", tests, NULL, NULL);
}
