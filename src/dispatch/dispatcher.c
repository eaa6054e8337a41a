#include "dispatch/dispatcher.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "dispatch/dispatcher_event.h"
#include "dispatch/dispatcher_state.h"
#include "dispatch/dispatcher_write.h"
#include "dispatch/kept_members.h"
#include "dispatch/provider_warning.h"
#include "dispatch/reconcile.h"
#include "provider/idempotency.h"

enum {
    MAX_JOURNALLED_UNSENT = 1000, /* bounds the creates in doubt after a crash */
};

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

/* Continues the canary of the ledger. */
static int open_stop_policy(struct dispatcher *dispatcher, struct error *error)
{
    const struct dispatcher_parts *parts = &dispatcher->parts;
    const struct job_delivery *limits = &parts->job->delivery;
    uint32_t left;

    provider_settings_digest(parts->job, parts->provider, dispatcher->canary_of);
    if (ledger_canary_left(parts->ledger, dispatcher->canary_of, &left, error) != 0)
        return -1;
    stop_policy_init(&dispatcher->stop_policy, limits, left < limits->canary ? left : limits->canary);
    return 0;
}

struct dispatcher *dispatcher_open(const struct dispatcher_parts *parts, struct error *error)
{
    struct dispatcher *dispatcher = memory_new(1, sizeof *dispatcher);
    const struct session_parts session = {
        .job = parts->job,
        .provider = parts->provider,
        .ledger = parts->ledger,
        .done = coordinator_queue_put_delivery,
        .context = parts->queue,
    };
    const struct reconcile_parts reconcile = {
        .job = parts->job,
        .provider = parts->provider,
        .ledger = parts->ledger,
        .fingerprint = parts->fingerprint,
    };

    dispatcher->parts = *parts;
    dispatcher->recovery = recovery_of(parts->provider);
    dispatcher->ahead_max = compute_ahead_max(parts->job, parts->provider);
    dispatcher->random = retry_random_any();
    dispatcher->members = memory_new(parts->provider->fields->slot_count, FINGERPRINT_MEMBER_LEN);
    dispatcher->reconcile = reconcile_new(&reconcile);
    if (open_stop_policy(dispatcher, error) == 0)
        dispatcher->session = session_open(&session, error);
    if (dispatcher->session)
        return dispatcher;
    dispatcher_close(dispatcher);
    return NULL;
}

void dispatcher_close(struct dispatcher *dispatcher)
{
    if (!dispatcher)
        return;
    session_close(dispatcher->session);
    link_file_free(dispatcher->links);
    reconcile_free(dispatcher->reconcile);
    stop_policy_clear(&dispatcher->stop_policy);
    backoff_queue_clear(&dispatcher->backoff);
    task_pool_clear(&dispatcher->pool);
    free(dispatcher->members);
    free(dispatcher);
}

bool dispatcher_has_capacity(const struct dispatcher *dispatcher)
{
    if (stop_policy_is_canary(&dispatcher->stop_policy) && dispatcher->pool.count > 0)
        return false;
    return !dispatcher->stopping && dispatcher->in_flight + dispatcher->ready.count < dispatcher->ahead_max &&
           task_pool_has_capacity(&dispatcher->pool);
}

int dispatcher_begin(struct dispatcher *dispatcher, struct error *error)
{
    return dispatcher->failed ? 0 : ledger_begin(dispatcher->parts.ledger, error);
}

int dispatcher_prefetch(struct dispatcher *dispatcher, const struct fifo *deliveries,
                        struct ledger_wanted *wanted, struct error *error)
{
    if (dispatcher->failed)
        return 0;
    for (const struct fifo_link *link = deliveries->first; link; link = link->next) {
        const struct delivery *delivery =
            (const struct delivery *)((const char *)link - offsetof(struct delivery, link));
        if (reconcile_is_listing(dispatcher->reconcile, delivery))
            continue;
        ledger_wanted_id(wanted, ((const struct task *)delivery)->customer);
        ledger_wanted_user(wanted, slice_from(delivery->outcome.user_id));
    }
    return ledger_prefetch(dispatcher->parts.ledger, wanted, error);
}

static bool is_question(const struct task *task)
{
    enum operation operation = task->delivery.call.operation;

    return operation != OPERATION_CREATE && operation != OPERATION_UPDATE;
}

static void submit(struct dispatcher *dispatcher, struct task *task)
{
    struct provider_call *call = &task->delivery.call;

    call->in_doubt = call->operation == OPERATION_CREATE && task_is_in_doubt(task->state);
    task->delivery.subject = (uint64_t)task->customer;
    task_move(task, TASK_IN_FLIGHT);
    dispatcher->in_flight++;
    dispatcher->asking += is_question(task);
    sender_submit(session_sender(dispatcher->session), &task->delivery);
    failpoint("submitted");
}

/* New tasks. */

/* The idempotency key of a create, where the provider has such: the journalled one, else a new one. */
static void set_idempotency_key(struct dispatcher *dispatcher, struct task *task,
                                const struct decision *decision)
{
    char key[IDEMPOTENCY_KEY_SIZE];
    const char *given = decision->idempotency_key;

    if (!dispatcher->recovery->looks_up)
        return;
    if (!given)
        given = idempotency_key(dispatcher->parts.job->name, task->record->values[FIELD_EXTERNAL_ID].text,
                                decision->refusals, key);
    task->delivery.call.idempotency_key = arena_copy(&task->arena, slice_from(given)).data;
}

/* NULL of NULL. */
static const char *copy_text(struct task *task, const char *text)
{
    return text ? arena_copy(&task->arena, slice_from(text)).data : NULL;
}

/* A create in doubt of an earlier run: repeated, looked up or listed. */
static int add_in_doubt(struct dispatcher *dispatcher, struct task *task, const struct decision *decision,
                        struct error *error)
{
    task->is_superseded = decision->changed;
    task->is_undated =
        decision->journalled_run != 0 && decision->journalled_run != session_clock_run(dispatcher->session);
    task->journalled_ns = task->delivery.call.journalled_ns = decision->first_sent_at;
    const struct task_policy policy = dispatcher_event_policy(dispatcher, task, 0);
    if (decision->exists || task_must_find(task->is_superseded, &policy)) {
        dispatcher_begin_task(dispatcher, task, decision->exists ? TASK_FIND_EXISTING : TASK_FIND);
        if (dispatcher_event_ask(dispatcher, task, true, error) == 0)
            return 0;
        dispatcher_fail(dispatcher); /* so that it is given up, and not sent */
        dispatcher_make_ready(dispatcher, task);
        return -1;
    }
    dispatcher_begin_task(dispatcher, task, TASK_REPEAT); /* its journal entry covers this attempt too */
    dispatcher_make_ready(dispatcher, task);
    return task->is_superseded ? dispatcher_write_superseded(dispatcher, task, &decision->changes, error) : 0;
}

int dispatcher_add(struct dispatcher *dispatcher, const struct record *record,
                   const struct decision *decision, struct error *error)
{
    struct task *task = task_pool_take(&dispatcher->pool, record);

    assert(decision->kind == DECISION_CREATE || decision->kind == DECISION_RECONCILE ||
           decision->kind == DECISION_UPDATE);
    task->customer = decision->customer;
    task->immutable = FIELD_NONE;
    if (decision->kind == DECISION_UPDATE) {
        dispatcher_begin_task(dispatcher, task, TASK_UPDATE);
        dispatcher_make_ready(dispatcher, task);
        return dispatcher_event_update(dispatcher, task, copy_text(task, decision->user_id),
                                       copy_text(task, decision->former_key), &decision->changes, error);
    }
    task->delivery.call.operation = OPERATION_CREATE;
    set_idempotency_key(dispatcher, task, decision);
    if (decision->kind == DECISION_RECONCILE)
        return add_in_doubt(dispatcher, task, decision, error);
    dispatcher_begin_task(dispatcher, task, TASK_CREATE);
    dispatcher_make_ready(dispatcher, task);
    return dispatcher_write_create(dispatcher, task, error);
}

/* Replies. */

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

static void count_attempt(struct dispatcher *dispatcher, struct task *task)
{
    const struct delivery *delivery = &task->delivery;
    const struct outcome *outcome = &delivery->outcome;

    task->attempts += outcome->kind != OUTCOME_WITHDRAWN;
    log_attempt(task);
    if (delivery->sent)
        rate_series_add(&dispatcher->parts.stats->rate_series, delivery->done_real_ns);
    task->bad_nonces += outcome->kind == OUTCOME_BAD_NONCE;
    if (delivery->was_probe || outcome->kind == OUTCOME_BAD_TOKEN)
        task_spare(task, delivery->was_probe);
}

static uint64_t backoff_ns(struct dispatcher *dispatcher, const struct task *task)
{
    uint32_t counted = task->attempts - task->spared;
    uint64_t wait_ns = retry_wait_ns(counted ? counted : 1, retry_random_next(&dispatcher->random));
    uint64_t retry_after_ns = task->delivery.outcome.retry_after_ns;

    return wait_ns < retry_after_ns ? wait_ns + retry_after_ns : wait_ns;
}

/* The event that a reply is. */
static struct task_event event_of_reply(struct task *task)
{
    struct task_event event = {
        .kind = TASK_EVENT_REPLY, .outcome = &task->delivery.outcome, .sent = task->delivery.sent};
    struct reconcile_finding finding;

    if (!task->question || !reconcile_has_answer(task))
        return event;
    switch (reconcile_receive(task, &finding)) {
    case RECONCILE_UNREADABLE:
        event.kind = TASK_EVENT_UNREADABLE;
        break;
    case RECONCILE_MORE:
        event.kind = TASK_EVENT_MORE;
        break;
    case RECONCILE_FOUND:
        event.kind = TASK_EVENT_FOUND;
        event.finding = finding.finding;
        event.user_id = finding.user_id;
        event.code = finding.code;
        break;
    }
    return event;
}

static void stop_if_reply_demands(struct dispatcher *dispatcher, const struct delivery *delivery)
{
    if (stop_policy_add_reply(&dispatcher->stop_policy, delivery) != STOP_NONE)
        dispatcher_stop(dispatcher, false);
}

static int receive_reply(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    task_move(task, TASK_NOWHERE);
    dispatcher->asking -= is_question(task);
    count_attempt(dispatcher, task);
    stop_if_reply_demands(dispatcher, &task->delivery);
    uint64_t wait_ns = backoff_ns(dispatcher, task);
    const struct task_event event = event_of_reply(task);
    int result = dispatcher_event_handle(dispatcher, task, &event, wait_ns, error);
    if (task_is_unauthorized(task, &task->delivery.outcome))
        log_warning("row %" PRIu64 ": %s", task->record->row, task->recorded.message);
    return result;
}

/* A task that was compared with a listing: each listing counts as an attempt. */
static int receive_finding(struct dispatcher *dispatcher, struct task *task, const struct delivery *listing,
                           bool is_whole, struct error *error)
{
    bool in_doubt = task_is_in_doubt(task->state);
    struct task_event event = {
        .kind = is_whole ? TASK_EVENT_FOUND : TASK_EVENT_UNANSWERED,
        .outcome = in_doubt ? &listing->outcome : &task->delivery.outcome,
        .sent = true,
    };
    struct reconcile_finding finding;

    if (is_whole) {
        if (!dispatcher->failed && reconcile_list_find(dispatcher->reconcile, &finding, error) != 0)
            return -1;
        event.finding = dispatcher->failed ? TASK_FOUND_UNCLEAR : finding.finding;
        event.user_id = dispatcher->failed ? NULL : finding.user_id;
        event.code = dispatcher->failed ? "" : finding.code;
    }
    if (is_whole || (in_doubt && listing->outcome.http_status > 0)) {
        task->delivery.call.operation = OPERATION_LIST;
        task->delivery.latency_ns = listing->latency_ns;
        task->attempts++;
    }
    return dispatcher_event_handle(dispatcher, task, &event, 0, error);
}

/* After a failure of the ledger every task must be accounted for all the same. */
static int account_for_failure(struct dispatcher *dispatcher, struct task *task)
{
    dispatcher_fail(dispatcher);
    if (task->place == TASK_NOWHERE)
        dispatcher_end_task(dispatcher, task, TASK_IN_DOUBT);
    return -1;
}

static int receive_listing(struct dispatcher *dispatcher, struct delivery *listing, struct error *error)
{
    struct reconcile_list_result answer;
    struct task *task;
    int result = 0;

    stop_if_reply_demands(dispatcher, listing);
    reconcile_list_receive(dispatcher->reconcile, retry_random_next(&dispatcher->random),
                           dispatcher->stopping, &answer);
    if (answer.again) {
        dispatcher->parts.stats
            ->retries[listing->outcome.kind == OUTCOME_DONE ? RETRY_5XX : listing->outcome.cause]++;
        return 0;
    }
    while ((task = reconcile_list_pop(dispatcher->reconcile)))
        if (receive_finding(dispatcher, task, listing, answer.is_whole && result == 0, error) != 0)
            result = account_for_failure(dispatcher, task);
    return result;
}

int dispatcher_receive(struct dispatcher *dispatcher, struct fifo *deliveries, struct error *error)
{
    struct delivery *delivery;
    int result = 0;

    while ((delivery = FIFO_POP(deliveries, struct delivery))) {
        struct task *task = (struct task *)delivery;
        dispatcher->in_flight--;
        failpoint("outcome taken");
        if (reconcile_is_listing(dispatcher->reconcile, delivery)) {
            if (receive_listing(dispatcher, delivery, error) != 0)
                result = -1;
        } else if (receive_reply(dispatcher, task, error) != 0) {
            result = account_for_failure(dispatcher, task);
        }
    }
    return result;
}

/* The end of a round. */

static enum run_stats_result result_of(enum task_state final)
{
    switch (final) {
    case TASK_CREATED:
        return RUN_STATS_CREATED;
    case TASK_UPDATED:
        return RUN_STATS_UPDATED;
    case TASK_REFUSED:
        return RUN_STATS_REFUSED;
    case TASK_UNSENT:
        return RUN_STATS_UNSENT;
    default:
        assert(final == TASK_IN_DOUBT);
        return RUN_STATS_IN_DOUBT;
    }
}

/* Counts a task whose conclusion is durable. Where the ledger failed it is in doubt, whatever its outcome. */
static int count_task(struct dispatcher *dispatcher, const struct task *task, struct error *error)
{
    struct run_stats *stats = dispatcher->parts.stats;
    bool is_recorded = !dispatcher->failed || task->state == TASK_UNSENT;
    enum task_state final = is_recorded ? task->state : TASK_IN_DOUBT;

    run_stats_count(stats, result_of(final));
    if (is_recorded)
        provider_warning_count(dispatcher, task);
    if (final != TASK_REFUSED)
        return 0;
    bool is_done = task->recorded.kind == OUTCOME_DONE; /* all but the change that cannot be sent was done */
    const struct verdict verdict = {
        .field = task->field,
        .level = VERDICT_REJECT,
        .rule = task->rule,
        .message = slice_from(is_done ? CHANGES_IMMUTABLE : task->recorded.message),
    };
    run_stats_add_refusal(stats, task->record, verdict.field, verdict.rule,
                          is_done ? "" : task->recorded.code);
    return rejects_add_refused(dispatcher->parts.rejects, task->record, &verdict, error);
}

static int count_ended(struct dispatcher *dispatcher, struct error *error)
{
    struct task *task;
    int result = 0;

    while ((task = FIFO_POP(&dispatcher->ended, struct task))) {
        if (count_task(dispatcher, task, error) != 0)
            result = -1;
        dispatcher->concluded++;
        failpoint("outcome counted");
        task_pool_return(&dispatcher->pool, task);
    }
    return result;
}

/* The run stops: nothing that waits is sent any more. */
static int give_up_waiting(struct dispatcher *dispatcher, struct error *error)
{
    const struct task_event event = {.kind = TASK_EVENT_GIVEN_UP};
    struct task *task;
    int result = 0;

    while ((task = backoff_queue_pop(&dispatcher->backoff)) || (task = dispatcher_pop_ready(dispatcher)) ||
           (task = reconcile_list_pop_waiting(dispatcher->reconcile)))
        if (dispatcher_event_handle(dispatcher, task, &event, 0, error) != 0) {
            dispatcher_fail(dispatcher); /* nothing is written any more, so this cannot fail again: */
            (void)dispatcher_event_handle(dispatcher, task, &event, 0, error);
            result = -1;
        }
    return result;
}

static int commit_ledger(struct dispatcher *dispatcher, struct error *error)
{
    /* Links first: one that is in the file twice does no harm, one that the ledger believes made and that is
     * in no file would. */
    if (dispatcher->links && link_file_sync(dispatcher->links, error) != 0)
        return -1;
    dispatcher->parts.stats->links += dispatcher->links_added;
    dispatcher->links_added = 0;
    if (session_write(dispatcher->session, dispatcher->recovery->looks_up, error) != 0 ||
        ledger_commit(dispatcher->parts.ledger, error) != 0)
        return -1;
    session_publish(dispatcher->session); /* now that the reservation is durable */
    return 0;
}

static void submit_due(struct dispatcher *dispatcher)
{
    uint64_t now_ns = clock_mono_ns();
    struct task *task;

    while (backoff_queue_next_ns(&dispatcher->backoff) <= now_ns)
        submit(dispatcher, backoff_queue_pop(&dispatcher->backoff));
    while ((task = dispatcher_pop_ready(dispatcher)))
        submit(dispatcher, task);
}

/* A full pool is a reason to list at once. */
static bool is_hurried(const struct dispatcher *dispatcher)
{
    return !task_pool_has_capacity(&dispatcher->pool);
}

static int start_listing(struct dispatcher *dispatcher, struct error *error)
{
    struct delivery *listing = NULL;

    if (dispatcher->stopping)
        return 0;
    if (reconcile_list_start(dispatcher->reconcile, is_hurried(dispatcher), &listing, error) != 0) {
        dispatcher_fail(dispatcher);
        return -1;
    }
    if (!listing)
        return 0;
    dispatcher->in_flight++;
    sender_submit(session_sender(dispatcher->session), listing);
    return 0;
}

int dispatcher_commit(struct dispatcher *dispatcher, struct error *error)
{
    int result = 0;

    if (dispatcher->stopping && give_up_waiting(dispatcher, error) != 0)
        result = -1;
    if (!dispatcher->failed && commit_ledger(dispatcher, error) != 0) {
        dispatcher_fail(dispatcher);
        give_up_waiting(dispatcher, error);
        result = -1;
    }
    if (count_ended(dispatcher, error) != 0)
        result = -1;
    submit_due(dispatcher);
    if (start_listing(dispatcher, error) != 0)
        result = -1;
    return result;
}

uint64_t dispatcher_next_ns(const struct dispatcher *dispatcher)
{
    uint64_t next_ns = session_next_ns(dispatcher->session);
    uint64_t backoff_ns = backoff_queue_next_ns(&dispatcher->backoff);
    uint64_t listing_ns = reconcile_list_next_ns(dispatcher->reconcile, is_hurried(dispatcher));

    if (dispatcher->stopping && (backoff_ns != UINT64_MAX || listing_ns != UINT64_MAX))
        return 0; /* to be given up */
    next_ns = backoff_ns < next_ns ? backoff_ns : next_ns;
    return listing_ns < next_ns ? listing_ns : next_ns;
}

const char *dispatcher_stop_reason(const struct dispatcher *dispatcher)
{
    return stop_policy_text(&dispatcher->stop_policy);
}

const char *dispatcher_stop_brief(const struct dispatcher *dispatcher)
{
    return stop_policy_brief(&dispatcher->stop_policy);
}

bool dispatcher_is_idle(const struct dispatcher *dispatcher)
{
    return dispatcher->pool.count == 0;
}

uint64_t dispatcher_in_doubt_count(const struct dispatcher *dispatcher)
{
    return dispatcher->in_doubt_count;
}

void dispatcher_read_figures(const struct dispatcher *dispatcher)
{
    const struct sender *sender = session_sender(dispatcher->session);
    struct run_stats *stats = dispatcher->parts.stats;

    stats->requests = sender_requests(sender);
    sender_latencies(sender, &stats->latencies);
}

void dispatcher_finish(struct dispatcher *dispatcher)
{
    struct run_stats *stats = dispatcher->parts.stats;
    struct sender_figures figures;

    session_finish(dispatcher->session);
    kept_members_report(dispatcher);
    sender_figures(session_sender(dispatcher->session), &figures);
    dispatcher_read_figures(dispatcher);
    stats->rate_per_s = figures.rate_per_s;
    stats->max_per_second = figures.max_per_second;
    stats->p50_ms = figures.p50_ms;
    stats->p95_ms = figures.p95_ms;
    stats->p99_ms = figures.p99_ms;
    stats->max_ms = figures.max_ms;
    stats->pauses = figures.pauses;
    stats->pause_ns = figures.pause_ns;
}

int dispatcher_record_end(const struct dispatcher *dispatcher, struct error *error)
{
    return session_record_end(dispatcher->session, error);
}
