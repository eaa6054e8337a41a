/* dispatcher: one record at a time, which request comes next, until its task ends. */
#include "unit/dispatch/scripted.h"

/* `look_up`, `fetch u-ours`, `update phone`, … */
static void trace_request(const struct provider *provider, const struct delivery *delivery, char *trace)
{
    size_t len = strlen(trace);
    const struct provider_call *call = &delivery->call;

    len += (size_t)snprintf(trace + len, SCRIPTED_TRACE_SIZE - len, "%s%s", len ? ", " : "",
                            operation_word(call->operation));
    if (call->operation == OPERATION_FETCH)
        snprintf(trace + len, SCRIPTED_TRACE_SIZE - len, " %s", call->user_id);
    for (size_t i = 0; call->operation == OPERATION_UPDATE && i < provider->fields->slot_count; i++)
        if (call->members >> i & 1)
            len += (size_t)snprintf(trace + len, SCRIPTED_TRACE_SIZE - len, " %s",
                                    members_name(provider->fields, i));
}

#define NOBODY        "{\"users\":[]}"
#define HIT           "{\"users\":[{\"id\":\"u-ours\"}]}"
#define OURS          "{\"id\":\"u-ours\",\"metadata\":{\"external_id\":\"C-1\"}}"
#define NAMELESS      "{\"id\":\"u-ours\",\"email\":\"person-01@example.com\"}"
#define LISTED(first) LISTED_AS("u-ours", first)
#define LISTED_AS(id, first)                                                                                 \
    "{\"users\":[{\"id\":\"" id "\",\"email\":\"person-01@example.com\",\"first_name\":\"" first             \
    "\",\"last_name\":\"Morgan\",\"date_of_birth\":\"15/04/1990\"}]}"

/* A customer in doubt was first sent long ago: no provider remembers its idempotency key. */
static const struct script {
    const char *sentence, *provider;
    enum life life;
    enum row row;
    const char *replies, *requests; /* replies: with `|` between */
    enum task_state want;
    const char *rule;
    enum ledger_state state;
    const char *user_id, *code; /* of the ledger; NULL: not compared */
    unsigned other;             /* the person of a customer C-2 with a user fake-user-C-2; 0: there is none */
} scripts[] = {
    /* The same reference gives the same user. */
    {"in doubt: repeated", "payward", IN_DOUBT, ROW_SAME, "done", "create", TASK_CREATED, NULL,
     LEDGER_CREATED, "u-new", NULL, 0},
    {"no answer again: once more", "payward", IN_DOUBT, ROW_SAME, "timeout|done", "create, create",
     TASK_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"it exists, and the answer does not say who: a person", "kraken-embed", IN_DOUBT, ROW_SAME, "409",
     "create", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
    {"the user that is named is fetched, and not returned", "kraken-embed", IN_DOUBT, ROW_SAME,
     "409 u-ours|404", "create, fetch u-ours", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "user_not_fetched",
     0},
    {"without a doubt it is another customer's", "kraken-embed", NEVER_SEEN, ROW_SAME, "409 u-ours", "create",
     TASK_REFUSED, RULE_EXISTS, LEDGER_REFUSED, "", NULL, 0},
    {"a changed row: repeated with it, then what may be old is updated", "payward", IN_DOUBT, ROW_PHONE,
     "done|done", "create, update phone", TASK_UPDATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"a no to its very bytes", "payward", IN_DOUBT, ROW_SAME, "422", "create", TASK_REFUSED, "refused",
     LEDGER_REFUSED, "", NULL, 0},
    {"a no to other bytes proves nothing", "payward", IN_DOUBT, ROW_PHONE, "422", "create", TASK_IN_DOUBT,
     NULL, LEDGER_IN_DOUBT, "", NULL, 0},
    {"a success that names another customer's user", "payward", NEVER_SEEN, ROW_SAME, "done fake-user-C-2",
     "create", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "user_id_taken", 2},

    /* Looked up. */
    {"no answer: the key is known, so repeated", "kira", NEVER_SEEN, ROW_SAME, "timeout|done",
     "create, create", TASK_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"no answer, then it exists: whose it is", "kira", NEVER_SEEN, ROW_SAME,
     "timeout|409|" HIT "|" NOBODY "|" OURS, "create, create, look_up, look_up, fetch u-ours", TASK_CREATED,
     NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"no answer, then it exists, and nobody is found: a person", "kira", NEVER_SEEN, ROW_SAME,
     "timeout|409|" NOBODY, "create, create, look_up", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "",
     "exists_not_found", 0},
    {"long in doubt: looked up, and found", "kira", IN_DOUBT, ROW_SAME, HIT "|" NOBODY "|" OURS,
     "look_up, look_up, fetch u-ours", TASK_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"found, and the row has changed", "kira", IN_DOUBT, ROW_PHONE, HIT "|" NOBODY "|" OURS "|done",
     "look_up, look_up, fetch u-ours, update phone", TASK_UPDATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"nobody: created under the same key", "kira", IN_DOUBT, ROW_SAME, NOBODY "|done", "look_up, create",
     TASK_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"nobody, and the row has changed: the user may have either", "kira", IN_DOUBT, ROW_PHONE,
     NOBODY "|done|done", "look_up, create, update phone", TASK_UPDATED, NULL, LEDGER_CREATED, "u-new", NULL,
     0},
    {"nobody, then no answer: looked up again", "kira", IN_DOUBT, ROW_SAME,
     NOBODY "|timeout|" HIT "|" NOBODY "|" OURS, "look_up, create, look_up, look_up, fetch u-ours",
     TASK_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"nobody, then it exists, and still nobody", "kira", IN_DOUBT, ROW_SAME, NOBODY "|409|" NOBODY,
     "look_up, create, look_up", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "exists_not_found", 0},
    {"a user that may be its own: a person", "kira", IN_DOUBT, ROW_SAME, HIT "|" NOBODY "|" NAMELESS,
     "look_up, look_up, fetch u-ours", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "user_unnamed", 0},
    {"a look-up that is throttled is asked again", "kira", IN_DOUBT, ROW_SAME, "429|" NOBODY "|done",
     "look_up, look_up, create", TASK_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"one that cannot be read, too", "kira", IN_DOUBT, ROW_SAME, "{}|" NOBODY "|done",
     "look_up, look_up, create", TASK_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"nobody, and the create is throttled: not looked up again", "kira", IN_DOUBT, ROW_SAME,
     NOBODY "|429|done", "look_up, create, create", TASK_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"a refused look-up shows nothing", "kira", IN_DOUBT, ROW_SAME, "422", "look_up", TASK_IN_DOUBT, NULL,
     LEDGER_IN_DOUBT, "", NULL, 0},

    /* Listed. */
    {"no answer: listed, never repeated", "payso", NEVER_SEEN, ROW_SAME, "timeout|" LISTED("Alex"),
     "create, list", TASK_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"nobody: created", "payso", NEVER_SEEN, ROW_SAME, "timeout|" NOBODY "|done", "create, list, create",
     TASK_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"in doubt since an earlier run: listed first", "payso", IN_DOUBT, ROW_SAME, LISTED("Alex"), "list",
     TASK_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"found, and the row has changed: it keeps what was journalled", "payso", IN_DOUBT, ROW_PHONE,
     LISTED("Alex"), "list", TASK_REFUSED, RULE_NO_UPDATE, LEDGER_CREATED, "u-ours", NULL, 0},
    {"nobody, and the row has changed: created with it", "payso", IN_DOUBT, ROW_PHONE, NOBODY "|done",
     "list, create", TASK_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"nobody, so there is no doubt any more", "payso", IN_DOUBT, ROW_SAME, NOBODY "|409|" LISTED("Robin"),
     "list, create, list", TASK_REFUSED, RULE_EXISTS, LEDGER_REFUSED, "", NULL, 0},
    {"the e-mail alone: a person", "payso", IN_DOUBT, ROW_SAME, LISTED("Robin"), "list", TASK_IN_DOUBT, NULL,
     LEDGER_IN_DOUBT, "", "email_alone", 0},
    {"a list that goes on proves no absence", "payso", IN_DOUBT, ROW_SAME, "{\"users\":[],\"has_more\":true}",
     "list", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "listing_incomplete", 0},
    {"it exists, without a doubt: ours only by proof", "payso", NEVER_SEEN, ROW_SAME, "409|" LISTED("Alex"),
     "create, list", TASK_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"it exists, and is another person", "payso", NEVER_SEEN, ROW_SAME, "409|" LISTED("Robin"),
     "create, list", TASK_REFUSED, RULE_EXISTS, LEDGER_REFUSED, "", NULL, 0},
    {"its only user is another customer's, the same person: created", "payso", IN_DOUBT, ROW_SAME,
     LISTED_AS("fake-user-C-2", "Alex") "|done", "list, create", TASK_CREATED, NULL, LEDGER_CREATED, "u-new",
     NULL, 1},
    {"its user was given to another person: an answer was mixed up", "payso", IN_DOUBT, ROW_SAME,
     LISTED_AS("fake-user-C-2", "Alex"), "list", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "user_id_taken",
     2},
    {"a list without a user that the ledger has is not whole", "payso", IN_DOUBT, ROW_SAME, NOBODY, "list",
     TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "listing_incomplete", 2},
    {"a list that cannot be read is asked for again", "payso", IN_DOUBT, ROW_SAME, "429|" LISTED("Alex"),
     "list, list", TASK_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
};

/* Journalled before sent; and every create of a customer goes under its first key. */
static void check_request(struct scripted *scripted, const struct script *script,
                          const struct customer *customer, const struct delivery *delivery)
{
    const char *key = delivery->call.idempotency_key;
    bool is_create = delivery->call.operation == OPERATION_CREATE;

    if (!is_create && delivery->call.operation != OPERATION_UPDATE)
        return;
    assert_null(delivery->sink); /* that of a question */
    struct ledger_customer row =
        fixture_find(scripted->customers.fixture, ((const struct task *)delivery)->customer);
    assert_true(row.first_sent_at != 0 && row.operation == delivery->call.operation);
    assert_true(is_create ? slice_is(row.idempotency_key, key ? key : "") : !key);
    assert_true(!is_create || !delivery->call.user_id);
    if (!is_create || script->life == NEVER_SEEN)
        return;
    assert_string_equal(key ? key : "",
                        strcmp(script->provider, "kira") == 0 ? customer->idempotency_key : "");
    struct row_record first;
    customers_row(&scripted->customers, &first, "C-1", 1, ROW_SAME);
    bool is_first = slice_equal(row.pending_digest,
                                slice_make((const char *)first.sample.record.digest, FINGERPRINT_LEN));
    if (is_first != (script->row == ROW_SAME))
        fail_msg("%s: the journal has other data than the request", script->sentence);
}

/* Until there is no further request, or no further reply; what is left of the replies. */
static struct slice play(struct scripted *scripted, const struct script *script,
                         const struct customer *customer, char trace[SCRIPTED_TRACE_SIZE])
{
    struct slice replies = slice_from(script->replies), reply = slice_make("", 0);
    struct delivery *delivery;
    char text[SCRIPTED_REPLY_SIZE];

    trace[0] = '\0';
    while (replies.len > 0 && (delivery = scripted_next(scripted))) {
        trace_request(scripted->customers.provider, delivery, trace);
        assert_true(slice_next_item(&replies, slice_from("|"), &reply));
        snprintf(text, sizeof text, "%.*s", (int)reply.len, reply.data);
        check_request(scripted, script, customer, delivery);
        scripted_answer(scripted, delivery, text, "u-new");
    }
    return replies;
}

/* Runs a script to the end of its task, which is not counted. */
static struct task *run_script(struct scripted *scripted, const struct script *script,
                               const struct customer *customer, char trace[SCRIPTED_TRACE_SIZE])
{
    struct slice replies = play(scripted, script, customer, trace);
    const struct delivery *more = scripted_next(scripted);

    if (more || replies.len > 0)
        fail_msg("%s: after %s: %s", script->sentence, trace,
                 more ? operation_word(more->call.operation) : "no request");
    struct task *task = scripted_pop_ended(scripted);
    if (!task)
        fail_msg("%s: lost after %s", script->sentence, trace);
    return task;
}

static void check_next_run(struct scripted *scripted, const struct script *script)
{
    struct row_record row;

    scripted_reload(scripted);
    enum decision_kind kind = scripted_decide(scripted, "C-1", 1, script->row, &row).kind;
    bool is_done = script->want == TASK_CREATED || script->want == TASK_UPDATED;
    bool is_right = is_done                        ? kind == DECISION_UNCHANGED
                    : script->want == TASK_REFUSED ? kind == DECISION_REFUSED
                                                   : kind == DECISION_RECONCILE || kind == DECISION_HELD;

    if (!is_right)
        fail_msg("%s, then the next run decides %d", script->sentence, (int)kind);
}

static void check_script(const struct script *script)
{
    struct scripted scripted;
    struct row_record row;
    char trace[SCRIPTED_TRACE_SIZE];

    scripted_open(&scripted, script->provider);
    struct customers *customers = &scripted.customers;
    struct fixture *fixture = customers->fixture;
    struct customer customer = customers_add(customers, script->life, "C-1", 1);
    if (script->other)
        (void)customers_add(customers, CREATED, "C-2", script->other);
    customers_load(customers);
    scripted_start(&scripted);
    const struct decision decision = scripted_decide(&scripted, "C-1", 1, script->row, &row);
    assert_int_equal(dispatcher_add(scripted.dispatcher, &row.sample.record, &decision, &fixture->error), 0);
    const struct task *task = run_script(&scripted, script, &customer, trace);
    const struct ledger_customer found = fixture_find(fixture, task->customer);
    if (strcmp(trace, script->requests) != 0 || task->state != script->want ||
        strcmp(task->rule ? task->rule : "", script->rule ? script->rule : "") != 0)
        fail_msg("%s (%s): %s: %s, rule %s", script->sentence, script->provider, trace,
                 task_state_word(task->state), task->rule ? task->rule : "none");
    if (found.state != script->state || !slice_is(found.user_id, script->user_id) ||
        (script->code && !slice_is(found.code, script->code)))
        fail_msg("%s (%s): the ledger has %s, user %.*s, code %.*s", script->sentence, script->provider,
                 ledger_state_word(found.state), (int)found.user_id.len, found.user_id.data,
                 (int)found.code.len, found.code.data);
    scripted_stop(&scripted);
    check_next_run(&scripted, script);
    scripted_end(&scripted);
    scripted_close(&scripted);
}

static void each_reply_leads_to_the_request_that_is_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        check_script(&scripts[i]);
}

/* Between two requests the run stops: by a signal, a refusal of others, a failure of the input. */
static const struct stop_case {
    struct script script; /* want: how the record is counted */
    enum decision_kind next;
} stop_cases[] = {
    {{"before its first request", "payward", NEVER_SEEN, ROW_SAME, "", "", TASK_UNSENT, NULL, LEDGER_UNSENT,
      "", NULL, 0},
     DECISION_CREATE},
    {{"while a throttled create waits", "kira", NEVER_SEEN, ROW_SAME, "429", "create", TASK_UNSENT, NULL,
      LEDGER_UNSENT, "", NULL, 0},
     DECISION_CREATE},
    {{"while a create without an answer waits", "payward", NEVER_SEEN, ROW_SAME, "timeout", "create",
      TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"no answer, then throttled", "payward", NEVER_SEEN, ROW_SAME, "timeout|429", "create, create",
      TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before a create in doubt is repeated", "payward", JOURNALLED, ROW_SAME, "", "", TASK_IN_DOUBT, NULL,
      LEDGER_JOURNALLED, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before it is repeated with a changed row", "payward", JOURNALLED, ROW_PHONE, "", "", TASK_IN_DOUBT,
      NULL, LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before a look-up", "kira", IN_DOUBT, ROW_SAME, "", "", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL,
      0},
     DECISION_RECONCILE},
    {{"between two pages", "kira", IN_DOUBT, ROW_SAME, HIT, "look_up", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT,
      "", NULL, 0},
     DECISION_RECONCILE},
    {{"after a look-up that found nobody", "kira", IN_DOUBT, ROW_SAME, NOBODY, "look_up", TASK_IN_DOUBT, NULL,
      LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"between the reply that it exists and its look-up", "kira", NEVER_SEEN, ROW_SAME, "timeout|409",
      "create, create", TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before the listing", "payso", NEVER_SEEN, ROW_SAME, "timeout", "create", TASK_IN_DOUBT, NULL,
      LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before the listing of an earlier one", "payso", IN_DOUBT, ROW_PHONE, "", "", TASK_IN_DOUBT, NULL,
      LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before an update", "payward", CREATED, ROW_PHONE, "", "", TASK_UNSENT, NULL, LEDGER_CREATED,
      "fake-user-C-1", NULL, 0},
     DECISION_UPDATE},
    {{"while an update without an answer waits", "kira", CREATED, ROW_PHONE, "timeout", "update phone",
      TASK_IN_DOUBT, NULL, LEDGER_CREATED, "fake-user-C-1", NULL, 0},
     DECISION_UPDATE},
    {{"a create in doubt is done, and its update waits", "payward", IN_DOUBT, ROW_PHONE, "done", "create",
      TASK_UNSENT, NULL, LEDGER_CREATED, "u-new", NULL, 0},
     DECISION_UPDATE},
};

/* Starts a run and adds its row. */
static void start_run(struct scripted *scripted, enum row kind)
{
    struct row_record row;

    scripted_start(scripted);
    const struct decision decision = scripted_decide(scripted, "C-1", 1, kind, &row);
    assert_int_equal(dispatcher_add(scripted->dispatcher, &row.sample.record, &decision,
                                    &scripted->customers.fixture->error),
                     0);
}

static struct customer open_script(struct scripted *scripted, const struct script *script)
{
    scripted_open(scripted, script->provider);
    struct customer customer = customers_add(&scripted->customers, script->life, "C-1", 1);
    customers_load(&scripted->customers);
    return customer;
}

static void check_stop(const struct stop_case *stop)
{
    const struct script *script = &stop->script;
    struct scripted scripted;
    struct row_record row;
    struct ledger_customer found;
    char trace[SCRIPTED_TRACE_SIZE];
    struct customer customer = open_script(&scripted, script);
    struct fixture *fixture = scripted.customers.fixture;

    start_run(&scripted, script->row);
    assert_int_equal(play(&scripted, script, &customer, trace).len, 0);
    scripted_stop(&scripted);
    const struct run_stats *stats = scripted.stats;
    assert_int_equal(
        ledger_find_by_key(fixture->ledger, slice_from("C-1"), &fixture->arena, &found, &fixture->error), 1);
    if (strcmp(trace, script->requests) != 0 || stats->unsent != (script->want == TASK_UNSENT) ||
        stats->in_doubt != (script->want == TASK_IN_DOUBT))
        fail_msg("%s (%s): %s: unsent %d, in doubt %d", script->sentence, script->provider, trace,
                 (int)stats->unsent, (int)stats->in_doubt);
    if (found.state != script->state || !slice_is(found.user_id, script->user_id))
        fail_msg("%s: the ledger has %s", script->sentence, ledger_state_word(found.state));
    scripted_reload(&scripted);
    enum decision_kind next = scripted_decide(&scripted, "C-1", 1, script->row, &row).kind;
    if (next != stop->next)
        fail_msg("%s, then the next run decides %d", script->sentence, (int)next);
    scripted_end(&scripted);
    scripted_close(&scripted);
}

static void a_stop_between_two_requests_leaves_what_the_next_run_takes_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stop_cases / sizeof *stop_cases; i++)
        check_stop(&stop_cases[i]);
}

/* A run that stops after its last reply, unless the task has ended by then; then others. */
static void check_runs(const struct script *runs, size_t count)
{
    struct scripted scripted;
    struct customer customer = open_script(&scripted, &runs[0]);

    for (size_t i = 0; i < count; i++) {
        char trace[SCRIPTED_TRACE_SIZE];
        start_run(&scripted, runs[i].row);
        assert_int_equal(play(&scripted, &runs[i], &customer, trace).len, 0);
        scripted_stop(&scripted);
        const struct ledger_customer found = fixture_find(scripted.customers.fixture, 1);
        if (strcmp(trace, runs[i].requests) != 0 || found.state != runs[i].state ||
            !slice_is(found.user_id, runs[i].user_id) || !slice_is(found.code, runs[i].code))
            fail_msg("%s, run %zu: %s: %s, code %.*s", runs[0].sentence, i + 1, trace,
                     ledger_state_word(found.state), (int)found.code.len, found.code.data);
        scripted_end(&scripted);
        scripted_reload(&scripted);
    }
    scripted_close(&scripted);
}

#define IN_RUN(row, replies, requests, code)                                                                 \
    {                                                                                                        \
        "", "kira", IN_DOUBT, row, replies, requests, TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", code, 0      \
    }
#define FIRST_RUN(sentence, replies, requests, code)                                                         \
    {                                                                                                        \
        sentence, "kira", NEVER_SEEN, ROW_SAME, "timeout|409" replies, "create, create" requests,            \
            TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", code, 0                                                \
    }

/* Where a repeat was answered with 409, no later run sends the create. */
static void a_create_that_exists_is_looked_up_by_each_run_and_never_sent_again(void **state)
{
    (void)state;
    static const struct script first_runs[] = {
        FIRST_RUN("nobody was found", "|" NOBODY, ", look_up", "exists_not_found"),
        FIRST_RUN("the run stopped before the look-up", "", "", ""),
        FIRST_RUN("between two pages", "|" HIT, ", look_up", "exists_"),
        FIRST_RUN("while a throttled look-up waited", "|429", ", look_up", "exists_"),
        FIRST_RUN("the look-up was refused", "|422", ", look_up", "exists_"),
        FIRST_RUN("a user may be its own", "|" HIT "|" NOBODY "|" NAMELESS,
                  ", look_up, look_up, fetch u-ours", "exists_user_unnamed"),
    };
    for (size_t i = 0; i < sizeof first_runs / sizeof *first_runs; i++) {
        const struct script runs[] = {
            first_runs[i],
            IN_RUN(ROW_SAME, NOBODY, "look_up", "exists_not_found"),
            IN_RUN(ROW_PHONE, "429", "look_up", "exists_"),
            IN_RUN(ROW_PHONE, NOBODY, "look_up", "exists_not_found"),
            {"", "kira", IN_DOUBT, ROW_SAME, HIT "|" NOBODY "|" OURS, "look_up, look_up, fetch u-ours",
             TASK_CREATED, NULL, LEDGER_CREATED, "u-ours", "", 0},
        };
        check_runs(runs, sizeof runs / sizeof *runs);
    }
}

/* Requests are under way when a run stops: each reply is still received, and leads to no further request. */
static void a_reply_after_the_stop_ends_its_task(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        enum life life;
        enum row row;
        const char *reply;
        enum task_state want;
        enum decision_kind next;
    } cases[] = {
        {"payward", NEVER_SEEN, ROW_SAME, "done", TASK_CREATED, DECISION_UNCHANGED},
        {"payward", NEVER_SEEN, ROW_SAME, "429", TASK_UNSENT, DECISION_CREATE},
        {"payward", NEVER_SEEN, ROW_SAME, "timeout", TASK_IN_DOUBT, DECISION_RECONCILE},
        {"payward", IN_DOUBT, ROW_PHONE, "done", TASK_CREATED, DECISION_UPDATE}, /* of the rest */
        {"payward", IN_DOUBT, ROW_SAME, "429", TASK_IN_DOUBT, DECISION_RECONCILE},
        {"kraken-embed", IN_DOUBT, ROW_SAME, "409", TASK_IN_DOUBT, DECISION_HELD},
        {"kraken-embed", IN_DOUBT, ROW_SAME, "409 u-ours", TASK_IN_DOUBT, DECISION_RECONCILE},
        {"kira", IN_DOUBT, ROW_SAME, HIT, TASK_IN_DOUBT, DECISION_RECONCILE},
        {"kira", IN_DOUBT, ROW_SAME, NOBODY, TASK_IN_DOUBT, DECISION_RECONCILE},
        {"payso", NEVER_SEEN, ROW_SAME, "timeout", TASK_IN_DOUBT, DECISION_RECONCILE},
        {"payso", NEVER_SEEN, ROW_SAME, "409", TASK_REFUSED, DECISION_REFUSED},
        {"payso", IN_DOUBT, ROW_SAME, LISTED("Alex"), TASK_CREATED, DECISION_UNCHANGED},
        {"payso", IN_DOUBT, ROW_SAME, "429", TASK_IN_DOUBT, DECISION_RECONCILE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct script script = {.provider = cases[i].provider, .life = cases[i].life};
        struct scripted scripted;
        struct row_record row;
        (void)open_script(&scripted, &script);
        start_run(&scripted, cases[i].row);
        struct delivery *delivery = scripted_next(&scripted);
        dispatcher_stop(scripted.dispatcher, false);
        scripted_answer(&scripted, delivery, cases[i].reply, "u-new");
        const bool is_refused = cases[i].want == TASK_REFUSED; /* without a reject file */
        if (is_refused)
            assert_int_equal(scripted_pop_ended(&scripted)->state, TASK_REFUSED);
        scripted_stop(&scripted);
        const struct run_stats *stats = scripted.stats;
        if (stats->created != (cases[i].want == TASK_CREATED) ||
            stats->unsent != (cases[i].want == TASK_UNSENT) ||
            stats->in_doubt != (cases[i].want == TASK_IN_DOUBT))
            fail_msg("%s, %s: created %d, unsent %d, in doubt %d", cases[i].provider, cases[i].reply,
                     (int)stats->created, (int)stats->unsent, (int)stats->in_doubt);
        scripted_reload(&scripted);
        assert_int_equal(scripted_decide(&scripted, "C-1", 1, cases[i].row, &row).kind, cases[i].next);
        scripted_end(&scripted);
        scripted_close(&scripted);
    }
}

/* By then its request has been carried out, or never will be. */
static void a_create_without_an_answer_is_listed_after_twice_its_timeout(void **state)
{
    (void)state;
    const struct script script = {.provider = "payso", .life = NEVER_SEEN};
    const uint64_t wait_ns = 2 * CLOCK_NS_PER_S;
    struct scripted scripted;

    (void)open_script(&scripted, &script);
    scripted.customers.job.delivery.timeout_ns = CLOCK_NS_PER_S;
    start_run(&scripted, ROW_SAME);
    struct delivery *delivery = scripted_next(&scripted);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    uint64_t before_ns = clock_mono_ns();
    scripted_answer(&scripted, delivery, "timeout", "");
    uint64_t listed_ns = reconcile_list_next_ns(scripted.dispatcher->reconcile, true);
    assert_true(listed_ns >= before_ns + wait_ns && listed_ns <= clock_mono_ns() + wait_ns);
    assert_int_equal(dispatcher_next_ns(scripted.dispatcher), listed_ns);
    scripted_stop(&scripted);
    scripted_end(&scripted);
    scripted_close(&scripted);
}

/* A reply named the user, and the run stopped before it was fetched: a repeat has it named again. */
static void a_user_that_was_named_is_fetched_by_the_next_run(void **state)
{
    (void)state;
    const struct script runs[] = {
        {"the run stopped before the fetch", "kraken-embed", IN_DOUBT, ROW_SAME, "409 u-ours", "create",
         TASK_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "exists_", 0},
        {"", "kraken-embed", IN_DOUBT, ROW_SAME, "409 u-ours|{\"id\":\"u-ours\",\"external_id\":\"C-1\"}",
         "create, fetch u-ours", TASK_CREATED, NULL, LEDGER_CREATED, "u-ours", "", 0},
    };

    check_runs(runs, sizeof runs / sizeof *runs);
}

/* The run that journalled it died, so that the ledger has it as journalled, not as in doubt. */
static void a_create_of_a_dead_run_that_exists_is_not_sent_again_either(void **state)
{
    (void)state;
    const struct script runs[] = {
        {"its run died", "kira", JOURNALLED, ROW_SAME, NOBODY "|409", "look_up, create", TASK_IN_DOUBT, NULL,
         LEDGER_JOURNALLED, "", "", 0},
        IN_RUN(ROW_SAME, NOBODY, "look_up", "exists_not_found"),
        IN_RUN(ROW_SAME, NOBODY, "look_up", "exists_not_found"),
    };

    check_runs(runs, sizeof runs / sizeof *runs);
}

/* The replies to the questions have shown the provider's time by then. */
static void users_that_do_not_show_it_are_no_obstacle_once_the_key_is_known(void **state)
{
    (void)state;
    const struct script lost = {.provider = "kira", .life = NEVER_SEEN, .replies = "timeout"},
                        listed = {.replies = HIT "|" NOBODY}, unclear = {.replies = NAMELESS "|done"};
    struct scripted scripted;
    char trace[SCRIPTED_TRACE_SIZE];
    struct customer customer = open_script(&scripted, &lost);

    start_run(&scripted, ROW_SAME);
    play(&scripted, &lost, &customer, trace);
    scripted_stop(&scripted);
    scripted_end(&scripted);
    scripted_reload(&scripted);
    start_run(&scripted, ROW_SAME);
    play(&scripted, &listed, &customer, trace);
    struct clocks *clocks = (struct clocks *)session_clocks(scripted.dispatcher->session);
    clocks->has_provider = true;
    clocks->provider_offset_ns = (int64_t)clock_real_ns() - (int64_t)clock_boot_ns();
    play(&scripted, &unclear, &customer, trace);
    assert_string_equal(trace, "fetch u-ours, create");
    assert_int_equal(scripted_pop_ended(&scripted)->state, TASK_CREATED);
    scripted_stop(&scripted);
    scripted_end(&scripted);
    scripted_close(&scripted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reply_leads_to_the_request_that_is_safe),
        cmocka_unit_test(a_stop_between_two_requests_leaves_what_the_next_run_takes_up),
        cmocka_unit_test(a_reply_after_the_stop_ends_its_task),
        cmocka_unit_test(a_create_without_an_answer_is_listed_after_twice_its_timeout),
        cmocka_unit_test(a_create_that_exists_is_looked_up_by_each_run_and_never_sent_again),
        cmocka_unit_test(a_create_of_a_dead_run_that_exists_is_not_sent_again_either),
        cmocka_unit_test(a_user_that_was_named_is_fetched_by_the_next_run),
        cmocka_unit_test(users_that_do_not_show_it_are_no_obstacle_once_the_key_is_known),
    };

    log_setup("test", LOG_WARNING, false);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("dispatcher", tests, NULL, NULL);
}
