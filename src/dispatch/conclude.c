#include "dispatch/conclude.h"

#include "delivery/retry.h"
#include "dispatch/task_pool.h"

static bool may_try_again(const struct task *task, const struct conclude_limits *limits, uint64_t now_ns,
                          uint64_t wait_ns)
{
    uint64_t elapsed_ns = task->retrying_since_ns ? now_ns - task->retrying_since_ns : 0;

    return !limits->stopping && retry_is_allowed(task->attempts - task->spared, limits->attempts, elapsed_ns,
                                                 wait_ns, limits->retry_for_ns);
}

bool conclude_is_unauthorized(const struct task *task, const struct outcome *outcome)
{
    return outcome->kind == OUTCOME_BAD_TOKEN && task->delivery.bad_tokens >= CONCLUDE_BAD_TOKENS_MAX;
}

struct conclusion conclude_given_up(const struct task *task)
{
    if (task->in_doubt) /* the ledger has it in doubt already */
        return (struct conclusion){.kind = CONCLUSION_IN_DOUBT};
    return (struct conclusion){.kind = CONCLUSION_UNSENT, .write = true, .ledger = LEDGER_RESULT_ABANDONED};
}

/* An attempt that certainly had no effect: again, or given up. */
static struct conclusion conclude_nothing_done(const struct task *task, bool again, bool left)
{
    struct conclusion conclusion = {.kind = CONCLUSION_AGAIN, .write = left, .ledger = LEDGER_RESULT_OPEN};

    if (!again)
        conclusion = conclude_given_up(task);
    conclusion.event = left;
    if (left && !conclusion.write) {
        conclusion.write = true;
        conclusion.ledger = LEDGER_RESULT_OPEN;
    }
    return conclusion;
}

static struct conclusion conclude_refused(bool left, enum field_id field, const char *rule)
{
    return (struct conclusion){.kind = CONCLUSION_REFUSED,
                               .write = true,
                               .ledger = LEDGER_RESULT_REFUSED,
                               .event = left,
                               .field = field,
                               .rule = rule};
}

struct conclusion conclude_settled(const struct task *task, enum settled settled, bool can_update)
{
    struct conclusion conclusion = {.write = true, .event = true};

    switch (settled) {
    case SETTLED_OURS:
        conclusion.kind = CONCLUSION_CREATED;
        conclusion.ledger = LEDGER_RESULT_ACKNOWLEDGED;
        if (task->changed && can_update)
            conclusion.kind = CONCLUSION_UPDATE_NEXT;
        if (task->changed && !can_update) { /* the user exists with the journalled data, and keeps them */
            conclusion.kind = CONCLUSION_REFUSED;
            conclusion.field = FIELD_NONE;
            conclusion.rule = RULE_NO_UPDATE;
        }
        return conclusion;
    case SETTLED_ABSENT:
        conclusion.kind = CONCLUSION_AGAIN;
        conclusion.ledger = LEDGER_RESULT_OPEN;
        return conclusion;
    case SETTLED_REFUSED:
        return conclude_refused(true, FIELD_EMAIL, RULE_EXISTS);
    case SETTLED_UNCLEAR:
        break;
    }
    conclusion.kind = CONCLUSION_IN_DOUBT;
    conclusion.ledger = LEDGER_RESULT_IN_DOUBT;
    return conclusion;
}

/* Whether a create with this outcome is looked up or listed. */
static bool is_asked_about(const struct task *task, const struct outcome *outcome,
                           const struct conclude_limits *limits)
{
    enum outcome_kind kind = outcome->kind;

    if (limits->stopping || task->settlings >= limits->attempts ||
        task->delivery.call.operation != OPERATION_CREATE)
        return false;
    if (limits->doubt == PROVIDER_RECOVERY_LIST)
        return kind == OUTCOME_EXISTS || (kind == OUTCOME_IN_DOUBT && limits->settle);
    /* A provider that resolves by repeating names the user in its answer, which is then fetched. */
    bool can_ask = limits->doubt == PROVIDER_RECOVERY_LOOK_UP || outcome->user_id[0] != '\0';
    return can_ask && kind == OUTCOME_EXISTS && task->in_doubt && limits->settle;
}

struct conclusion conclude(const struct task *task, const struct outcome *outcome, bool left,
                           const struct conclude_limits *limits, uint64_t now_ns, uint64_t wait_ns)
{
    const struct conclusion doubtful = {
        .kind = CONCLUSION_IN_DOUBT, .write = true, .ledger = LEDGER_RESULT_IN_DOUBT, .event = left};
    struct conclusion conclusion = doubtful;
    bool again = may_try_again(task, limits, now_ns, wait_ns);
    bool is_update = task->delivery.call.operation == OPERATION_UPDATE;
    bool is_create = task->delivery.call.operation == OPERATION_CREATE;

    if (is_asked_about(task, outcome, limits)) {
        conclusion.kind = CONCLUSION_ASK;
        conclusion.ledger = LEDGER_RESULT_OPEN;
        return conclusion;
    }
    switch (outcome->kind) {
    case OUTCOME_DONE:
        conclusion = (struct conclusion){.kind = is_update ? CONCLUSION_UPDATED : CONCLUSION_CREATED,
                                         .write = true,
                                         .ledger = LEDGER_RESULT_ACKNOWLEDGED,
                                         .event = true};
        if (!is_update && task->changed)
            conclusion.kind = CONCLUSION_UPDATE_NEXT;
        if (is_update && task->immutable != FIELD_NONE) { /* the rest of the change was sent */
            conclusion.kind = CONCLUSION_REFUSED;
            conclusion.field = task->immutable;
            conclusion.rule = RULE_IMMUTABLE;
        }
        return conclusion;
    case OUTCOME_EXISTS: /* never ours without proof: it may be another customer's */
        if (is_update)
            return conclude_refused(left, FIELD_NONE, "refused");
        return task->in_doubt ? doubtful : conclude_refused(left, FIELD_EMAIL, RULE_EXISTS);
    case OUTCOME_REFUSED:
        if (!is_create && !is_update) /* a refused question resolves nothing */
            return doubtful;
        /* In doubt, only a 400 or 422 to the very bytes of that attempt proves that there is no user. */
        if (task->in_doubt && (task->changed || (outcome->http_status != 400 && outcome->http_status != 422)))
            return doubtful;
        return conclude_refused(left, FIELD_NONE, "refused");
    case OUTCOME_IN_DOUBT:
        if (again && limits->settle && (is_update || limits->doubt != PROVIDER_RECOVERY_LIST))
            conclusion.kind = CONCLUSION_AGAIN;
        return conclusion;
    case OUTCOME_BAD_NONCE:
        return conclude_nothing_done(task, again && task->bad_nonces < CONCLUDE_BAD_NONCES_MAX, left);
    case OUTCOME_BAD_TOKEN: /* the sender logs in again */
        return conclude_nothing_done(task, again && !conclude_is_unauthorized(task, outcome), left);
    case OUTCOME_NOT_SENT:
    case OUTCOME_THROTTLED:
        return conclude_nothing_done(task, again, left);
    case OUTCOME_STOP:
    case OUTCOME_WITHDRAWN:
        return conclude_nothing_done(task, false, left);
    }
    return conclusion;
}
