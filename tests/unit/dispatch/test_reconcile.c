/* The dispatcher half, one record at a time: which request comes next, until the record is concluded. The
 * provider is a script: no request leaves, and nothing is waited for. */
#include "unit/dispatch/customers.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/log.h"
#include "core/memory.h"
#include "dispatch/dispatcher_state.h"

enum { REPLY_SIZE = 256, TRACE_SIZE = 160 };

/* What this file knows of the inside is here, up to answer(). */
struct half {
    struct customers customers;
    struct dispatcher dispatcher;
    struct job_credentials credentials;
    char secrets[3][40];
};

static void ignore_delivery(void *context, struct delivery *delivery)
{
    (void)context;
    (void)delivery;
}

static void open_half(struct half *half, const char *provider)
{
    static char key_of_signature[] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    struct job *job = &half->customers.job;
    struct secret secrets[3];

    for (size_t i = 0; i < 3; i++) { /* tests side by side must not hold each other's locks */
        uint64_t random;
        digest_random(&random, sizeof random);
        snprintf(half->secrets[i], sizeof half->secrets[i], "FAKE-%016llx", (unsigned long long)random);
        secrets[i] = (struct secret){.data = half->secrets[i], .len = strlen(half->secrets[i])};
    }
    half->credentials =
        (struct job_credentials){.api_key = secrets[0],
                                 .api_secret = {.data = key_of_signature, .len = strlen(key_of_signature)},
                                 .client_id = secrets[1],
                                 .password = secrets[2],
                                 .token = secrets[2]};
    customers_open(&half->customers, provider);
    job->provider.base_url = "http://127.0.0.1:1";
    job->provider.credentials = &half->credentials;
    job->provider.credential_count = 1;
    job->provider.idempotency_window_ns = 24 * 3600 * CLOCK_NS_PER_S;
    job->provider.list_max = 1 << 20;
    job->delivery.timeout_ns = CLOCK_NS_PER_S;
    job->delivery.retry_for_ns = 600 * CLOCK_NS_PER_S;
    job->delivery.attempts = 6;
    job->delivery.settle = true;
    job->delivery.refused_in_a_row = 100;
    job->delivery.refused_share = 100;
}

static void start_half(struct half *half)
{
    struct dispatcher *dispatcher = &half->dispatcher;
    struct fixture *fixture = half->customers.fixture;
    const struct provider *provider = half->customers.provider;

    *dispatcher =
        (struct dispatcher){.parts = {.job = &half->customers.job,
                                      .provider = provider,
                                      .ledger = fixture->ledger,
                                      .fingerprint = half->customers.fingerprint,
                                      .stats = run_stats_new(1)},
                            .members = memory_new(provider->fields->slot_count, FINGERPRINT_MEMBER_LEN),
                            .ahead_max = 1000};
    guard_init(&dispatcher->guard, &half->customers.job.delivery, 0);
    assert_int_equal(settling_open(&dispatcher->settling, fixture->ledger, &fixture->error), 0);
    dispatcher->sender = sender_new(&half->customers.job, provider, ignore_delivery, NULL, &fixture->error);
    if (!dispatcher->sender)
        fail_msg("%s", fixture->error.text);
    fixture_begin(fixture);
    customers_start_run(&half->customers);
}

static void close_half(struct half *half)
{
    struct dispatcher *dispatcher = &half->dispatcher;

    sender_free(dispatcher->sender);
    settling_close(&dispatcher->settling);
    guard_clear(&dispatcher->guard);
    backoff_queue_clear(&dispatcher->waiting);
    task_pool_clear(&dispatcher->pool);
    run_stats_free(dispatcher->parts.stats);
    free(dispatcher->members);
    fixture_commit(half->customers.fixture);
    customers_close(&half->customers);
}

/* The next request, whatever it would wait for; NULL: the record is concluded. */
static struct delivery *next_request(struct half *half)
{
    struct dispatcher *dispatcher = &half->dispatcher;
    struct task *task = FIFO_POP(&dispatcher->new_tasks, struct task);

    if (!task)
        task = backoff_queue_pop(&dispatcher->waiting);
    if (task) {
        dispatcher->submitted++;
        return &task->delivery;
    }
    if (!dispatcher->settling.waiting.first)
        return NULL;
    dispatcher->settling.not_before_ns = 0;
    assert_int_equal(settling_start(dispatcher, UINT64_MAX - 1, &half->customers.fixture->error), 0);
    return listing_start(dispatcher->settling.listing);
}

static void return_request(struct half *half, struct delivery *delivery)
{
    struct fifo deliveries = {0};

    delivery->link = (struct fifo_link){0};
    fifo_append(&deliveries, &delivery->link);
    if (dispatcher_receive(&half->dispatcher, &deliveries, &half->customers.fixture->error) != 0)
        fail_msg("%s", half->customers.fixture->error.text);
}

/* reply: `done` (with another user than user_id), `timeout`, a status, a status and the user that it names,
 * or the body of a question. */
static void answer(struct half *half, struct delivery *delivery, const char *reply, const char *user_id)
{
    struct outcome *outcome = &delivery->outcome;
    int status = atoi(reply);
    const char *named = strchr(reply, ' ');

    *outcome = (struct outcome){.kind = OUTCOME_DONE, .http_status = status ? status : 200};
    delivery->sent = true;
    if (reply[0] == '{') {
        delivery->sink(delivery->sink_context, slice_make(NULL, 0));
        delivery->sink(delivery->sink_context, slice_from(reply));
    } else if (strncmp(reply, "done", 4) == 0) {
        snprintf(outcome->user_id, sizeof outcome->user_id, "%s",
                 delivery->call.operation != OPERATION_CREATE ? ""
                 : named                                      ? named + 1
                                                              : user_id);
    } else if (strcmp(reply, "timeout") == 0) {
        outcome->kind = OUTCOME_IN_DOUBT;
        outcome->http_status = 0;
    } else {
        outcome->kind = status == 409 ? OUTCOME_EXISTS : status == 429 ? OUTCOME_THROTTLED : OUTCOME_REFUSED;
        snprintf(outcome->user_id, sizeof outcome->user_id, "%s", status == 409 && named ? named + 1 : "");
    }
    return_request(half, delivery);
}

/* `look_up`, `fetch u-ours`, `update phone`, … */
static void trace_request(const struct provider *provider, const struct delivery *delivery, char *trace)
{
    size_t len = strlen(trace);
    const struct provider_call *call = &delivery->call;

    len += (size_t)snprintf(trace + len, TRACE_SIZE - len, "%s%s", len ? ", " : "",
                            operation_word(call->operation));
    if (call->operation == OPERATION_FETCH)
        snprintf(trace + len, TRACE_SIZE - len, " %s", call->user_id);
    for (size_t i = 0; call->operation == OPERATION_UPDATE && i < provider->fields->slot_count; i++)
        if (call->members >> i & 1)
            len += (size_t)snprintf(trace + len, TRACE_SIZE - len, " %s", members_name(provider->fields, i));
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
    enum conclusion_kind want;
    const char *rule;
    enum ledger_state state;
    const char *user_id, *code; /* of the ledger; NULL: not compared */
    unsigned other;             /* the person of a customer C-2 with a user fake-user-C-2; 0: there is none */
} scripts[] = {
    /* The same reference gives the same user. */
    {"in doubt: repeated", "payward", IN_DOUBT, ROW_SAME, "done", "create", CONCLUSION_CREATED, NULL,
     LEDGER_CREATED, "u-new", NULL, 0},
    {"no answer again: once more", "payward", IN_DOUBT, ROW_SAME, "timeout|done", "create, create",
     CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"it exists, and the answer does not say who: a person", "kraken-embed", IN_DOUBT, ROW_SAME, "409",
     "create", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
    {"the user that is named is fetched, and not returned", "kraken-embed", IN_DOUBT, ROW_SAME,
     "409 u-ours|404", "create, fetch u-ours", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "",
     "user_not_fetched", 0},
    {"without a doubt it is another customer's", "kraken-embed", NEVER_SEEN, ROW_SAME, "409 u-ours", "create",
     CONCLUSION_REFUSED, RULE_EXISTS, LEDGER_REFUSED, "", NULL, 0},
    {"a changed row: repeated with it, then what may be old is updated", "payward", IN_DOUBT, ROW_PHONE,
     "done|done", "create, update phone", CONCLUSION_UPDATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"a no to its very bytes", "payward", IN_DOUBT, ROW_SAME, "422", "create", CONCLUSION_REFUSED, "refused",
     LEDGER_REFUSED, "", NULL, 0},
    {"a no to other bytes proves nothing", "payward", IN_DOUBT, ROW_PHONE, "422", "create",
     CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
    {"a success that names another customer's user", "payward", NEVER_SEEN, ROW_SAME, "done fake-user-C-2",
     "create", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "user_id_taken", 2},

    /* Looked up. */
    {"no answer: the key is known, so repeated", "kira", NEVER_SEEN, ROW_SAME, "timeout|done",
     "create, create", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"no answer, then it exists: whose it is", "kira", NEVER_SEEN, ROW_SAME,
     "timeout|409|" HIT "|" NOBODY "|" OURS, "create, create, look_up, look_up, fetch u-ours",
     CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"no answer, then it exists, and nobody is found: a person", "kira", NEVER_SEEN, ROW_SAME,
     "timeout|409|" NOBODY, "create, create, look_up", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "",
     "exists_not_found", 0},
    {"long in doubt: looked up, and found", "kira", IN_DOUBT, ROW_SAME, HIT "|" NOBODY "|" OURS,
     "look_up, look_up, fetch u-ours", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"found, and the row has changed", "kira", IN_DOUBT, ROW_PHONE, HIT "|" NOBODY "|" OURS "|done",
     "look_up, look_up, fetch u-ours, update phone", CONCLUSION_UPDATED, NULL, LEDGER_CREATED, "u-ours", NULL,
     0},
    {"nobody: created under the same key", "kira", IN_DOUBT, ROW_SAME, NOBODY "|done", "look_up, create",
     CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"nobody, and the row has changed: the user may have either", "kira", IN_DOUBT, ROW_PHONE,
     NOBODY "|done|done", "look_up, create, update phone", CONCLUSION_UPDATED, NULL, LEDGER_CREATED, "u-new",
     NULL, 0},
    {"nobody, then no answer: looked up again", "kira", IN_DOUBT, ROW_SAME,
     NOBODY "|timeout|" HIT "|" NOBODY "|" OURS, "look_up, create, look_up, look_up, fetch u-ours",
     CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"nobody, then it exists, and still nobody", "kira", IN_DOUBT, ROW_SAME, NOBODY "|409|" NOBODY,
     "look_up, create, look_up", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "exists_not_found", 0},
    {"a user that may be its own: a person", "kira", IN_DOUBT, ROW_SAME, HIT "|" NOBODY "|" NAMELESS,
     "look_up, look_up, fetch u-ours", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "user_unnamed", 0},
    {"a look-up that is throttled is asked again", "kira", IN_DOUBT, ROW_SAME, "429|" NOBODY "|done",
     "look_up, look_up, create", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"one that cannot be read, too", "kira", IN_DOUBT, ROW_SAME, "{}|" NOBODY "|done",
     "look_up, look_up, create", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"nobody, and the create is throttled: not looked up again", "kira", IN_DOUBT, ROW_SAME,
     NOBODY "|429|done", "look_up, create, create", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-new", NULL,
     0},
    {"a refused look-up shows nothing", "kira", IN_DOUBT, ROW_SAME, "422", "look_up", CONCLUSION_IN_DOUBT,
     NULL, LEDGER_IN_DOUBT, "", NULL, 0},

    /* Listed. */
    {"no answer: listed, never repeated", "payso", NEVER_SEEN, ROW_SAME, "timeout|" LISTED("Alex"),
     "create, list", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"nobody: created", "payso", NEVER_SEEN, ROW_SAME, "timeout|" NOBODY "|done", "create, list, create",
     CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"in doubt since an earlier run: listed first", "payso", IN_DOUBT, ROW_SAME, LISTED("Alex"), "list",
     CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"found, and the row has changed: it keeps what was journalled", "payso", IN_DOUBT, ROW_PHONE,
     LISTED("Alex"), "list", CONCLUSION_REFUSED, RULE_NO_UPDATE, LEDGER_CREATED, "u-ours", NULL, 0},
    {"nobody, and the row has changed: created with it", "payso", IN_DOUBT, ROW_PHONE, NOBODY "|done",
     "list, create", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-new", NULL, 0},
    {"nobody, so there is no doubt any more", "payso", IN_DOUBT, ROW_SAME, NOBODY "|409|" LISTED("Robin"),
     "list, create, list", CONCLUSION_REFUSED, RULE_EXISTS, LEDGER_REFUSED, "", NULL, 0},
    {"the e-mail alone: a person", "payso", IN_DOUBT, ROW_SAME, LISTED("Robin"), "list", CONCLUSION_IN_DOUBT,
     NULL, LEDGER_IN_DOUBT, "", "email_alone", 0},
    {"a list that goes on proves no absence", "payso", IN_DOUBT, ROW_SAME, "{\"users\":[],\"has_more\":true}",
     "list", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "listing_incomplete", 0},
    {"it exists, without a doubt: ours only by proof", "payso", NEVER_SEEN, ROW_SAME, "409|" LISTED("Alex"),
     "create, list", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
    {"it exists, and is another person", "payso", NEVER_SEEN, ROW_SAME, "409|" LISTED("Robin"),
     "create, list", CONCLUSION_REFUSED, RULE_EXISTS, LEDGER_REFUSED, "", NULL, 0},
    {"its only user is another customer's, the same person: created", "payso", IN_DOUBT, ROW_SAME,
     LISTED_AS("fake-user-C-2", "Alex") "|done", "list, create", CONCLUSION_CREATED, NULL, LEDGER_CREATED,
     "u-new", NULL, 1},
    {"its user was given to another person: an answer was mixed up", "payso", IN_DOUBT, ROW_SAME,
     LISTED_AS("fake-user-C-2", "Alex"), "list", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "",
     "user_id_taken", 2},
    {"a list without a user that the ledger has is not whole", "payso", IN_DOUBT, ROW_SAME, NOBODY, "list",
     CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", "listing_incomplete", 2},
    {"a list that cannot be read is asked for again", "payso", IN_DOUBT, ROW_SAME, "429|" LISTED("Alex"),
     "list, list", CONCLUSION_CREATED, NULL, LEDGER_CREATED, "u-ours", NULL, 0},
};

/* Journalled before sent; and every create of a customer goes under its first key. */
static void check_request(struct half *half, const struct script *script, const struct customer *customer,
                          const struct delivery *delivery)
{
    const char *key = delivery->call.idempotency_key;
    bool is_create = delivery->call.operation == OPERATION_CREATE;

    if (!is_create && delivery->call.operation != OPERATION_UPDATE)
        return;
    assert_null(delivery->sink); /* that of a question */
    struct ledger_customer row =
        fixture_find(half->customers.fixture, ((const struct task *)delivery)->customer);
    assert_true(row.first_sent_at != 0 && row.operation == delivery->call.operation);
    if (is_create)
        assert_true(slice_is(row.idempotency_key, key ? key : ""));
    if (!is_create || script->life == NEVER_SEEN)
        return;
    assert_string_equal(key ? key : "",
                        strcmp(script->provider, "kira") == 0 ? customer->idempotency_key : "");
    struct row_record first;
    customers_row(&half->customers, &first, "C-1", 1, ROW_SAME);
    bool is_first = slice_equal(row.pending_digest,
                                slice_make((const char *)first.sample.record.digest, FINGERPRINT_LEN));
    if (is_first != (script->row == ROW_SAME))
        fail_msg("%s: the journal has other data than the request", script->sentence);
}

/* Until there is no further request, or no further reply; what is left of the replies. */
static struct slice play(struct half *half, const struct script *script, const struct customer *customer,
                         char trace[TRACE_SIZE])
{
    struct slice replies = slice_from(script->replies), reply = slice_make("", 0);
    struct delivery *delivery;
    char text[REPLY_SIZE];

    trace[0] = '\0';
    while (replies.len > 0 && (delivery = next_request(half))) {
        trace_request(half->customers.provider, delivery, trace);
        assert_true(slice_next_item(&replies, slice_from("|"), &reply));
        snprintf(text, sizeof text, "%.*s", (int)reply.len, reply.data);
        check_request(half, script, customer, delivery);
        answer(half, delivery, text, "u-new");
    }
    return replies;
}

static struct task *run_script(struct half *half, const struct script *script,
                               const struct customer *customer, char trace[TRACE_SIZE])
{
    struct slice replies = play(half, script, customer, trace);
    const struct delivery *more = next_request(half);

    if (more || replies.len > 0)
        fail_msg("%s: after %s: %s", script->sentence, trace,
                 more ? operation_word(more->call.operation) : "no request");
    struct task *task = FIFO_POP(&half->dispatcher.concluded, struct task);
    if (!task)
        fail_msg("%s: lost after %s", script->sentence, trace);
    return task;
}

static struct decision decide_row(struct half *half, enum row kind, struct row_record *row)
{
    struct customers *customers = &half->customers;
    struct decision decision;
    const struct decide_context context = {.index = customers->index,
                                           .ledger = customers->fixture->ledger,
                                           .job = &customers->job,
                                           .provider = customers->provider,
                                           .fingerprint = customers->fingerprint};

    customers_row(customers, row, "C-1", 1, kind);
    assert_int_equal(decide(&context, &row->sample.record, &customers->fixture->arena, &decision,
                            &customers->fixture->error),
                     0);
    return decision;
}

/* What the next run decides about the same row. */
static enum decision_kind decide_next(struct half *half, enum row kind)
{
    struct row_record row;

    customer_index_free(half->customers.index);
    customers_load(&half->customers);
    fixture_begin(half->customers.fixture);
    return decide_row(half, kind, &row).kind;
}

static void check_next_run(struct half *half, const struct script *script)
{
    enum decision_kind kind = decide_next(half, script->row);
    bool is_done = script->want == CONCLUSION_CREATED || script->want == CONCLUSION_UPDATED;
    bool is_right = is_done ? kind == DECISION_UNCHANGED
                    : script->want == CONCLUSION_REFUSED
                        ? kind == DECISION_REFUSED
                        : kind == DECISION_RECONCILE || kind == DECISION_HELD;

    if (!is_right)
        fail_msg("%s, then the next run decides %d", script->sentence, (int)kind);
}

static void check_script(const struct script *script)
{
    struct half half;
    struct row_record row;
    struct decision decision;
    char trace[TRACE_SIZE];

    open_half(&half, script->provider);
    struct customers *customers = &half.customers;
    struct fixture *fixture = customers->fixture;
    struct customer customer = customers_add(customers, script->life, "C-1", 1);
    if (script->other)
        (void)customers_add(customers, CREATED, "C-2", script->other);
    customers_load(customers);
    start_half(&half);
    decision = decide_row(&half, script->row, &row);
    assert_int_equal(dispatcher_add(&half.dispatcher, &row.sample.record, &decision, &fixture->error), 0);
    struct task *task = run_script(&half, script, &customer, trace);
    const struct conclusion got = task->final;
    const struct ledger_customer found = fixture_find(fixture, task->customer);
    if (strcmp(trace, script->requests) != 0 || got.kind != script->want ||
        strcmp(got.rule ? got.rule : "", script->rule ? script->rule : "") != 0)
        fail_msg("%s (%s): %s: conclusion %d, rule %s", script->sentence, script->provider, trace,
                 (int)got.kind, got.rule ? got.rule : "none");
    if (found.state != script->state || !slice_is(found.user_id, script->user_id) ||
        (script->code && !slice_is(found.code, script->code)))
        fail_msg("%s (%s): the ledger has %s, user %.*s, code %.*s", script->sentence, script->provider,
                 ledger_state_word(found.state), (int)found.user_id.len, found.user_id.data,
                 (int)found.code.len, found.code.data);
    check_next_run(&half, script);
    assert_int_equal(dispatcher_in_doubt_count(&half.dispatcher), 0); /* nothing is in circulation any more */
    task_free(&half.dispatcher.pool, task);
    close_half(&half);
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
    {{"before its first request", "payward", NEVER_SEEN, ROW_SAME, "", "", CONCLUSION_UNSENT, NULL,
      LEDGER_UNSENT, "", NULL, 0},
     DECISION_CREATE},
    {{"while a throttled create waits", "kira", NEVER_SEEN, ROW_SAME, "429", "create", CONCLUSION_UNSENT,
      NULL, LEDGER_UNSENT, "", NULL, 0},
     DECISION_CREATE},
    {{"while a create without an answer waits", "payward", NEVER_SEEN, ROW_SAME, "timeout", "create",
      CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"no answer, then throttled", "payward", NEVER_SEEN, ROW_SAME, "timeout|429", "create, create",
      CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before a create in doubt is repeated", "payward", JOURNALLED, ROW_SAME, "", "", CONCLUSION_IN_DOUBT,
      NULL, LEDGER_JOURNALLED, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before it is repeated with a changed row", "payward", JOURNALLED, ROW_PHONE, "", "",
      CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before a look-up", "kira", IN_DOUBT, ROW_SAME, "", "", CONCLUSION_IN_DOUBT, NULL, LEDGER_IN_DOUBT, "",
      NULL, 0},
     DECISION_RECONCILE},
    {{"between two pages", "kira", IN_DOUBT, ROW_SAME, HIT, "look_up", CONCLUSION_IN_DOUBT, NULL,
      LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"after a look-up that found nobody", "kira", IN_DOUBT, ROW_SAME, NOBODY, "look_up", CONCLUSION_IN_DOUBT,
      NULL, LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before the listing", "payso", NEVER_SEEN, ROW_SAME, "timeout", "create", CONCLUSION_IN_DOUBT, NULL,
      LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before the listing of an earlier one", "payso", IN_DOUBT, ROW_PHONE, "", "", CONCLUSION_IN_DOUBT, NULL,
      LEDGER_IN_DOUBT, "", NULL, 0},
     DECISION_RECONCILE},
    {{"before an update", "payward", CREATED, ROW_PHONE, "", "", CONCLUSION_UNSENT, NULL, LEDGER_CREATED,
      "fake-user-C-1", NULL, 0},
     DECISION_UPDATE},
    {{"while an update without an answer waits", "kira", CREATED, ROW_PHONE, "timeout", "update phone",
      CONCLUSION_IN_DOUBT, NULL, LEDGER_CREATED, "fake-user-C-1", NULL, 0},
     DECISION_UPDATE},
    {{"a create in doubt is done, and its update waits", "payward", IN_DOUBT, ROW_PHONE, "done", "create",
      CONCLUSION_UNSENT, NULL, LEDGER_CREATED, "u-new", NULL, 0},
     DECISION_UPDATE},
};

static void a_stop_between_two_requests_leaves_what_the_next_run_takes_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stop_cases / sizeof *stop_cases; i++) {
        const struct script *script = &stop_cases[i].script;
        struct half half;
        struct row_record row;
        char trace[TRACE_SIZE];
        open_half(&half, script->provider);
        struct fixture *fixture = half.customers.fixture;
        struct customer customer = customers_add(&half.customers, script->life, "C-1", 1);
        customers_load(&half.customers);
        start_half(&half);
        struct decision decision = decide_row(&half, script->row, &row);
        assert_int_equal(dispatcher_add(&half.dispatcher, &row.sample.record, &decision, &fixture->error), 0);
        assert_int_equal(play(&half, script, &customer, trace).len, 0);
        dispatcher_stop(&half.dispatcher, false);
        assert_int_equal(dispatcher_commit(&half.dispatcher, &fixture->error), 0);
        fixture_begin(fixture);
        const struct run_stats *stats = half.dispatcher.parts.stats;
        struct ledger_customer found;
        assert_int_equal(
            ledger_find_by_key(fixture->ledger, slice_from("C-1"), &fixture->arena, &found, &fixture->error),
            1);
        if (strcmp(trace, script->requests) != 0 || !dispatcher_is_idle(&half.dispatcher) ||
            stats->unsent != (script->want == CONCLUSION_UNSENT) ||
            stats->in_doubt != (script->want == CONCLUSION_IN_DOUBT))
            fail_msg("%s (%s): %s: unsent %d, in doubt %d", script->sentence, script->provider, trace,
                     (int)stats->unsent, (int)stats->in_doubt);
        if (found.state != script->state || !slice_is(found.user_id, script->user_id))
            fail_msg("%s: the ledger has %s", script->sentence, ledger_state_word(found.state));
        enum decision_kind next = decide_next(&half, script->row);
        if (next != stop_cases[i].next)
            fail_msg("%s, then the next run decides %d", script->sentence, (int)next);
        close_half(&half);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reply_leads_to_the_request_that_is_safe),
        cmocka_unit_test(a_stop_between_two_requests_leaves_what_the_next_run_takes_up),
    };

    log_setup("test", LOG_WARNING, false);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
