/* Runs that end anywhere, against a provider that loses answers: a document reaches it once where it has
 * idempotency keys, and at most once more for each lost answer where it has none.
 *
 * A model of a provider, and a run loop that decides as the commands do, over ledger_task_apply. Every send
 * and every commit is a step; a crash keeps the commits before it, and what was sent happened, or did not,
 * whatever was committed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/ledger_task_apply.h"

/* What becomes of a request. */
enum fate {
    DONE,
    DONE_AND_LOST, /* executed, and its answer is lost */
    LOST,          /* not executed, which nobody knows */
    THROTTLED,
    REFUSED,
    WITHDRAWN, /* not sent */
    FATES
};

enum { ATTEMPTS = 2, RUNS = 2, FATE_COUNT = 4, CONTENTS = 2, KEYS_MAX = 8, NO_CRASH = 1000 };

struct history {
    bool has_keys;
    int inputs[RUNS + 1]; /* the content in each run, and in the last one, which nothing disturbs */
    unsigned crash_after[RUNS];
    enum fate fates[FATE_COUNT];
};

struct simulation {
    const struct history *history;
    struct ledger_task row; /* durable; id 0: there is none */
    unsigned run, next_fate, steps_left, lost, keys_given;
    bool has_crashed;
    /* The provider. */
    unsigned executed[CONTENTS];
    bool has_refused[CONTENTS];
    bool has_key[KEYS_MAX]; /* executed under it */
};

static const char *const contents[CONTENTS] = {"a", "b"};
static const char *const keys[KEYS_MAX] = {"0", "1", "2", "3", "4", "5", "6", "7"};

static void break_off(const struct simulation *simulation, const char *what)
{
    const struct history *history = simulation->history;
    fail_msg("%s keys, contents %d %d %d, crashes after %u %u, fates %d %d %d %d, in run %u: %s\n"
             "the row: %s %.1s; executed %u %u, lost %u",
             history->has_keys ? "with" : "without", history->inputs[0], history->inputs[1],
             history->inputs[2], history->crash_after[0], history->crash_after[1], (int)history->fates[0],
             (int)history->fates[1], (int)history->fates[2], (int)history->fates[3], simulation->run, what,
             ledger_task_state_word(simulation->row.state), simulation->row.digest.data,
             simulation->executed[0], simulation->executed[1], simulation->lost);
}

/* A crash comes before the step. */
static bool crashes(struct simulation *simulation)
{
    if (simulation->steps_left == 0)
        simulation->has_crashed = true;
    else
        simulation->steps_left--;
    return simulation->has_crashed;
}

static void commit(struct simulation *simulation, struct ledger_task_change change)
{
    if (crashes(simulation))
        return;
    change.at_ns = 1;
    if (!ledger_task_apply_allows(&simulation->row, &change))
        break_off(simulation, "an illegal change");
    simulation->row = ledger_task_apply(&simulation->row, &change);
    simulation->row.code = slice_make(NULL, 0); /* borrowed from the outcome */
}

static void commit_attempt(struct simulation *simulation, enum ledger_task_change_kind kind,
                           enum outcome_kind outcome_kind, uint32_t attempt)
{
    const struct outcome outcome = {.kind = outcome_kind, .http_status = 200};
    commit(simulation, (struct ledger_task_change){
                           .kind = kind, .outcome = &outcome, .is_sent = true, .attempt = attempt});
}

/* The provider gets a request. */
static void execute(struct simulation *simulation, int content)
{
    bool *key = &simulation->has_key[simulation->row.idempotency_key.data[0] - '0'];
    if (simulation->history->has_keys && *key)
        return; /* the first answer again */
    *key = true;
    simulation->executed[content]++;
}

/* Sends the open task until it is resolved, or given up. */
static void send_task(struct simulation *simulation, int content)
{
    for (uint32_t attempt = 1; attempt <= ATTEMPTS && !simulation->has_crashed; attempt++) {
        bool is_last = attempt == ATTEMPTS;
        enum fate fate =
            simulation->next_fate < FATE_COUNT ? simulation->history->fates[simulation->next_fate++] : DONE;
        if (fate == WITHDRAWN) {
            commit(simulation, (struct ledger_task_change){.kind = LEDGER_TASK_CHANGE_ABANDON});
            return;
        }
        if (crashes(simulation))
            return;
        if (fate == REFUSED && simulation->history->has_keys &&
            simulation->has_key[simulation->row.idempotency_key.data[0] - '0'])
            fate = DONE; /* the key is recognized first */
        if (fate == DONE || fate == DONE_AND_LOST)
            execute(simulation, content);
        if (fate == DONE) {
            commit_attempt(simulation, LEDGER_TASK_CHANGE_ACKNOWLEDGE, OUTCOME_DONE, attempt);
            simulation->lost += simulation->has_crashed;
            return;
        }
        if (fate == REFUSED) {
            simulation->has_refused[content] = true;
            commit_attempt(simulation, LEDGER_TASK_CHANGE_REFUSE, OUTCOME_REFUSED, attempt);
            return;
        }
        if (fate == THROTTLED) {
            commit_attempt(simulation, is_last ? LEDGER_TASK_CHANGE_ABANDON : LEDGER_TASK_CHANGE_RETRY,
                           OUTCOME_THROTTLED, attempt);
            continue;
        }
        simulation->lost += fate == DONE_AND_LOST;
        commit_attempt(simulation, is_last ? LEDGER_TASK_CHANGE_IN_DOUBT : LEDGER_TASK_CHANGE_RETRY,
                       OUTCOME_IN_DOUBT, attempt);
    }
}

static void run(struct simulation *simulation, int content, unsigned steps)
{
    const struct ledger_task *row = &simulation->row;
    const struct slice digest = slice_from(contents[content]);
    bool is_new = row->created_at == 0, is_same = !is_new && slice_equal(row->digest, digest);
    struct ledger_task_change change = {.kind =
                                            is_new ? LEDGER_TASK_CHANGE_JOURNAL : LEDGER_TASK_CHANGE_RENEW,
                                        .digest = digest,
                                        .idempotency_key = slice_from(keys[simulation->keys_given])};
    simulation->steps_left = steps;
    simulation->has_crashed = false;
    if (is_same && (row->state == LEDGER_TASK_DONE || row->state == LEDGER_TASK_REFUSED))
        return;
    if (is_same && ledger_task_is_open(row))
        change.kind = LEDGER_TASK_CHANGE_REPEAT;
    else
        simulation->keys_given++;
    commit(simulation, change);
    send_task(simulation, content);
    bool is_known = row->state == LEDGER_TASK_DONE || ledger_task_is_open(row);
    if (row->created_at != 0 && slice_equal(row->digest, digest) && !is_known &&
        simulation->executed[content] > 0 && row->state != LEDGER_TASK_REFUSED)
        break_off(simulation, "never lost: it was executed, and counts as unsent");
}

static void live(const struct history *history)
{
    struct simulation simulation = {.history = history,
                                    .row = {.id = 1, .customer = 1, .kind = LEDGER_TASK_DOCUMENT}};
    const int last = history->inputs[RUNS];
    for (; simulation.run < RUNS; simulation.run++)
        run(&simulation, history->inputs[simulation.run], history->crash_after[simulation.run]);
    simulation.next_fate = FATE_COUNT;
    for (int i = 0; i < 2; i++) /* the second sends nothing */
        run(&simulation, last, NO_CRASH);
    bool is_refused = simulation.row.state == LEDGER_TASK_REFUSED;
    if (!slice_equal(simulation.row.digest, slice_from(contents[last])) ||
        (simulation.row.state != LEDGER_TASK_DONE && !(is_refused && simulation.has_refused[last])))
        break_off(&simulation, "the last content is done, or was refused");
    if (!is_refused && simulation.executed[last] == 0)
        break_off(&simulation, "the provider has the last content");
    if (history->has_keys && (simulation.executed[0] > 1 || simulation.executed[1] > 1))
        break_off(&simulation, "once where the provider has idempotency keys");
    if (simulation.executed[0] + simulation.executed[1] > CONTENTS + simulation.lost)
        break_off(&simulation, "at most once more for each lost answer");
    if (history->inputs[0] == last && simulation.executed[last] > 1 + simulation.lost)
        break_off(&simulation, "at most once more for each lost answer of this content");
}

enum { CRASHES = 6 }; /* after the steps of a run, or none */

static void every_short_history_sends_a_document_as_often_as_it_must(void **state)
{
    static const int inputs[][RUNS + 1] = {{0, 0, 0}, {0, 0, 1}, {0, 1, 1}};
    unsigned fates = 1, count = 0;
    (void)state;
    for (int i = 0; i < FATE_COUNT; i++)
        fates *= FATES;
    for (int has_keys = 0; has_keys < 2; has_keys++)
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
            for (unsigned crash = 0; crash < CRASHES * CRASHES; crash++)
                for (unsigned number = 0; number < fates; number++, count++) {
                    struct history history = {.has_keys = has_keys};
                    unsigned rest = number, after[RUNS] = {crash % CRASHES, crash / CRASHES};
                    memcpy(history.inputs, inputs[i], sizeof history.inputs);
                    for (int j = 0; j < RUNS; j++)
                        history.crash_after[j] = after[j] < CRASHES - 1 ? after[j] : NO_CRASH;
                    for (int j = 0; j < FATE_COUNT; j++, rest /= FATES)
                        history.fates[j] = (enum fate)(rest % FATES);
                    live(&history);
                }
    assert_int_equal(count, 2 * 3 * 36 * 1296);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_history_sends_a_document_as_often_as_it_must),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_task_resume", tests, NULL, NULL);
}
