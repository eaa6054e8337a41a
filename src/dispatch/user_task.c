#include "dispatch/user_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"

enum user_task_standing user_task_standing(const struct ledger_task *known, struct slice digest)
{
    if (!known || !slice_equal(known->digest, digest))
        return USER_TASK_NEW;
    if (ledger_task_is_open(known))
        return USER_TASK_OPEN;
    return known->state == LEDGER_TASK_DONE      ? USER_TASK_DONE
           : known->state == LEDGER_TASK_REFUSED ? USER_TASK_REFUSED
                                                 : USER_TASK_NEW;
}

void user_task_init(struct user_task *task, const struct ledger_customer *customer,
                    const struct ledger_task *known)
{
    task->customer = customer->id;
    task->at_ns = known ? known->created_at : clock_real_ns();
    task->external_id = slice_make(memory_copy(customer->external_id), customer->external_id.len);
    if (customer->former_key.len > 0)
        task->former_key = slice_make(memory_copy(customer->former_key), customer->former_key.len);
    if (!known)
        return;
    task->may_be_done = true;
    task->earlier = known->attempts > 0 ? known->attempts : 1; /* it may have been sent */
    snprintf(task->key, sizeof task->key, "%.*s", (int)known->idempotency_key.len,
             known->idempotency_key.len ? known->idempotency_key.data : "");
}

/* Of a copy that the task owns. */
static void free_copy(struct slice copy)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): takes const off the pointer, which -Wcast-qual refuses. */
    free((char *)(uintptr_t)copy.data);
}

void user_task_clear(struct user_task *task)
{
    free_copy(task->external_id);
    free_copy(task->former_key);
    task->external_id = task->former_key = slice_make(NULL, 0);
}

int user_task_journal(struct ledger *ledger, enum ledger_task_kind kind, struct slice slot,
                      struct user_task *task, struct error *error)
{
    const struct ledger_task_intent intent = {
        .customer = task->customer,
        .kind = kind,
        .slot = slot,
        .digest = slice_make((const char *)task->digest, sizeof task->digest),
        .idempotency_key = slice_from(task->key),
        .at_ns = task->earlier > 0 ? clock_real_ns() : task->at_ns,
    };
    return ledger_task_journal(ledger, &intent, &task->id, error);
}

/* True for an attempt that left, and that the ledger does not have. */
static bool is_unwritten(const struct user_task *task, const struct request *request)
{
    return request->delivery.sent && task->written != request->attempt;
}

static int write_result(struct ledger *ledger, struct user_task *task, const struct request *request,
                        enum ledger_conclusion conclusion, struct error *error)
{
    const struct ledger_task_result result = {
        .id = task->id,
        .conclusion = conclusion,
        .event = is_unwritten(task, request),
        .outcome = &request->delivery.outcome,
        .attempt = task->earlier + request->attempt,
        .latency_ms = (uint32_t)(request->delivery.latency_ns / CLOCK_NS_PER_MS),
        .at_ns = clock_real_ns(),
    };
    task->written = request->attempt;
    return ledger_task_result(ledger, &result, error);
}

int user_task_repeat(struct ledger *ledger, struct user_task *task, const struct request *request,
                     struct error *error)
{
    if (!is_unwritten(task, request))
        return 0;
    task->may_be_done |= request->delivery.outcome.kind == OUTCOME_IN_DOUBT;
    return write_result(ledger, task, request, LEDGER_RESULT_OPEN, error);
}

/* A request that could not be built is refused by the sender, and not by the provider. */
static enum ledger_conclusion conclude(const struct request *request)
{
    const struct delivery *delivery = &request->delivery;

    switch (delivery->outcome.kind) {
    case OUTCOME_DONE:
        return LEDGER_RESULT_ACKNOWLEDGED;
    case OUTCOME_REFUSED:
    case OUTCOME_EXISTS:
        return delivery->sent ? LEDGER_RESULT_REFUSED : LEDGER_RESULT_ABANDONED;
    case OUTCOME_IN_DOUBT:
        return LEDGER_RESULT_IN_DOUBT;
    case OUTCOME_NOT_SENT:
    case OUTCOME_THROTTLED:
    case OUTCOME_BAD_NONCE:
    case OUTCOME_BAD_TOKEN:
    case OUTCOME_STOP:
    case OUTCOME_WITHDRAWN:
        break;
    }
    return LEDGER_RESULT_ABANDONED;
}

int user_task_end(struct ledger *ledger, struct user_task *task, const struct request *request,
                  struct user_task_counts *counts, struct error *error)
{
    enum ledger_conclusion conclusion = conclude(request);
    bool may_be_done = task->may_be_done;

    if (write_result(ledger, task, request, conclusion, error) != 0)
        return -1;
    if (conclusion == LEDGER_RESULT_ACKNOWLEDGED)
        counts->done++;
    else if (conclusion == LEDGER_RESULT_REFUSED)
        counts->refused++;
    else if (conclusion == LEDGER_RESULT_IN_DOUBT || may_be_done)
        counts->in_doubt++;
    else
        counts->unsent++;
    return 0;
}
