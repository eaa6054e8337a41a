#include "dispatch/dispatcher.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "dispatch/dispatcher_state.h"
#include "dispatch/heed.h"
#include "dispatch/rate_carryover.h"
#include "dispatch/warning.h"
#include "provider/idempotency.h"

enum {
    MAX_JOURNALLED_UNSENT = 1000, /* bounds the creates in doubt after a crash */
};

static void *sender_main(void *argument)
{
    sender_run(argument);
    return NULL;
}

/* One second of the rate or twice the requests in flight, whichever is more. */
static size_t compute_ahead_max(const struct job *job, const struct provider *provider)
{
    struct job_rate rate = provider_rate(provider, job);
    uint64_t in_flight = job->delivery.in_flight ? job->delivery.in_flight
                                                 : provider->in_flight * job->provider.credential_count;
    uint64_t ahead = rate.count * CLOCK_NS_PER_S / rate.per_ns;

    if (ahead < 2 * in_flight)
        ahead = 2 * in_flight;
    return ahead < MAX_JOURNALLED_UNSENT ? (size_t)ahead : MAX_JOURNALLED_UNSENT;
}

struct dispatcher *dispatcher_open(const struct dispatcher_parts *parts, struct error *error)
{
    struct dispatcher *dispatcher = memory_new(1, sizeof *dispatcher);
    const struct provider_fields *fields = parts->provider->fields;

    dispatcher->parts = *parts;
    dispatcher->ahead_max = compute_ahead_max(parts->job, parts->provider);
    dispatcher->random = retry_random_any();
    dispatcher->members = memory_new(fields->slot_count, FINGERPRINT_MEMBER_LEN);
    if (settling_open(&dispatcher->settling, parts->ledger, error) == 0 && heed_start(dispatcher, error) == 0)
        dispatcher->sender =
            sender_new(parts->job, parts->provider, coordinator_queue_put_delivery, parts->queue, error);
    if (dispatcher->sender &&
        nonce_reservation_start(&dispatcher->nonces, dispatcher->sender, parts->ledger,
                                parts->job->provider.nonce_floor, error) == 0 &&
        rate_carryover_begin(dispatcher->sender, parts->ledger, parts->job, parts->provider, error) == 0) {
        dispatcher->started = pthread_create(&dispatcher->thread, NULL, sender_main, dispatcher->sender) == 0;
        if (dispatcher->started)
            return dispatcher;
        error_set(error, ERROR_USAGE,
                  "cannot start a thread\nhint: raise the limit on processes (ulimit -u)");
    }
    dispatcher_close(dispatcher);
    return NULL;
}

void dispatcher_close(struct dispatcher *dispatcher)
{
    if (!dispatcher)
        return;
    dispatcher_finish(dispatcher);
    sender_free(dispatcher->sender);
    nonce_reservation_clear(&dispatcher->nonces);
    free(dispatcher->members);
    guard_clear(&dispatcher->guard);
    backoff_queue_clear(&dispatcher->waiting);
    settling_close(&dispatcher->settling);
    task_pool_clear(&dispatcher->pool);
    free(dispatcher);
}

bool dispatcher_has_capacity(const struct dispatcher *dispatcher)
{
    if (guard_is_canary(&dispatcher->guard) && dispatcher->pool.count > 0)
        return false;
    return !dispatcher->stopping &&
           dispatcher->submitted + dispatcher->new_tasks.count < dispatcher->ahead_max &&
           task_pool_has_capacity(&dispatcher->pool);
}

int dispatcher_begin(struct dispatcher *dispatcher, struct error *error)
{
    return dispatcher->failed ? 0 : ledger_begin(dispatcher->parts.ledger, error);
}

int dispatcher_journal(struct dispatcher *dispatcher, struct task *task, const uint8_t *digest,
                       const uint8_t *members, bool supersedes, struct error *error)
{
    uint8_t email[FINGERPRINT_MEMBER_LEN];
    fingerprint_email(dispatcher->parts.fingerprint, task->record, email);
    uint8_t identity[FINGERPRINT_IDENTITY_LEN];
    bool has_identity = fingerprint_identity(dispatcher->parts.fingerprint, task->record, identity);
    const struct ledger_intent intent = {
        .id = task->customer,
        .external_id = task->record->values[FIELD_EXTERNAL_ID].text,
        .row = task->record->row,
        .operation = task->delivery.call.operation,
        .digest = digest,
        .member_digests = slice_make((const char *)members,
                                     dispatcher->parts.provider->fields->slot_count * FINGERPRINT_MEMBER_LEN),
        .email_digest = slice_make((const char *)email, sizeof email),
        .idempotency_key =
            slice_from(task->delivery.call.idempotency_key ? task->delivery.call.idempotency_key : ""),
        .identity = slice_make((const char *)identity, has_identity ? sizeof identity : 0),
        .at_ns = clock_real_ns(),
    };

    task->delivery.call.journalled_ns = intent.at_ns;
    task->sent_boot_ns = supersedes ? task->sent_boot_ns : clock_boot_ns();
    clocks_journalled(&dispatcher->settling.clocks, intent.at_ns, clock_boot_ns());
    int failed = supersedes ? ledger_journal_superseded(dispatcher->parts.ledger, &intent, error)
                            : ledger_journal(dispatcher->parts.ledger, &intent, &task->customer, error);
    if (failed) /* a task without a journal entry must not be sent with the rest of the round */
        dispatcher_fail(dispatcher);
    failpoint("journalled");
    return failed;
}

/* NULL of NULL. */
static const char *copy_text(struct task *task, const char *text)
{
    return text ? arena_copy(&task->arena, slice_from(text)).data : NULL;
}

/* user_id, former_key: as in struct provider_call; in the task's arena. */
static int add_update(struct dispatcher *dispatcher, struct task *task, const char *user_id,
                      const char *former_key, const struct changes *changes, struct error *error)
{
    task->delivery.call.operation = OPERATION_UPDATE;
    task->delivery.call.user_id = user_id;
    task->delivery.call.former_key = former_key;
    task->delivery.call.members = changes->send;
    task->immutable = changes->immutable;
    return dispatcher_journal(dispatcher, task, changes->digest, changes->members, false, error);
}

/* The idempotency key of a create, where the provider has such: the journalled one, else a new one. */
static void set_idempotency_key(struct dispatcher *dispatcher, struct task *task,
                                const struct decision *decision)
{
    char key[IDEMPOTENCY_KEY_SIZE];
    const char *given = decision->idempotency_key;

    if (dispatcher->parts.provider->recovery != PROVIDER_RECOVERY_LOOK_UP)
        return;
    if (!given)
        given = idempotency_key(dispatcher->parts.job->name, task->record->values[FIELD_EXTERNAL_ID].text,
                                decision->refusals, key);
    task->delivery.call.idempotency_key = arena_copy(&task->arena, slice_from(given)).data;
}

/* A create in doubt of an earlier run: repeated, looked up or listed. */
static int add_in_doubt(struct dispatcher *dispatcher, struct task *task, const struct decision *decision,
                        struct error *error)
{
    task->changed = decision->changed;
    task->is_undated =
        decision->journalled_run != 0 && decision->journalled_run != dispatcher->settling.clock_run;
    dispatcher_mark_in_doubt(dispatcher, task, true);
    task->delivery.call.journalled_ns =
        decision->first_sent_at; /* its journal entry covers this attempt too */
    if (settling_is_due(dispatcher, task)) {
        if (settling_add(dispatcher, task, true, error) == 0)
            return 0;
        fifo_append(&dispatcher->new_tasks, &task->link);
        return -1;
    }
    fifo_append(&dispatcher->new_tasks, &task->link);
    if (!task->changed)
        return 0;
    return dispatcher_journal(dispatcher, task, decision->changes.digest, decision->changes.members, true,
                              error);
}

int dispatcher_add(struct dispatcher *dispatcher, const struct record *record,
                   const struct decision *decision, struct error *error)
{
    struct task *task = task_new(&dispatcher->pool, record);

    assert(decision->kind == DECISION_CREATE || decision->kind == DECISION_RECONCILE ||
           decision->kind == DECISION_UPDATE);
    task->customer = decision->customer;
    task->immutable = FIELD_NONE;
    if (decision->kind == DECISION_UPDATE) {
        fifo_append(&dispatcher->new_tasks, &task->link);
        return add_update(dispatcher, task, copy_text(task, decision->user_id),
                          copy_text(task, decision->former_key), &decision->changes, error);
    }
    task->delivery.call.operation = OPERATION_CREATE;
    set_idempotency_key(dispatcher, task, decision);
    if (decision->kind == DECISION_RECONCILE)
        return add_in_doubt(dispatcher, task, decision, error);
    fifo_append(&dispatcher->new_tasks, &task->link);
    fingerprint_members(dispatcher->parts.fingerprint, record, dispatcher->members);
    return dispatcher_journal(dispatcher, task, record->digest, dispatcher->members, false, error);
}

void dispatcher_mark_in_doubt(struct dispatcher *dispatcher, struct task *task, bool in_doubt)
{
    dispatcher->in_doubt_count += (uint64_t)in_doubt - (uint64_t)task->in_doubt;
    task->in_doubt = in_doubt;
}

int dispatcher_write(struct dispatcher *dispatcher, struct task *task, struct conclusion *conclusion,
                     bool with_outcome, struct error *error)
{
    const struct delivery *delivery = &task->delivery;
    struct ledger_result result = {
        .id = task->customer,
        .row = task->record->row,
        .operation = delivery->call.operation,
        .conclusion = conclusion->ledger,
        .event = conclusion->event,
        .outcome = with_outcome ? &delivery->outcome : NULL,
        .left_out = task->left_out,
        .attempt = task->attempts,
        .latency_ms = (uint32_t)(delivery->latency_ns / CLOCK_NS_PER_MS),
        .at_ns = clock_real_ns(),
    };
    bool taken = false;

    if (!conclusion->write)
        return 0;
    if (dispatcher->failed) {
        if (conclusion->ledger != LEDGER_RESULT_ABANDONED) /* journalled without an outcome: in doubt */
            conclusion->kind = CONCLUSION_IN_DOUBT;
        return 0;
    }
    if (ledger_result(dispatcher->parts.ledger, &result, &taken, error) != 0)
        return -1;
    failpoint("outcome written");
    if (taken)
        conclusion->kind = CONCLUSION_IN_DOUBT;
    return 0;
}

/* The task waits for the commit of its conclusion. */
static void finish_task(struct dispatcher *dispatcher, struct task *task, const struct conclusion *conclusion)
{
    task->final = *conclusion;
    dispatcher->in_doubt_count -= task->in_doubt;
    fifo_append(&dispatcher->concluded, &task->link);
}

/* A create in doubt whose row has changed is resolved: the user exists with the journalled data or with this
 * row's, and the difference is sent as an update. */
static int start_update(struct dispatcher *dispatcher, struct task *task, struct conclusion *conclusion,
                        struct error *error)
{
    struct ledger_customer customer;
    struct changes changes = {.send = 0};

    dispatcher_mark_in_doubt(dispatcher, task, false);
    task->changed = false;
    task->delivery.call.idempotency_key = NULL;
    task_restart(task);
    if (!dispatcher->failed &&
        ledger_find(dispatcher->parts.ledger, task->customer, &task->arena, &customer, error) != 1)
        return -1;
    if (!dispatcher->failed)
        changes_find(dispatcher->parts.provider, dispatcher->parts.fingerprint, task->record, &customer,
                     &changes);
    if (dispatcher->stopping || changes.send == 0) { /* the next run finds the rest of the change */
        conclusion->kind = CONCLUSION_CREATED;
        finish_task(dispatcher, task, conclusion);
        return 0;
    }
    if (add_update(dispatcher, task, customer.user_id.data,
                   customer.former_key.len ? customer.former_key.data : NULL, &changes, error) != 0)
        return -1;
    fifo_append(&dispatcher->new_tasks, &task->link);
    return 0;
}

int dispatcher_apply_action(struct dispatcher *dispatcher, struct task *task, struct conclusion *conclusion,
                            uint64_t wait_ns, struct error *error)
{
    const struct outcome *outcome = &task->delivery.outcome;
    bool continues = conclusion->kind == CONCLUSION_AGAIN || conclusion->kind == CONCLUSION_ASK;
    uint64_t now_ns = clock_mono_ns();

    if (heed_answer(dispatcher, task, conclusion, error) != 0)
        return -1;
    if (conclusion->kind == CONCLUSION_UPDATE_NEXT)
        return start_update(dispatcher, task, conclusion, error);
    if (!continues) {
        finish_task(dispatcher, task, conclusion);
        return 0;
    }
    if (outcome->kind == OUTCOME_IN_DOUBT) {
        dispatcher_mark_in_doubt(dispatcher, task, true);
        task->absent = false;
    }
    if (task->delivery.call.operation == OPERATION_CREATE)
        task->exists = outcome->kind == OUTCOME_EXISTS;
    if (conclusion->kind == CONCLUSION_ASK || settling_is_due(dispatcher, task))
        return settling_add(dispatcher, task, false, error);
    dispatcher->parts.stats->retries[outcome->cause]++;
    if (!task->retrying_since_ns)
        task->retrying_since_ns = now_ns;
    task->due_ns = now_ns + wait_ns;
    backoff_queue_add(&dispatcher->waiting, task);
    return 0;
}

/* One line for each attempt (-v). The message is masked; the key is the customer's own. */
static void log_attempt(const struct task *task)
{
    const struct delivery *delivery = &task->delivery;
    const struct outcome *outcome = &delivery->outcome;
    struct slice key = task->record->values[FIELD_EXTERNAL_ID].text;

    if (outcome->kind == OUTCOME_WITHDRAWN)
        return;
    log_debug("row %" PRIu64 ", %.*s: %s %" PRIu32 ": %s, HTTP %d, %" PRIu64 " ms%s%s", task->record->row,
              (int)key.len, key.data, operation_word(delivery->call.operation), task->attempts,
              outcome_word(outcome->kind), outcome->http_status, delivery->latency_ns / CLOCK_NS_PER_MS,
              outcome->message[0] ? ": " : "", outcome->message);
}

/* The session works for other records, so the cause is at the provider, with this record. */
static void set_unauthorized(const struct task *task, struct outcome *outcome)
{
    snprintf(outcome->code, sizeof outcome->code, "unauthorized");
    snprintf(
        outcome->message, sizeof outcome->message,
        "HTTP 401 with %d tokens in a row, while other requests succeed: ask the provider why, then run again",
        CONCLUDE_BAD_TOKENS_MAX);
    log_warning("row %" PRIu64 ": %s", task->record->row, outcome->message);
}

static int conclude_task(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    struct delivery *delivery = &task->delivery;
    struct outcome *outcome = &delivery->outcome;
    const struct job_delivery *limits = &dispatcher->parts.job->delivery;
    uint64_t now_ns = clock_mono_ns();

    if (outcome->kind != OUTCOME_WITHDRAWN)
        task->attempts++;
    log_attempt(task);
    if (delivery->sent)
        rate_series_add(&dispatcher->parts.stats->rate_series, delivery->done_real_ns);
    task->bad_nonces += outcome->kind == OUTCOME_BAD_NONCE;
    if (delivery->was_probe || outcome->kind == OUTCOME_BAD_TOKEN)
        task_spare(task, delivery->was_probe);
    if (conclude_is_unauthorized(task, outcome))
        set_unauthorized(task, outcome);
    heed_outcome(dispatcher, delivery);
    uint32_t counted = task->attempts - task->spared;
    uint64_t wait_ns = retry_wait_ns(counted ? counted : 1, retry_random_next(&dispatcher->random));
    if (wait_ns < outcome->retry_after_ns)
        wait_ns += outcome->retry_after_ns;
    if (task->look_up && settling_has_answer(task)) {
        int taken = settling_receive(dispatcher, task, error);
        if (taken != 0)
            return taken < 0 ? -1 : 0;
    }
    struct conclusion conclusion =
        conclude(task, outcome, delivery->sent,
                 &(struct conclude_limits){.attempts = limits->attempts,
                                           .retry_for_ns = limits->retry_for_ns,
                                           .settle = limits->settle,
                                           .doubt = dispatcher->parts.provider->recovery,
                                           .stopping = dispatcher->stopping},
                 now_ns, wait_ns);
    if (warning_evaluate(dispatcher, task, &conclusion, error) != 0 ||
        dispatcher_write(dispatcher, task, &conclusion, true, error) != 0)
        return -1;
    return dispatcher_apply_action(dispatcher, task, &conclusion, wait_ns, error);
}

int dispatcher_receive(struct dispatcher *dispatcher, struct fifo *deliveries, struct error *error)
{
    int result = 0;

    struct delivery *delivery;
    while ((delivery = FIFO_POP(deliveries, struct delivery))) {
        struct task *task = (struct task *)delivery;
        dispatcher->submitted--;
        failpoint("outcome taken");
        if (delivery->call.operation == OPERATION_LIST) {
            if (settling_receive_list(dispatcher, delivery, error) != 0)
                result = -1;
            continue;
        }
        /* After a failure of the ledger the other deliveries must be accounted for all the same. */
        if (conclude_task(dispatcher, task, error) != 0) {
            dispatcher_fail(dispatcher);
            finish_task(dispatcher, task, &(struct conclusion){.kind = CONCLUSION_IN_DOUBT});
            result = -1;
        }
    }
    return result;
}

/* Counts a task whose conclusion is durable. Where the ledger failed it is in doubt, whatever its outcome.
 */
static int count_task(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    struct run_stats *stats = dispatcher->parts.stats;
    struct verdict verdict = {.field = task->final.field, .level = VERDICT_REJECT, .rule = task->final.rule};
    bool unrecorded = dispatcher->failed && task->final.kind != CONCLUSION_UNSENT;

    if (!unrecorded)
        warning_count(dispatcher, task);
    switch (unrecorded ? CONCLUSION_IN_DOUBT : task->final.kind) {
    case CONCLUSION_CREATED:
        run_stats_count(stats, RUN_STATS_CREATED);
        return 0;
    case CONCLUSION_UPDATED:
        run_stats_count(stats, RUN_STATS_UPDATED);
        return 0;
    case CONCLUSION_IN_DOUBT:
        run_stats_count(stats, RUN_STATS_IN_DOUBT);
        return 0;
    case CONCLUSION_UNSENT:
        run_stats_count(stats, RUN_STATS_UNSENT);
        return 0;
    case CONCLUSION_REFUSED:
    case CONCLUSION_AGAIN:
    case CONCLUSION_ASK:
    case CONCLUSION_UPDATE_NEXT:
        break;
    }
    assert(task->final.kind == CONCLUSION_REFUSED);
    bool is_done =
        task->delivery.outcome.kind == OUTCOME_DONE; /* all but the change that cannot be sent was done */
    verdict.message = slice_from(is_done ? CHANGES_IMMUTABLE : task->delivery.outcome.message);
    run_stats_count(stats, RUN_STATS_REFUSED);
    run_stats_add_refusal(stats, task->record, verdict.field, verdict.rule,
                          is_done ? "" : task->delivery.outcome.code);
    return rejects_add_refused(dispatcher->parts.rejects, task->record, &verdict, error);
}

static void submit(struct dispatcher *dispatcher, struct task *task)
{
    struct provider_call *call = &task->delivery.call;

    call->in_doubt = call->operation == OPERATION_CREATE && task->in_doubt;
    task->delivery.subject = (uint64_t)task->customer;
    dispatcher->submitted++;
    sender_submit(dispatcher->sender, &task->delivery);
    failpoint("submitted");
}

static int give_up_waiting(struct dispatcher *dispatcher, struct error *error)
{
    struct task *task;
    int result = 0;

    while ((task = backoff_queue_pop(&dispatcher->waiting)) ||
           (task = FIFO_POP(&dispatcher->new_tasks, struct task)) ||
           (task = FIFO_POP(&dispatcher->settling.waiting, struct task))) {
        struct conclusion conclusion = conclude_given_up(task);
        if (dispatcher_write(dispatcher, task, &conclusion, false, error) != 0) {
            dispatcher_fail(dispatcher);
            result = -1;
        }
        finish_task(dispatcher, task, &conclusion);
    }
    return result;
}

int dispatcher_commit(struct dispatcher *dispatcher, struct error *error)
{
    struct task *task;
    int result = 0;

    if (dispatcher->stopping && give_up_waiting(dispatcher, error) != 0)
        result = -1;
    if (!dispatcher->failed && (settling_record_clock(dispatcher, error) != 0 ||
                                nonce_reservation_extend(&dispatcher->nonces, error) != 0 ||
                                ledger_commit(dispatcher->parts.ledger, error) != 0)) {
        dispatcher_fail(dispatcher);
        give_up_waiting(dispatcher, error);
        result = -1;
    }
    if (!dispatcher->failed) /* else the reservation is not durable */
        nonce_reservation_publish(&dispatcher->nonces);
    while ((task = FIFO_POP(&dispatcher->concluded, struct task))) {
        if (count_task(dispatcher, task, error) != 0)
            result = -1;
        failpoint("outcome counted");
        task_free(&dispatcher->pool, task);
    }
    uint64_t now_ns = clock_mono_ns();
    while (backoff_queue_next_ns(&dispatcher->waiting) <= now_ns)
        submit(dispatcher, backoff_queue_pop(&dispatcher->waiting));
    while ((task = FIFO_POP(&dispatcher->new_tasks, struct task)))
        submit(dispatcher, task);
    if (!dispatcher->failed && settling_start(dispatcher, now_ns, error) != 0) {
        dispatcher_fail(dispatcher);
        result = -1;
    }
    return result;
}

uint64_t dispatcher_next_ns(const struct dispatcher *dispatcher)
{
    uint64_t nonces_ns = nonce_reservation_next_ns(&dispatcher->nonces),
             waiting_ns = backoff_queue_next_ns(&dispatcher->waiting);

    uint64_t settling_ns = settling_next_ns(dispatcher);
    if (dispatcher->stopping && (dispatcher->waiting.count || dispatcher->settling.waiting.count))
        return 0; /* to be given up */
    if (settling_ns < waiting_ns)
        waiting_ns = settling_ns;
    return nonces_ns < waiting_ns ? nonces_ns : waiting_ns;
}

const char *dispatcher_stop_reason(const struct dispatcher *dispatcher)
{
    return dispatcher->stop_reason[0] ? dispatcher->stop_reason : NULL;
}

void dispatcher_stop(struct dispatcher *dispatcher, bool at_once)
{
    dispatcher->stopping = true;
    if (at_once)
        sender_abort(dispatcher->sender);
    else
        sender_withdraw(dispatcher->sender);
}

void dispatcher_fail(struct dispatcher *dispatcher)
{
    dispatcher->failed = true;
    dispatcher_stop(dispatcher, false);
}

bool dispatcher_is_idle(const struct dispatcher *dispatcher)
{
    return dispatcher->pool.count == 0;
}

uint64_t dispatcher_in_doubt_count(const struct dispatcher *dispatcher)
{
    return dispatcher->in_doubt_count;
}

uint64_t dispatcher_requests(const struct dispatcher *dispatcher)
{
    return sender_requests(dispatcher->sender);
}

void dispatcher_finish(struct dispatcher *dispatcher)
{
    struct run_stats *stats = dispatcher->parts.stats;
    struct sender_figures figures;

    if (!dispatcher->started)
        return;
    sender_finish(dispatcher->sender);
    pthread_join(dispatcher->thread, NULL);
    dispatcher->started = false;
    sender_figures(dispatcher->sender, &figures);
    stats->requests = figures.requests;
    stats->rate_per_s = figures.rate_per_s;
    stats->max_per_second = figures.max_per_second;
    stats->p50_ms = figures.p50_ms;
    stats->p95_ms = figures.p95_ms;
    stats->p99_ms = figures.p99_ms;
    stats->max_ms = figures.max_ms;
    stats->replies = figures.answers;
    stats->latency_sum_ns = figures.latency_sum_ns;
    stats->pauses = figures.pauses;
    stats->pause_ns = figures.pause_ns;
}

int dispatcher_record_end(const struct dispatcher *dispatcher, struct error *error)
{
    return rate_carryover_end(dispatcher->sender, dispatcher->parts.ledger, error);
}
