/* Whole tasks with a real ledger: every sequence of events, cut anywhere, and what it leaves to the next run.
 */
#include "unit/dispatch/task_situations.h"

#include "core/clock.h"
#include "core/text.h"

enum { NOW = 1000, ATTEMPTS = 6, WALK_MAX = 3, WALKS_MAX = 16384 };

/* The last event of a walk. */
enum ending { AS_USUAL, WHILE_STOPPING, ATTEMPTS_USED_UP, WITH_HOLD, ENDINGS };

struct walk {
    enum operation operation;
    unsigned inputs[WALK_MAX + 1];
    size_t len;
    enum ending ending;
    /* What came of it. */
    enum task_state states[WALK_MAX + 1]; /* after each event */
    bool was_absent;                      /* a listing has proven that there is no user */
    bool exists;                          /* the provider replied so to a create in doubt */
    bool is_existing_last;                /* and nothing was written since */
    struct customer customer;
};

struct walks {
    struct customers customers;
    const struct recovery_case *recovery;
    bool key_known;
    struct walk *all;
    size_t count;
    int64_t sent; /* requests that left */
};

static const char *describe_walk(const struct walks *walks, const struct walk *walk)
{
    static const char *const endings[] = {"", ", stopping", ", no attempt left", ", in_doubt: hold"};
    static char text[256];
    size_t len = (size_t)snprintf(text, sizeof text, "%s, key %s, %s:", walks->customers.provider->name,
                                  walks->key_known ? "known" : "not known", operation_word(walk->operation));

    for (size_t i = 0; i < walk->len; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, " %s (%s)", input_word(walk->inputs[i]),
                                task_state_word(walk->states[i]));
    snprintf(text + len, sizeof text - len, "%s", endings[walk->ending]);
    return text;
}

static bool has_left(unsigned input, enum task_state state)
{
    if (input == UNANSWERED)
        return state == TASK_FIND; /* else the create is what was answered */
    return !(INPUT(input) & (KIND(NOT_SENT) | KIND(STOP) | KIND(WITHDRAWN) | INPUT(GIVEN)));
}

static int http_status(unsigned input)
{
    return input == OUTCOME_EXISTS ? 409 : input == UNANSWERED ? 503 : input > KINDS ? 200 : 422;
}

/* As the dispatcher records it. */
static struct outcome record(const struct outcome *reply, const struct task_action *action)
{
    struct outcome outcome = *reply;

    if (action->is_reread) {
        outcome.kind = action->as;
        snprintf(outcome.user_id, sizeof outcome.user_id, "%s", action->user_id ? action->user_id : "");
    }
    text_format(outcome.code, sizeof outcome.code, "%s%s", action->exists ? TASK_CODE_EXISTS : "",
                action->code ? action->code : reply->code);
    return outcome;
}

static void write_action(struct walks *walks, const struct walk *walk, const struct task *task,
                         const struct outcome *outcome, const struct task_action *action)
{
    struct fixture *fixture = walks->customers.fixture;
    bool is_question = is_in(task->state, QUESTIONS);
    const struct ledger_result result = {
        .id = walk->customer.id,
        .row = 7,
        .operation = !is_question                  ? walk->operation
                     : walks->recovery->is == LIST ? OPERATION_LIST
                                                   : OPERATION_LOOK_UP,
        .conclusion = action->ledger,
        .event = action->event,
        .outcome = outcome,
        .attempt = task->attempts,
        .at_ns = walk->customer.at_ns + 1 + task->attempts,
    };
    bool taken = false;

    if (action->write && ledger_result(fixture->ledger, &result, &taken, &fixture->error) != 0)
        fail_msg("%s: %s", describe_walk(walks, walk), fixture->error.text);
    assert_false(taken);
}

static bool has_unknown_members(const struct ledger_customer *customer)
{
    for (size_t i = 0; i + FINGERPRINT_MEMBER_LEN <= customer->member_digests.len;
         i += FINGERPRINT_MEMBER_LEN)
        if (fingerprint_member_is((const uint8_t *)customer->member_digests.data + i, LEDGER_MEMBER_UNKNOWN))
            return true;
    return false;
}

/* A task is in doubt exactly where the ledger has it so. */
static void check_ledger(struct walks *walks, const struct walk *walk, enum task_state state)
{
    struct ledger_customer customer = fixture_find(walks->customers.fixture, walk->customer.id);
    bool is_doubtful = is_in(state, DOUBTFUL_STATES | STATE(IN_DOUBT));
    bool has_it = walk->operation == OPERATION_CREATE ? customer.state == LEDGER_IN_DOUBT
                                                      : has_unknown_members(&customer);

    if (walk->operation == OPERATION_UPDATE && state == TASK_REFUSED)
        return; /* an earlier attempt may have changed them all the same */
    if (walk->was_absent && is_in(state, STATE(CREATE) | STATE(FIND_OWNER) | STATE(UNSENT)))
        is_doubtful = true; /* the ledger keeps it, so that a later run asks for a new listing */
    if (has_it != is_doubtful)
        fail_msg("%s: the ledger has it %sin doubt", describe_walk(walks, walk), has_it ? "" : "not ");
}

/* One event, concluded and written as a run does. */
static void happen(struct walks *walks, struct walk *walk, struct task *task, size_t index)
{
    bool is_last = index + 1 == walk->len;
    unsigned input = walk->inputs[index];
    enum outcome_kind kind = input < KINDS         ? (enum outcome_kind)input
                             : input == UNANSWERED ? OUTCOME_NOT_SENT
                                                   : OUTCOME_DONE;
    const struct outcome outcome = fixture_outcome(kind, http_status(input), "a_code",
                                                   input == OUTCOME_DONE ? walk->customer.user_id : "");
    struct task_event event = make_event(input, has_left(input, task->state), &outcome);
    const struct task_policy policy = {.recovery = &walks->recovery->recovery,
                                       .attempts = ATTEMPTS,
                                       .retry_for_ns = 600 * CLOCK_NS_PER_S,
                                       .resolves = !is_last || walk->ending != WITH_HOLD,
                                       .stopping = is_last && walk->ending == WHILE_STOPPING,
                                       .can_update = walks->customers.provider->can_update,
                                       .key_known = walks->key_known,
                                       .now_ns = NOW};

    if (event.user_id)
        event.user_id = walk->customer.user_id;
    task->attempts = (uint32_t)index + 1;
    if (is_last && walk->ending == ATTEMPTS_USED_UP)
        task->attempts = task->question_count = ATTEMPTS;
    const struct task_action action = task_next(task, &event, &policy);
    const struct outcome recorded = record(&outcome, &action);
    write_action(walks, walk, task, event.outcome ? &recorded : NULL, &action);
    walks->sent += has_left(input, task->state);
    bool exists = task_is_in_doubt(task->state) && input == OUTCOME_EXISTS;
    walk->exists = walk->exists || exists;
    walk->is_existing_last = exists || action.exists || (walk->is_existing_last && !action.write);
    walk->was_absent = walk->was_absent || (task->state == TASK_FIND && action.next == TASK_CREATE);
    task->question_count += action.step == TASK_STEP_ASK;
    task_enter(task, action.next);
    walk->states[index] = action.next;
}

/* Adds the walk, and those that continue it. */
static void add_walks(struct walks *walks, const struct walk *walk)
{
    bool is_update = walk->operation == OPERATION_UPDATE;
    struct walk *added = &walks->all[walks->count++];
    struct task task = {.immutable = FIELD_NONE};
    char key[16];

    assert_true(walks->count < WALKS_MAX);
    *added = *walk;
    snprintf(key, sizeof key, "W-%zu", walks->count);
    added->customer = customers_add(&walks->customers, is_update ? UPDATE_JOURNALLED : JOURNALLED, key,
                                    (unsigned)walks->count);
    walks->sent += is_update; /* its create */
    task_begin(&task, is_update ? TASK_UPDATE : TASK_CREATE);
    for (size_t i = 0; i < walk->len; i++)
        happen(walks, added, &task, i);
    check_ledger(walks, added, task.state);
    if (task_is_final(task.state) || walk->len == WALK_MAX || walk->ending != AS_USUAL)
        return;
    struct walk next = *walk;
    next.len++;
    for (unsigned input = 0; input < INPUTS; input++)
        for (int ending = 0; ending < ENDINGS; ending++) {
            next.inputs[next.len - 1] = input;
            next.ending = (enum ending)ending;
            if (can_happen(input, task.state, walks->recovery) && (ending == AS_USUAL || input < KINDS))
                add_walks(walks, &next);
        }
}

/* What the next run may do with the same row. */
static enum decision_kind decision_after(const struct walks *walks, const struct walk *walk)
{
    enum task_state state = walk->len ? walk->states[walk->len - 1] : TASK_CREATE;

    if (state == TASK_CREATED || state == TASK_UPDATED)
        return DECISION_UNCHANGED;
    if (state == TASK_REFUSED)
        return DECISION_REFUSED;
    if (walk->operation == OPERATION_UPDATE)
        return DECISION_UPDATE;
    /* Sent again as a new one only if none of its requests did anything, and the run has said so. */
    if (state == TASK_UNSENT && !walk->was_absent)
        return DECISION_CREATE;
    return walk->is_existing_last && walks->recovery->is == REPEAT ? DECISION_HELD : DECISION_RECONCILE;
}

static struct decision decide_next(struct walks *walks, const struct walk *walk, enum row kind)
{
    struct customers *customers = &walks->customers;
    const struct decide_context context = {.index = customers->index,
                                           .ledger = customers->fixture->ledger,
                                           .job = &customers->job,
                                           .provider = customers->provider,
                                           .fingerprint = customers->fingerprint};
    struct row_record row;
    struct decision decision;

    customers_row(customers, &row, walk->customer.key, (unsigned)(walk - walks->all) + 1, kind);
    if (decide(&context, &row.sample.record, &customers->fixture->arena, &decision,
               &customers->fixture->error) != 0)
        fail_msg("%s", customers->fixture->error.text);
    return decision;
}

static void check_walk(struct walks *walks, const struct walk *walk)
{
    const struct decision decision =
        decide_next(walks, walk, walk->operation == OPERATION_UPDATE ? ROW_PHONE : ROW_SAME);
    const char *key = walks->recovery->is == LOOK_UP ? walk->customer.idempotency_key : "";

    if (decision.kind != decision_after(walks, walk))
        fail_msg("%s, then the next run decides %d", describe_walk(walks, walk), (int)decision.kind);
    if (decision.kind == DECISION_CREATE && decision.refusals != 0)
        fail_msg("%s: it would get another key", describe_walk(walks, walk));
    if (decision.kind != DECISION_RECONCILE)
        return;
    if (decision.first_sent_at != walk->customer.at_ns)
        fail_msg("%s: the age of its key is lost", describe_walk(walks, walk));
    if (strcmp(decision.idempotency_key ? decision.idempotency_key : "", key) != 0)
        fail_msg("%s: its key is lost", describe_walk(walks, walk));
    if (decision.exists != (walk->exists && walks->recovery->is == LOOK_UP))
        fail_msg("%s: that the user exists is %s", describe_walk(walks, walk),
                 decision.exists ? "invented" : "forgotten");
}

static struct walk all_walks[WALKS_MAX]; /* of the struct walks that is open */

static void open_walks(struct walks *walks, const char *provider, bool key_known)
{
    const struct recovery *recovery;

    *walks = (struct walks){.all = all_walks, .key_known = key_known};
    customers_open(&walks->customers, provider);
    recovery = recovery_of(walks->customers.provider);
    walks->recovery = &recoveries[recovery->lists ? 2 : recovery->looks_up];
    assert_memory_equal(recovery, &walks->recovery->recovery, sizeof *recovery);
}

static void close_walks(struct walks *walks)
{
    customers_close(&walks->customers);
}

static void a_run_that_ends_anywhere_leaves_what_the_next_one_takes_up(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        bool key_known;
    } cases[] = {
        {"payward", false}, {"kraken-embed", false}, {"kira", true}, {"kira", false}, {"payso", false}};
    size_t count = 0;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct walks walks;
        struct walk walk = {.operation = OPERATION_CREATE};
        open_walks(&walks, cases[i].provider, cases[i].key_known);
        add_walks(&walks, &walk);
        walk.operation = OPERATION_UPDATE;
        if (walks.customers.provider->can_update)
            add_walks(&walks, &walk);
        customers_load(&walks.customers);
        for (size_t j = 0; j < walks.count; j++)
            check_walk(&walks, &walks.all[j]);
        assert_int_equal(
            fixture_number(walks.customers.fixture, "SELECT count(*) FROM event WHERE attempt > 0"),
            walks.sent);
        count += walks.count;
        close_walks(&walks);
    }
    print_message("# %zu walks\n", count);
}

/* What a newcomer asks first. */
static void a_create_without_an_answer_that_exists_and_is_not_found_is_a_persons(void **state)
{
    (void)state;
    static const enum task_state path[] = {TASK_REPEAT, TASK_FIND_EXISTING, TASK_IN_DOUBT};
    const struct walk walk = {
        .operation = OPERATION_CREATE, .inputs = {OUTCOME_IN_DOUBT, OUTCOME_EXISTS, NOBODY}, .len = 3};
    struct walks walks;

    open_walks(&walks, "kira", true);
    add_walks(&walks, &walk);
    assert_memory_equal(walks.all[0].states, path, sizeof path);
    customers_load(&walks.customers);
    for (enum row row = ROW_SAME; row <= ROW_PHONE; row++) {
        const struct decision decision = decide_next(&walks, &walks.all[0], row);
        assert_int_equal(decision.kind, DECISION_RECONCILE);
        assert_true(decision.exists); /* it begins in FIND_EXISTING, and is not sent */
    }
    close_walks(&walks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_ends_anywhere_leaves_what_the_next_one_takes_up),
        cmocka_unit_test(a_create_without_an_answer_that_exists_and_is_not_found_is_a_persons),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("task_ledger", tests, NULL, NULL);
}
