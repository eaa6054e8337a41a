#include "dispatch/task.h"

#include <assert.h>

#include "delivery/retry.h"
#include "model/verdict.h"

#define BIT(state) (1u << TASK_##state)
#define UPDATES    (BIT(UPDATE) | BIT(UPDATE_REPEAT))
#define CREATES    (BIT(CREATE) | BIT(REPEAT) | BIT(RESEND))
#define FINDS      (BIT(FIND) | BIT(FIND_EXISTING) | BIT(FIND_OWNER))
#define DOUBTFUL   (BIT(REPEAT) | BIT(RESEND) | BIT(FIND) | BIT(FIND_EXISTING) | BIT(UPDATE_REPEAT))
#define FINAL      (BIT(CREATED) | BIT(UPDATED) | BIT(REFUSED) | BIT(IN_DOUBT) | BIT(UNSENT))
#define FIRST      (BIT(CREATE) | BIT(REPEAT) | BIT(FIND) | BIT(FIND_EXISTING) | BIT(UPDATE))

enum { HTTP_BAD_REQUEST = 400, HTTP_UNPROCESSABLE = 422 };

static const char UNREADABLE[] = "unreadable"; /* the code of an answer that cannot be read */
static const char UNAUTHORIZED[] =
    "HTTP 401 with 3 tokens in a row, while other requests succeed: ask the provider why, then run again";
_Static_assert(TASK_BAD_TOKENS_MAX == 3, "the number in the text");
static const char UNCLEAR[] =
    "the users found at the provider do not show whether this customer has one: check it by hand, then run kyc-import resolve";

static bool is_one_of(enum task_state state, unsigned states)
{
    return states >> state & 1;
}

bool task_is_in_doubt(enum task_state state)
{
    return is_one_of(state, DOUBTFUL);
}

bool task_is_final(enum task_state state)
{
    return is_one_of(state, FINAL);
}

bool task_must_find(bool is_superseded, const struct task_policy *policy)
{
    return policy->recovery->lists || (policy->recovery->looks_up && (is_superseded || !policy->key_known));
}

bool task_is_unauthorized(const struct task *task, const struct outcome *outcome)
{
    return outcome->kind == OUTCOME_BAD_TOKEN && task->delivery.bad_tokens >= TASK_BAD_TOKENS_MAX;
}

static bool may_try_again(const struct task *task, const struct task_policy *policy)
{
    uint64_t elapsed_ns = task->retrying_since_ns ? policy->now_ns - task->retrying_since_ns : 0;

    return !policy->stopping && retry_is_allowed(task->attempts - task->spared, policy->attempts, elapsed_ns,
                                                 policy->wait_ns, policy->retry_for_ns);
}

static bool may_ask(const struct task *task, const struct task_policy *policy)
{
    return !policy->stopping && task->question_count < policy->attempts;
}

/* Final actions. */

static struct task_action end_in_doubt(bool event)
{
    return (struct task_action){
        .next = TASK_IN_DOUBT, .write = true, .ledger = LEDGER_RESULT_IN_DOUBT, .event = event};
}

static struct task_action end_refused(enum field_id field, const char *rule, bool event)
{
    return (struct task_action){.next = TASK_REFUSED,
                                .write = true,
                                .ledger = LEDGER_RESULT_REFUSED,
                                .event = event,
                                .field = field,
                                .rule = rule};
}

/* No further attempt of something that the last one, if there was one, certainly did not carry out. event:
 * that attempt was sent. */
static struct task_action give_up(const struct task *task, bool event)
{
    if (task_is_in_doubt(task->state)) /* the ledger has it in doubt already */
        return (struct task_action){
            .next = TASK_IN_DOUBT, .write = event, .ledger = LEDGER_RESULT_OPEN, .event = event};
    return (struct task_action){
        .next = TASK_UNSENT, .write = true, .ledger = LEDGER_RESULT_ABANDONED, .event = event};
}

/* Actions that continue. */

/* Sends the same request again, after the backoff; in_doubt: the attempt may have been carried out. */
static struct task_action try_again(const struct task *task, const struct task_event *event,
                                    const struct task_policy *policy, bool in_doubt)
{
    struct task_action action = {
        .next = task->state,
        .step = TASK_STEP_WAIT,
        .delay_ns = policy->wait_ns,
        .write = in_doubt || event->sent,
        .ledger = in_doubt ? LEDGER_RESULT_IN_DOUBT : LEDGER_RESULT_OPEN,
        .event = event->sent,
    };

    if (in_doubt)
        action.next = is_one_of(task->state, UPDATES) ? TASK_UPDATE_REPEAT : TASK_REPEAT;
    if (action.next == TASK_REPEAT && task_must_find(task->is_superseded, policy)) {
        action.next = may_ask(task, policy) ? TASK_FIND : TASK_IN_DOUBT;
        action.step = may_ask(task, policy) ? TASK_STEP_ASK : TASK_STEP_END;
    }
    return action;
}

/* Asks which user it is, now that the reply cannot show it. */
static struct task_action ask(enum task_state next, bool event)
{
    return (struct task_action){
        .next = next, .step = TASK_STEP_ASK, .write = true, .ledger = LEDGER_RESULT_OPEN, .event = event};
}

/* The user exists. */
static struct task_action acknowledge(const struct task *task, const struct task_policy *policy)
{
    struct task_action action = {
        .next = TASK_CREATED, .write = true, .ledger = LEDGER_RESULT_ACKNOWLEDGED, .event = true};

    if (!task->is_superseded || policy->ignores_changes)
        return action;
    if (policy->can_update) {
        action.next = TASK_UPDATE;
        action.step = TASK_STEP_UPDATE;
    } else { /* it keeps the journalled data */
        action.next = TASK_REFUSED;
        action.field = FIELD_NONE;
        action.rule = RULE_NO_UPDATE;
    }
    return action;
}

/* Replies to creates and updates. */

static struct task_action on_done(const struct task *task, const struct task_policy *policy)
{
    struct task_action action = {
        .next = TASK_UPDATED, .write = true, .ledger = LEDGER_RESULT_ACKNOWLEDGED, .event = true};

    assert(is_one_of(task->state, CREATES | UPDATES));
    if (is_one_of(task->state, CREATES))
        return acknowledge(task, policy);
    if (task->immutable != FIELD_NONE) { /* the rest of the change was sent */
        action.next = TASK_REFUSED;
        action.field = task->immutable;
        action.rule = RULE_IMMUTABLE;
    }
    return action;
}

/* Never this customer's without proof: it may be another's. */
static struct task_action on_exists(const struct task *task, const struct task_event *event,
                                    const struct task_policy *policy)
{
    assert(is_one_of(task->state, CREATES | UPDATES));
    if (is_one_of(task->state, UPDATES))
        return end_refused(FIELD_NONE, RULE_REFUSED, event->sent);
    if (!task_is_in_doubt(task->state))
        return policy->recovery->lists && may_ask(task, policy)
                   ? ask(TASK_FIND_OWNER, event->sent)
                   : end_refused(FIELD_EMAIL, RULE_EXISTS, event->sent);
    /* A reply that names the user makes it one that can be fetched, in this run or by a repeat in a later
     * one. */
    bool is_named = event->outcome->user_id[0] != '\0';
    bool can_ask = policy->recovery->looks_up || is_named;
    struct task_action action = can_ask && policy->resolves && may_ask(task, policy)
                                    ? ask(TASK_FIND_EXISTING, event->sent)
                                    : end_in_doubt(event->sent);
    action.exists = is_named;
    return action;
}

static struct task_action on_refused(const struct task *task, const struct task_event *event)
{
    int status = event->outcome->http_status;
    bool is_proof = !task->is_superseded && (status == HTTP_BAD_REQUEST || status == HTTP_UNPROCESSABLE);

    if (is_one_of(task->state, FINDS)) /* a refused question shows nothing */
        return end_in_doubt(event->sent);
    if (task_is_in_doubt(task->state) && !is_proof)
        return end_in_doubt(event->sent);
    return end_refused(FIELD_NONE, RULE_REFUSED, event->sent);
}

static struct task_action on_no_answer(const struct task *task, const struct task_event *event,
                                       const struct task_policy *policy)
{
    assert(is_one_of(task->state, CREATES | UPDATES));
    bool is_create = is_one_of(task->state, CREATES);
    if (is_create && policy->recovery->lists)
        return policy->resolves && may_ask(task, policy) ? ask(TASK_FIND, event->sent)
                                                         : end_in_doubt(event->sent);
    return policy->resolves && may_try_again(task, policy) ? try_again(task, event, policy, true)
                                                           : end_in_doubt(event->sent);
}

static struct task_action on_nothing_done(const struct task *task, const struct task_event *event,
                                          const struct task_policy *policy, bool is_final)
{
    return !is_final && may_try_again(task, policy) ? try_again(task, event, policy, false)
                                                    : give_up(task, event->sent);
}

static struct task_action on_reply(const struct task *task, const struct task_event *event,
                                   const struct task_policy *policy)
{
    const struct outcome *outcome = event->outcome;
    struct task_action action;

    switch (outcome->kind) {
    case OUTCOME_DONE:
        return on_done(task, policy);
    case OUTCOME_EXISTS:
        return on_exists(task, event, policy);
    case OUTCOME_REFUSED:
        return on_refused(task, event);
    case OUTCOME_IN_DOUBT:
        return on_no_answer(task, event, policy);
    case OUTCOME_BAD_NONCE:
        return on_nothing_done(task, event, policy, task->bad_nonces >= TASK_BAD_NONCES_MAX);
    case OUTCOME_BAD_TOKEN: /* the sender logs in again */
        action = on_nothing_done(task, event, policy, task_is_unauthorized(task, outcome));
        if (task_is_unauthorized(task, outcome)) {
            action.is_reread = true;
            action.as = outcome->kind;
            action.code = "unauthorized";
            action.message = UNAUTHORIZED;
        }
        return action;
    case OUTCOME_NOT_SENT:
    case OUTCOME_THROTTLED:
        return on_nothing_done(task, event, policy, false);
    case OUTCOME_STOP:
    case OUTCOME_WITHDRAWN:
        return on_nothing_done(task, event, policy, true);
    }
    assert(false && "an outcome");
    return end_in_doubt(event->sent);
}

/* Findings. */

static struct task_action reread(struct task_action action, enum outcome_kind as, const char *code,
                                 const char *message)
{
    action.is_reread = true;
    action.as = as;
    action.code = code;
    action.message = message;
    return action;
}

/* No user was found. A complete listing proves absence; a look-up does not (the first create may still be
 * carried out), so only the key prevents a second user. */
static struct task_action on_nobody(const struct task *task, const struct task_policy *policy)
{
    struct task_action action = {
        .next = policy->recovery->lists ? TASK_CREATE : TASK_RESEND,
        .step = task->is_superseded ? TASK_STEP_JOURNAL : TASK_STEP_SEND,
        .write = true,
        .ledger = LEDGER_RESULT_OPEN,
        .event = true,
    };

    assert(task->state == TASK_FIND);
    return reread(action, OUTCOME_DONE, "absent", "");
}

static struct task_action on_found(const struct task *task, const struct task_event *event,
                                   const struct task_policy *policy)
{
    struct task_action action;

    switch (event->finding) {
    case TASK_FOUND_OURS:
        action = reread(acknowledge(task, policy), OUTCOME_DONE, "", "");
        action.user_id = event->user_id;
        return action;
    case TASK_FOUND_NOBODY:
        if (task->state == TASK_FIND)
            return on_nobody(task, policy);
        action = reread(end_in_doubt(true), OUTCOME_IN_DOUBT, "not_found", UNCLEAR);
        action.exists = true;
        return action;
    case TASK_FOUND_OTHER: /* with code and message of the reply to the create */
        assert(task->state == TASK_FIND_OWNER);
        return reread(end_refused(FIELD_EMAIL, RULE_EXISTS, true), OUTCOME_REFUSED, NULL, NULL);
    case TASK_FOUND_UNCLEAR:
        break;
    }
    /* It was looked up because its age was not known; by now the replies have shown the provider's time. */
    if (task->state == TASK_FIND && policy->recovery->looks_up &&
        !task_must_find(task->is_superseded, policy))
        return (struct task_action){.next = TASK_RESEND,
                                    .step = TASK_STEP_SEND,
                                    .write = true,
                                    .ledger = LEDGER_RESULT_OPEN,
                                    .event = true};
    return reread(end_in_doubt(true), OUTCOME_IN_DOUBT, event->code, UNCLEAR);
}

/* No listing shows it in this run. */
static struct task_action on_unanswered(const struct task *task, const struct task_event *event)
{
    if (!task_is_in_doubt(task->state) || event->outcome->http_status == 0)
        return give_up(task, false);
    bool is_unreadable = event->outcome->kind == OUTCOME_DONE;
    return reread(end_in_doubt(true), OUTCOME_IN_DOUBT, is_unreadable ? UNREADABLE : NULL, NULL);
}

static struct task_action decide(const struct task *task, const struct task_event *event,
                                 const struct task_policy *policy)
{
    struct task_action action = {.next = task->state};

    assert(!task_is_final(task->state));
    assert(event->kind == TASK_EVENT_REPLY || event->kind == TASK_EVENT_GIVEN_UP ||
           is_one_of(task->state, FINDS));
    switch (event->kind) {
    case TASK_EVENT_REPLY:
        return on_reply(task, event, policy);
    case TASK_EVENT_UNREADABLE: /* as if there were no answer */
        return reread(on_nothing_done(task, event, policy, false), OUTCOME_NOT_SENT, UNREADABLE, NULL);
    case TASK_EVENT_MORE:
        action.step = TASK_STEP_SEND;
        action.write = action.event = true;
        action.ledger = LEDGER_RESULT_OPEN;
        return action;
    case TASK_EVENT_FOUND:
        return on_found(task, event, policy);
    case TASK_EVENT_UNANSWERED:
        return on_unanswered(task, event);
    case TASK_EVENT_GIVEN_UP:
        return give_up(task, false);
    }
    assert(false && "an event");
    return action;
}

struct task_action task_next(const struct task *task, const struct task_event *event,
                             const struct task_policy *policy)
{
    struct task_action action = decide(task, event, policy);
    bool is_open =
        action.write && (action.ledger == LEDGER_RESULT_OPEN || action.ledger == LEDGER_RESULT_IN_DOUBT);

    if (task->state == TASK_FIND_EXISTING && policy->recovery->looks_up && is_open)
        action.exists = true;
    return action;
}

/* The diagram, state by state: where an event can lead. */
static const unsigned transitions[TASK_STATES] = {
    [TASK_CREATE] = BIT(CREATE) | BIT(REPEAT) | BIT(FIND) | BIT(FIND_OWNER) | BIT(CREATED) | BIT(REFUSED) |
                    BIT(IN_DOUBT) | BIT(UNSENT),
    [TASK_REPEAT] = BIT(REPEAT) | BIT(FIND) | BIT(FIND_EXISTING) | BIT(UPDATE) | BIT(CREATED) | BIT(REFUSED) |
                    BIT(IN_DOUBT),
    [TASK_RESEND] = BIT(RESEND) | BIT(REPEAT) | BIT(FIND) | BIT(FIND_EXISTING) | BIT(UPDATE) | BIT(CREATED) |
                    BIT(REFUSED) | BIT(IN_DOUBT),
    [TASK_FIND] =
        BIT(FIND) | BIT(CREATE) | BIT(RESEND) | BIT(UPDATE) | BIT(CREATED) | BIT(REFUSED) | BIT(IN_DOUBT),
    [TASK_FIND_EXISTING] = BIT(FIND_EXISTING) | BIT(UPDATE) | BIT(CREATED) | BIT(REFUSED) | BIT(IN_DOUBT),
    [TASK_FIND_OWNER] = BIT(CREATED) | BIT(REFUSED) | BIT(IN_DOUBT) | BIT(UNSENT),
    [TASK_UPDATE] =
        BIT(UPDATE) | BIT(UPDATE_REPEAT) | BIT(UPDATED) | BIT(REFUSED) | BIT(IN_DOUBT) | BIT(UNSENT),
    [TASK_UPDATE_REPEAT] = BIT(UPDATE_REPEAT) | BIT(UPDATED) | BIT(REFUSED) | BIT(IN_DOUBT),
};

void task_begin(struct task *task, enum task_state first)
{
    assert(is_one_of(first, FIRST));
    task->state = first;
}

void task_enter(struct task *task, enum task_state next)
{
    assert(is_one_of(next, transitions[task->state]));
    assert(!task->is_superseded || task_is_in_doubt(next) || task_is_final(next));
    task->state = next;
}

void task_move(struct task *task, enum task_place place)
{
    assert(task->place == TASK_NOWHERE || place == TASK_NOWHERE);
    assert(place != TASK_ENDED || task_is_final(task->state));
    assert(place == TASK_NOWHERE || place == TASK_ENDED || !task_is_final(task->state));
    task->place = place;
}

const char *task_state_word(enum task_state state)
{
    static const char *const words[TASK_STATES] = {
        [TASK_CREATE] = "create",
        [TASK_REPEAT] = "repeat",
        [TASK_RESEND] = "resend",
        [TASK_FIND] = "find",
        [TASK_FIND_EXISTING] = "find_existing",
        [TASK_FIND_OWNER] = "find_owner",
        [TASK_UPDATE] = "update",
        [TASK_UPDATE_REPEAT] = "update_repeat",
        [TASK_CREATED] = "created",
        [TASK_UPDATED] = "updated",
        [TASK_REFUSED] = "refused",
        [TASK_IN_DOUBT] = "in_doubt",
        [TASK_UNSENT] = "unsent",
    };

    return words[state];
}

void task_restart(struct task *task)
{
    task->attempts = task->spared = 0;
    task->delivery.bad_tokens = 0;
    task->retrying_since_ns = 0;
}

void task_spare(struct task *task, bool restarted)
{
    task->spared++;
    if (restarted)
        task->retrying_since_ns = 0;
}
