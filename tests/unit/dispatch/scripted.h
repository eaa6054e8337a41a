/* scripted: a dispatcher whose provider is a script: no request leaves, and no backoff is waited for.
 *
 * The dispatcher is a real one, with a session whose thread runs; its deliveries are taken from the places
 * where they wait before a commit would submit them. Thread: one test at a time. Owner: open/close; between
 * them start/end for each run.
 */
#ifndef KYC_TESTS_SCRIPTED_H
#define KYC_TESTS_SCRIPTED_H

#include <time.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/log.h"
#include "dispatch/dispatcher_progress.h"
#include "dispatch/dispatcher_state.h"
#include "dispatch/reconcile.h"
#include "unit/dispatch/customers.h"
#include "unit/dispatch/session_job.h"
#include "unit/job_parts.h"

enum { SCRIPTED_REPLY_SIZE = 256, SCRIPTED_TRACE_SIZE = 160 };

struct scripted {
    struct customers customers;
    struct dispatcher *dispatcher; /* of the run */
    struct coordinator_queue *queue;
    struct run_stats *stats;
    struct job_credential items[JOB_PARTS_MAX];
    struct job_credentials credentials;
    struct job_setting_value settings[JOB_PARTS_MAX];
    char secrets[3][40];
};

/* An empty ledger, in the middle of a transaction; customers_load ends it. */
static inline void scripted_open(struct scripted *scripted, const char *provider)
{
    static const char key_of_signature[] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    struct job *job = &scripted->customers.job;

    for (size_t i = 0; i < 3; i++) { /* tests side by side must not hold each other's locks */
        uint64_t random;
        digest_random(&random, sizeof random);
        snprintf(scripted->secrets[i], sizeof scripted->secrets[i], "FAKE-%016llx",
                 (unsigned long long)random);
    }
    scripted->credentials = job_parts_credentials(
        scripted->items, "api_key", scripted->secrets[0], "api_secret", key_of_signature, "client_id",
        scripted->secrets[1], "password", scripted->secrets[2], "token", scripted->secrets[2], (char *)NULL);
    customers_open(&scripted->customers, provider);
    job->provider.base_url = "http://127.0.0.1:1";
    job->provider.credentials = &scripted->credentials;
    job->provider.credential_count = 1;
    job_parts_set(&job->provider, scripted->settings,
                  (struct job_setting_value)JOB_NUMBER(SETTING_IDEMPOTENCY_WINDOW, 24 * CLOCK_NS_PER_HOUR));
    job_parts_set(&job->provider, scripted->settings,
                  (struct job_setting_value)JOB_NUMBER(SETTING_LIST_MAX, 1 << 20));
    job->delivery.timeout_ns = 1; /* a listing is due after twice that */
    job->delivery.retry_for_ns = 600 * CLOCK_NS_PER_S;
    job->delivery.attempts = 6;
    job->delivery.settle = true;
    job->delivery.refused_in_a_row = 100;
    job->delivery.refused_share = 100;
}

/* After customers_load: a run, in the middle of its first round. */
static inline void scripted_start(struct scripted *scripted)
{
    struct fixture *fixture = scripted->customers.fixture;

    scripted->stats = run_stats_new(1);
    scripted->queue = coordinator_queue_new(1);
    const struct dispatcher_parts parts = {.job = &scripted->customers.job,
                                           .provider = scripted->customers.provider,
                                           .ledger = fixture->ledger,
                                           .fingerprint = scripted->customers.fingerprint,
                                           .queue = scripted->queue,
                                           .stats = scripted->stats};
    scripted->dispatcher = dispatcher_open(&parts, &fixture->error);
    if (!scripted->dispatcher)
        fail_msg("%s", fixture->error.text);
    assert_int_equal(dispatcher_begin(scripted->dispatcher, &fixture->error), 0);
    customers_start_run(&scripted->customers);
}

/* Stops the run: tasks that wait are given up, and counted. */
static inline void scripted_stop(struct scripted *scripted)
{
    dispatcher_stop(scripted->dispatcher, false);
    if (dispatcher_commit(scripted->dispatcher, &scripted->customers.fixture->error) != 0)
        fail_msg("%s", scripted->customers.fixture->error.text);
    assert_true(dispatcher_is_idle(scripted->dispatcher));
    struct progress_counts counts = {.noun = "records"};
    dispatcher_progress(scripted->dispatcher, 1, &counts);
    assert_int_equal(counts.open + counts.retrying, 0);
}

/* After scripted_stop. */
static inline void scripted_end(struct scripted *scripted)
{
    session_job_drop_locks(session_sender(scripted->dispatcher->session));
    dispatcher_close(scripted->dispatcher);
    coordinator_queue_free(scripted->queue);
    run_stats_free(scripted->stats);
}

static inline void scripted_close(struct scripted *scripted)
{
    customers_close(&scripted->customers);
}

/* Loads the customers again, as a later run does, and decides about a row. */
static inline void scripted_reload(struct scripted *scripted)
{
    customer_index_free(scripted->customers.index);
    fixture_begin(scripted->customers.fixture);
    customers_load(&scripted->customers);
}

static inline struct decision scripted_decide(struct scripted *scripted, const char *key, unsigned person,
                                              enum row kind, struct row_record *row)
{
    struct customers *customers = &scripted->customers;
    struct decision decision;
    const struct decide_context context = {.index = customers->index,
                                           .ledger = customers->fixture->ledger,
                                           .job = &customers->job,
                                           .provider = customers->provider,
                                           .fingerprint = customers->fingerprint};

    customers_row(customers, row, key, person, kind);
    assert_int_equal(decide(&context, &row->sample.record, &customers->fixture->arena, &decision,
                            &customers->fixture->error),
                     0);
    return decision;
}

static inline struct delivery *scripted_listing(struct scripted *scripted)
{
    struct reconcile *reconcile = scripted->dispatcher->reconcile;
    struct delivery *listing = NULL;

    while (!listing && reconcile_list_next_ns(reconcile, true) != UINT64_MAX) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_int_equal(reconcile_list_start(reconcile, true, &listing, &scripted->customers.fixture->error),
                         0);
    }
    return listing;
}

/* The next request, whatever it would wait for; NULL: none. */
static inline struct delivery *scripted_next(struct scripted *scripted)
{
    struct dispatcher *dispatcher = scripted->dispatcher;
    struct task *task = dispatcher_pop_ready(dispatcher);
    struct delivery *delivery = NULL;

    if (!task)
        task = backoff_queue_pop(&dispatcher->backoff);
    if (task) {
        task_move(task, TASK_IN_FLIGHT);
        delivery = &task->delivery;
    } else {
        delivery = scripted_listing(scripted);
    }
    dispatcher->in_flight += delivery != NULL;
    return delivery;
}

/* The reply to the request is delivery.outcome, and sent. */
static inline void scripted_return(struct scripted *scripted, struct delivery *delivery)
{
    struct fifo deliveries = {0};

    delivery->link = (struct fifo_link){0};
    fifo_append(&deliveries, &delivery->link);
    if (dispatcher_receive(scripted->dispatcher, &deliveries, &scripted->customers.fixture->error) != 0)
        fail_msg("%s", scripted->customers.fixture->error.text);
}

/* reply: `done` (with another user than user_id), `timeout`, a status, a status and the user that it names,
 * or the body of a question. */
static inline void scripted_answer(struct scripted *scripted, struct delivery *delivery, const char *reply,
                                   const char *user_id)
{
    struct outcome *outcome = &delivery->outcome;
    int status = (int)strtol(reply, NULL, 10);
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
    scripted_return(scripted, delivery);
}

/* Takes a task that ended, without counting it; NULL: none. dispatcher_state's pool has it again: only its
 * plain members may be read. */
static inline struct task *scripted_pop_ended(struct scripted *scripted)
{
    struct task *task = FIFO_POP(&scripted->dispatcher->ended, struct task);

    if (task)
        task_pool_return(&scripted->dispatcher->pool, task);
    return task;
}

#endif
