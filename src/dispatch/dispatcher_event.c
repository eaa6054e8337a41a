#include "dispatch/dispatcher_event.h"

#include "core/clock.h"
#include "core/text.h"
#include "dispatch/dispatcher_state.h"
#include "dispatch/dispatcher_write.h"
#include "dispatch/kept_members.h"
#include "dispatch/provider_warning.h"
#include "dispatch/reconcile.h"

struct task_policy dispatcher_event_policy(const struct dispatcher *dispatcher, const struct task *task,
                                           uint64_t wait_ns)
{
    const struct job_delivery *limits = &dispatcher->parts.job->delivery;

    return (struct task_policy){
        .recovery = dispatcher->recovery,
        .attempts = limits->attempts,
        .retry_for_ns = limits->retry_for_ns,
        .resolves = limits->settle,
        .can_update = dispatcher->parts.provider->can_update,
        .ignores_changes = !limits->update,
        .stopping = dispatcher->stopping,
        .key_known = dispatcher->recovery->looks_up &&
                     reconcile_key_is_known(dispatcher->reconcile, task, session_clocks(dispatcher->session)),
        .now_ns = clock_mono_ns(),
        .wait_ns = wait_ns,
    };
}

int dispatcher_event_ask(struct dispatcher *dispatcher, struct task *task, bool earlier, struct error *error)
{
    bool waits;

    task_restart(task);
    task->question_count++;
    if (reconcile_ask(dispatcher->reconcile, task, earlier, &waits, error) != 0)
        return -1;
    if (!waits)
        dispatcher_make_ready(dispatcher, task);
    return 0;
}

int dispatcher_event_update(struct dispatcher *dispatcher, struct task *task, const char *user_id,
                            const char *former_key, const struct changes *changes, struct error *error)
{
    struct provider_call *call = &task->delivery.call;

    call->operation = OPERATION_UPDATE;
    call->user_id = user_id;
    call->former_key = former_key;
    call->members = changes->send;
    task->immutable = changes->immutable;
    return dispatcher_write_update(dispatcher, task, changes, error);
}

/* What is stored and reported: the reply, which stays as it is, or how the action reads it. */
static void record_outcome(struct task *task, const struct outcome *reply, const struct task_action *action)
{
    struct outcome *recorded = &task->recorded;

    *recorded = *reply;
    task->field = action->field;
    task->rule = action->rule;
    if (action->exists || action->code)
        text_format(recorded->code, sizeof recorded->code, "%s%s", action->exists ? TASK_CODE_EXISTS : "",
                    action->code ? action->code : reply->code);
    if (!action->is_reread)
        return;
    recorded->kind = action->as;
    text_format(recorded->user_id, sizeof recorded->user_id, "%s", action->user_id ? action->user_id : "");
    if (action->message)
        text_format(recorded->message, sizeof recorded->message, "%s", action->message);
}

static int stop_for_refusal(struct dispatcher *dispatcher, const struct task *task, struct error *error)
{
    const int64_t *customers;
    size_t count;

    if (stop_policy_add_refused(&dispatcher->stop_policy, task->customer, &task->recorded, &customers,
                                &count) == STOP_NONE)
        return 0;
    dispatcher_stop(dispatcher, false);
    return dispatcher_write_forgotten(dispatcher, customers, count, error);
}

/* Counts a final answer for the stop policy, once it is written. */
static int apply_stop_policy(struct dispatcher *dispatcher, const struct task *task,
                             const struct task_action *action, struct error *error)
{
    struct stop_policy *policy = &dispatcher->stop_policy;
    bool is_refused = action->next == TASK_REFUSED;

    if (is_refused && task->recorded.kind != OUTCOME_DONE)
        return action->event ? stop_for_refusal(dispatcher, task, error) : 0;
    if (!is_refused && action->next != TASK_CREATED && action->next != TASK_UPDATED &&
        action->step != TASK_STEP_UPDATE)
        return 0;
    bool was_canary = stop_policy_is_canary(policy);
    stop_policy_add_done(policy);
    return was_canary ? dispatcher_write_canary(dispatcher, error) : 0;
}

/* The user exists with the journalled data or with this row's, and the difference is sent as an update. */
static int update_superseded(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    const struct dispatcher_parts *parts = &dispatcher->parts;
    struct ledger_customer customer;
    struct changes changes = {.send = 0};

    task->is_superseded = false;
    task->delivery.call.idempotency_key = NULL;
    task_restart(task);
    if (ledger_find_known(parts->ledger, task->customer, &task->arena, &customer, error) != 0)
        return -1;
    changes_find(parts->provider, parts->fingerprint, task->record, &customer, &changes);
    if (dispatcher->stopping || changes.send == 0) { /* the next run finds the rest of the change */
        dispatcher_end_task(dispatcher, task, TASK_CREATED);
        return 0;
    }
    dispatcher_enter(dispatcher, task, TASK_UPDATE);
    if (dispatcher_event_update(dispatcher, task, customer.user_id.data,
                                customer.former_key.len ? customer.former_key.data : NULL, &changes,
                                error) != 0)
        return -1;
    dispatcher_make_ready(dispatcher, task);
    return 0;
}

/* No user was found: the create is sent again, with the row's data, which may be new. */
static int send_create_again(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    const struct dispatcher_parts *parts = &dispatcher->parts;
    bool is_absent = task->state == TASK_CREATE;
    struct ledger_customer customer;
    struct changes changes;

    if (is_absent)
        return dispatcher_write_superseded(dispatcher, task, NULL, error);
    if (dispatcher->failed)
        return 0;
    if (ledger_find_known(parts->ledger, task->customer, &task->arena, &customer, error) != 0)
        return -1;
    changes_supersede(parts->provider, parts->fingerprint, task->record, &customer, &changes);
    return dispatcher_write_superseded(dispatcher, task, &changes, error);
}

/* After a finding the create is sent, not a question. */
static void prepare_create(struct task *task)
{
    reconcile_drop(task);
    task->delivery.call.operation = OPERATION_CREATE;
    task->delivery.call.user_id = NULL; /* it was the question's */
    task->delivery.sink = NULL;
    task_restart(task);
}

static int carry_out(struct dispatcher *dispatcher, struct task *task, const struct task_action *action,
                     enum retry_cause cause, struct error *error)
{
    bool was_question = task->delivery.call.operation != OPERATION_CREATE &&
                        task->delivery.call.operation != OPERATION_UPDATE;
    bool is_create = action->next == TASK_CREATE || action->next == TASK_RESEND;

    if (action->step == TASK_STEP_END) {
        dispatcher_end_task(dispatcher, task, action->next);
        return 0;
    }
    dispatcher_set_retried(dispatcher, task, action->step == TASK_STEP_WAIT);
    if (action->step == TASK_STEP_UPDATE) {
        reconcile_drop(task);
        task->delivery.sink = NULL;
        return update_superseded(dispatcher, task, error);
    }
    if (action->next == TASK_CREATE) /* proven absent: it is a create of this row, like a first one */
        task->is_superseded = false;
    dispatcher_enter(dispatcher, task, action->next);
    if (was_question && is_create)
        prepare_create(task);
    switch (action->step) {
    case TASK_STEP_ASK:
        return dispatcher_event_ask(dispatcher, task, false, error);
    case TASK_STEP_WAIT:
        dispatcher->parts.stats->retries[cause]++;
        if (!task->retrying_since_ns)
            task->retrying_since_ns = clock_mono_ns();
        task->due_ns = clock_mono_ns() + action->delay_ns;
        backoff_queue_add(&dispatcher->backoff, task);
        return 0;
    case TASK_STEP_JOURNAL:
        if (send_create_again(dispatcher, task, error) != 0)
            return -1;
        break;
    case TASK_STEP_SEND:
    case TASK_STEP_END:
    case TASK_STEP_UPDATE:
        break;
    }
    dispatcher_make_ready(dispatcher, task);
    return 0;
}

int dispatcher_event_handle(struct dispatcher *dispatcher, struct task *task, const struct task_event *event,
                            uint64_t wait_ns, struct error *error)
{
    const struct task_policy policy = dispatcher_event_policy(dispatcher, task, wait_ns);
    struct task_action action = task_next(task, event, &policy);
    bool has_outcome =
        event->kind != TASK_EVENT_GIVEN_UP && (event->kind != TASK_EVENT_UNANSWERED || action.event);

    if (event->outcome)
        record_outcome(task, event->outcome, &action);
    if (provider_warning_evaluate(dispatcher, task, &action, error) != 0 ||
        kept_members_merge(dispatcher, task, &action, error) != 0 ||
        dispatcher_write_action(dispatcher, task, has_outcome, &action, error) != 0 ||
        apply_stop_policy(dispatcher, task, &action, error) != 0)
        return -1;
    if (event->kind == TASK_EVENT_MORE && action.step == TASK_STEP_SEND) {
        task_restart(task);
        reconcile_ask_next(task);
    }
    enum retry_cause cause = event->kind == TASK_EVENT_UNREADABLE ? RETRY_5XX : task->recorded.cause;
    return carry_out(dispatcher, task, &action, cause, error);
}
