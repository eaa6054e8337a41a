/* task: every possible situation, compared with rules that are stated here and nowhere in the code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "core/clock.h"
#include "provider/kraken_embed.h"
#include "provider/outcome_table.h"
#include "unit/dispatch/task_situations.h"

enum { NOW = 1000, ATTEMPTS = 6, WAIT_NS = 5 };

/* All that a situation consists of beside its state, event and recovery; each is tried with and without. */
enum facts {
    SUPERSEDED = 1 << 0, /* the row is not as it was journalled */
    RESOLVES = 1 << 1,   /* in_doubt: settle */
    STOPPING = 1 << 2,
    NO_ATTEMPT = 1 << 3,   /* delivery.attempts are used up */
    NO_TIME = 1 << 4,      /* delivery.retry_for is over */
    LEFT = 1 << 5,         /* a byte of the request left; of a listing: it was answered */
    NO_QUESTION = 1 << 6,  /* it was asked about as often as it may be */
    NONCES_SPENT = 1 << 7, /* the third bad nonce */
    TOKENS_SPENT = 1 << 8, /* the third 401 */
    PROVES = 1 << 9,       /* HTTP 400 or 422; else 404 */
    NAMED = 1 << 10,       /* the reply names a user */
    IMMUTABLE = 1 << 11,   /* a change beside it cannot be sent */
    KEY_KNOWN = 1 << 12,   /* the provider certainly remembers the idempotency key */
    CAN_UPDATE = 1 << 13,
    IGNORES = 1 << 14, /* on_change: ignore */
    ALL_FACTS = 1 << 15,
    /* derived */
    DOUBT = 1 << 15,     /* an attempt before this one may have been carried out */
    AGAIN = 1 << 16,     /* another attempt is allowed */
    MAY_ASK = 1 << 17,   /* another question is allowed */
    ASKS = 1 << 18,      /* and wanted */
    REPEATS = 1 << 19,   /* another attempt is allowed, and wanted of what is in doubt */
    MUST_FIND = 1 << 20, /* its users must be looked for before it is sent again */
};

/* What the ledger is told. */
enum told {
    NOTHING = -1,
    OPEN = LEDGER_RESULT_OPEN,
    DOUBTFUL = LEDGER_RESULT_IN_DOUBT,
    NEVER = LEDGER_RESULT_ABANDONED,
    DOWN = LEDGER_RESULT_REFUSED,
    YES = LEDGER_RESULT_ACKNOWLEDGED
};

/* In failures. */
static const char *const step_words[] = {
    [TASK_STEP_END] = "END", [TASK_STEP_SEND] = "SEND",       [TASK_STEP_WAIT] = "WAIT",
    [TASK_STEP_ASK] = "ASK", [TASK_STEP_JOURNAL] = "JOURNAL", [TASK_STEP_UPDATE] = "UPDATE",
};
static const char *const told_words[] = {
    [OPEN] = "OPEN", [DOUBTFUL] = "DOUBTFUL", [NEVER] = "NEVER", [DOWN] = "DOWN", [YES] = "YES",
};
static const char *const fact_words[] = {
    "SUPERSEDED", "RESOLVES",    "STOPPING",     "NO_ATTEMPT",   "NO_TIME",
    "LEFT",       "NO_QUESTION", "NONCES_SPENT", "TOKENS_SPENT", "PROVES",
    "NAMED",      "IMMUTABLE",   "KEY_KNOWN",    "CAN_UPDATE",   "IGNORES",
};
_Static_assert(ALL_FACTS == 1 << sizeof fact_words / sizeof *fact_words, "one word for each fact");

struct situation {
    enum task_state state;
    unsigned input; /* enum outcome_kind or enum input */
    const struct recovery_case *recovery;
    unsigned facts;
};

/* `find, NOBODY, recovery LIST, facts LEFT`; valid until the next call. */
static const char *describe(const struct situation *situation)
{
    static char text[320];
    size_t len =
        (size_t)snprintf(text, sizeof text, "%s, %s, recovery %s, facts", task_state_word(situation->state),
                         input_word(situation->input), situation->recovery->word);

    for (size_t i = 0; i < sizeof fact_words / sizeof *fact_words; i++)
        if (situation->facts & 1u << i)
            len += (size_t)snprintf(text + len, sizeof text - len, " %s", fact_words[i]);
    return text;
}

#define SAME TASK_STATES

#define ENDS(state)   TASK_STEP_END, TASK_##state
#define WAITS(state)  TASK_STEP_WAIT, TASK_##state
#define ASKS_IN(find) TASK_STEP_ASK, TASK_##find
#define AS_IT_IS      TASK_STEP_WAIT, SAME

/* Exactly one rule fits each situation. */
struct rule {
    const char *sentence;
    unsigned inputs, states, recoveries, with, without;
    enum task_step step;
    enum task_state next; /* SAME: as it is */
    enum told told;
    const char *rule;
    enum field_id field;
};

static const struct rule rules[] = {
    {"a success of a create creates", KIND(DONE), CREATES, EACH, 0, SUPERSEDED, ENDS(CREATED), YES, NULL, 0},
    {"so does its user, when it is found", INPUT(OURS), QUESTIONS, EACH, 0, SUPERSEDED, ENDS(CREATED), YES,
     NULL, 0},
    {"a success of a changed row: the user exists, and what differs comes next", KIND(DONE) | INPUT(OURS),
     CREATES | QUESTIONS, EACH, SUPERSEDED | CAN_UPDATE, IGNORES, TASK_STEP_UPDATE, TASK_UPDATE, YES, NULL,
     0},
    {"it keeps the journalled data, where nothing can be updated", KIND(DONE) | INPUT(OURS),
     CREATES | QUESTIONS, EACH, SUPERSEDED, CAN_UPDATE | IGNORES, ENDS(REFUSED), YES, RULE_NO_UPDATE,
     FIELD_NONE},
    {"it is created and keeps them, with on_change: ignore", KIND(DONE) | INPUT(OURS), CREATES | QUESTIONS,
     EACH, SUPERSEDED | IGNORES, 0, ENDS(CREATED), YES, NULL, 0},
    {"a success of an update updates", KIND(DONE), UPDATES, EACH, 0, IMMUTABLE, ENDS(UPDATED), YES, NULL, 0},
    {"beside a change that cannot be sent it is refused by that change's name", KIND(DONE), UPDATES, EACH,
     IMMUTABLE, 0, ENDS(REFUSED), YES, RULE_IMMUTABLE, FIELD_EMAIL},

    {"a user that exists is asked about, where one listing answers", KIND(EXISTS), STATE(CREATE), LIST,
     MAY_ASK, 0, ASKS_IN(FIND_OWNER), OPEN, NULL, 0},
    {"after a doubt it may be ours: it is looked up", KIND(EXISTS), REPEATED, LOOK_UP, ASKS, 0,
     ASKS_IN(FIND_EXISTING), OPEN, NULL, 0},
    {"and where nothing can be looked up, the user that is named is fetched", KIND(EXISTS), REPEATED, REPEAT,
     ASKS | NAMED, 0, ASKS_IN(FIND_EXISTING), OPEN, NULL, 0},
    {"without a name it stays in doubt there", KIND(EXISTS), REPEATED, REPEAT, ASKS, NAMED, ENDS(IN_DOUBT),
     DOUBTFUL, NULL, 0},
    {"so it does where it may not be asked about", KIND(EXISTS), REPEATED, EACH, 0, ASKS, ENDS(IN_DOUBT),
     DOUBTFUL, NULL, 0},
    {"without a doubt it is another customer's", KIND(EXISTS), STATE(CREATE), REPEAT | LOOK_UP, 0, 0,
     ENDS(REFUSED), DOWN, RULE_EXISTS, FIELD_EMAIL},
    {"also where it may not be listed", KIND(EXISTS), STATE(CREATE), LIST, 0, MAY_ASK, ENDS(REFUSED), DOWN,
     RULE_EXISTS, FIELD_EMAIL},
    {"or where the listing does not prove that it is ours", INPUT(OTHER), STATE(FIND_OWNER), LIST, 0, 0,
     ENDS(REFUSED), DOWN, RULE_EXISTS, FIELD_EMAIL},
    {"an update that meets another user is refused", KIND(EXISTS), UPDATES, EACH, 0, 0, ENDS(REFUSED), DOWN,
     "refused", FIELD_NONE},

    {"a refusal is a refusal", KIND(REFUSED), SENDS, EACH, 0, DOUBT, ENDS(REFUSED), DOWN, "refused",
     FIELD_NONE},
    {"after a doubt a refusal of its very bytes is one", KIND(REFUSED), SENDS, EACH, DOUBT | PROVES,
     SUPERSEDED, ENDS(REFUSED), DOWN, "refused", FIELD_NONE},
    {"after a doubt another refusal proves nothing", KIND(REFUSED), SENDS, EACH, DOUBT, SUPERSEDED | PROVES,
     ENDS(IN_DOUBT), DOUBTFUL, NULL, 0},
    {"nor does a refusal of other bytes", KIND(REFUSED), SENDS, EACH, DOUBT | SUPERSEDED, 0, ENDS(IN_DOUBT),
     DOUBTFUL, NULL, 0},
    {"a question that the provider refuses proves nothing", KIND(REFUSED), QUESTIONS, EACH, 0, 0,
     ENDS(IN_DOUBT), DOUBTFUL, NULL, 0},

    {"a create without an answer is asked about, where one listing answers", KIND(IN_DOUBT), STATE(CREATE),
     LIST, ASKS, 0, ASKS_IN(FIND), OPEN, NULL, 0},
    {"and is never repeated there", KIND(IN_DOUBT), STATE(CREATE), LIST, 0, ASKS, ENDS(IN_DOUBT), DOUBTFUL,
     NULL, 0},
    {"elsewhere it is repeated", KIND(IN_DOUBT), CREATES, REPEAT | LOOK_UP, REPEATS, MUST_FIND, WAITS(REPEAT),
     DOUBTFUL, NULL, 0},
    {"but looked up first, if its key or its row is old", KIND(IN_DOUBT), CREATES, LOOK_UP,
     REPEATS | MUST_FIND | MAY_ASK, 0, ASKS_IN(FIND), DOUBTFUL, NULL, 0},
    {"as often as that may be", KIND(IN_DOUBT), CREATES, LOOK_UP, REPEATS | MUST_FIND, MAY_ASK,
     ENDS(IN_DOUBT), DOUBTFUL, NULL, 0},
    {"as often as it may be", KIND(IN_DOUBT), CREATES, REPEAT | LOOK_UP, 0, REPEATS, ENDS(IN_DOUBT), DOUBTFUL,
     NULL, 0},
    {"an update without an answer is repeated everywhere", KIND(IN_DOUBT), UPDATES, EACH, REPEATS, 0,
     WAITS(UPDATE_REPEAT), DOUBTFUL, NULL, 0},
    {"as often as that may be", KIND(IN_DOUBT), UPDATES, EACH, 0, REPEATS, ENDS(IN_DOUBT), DOUBTFUL, NULL, 0},

    {"an attempt that did nothing is sent again, and is an event when it left",
     NOTHING_DONE | INPUT(UNREADABLE), OPEN_STATES & ~STATE(REPEAT), EACH, AGAIN | LEFT, 0, AS_IT_IS, OPEN,
     NULL, 0},
    {"else the ledger does not need it", NOTHING_DONE, OPEN_STATES & ~STATE(REPEAT), EACH, AGAIN, LEFT,
     AS_IT_IS, NOTHING, NULL, 0},
    {"so is a repeat", NOTHING_DONE, STATE(REPEAT), EACH, AGAIN | LEFT, MUST_FIND, AS_IT_IS, OPEN, NULL, 0},
    {"also one that did not leave", NOTHING_DONE, STATE(REPEAT), EACH, AGAIN, LEFT | MUST_FIND, AS_IT_IS,
     NOTHING, NULL, 0},
    {"but it is looked up first, if its key or its row is old", NOTHING_DONE, STATE(REPEAT), LOOK_UP,
     AGAIN | LEFT | MUST_FIND | MAY_ASK, 0, ASKS_IN(FIND), OPEN, NULL, 0},
    {"also if it did not leave", NOTHING_DONE, STATE(REPEAT), LOOK_UP, AGAIN | MUST_FIND | MAY_ASK, LEFT,
     ASKS_IN(FIND), NOTHING, NULL, 0},
    {"as often as that may be", NOTHING_DONE, STATE(REPEAT), LOOK_UP, AGAIN | LEFT | MUST_FIND, MAY_ASK,
     ENDS(IN_DOUBT), OPEN, NULL, 0},
    {"and the ledger has that already", NOTHING_DONE, STATE(REPEAT), LOOK_UP, AGAIN | MUST_FIND,
     LEFT | MAY_ASK, ENDS(IN_DOUBT), NOTHING, NULL, 0},
    {"given up, it is unsent", NOTHING_DONE, OPEN_STATES, EACH, 0, AGAIN | DOUBT, ENDS(UNSENT), NEVER, NULL,
     0},
    {"what was in doubt before stays so", NOTHING_DONE | INPUT(UNREADABLE), OPEN_STATES, EACH, DOUBT | LEFT,
     AGAIN, ENDS(IN_DOUBT), OPEN, NULL, 0},
    {"as the ledger has it already", NOTHING_DONE, OPEN_STATES, EACH, DOUBT, AGAIN | LEFT, ENDS(IN_DOUBT),
     NOTHING, NULL, 0},
    {"a task that waits when the run stops is unsent", INPUT(GIVEN), OPEN_STATES, EACH, 0, DOUBT,
     ENDS(UNSENT), NEVER, NULL, 0},
    {"or stays in doubt", INPUT(GIVEN), OPEN_STATES, EACH, DOUBT, 0, ENDS(IN_DOUBT), NOTHING, NULL, 0},

    {"one answer of several leads to the next question", INPUT(MORE), QUESTIONS, EACH, 0, 0, TASK_STEP_SEND,
     SAME, OPEN, NULL, 0},
    {"nobody was found by a look-up: resent under the same key", INPUT(NOBODY), STATE(FIND), LOOK_UP, 0,
     SUPERSEDED, TASK_STEP_SEND, TASK_RESEND, OPEN, NULL, 0},
    {"with what the row is now, once that is journalled", INPUT(NOBODY), STATE(FIND), LOOK_UP, SUPERSEDED, 0,
     TASK_STEP_JOURNAL, TASK_RESEND, OPEN, NULL, 0},
    {"a listing proves absence: a create like a first one", INPUT(NOBODY), STATE(FIND), LIST, 0, SUPERSEDED,
     TASK_STEP_SEND, TASK_CREATE, OPEN, NULL, 0},
    {"also with another row, once that is journalled", INPUT(NOBODY), STATE(FIND), LIST, SUPERSEDED, 0,
     TASK_STEP_JOURNAL, TASK_CREATE, OPEN, NULL, 0},
    {"the user exists and is not found: a person", INPUT(NOBODY), STATE(FIND_EXISTING), EACH, 0, 0,
     ENDS(IN_DOUBT), DOUBTFUL, NULL, 0},
    {"users that do not show it: a person", INPUT(UNCLEAR), STATE(FIND_EXISTING) | STATE(FIND_OWNER), EACH, 0,
     0, ENDS(IN_DOUBT), DOUBTFUL, NULL, 0},
    {"also if it is not certain that the key is remembered", INPUT(UNCLEAR), STATE(FIND), EACH, MUST_FIND, 0,
     ENDS(IN_DOUBT), DOUBTFUL, NULL, 0},
    {"a key that is remembered after all makes a repeat safe", INPUT(UNCLEAR), STATE(FIND), LOOK_UP, 0,
     MUST_FIND, TASK_STEP_SEND, TASK_RESEND, OPEN, NULL, 0},
    {"no listing: in doubt", INPUT(UNANSWERED), STATE(FIND), LIST, LEFT, 0, ENDS(IN_DOUBT), DOUBTFUL, NULL,
     0},
    {"as the ledger has it, where the provider did not reply at all", INPUT(UNANSWERED), STATE(FIND), LIST, 0,
     LEFT, ENDS(IN_DOUBT), NOTHING, NULL, 0},
    {"no listing shows whose the user is: the create did nothing", INPUT(UNANSWERED), STATE(FIND_OWNER), LIST,
     0, 0, ENDS(UNSENT), NEVER, NULL, 0},
};

enum { RULES = sizeof rules / sizeof *rules };

static const struct task_policy any_policy = {
    .recovery = &recoveries[0].recovery,
    .attempts = ATTEMPTS,
    .retry_for_ns = 600 * CLOCK_NS_PER_S,
    .resolves = true,
    .can_update = true,
    .now_ns = NOW,
    .wait_ns = 1,
};

static unsigned derive(const struct situation *situation)
{
    unsigned facts = situation->facts, bit = INPUT(situation->input);
    bool is_final = bit & (KIND(STOP) | KIND(WITHDRAWN));
    bool is_spent =
        (bit & KIND(BAD_NONCE) && facts & NONCES_SPENT) || (bit & KIND(BAD_TOKEN) && facts & TOKENS_SPENT);

    if (is_in(situation->state, DOUBTFUL_STATES))
        facts |= DOUBT;
    if (!(facts & (STOPPING | NO_ATTEMPT | NO_TIME)) && !is_final && !is_spent)
        facts |= AGAIN;
    if (!(facts & (STOPPING | NO_QUESTION)))
        facts |= MAY_ASK;
    if (facts & MAY_ASK && facts & RESOLVES)
        facts |= ASKS;
    if (facts & AGAIN && facts & RESOLVES)
        facts |= REPEATS;
    if (situation->recovery->is == LIST ||
        (situation->recovery->is == LOOK_UP && (facts & SUPERSEDED || !(facts & KEY_KNOWN))))
        facts |= MUST_FIND;
    return facts;
}

static bool can_have_left(const struct situation *situation)
{
    unsigned bit = INPUT(situation->input);

    if (bit & INPUT(UNANSWERED))
        return situation->state == TASK_FIND;
    return !(bit & (KIND(WITHDRAWN) | INPUT(GIVEN)));
}

static bool can_have_stayed(unsigned input)
{
    return INPUT(input) &
           (KIND(WITHDRAWN) | KIND(NOT_SENT) | KIND(STOP) | KIND(THROTTLED) /* the login was */ |
            KIND(REFUSED) /* not built */ | INPUT(UNANSWERED) | INPUT(GIVEN));
}

/* Facts that matter nowhere in a situation are tried without only. */
static bool can_be(const struct situation *situation)
{
    unsigned facts = situation->facts, bit = INPUT(situation->input);

    if (facts & LEFT ? !can_have_left(situation) : !can_have_stayed(situation->input))
        return false;
    if (facts & SUPERSEDED && !is_in(situation->state, DOUBTFUL_STATES & ~UPDATES))
        return false;
    return !(facts & PROVES && !(bit & KIND(REFUSED) && facts & LEFT)) &&
           !(facts & NAMED && !(bit & KIND(EXISTS))) &&
           !(facts & IMMUTABLE && !is_in(situation->state, UPDATES)) &&
           !(facts & NONCES_SPENT && !(bit & KIND(BAD_NONCE))) &&
           !(facts & TOKENS_SPENT && !(bit & KIND(BAD_TOKEN))) &&
           !(facts & KEY_KNOWN && situation->recovery->is != LOOK_UP) &&
           !(facts & (CAN_UPDATE | IGNORES) && !(facts & SUPERSEDED));
}

static struct task make_task(enum task_state state, unsigned facts)
{
    struct task task = {.state = state,
                        .attempts = facts & NO_ATTEMPT ? ATTEMPTS : 1,
                        .bad_nonces = facts & NONCES_SPENT ? 3 : 2,
                        .question_count = facts & NO_QUESTION ? ATTEMPTS : 1,
                        .retrying_since_ns = NOW,
                        .is_superseded = facts & SUPERSEDED,
                        .immutable = facts & IMMUTABLE ? FIELD_EMAIL : FIELD_NONE};
    task.delivery.bad_tokens = facts & TOKENS_SPENT ? 3 : 2;
    return task;
}

static struct outcome make_reply(const struct situation *situation)
{
    unsigned input = situation->input, facts = situation->facts;
    struct outcome outcome = {.kind = OUTCOME_DONE, .http_status = 200};

    if (input < KINDS) {
        outcome.kind = (enum outcome_kind)input;
        outcome.http_status = facts & PROVES ? 422 : 404;
    }
    if (input == OUTCOME_REFUSED && !(facts & LEFT))
        outcome.http_status = 0;
    if (input == UNANSWERED) {
        outcome.kind = OUTCOME_NOT_SENT;
        outcome.http_status = facts & LEFT ? 503 : 0;
    }
    if (situation->state == TASK_FIND_OWNER) { /* to the create */
        outcome.kind = OUTCOME_EXISTS;
        outcome.http_status = 409;
    }
    snprintf(outcome.user_id, sizeof outcome.user_id, "%s", facts & NAMED ? "u-1" : "");
    return outcome;
}

static struct task_action next_of(const struct situation *situation)
{
    unsigned facts = situation->facts;
    const struct task task = make_task(situation->state, facts);
    const struct outcome outcome = make_reply(situation);
    const struct task_event event = make_event(situation->input, facts & LEFT, &outcome);
    struct task_policy policy = any_policy;

    policy.recovery = &situation->recovery->recovery;
    policy.resolves = facts & RESOLVES;
    policy.can_update = facts & CAN_UPDATE;
    policy.ignores_changes = facts & IGNORES;
    policy.stopping = facts & STOPPING;
    policy.key_known = facts & KEY_KNOWN;
    policy.now_ns = facts & NO_TIME ? NOW + policy.retry_for_ns + 1 : NOW + 1;
    policy.wait_ns = WAIT_NS;
    return task_next(&task, &event, &policy);
}

/* Calls check with each situation that can be. Returns their number. */
static uint32_t each_situation(void (*check)(const struct situation *situation, void *context), void *context)
{
    struct situation situation;
    uint32_t count = 0;

    for (size_t i = 0; i < RECOVERIES; i++)
        for (unsigned state = 0; is_in((enum task_state)state, OPEN_STATES); state++)
            for (unsigned input = 0; input < INPUTS; input++) {
                situation = (struct situation){(enum task_state)state, input, &recoveries[i], 0};
                if (!can_happen(input, situation.state, situation.recovery))
                    continue;
                for (; situation.facts < ALL_FACTS; situation.facts++)
                    if (can_be(&situation)) {
                        check(&situation, context);
                        count++;
                    }
            }
    return count;
}

static const struct rule *find_rule(const struct situation *situation, uint32_t used[RULES])
{
    const struct rule *found = NULL;
    unsigned derived = derive(situation);

    for (size_t i = 0; i < RULES; i++) {
        const struct rule *rule = &rules[i];
        if (!(rule->inputs & INPUT(situation->input)) || !is_in(situation->state, rule->states) ||
            !(rule->recoveries & situation->recovery->is) || (derived & rule->with) != rule->with ||
            derived & rule->without)
            continue;
        if (found)
            fail_msg("two rules for %s: \"%s\" and \"%s\"", describe(situation), found->sentence,
                     rule->sentence);
        found = rule;
        used[i]++;
    }
    if (!found)
        fail_msg("no rule for %s", describe(situation));
    return found;
}

static void check_rule(const struct situation *situation, void *used)
{
    const struct rule *rule = find_rule(situation, used);
    const struct task_action got = next_of(situation);
    enum task_state next = rule->next == SAME ? situation->state : rule->next;
    bool same_rule =
        rule->rule ? got.rule && strcmp(got.rule, rule->rule) == 0 && got.field == rule->field : !got.rule;

    if (got.step != rule->step || got.next != next || got.write != (rule->told != NOTHING) ||
        (got.write && (int)got.ledger != (int)rule->told) || !same_rule)
        fail_msg("%s (%s): %s %s, ledger %s, rule %s", rule->sentence, describe(situation),
                 step_words[got.step], task_state_word(got.next),
                 got.write ? told_words[got.ledger] : "NOTHING", got.rule ? got.rule : "none");
    if (got.event != (got.write && situation->facts & LEFT))
        fail_msg("%s (%s): what left and is written is an event, and nothing else", rule->sentence,
                 describe(situation));
    if (got.step == TASK_STEP_WAIT && got.delay_ns != WAIT_NS)
        fail_msg("%s (%s): waits for %d ns", rule->sentence, describe(situation), (int)got.delay_ns);
}

static void every_situation_means_what_its_rule_says(void **state)
{
    (void)state;
    uint32_t used[RULES] = {0};
    uint32_t count = each_situation(check_rule, used);

    for (size_t i = 0; i < RULES; i++)
        if (used[i] == 0)
            fail_msg("a rule without a situation: %s", rules[i].sentence);
    print_message("# %u situations, %d rules\n", count, RULES);
}

/* What must hold whatever the rules say: these are the promises, in the words of the README. */
static void check_promises(const struct situation *situation, void *context)
{
    (void)context;
    const struct task_action whole = next_of(situation);
    enum task_state got = whole.next;
    unsigned bit = INPUT(situation->input), facts = derive(situation);
    bool is_sent_again = is_in(got, SENDS) && whole.step != TASK_STEP_UPDATE, is_done = bit & KIND(DONE),
         is_found = bit & INPUT(OURS),
         is_proven_absent = bit & INPUT(NOBODY) && situation->recovery->is == LIST;

    assert_true(!(facts & LEFT) || (whole.write && whole.event)); /* each request is logged */
    assert_true(is_in(got, FINAL_STATES) == (whole.step == TASK_STEP_END));
    /* nobody is created by our own word */
    bool is_yes = got == TASK_CREATED || got == TASK_UPDATED || whole.step == TASK_STEP_UPDATE;
    assert_true(!is_yes || is_done || is_found);
    /* what may have happened is not unsent, nor anything that did something */
    assert_true(!(facts & DOUBT) || got != TASK_UNSENT);
    assert_true(got != TASK_UNSENT || bit & (NOTHING_DONE | INPUT(GIVEN) | INPUT(UNANSWERED)));
    /* a run that stops neither repeats nor begins to ask */
    assert_true(!(facts & STOPPING) || (whole.step != TASK_STEP_WAIT && whole.step != TASK_STEP_ASK));
    /* no 401, 429 or stop refuses, nor does silence */
    assert_true(got != TASK_REFUSED || !(bit & (NOTHING_DONE | KIND(IN_DOUBT))));
    /* a create without an answer is never sent again where that makes a second user */
    assert_true(!is_sent_again || situation->recovery->is != LIST || is_in(situation->state, UPDATES) ||
                (bit & NOTHING_DONE && situation->state == TASK_CREATE) || is_proven_absent);
    /* nor after the provider has replied that the user exists */
    assert_true(situation->state != TASK_FIND_EXISTING || !is_in(got, CREATES));
    /* only what may have been carried out becomes in doubt, and it stays so until something proves more */
    assert_true(!is_in(got, DOUBTFUL_STATES) || facts & DOUBT || bit & KIND(IN_DOUBT));
    assert_true(!(facts & DOUBT) || is_in(got, DOUBTFUL_STATES | STATE(IN_DOUBT)) || is_done || is_found ||
                is_proven_absent || (bit & KIND(REFUSED) && facts & PROVES && !(facts & SUPERSEDED)) ||
                (bit & KIND(EXISTS) && is_in(situation->state, UPDATES)));
    /* a key that may be forgotten, or that is another row's, is not used before a look-up */
    assert_true(got != TASK_REPEAT || !(facts & MUST_FIND));
}

static void no_situation_breaks_a_promise(void **state)
{
    (void)state;
    each_situation(check_promises, NULL);
}

/* The diagram of task.h, state by state. */
static const unsigned diagram[TASK_STATES] = {
    [TASK_CREATE] = STATE(CREATE) | STATE(REPEAT) | STATE(FIND) | STATE(FIND_OWNER) | STATE(CREATED) |
                    STATE(REFUSED) | STATE(IN_DOUBT) | STATE(UNSENT),
    [TASK_REPEAT] = STATE(REPEAT) | STATE(FIND) | STATE(FIND_EXISTING) | STATE(CREATED) | STATE(UPDATE) |
                    STATE(REFUSED) | STATE(IN_DOUBT),
    [TASK_RESEND] = STATE(RESEND) | STATE(REPEAT) | STATE(FIND) | STATE(FIND_EXISTING) | STATE(CREATED) |
                    STATE(UPDATE) | STATE(REFUSED) | STATE(IN_DOUBT),
    [TASK_FIND] = STATE(FIND) | STATE(CREATE) | STATE(RESEND) | STATE(CREATED) | STATE(UPDATE) |
                  STATE(REFUSED) | STATE(IN_DOUBT),
    [TASK_FIND_EXISTING] =
        STATE(FIND_EXISTING) | STATE(CREATED) | STATE(UPDATE) | STATE(REFUSED) | STATE(IN_DOUBT),
    [TASK_FIND_OWNER] = STATE(CREATED) | STATE(REFUSED) | STATE(IN_DOUBT) | STATE(UNSENT),
    [TASK_UPDATE] = STATE(UPDATE) | STATE(UPDATE_REPEAT) | STATE(UPDATED) | STATE(REFUSED) | STATE(IN_DOUBT) |
                    STATE(UNSENT),
    [TASK_UPDATE_REPEAT] = STATE(UPDATE_REPEAT) | STATE(UPDATED) | STATE(REFUSED) | STATE(IN_DOUBT),
};

/* And to a state that does not occur at this provider none leads. */
static void note_transition(const struct situation *situation, void *reached)
{
    struct task task = make_task(situation->state, situation->facts);
    const struct task_action got = next_of(situation);
    unsigned *states = reached;

    if (got.next == TASK_CREATE || got.step == TASK_STEP_UPDATE)
        task.is_superseded = false;
    task_enter(&task, got.next);
    assert_int_equal(task.state, got.next);
    if (!is_in(got.next, situation->recovery->states | FINAL_STATES))
        fail_msg("%s: %s does not occur there", describe(situation), task_state_word(got.next));
    states[situation->state] |= 1u << got.next;
}

/* Ways to change a task that assert what may be. */
static void enter_state(struct task *task, unsigned state)
{
    task_enter(task, (enum task_state)state);
}

static void begin_in(struct task *task, unsigned state)
{
    task_begin(task, (enum task_state)state);
}

static void move_to(struct task *task, unsigned place)
{
    task_move(task, (enum task_place)place);
}

/* True if the change ends the process. */
static bool is_assertion(void (*change)(struct task *task, unsigned to), struct task task, unsigned to)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        change(&task, to);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void the_transitions_are_those_of_the_diagram(void **state)
{
    (void)state;
    unsigned reached[TASK_STATES] = {0};

    each_situation(note_transition, reached);
    for (unsigned from = 0; from < TASK_STATES; from++)
        for (unsigned next = 0; next < TASK_STATES; next++) {
            bool is_drawn = diagram[from] >> next & 1, is_reached = reached[from] >> next & 1;
            if (is_drawn != is_reached)
                fail_msg("from %s to %s: %s", task_state_word((enum task_state)from),
                         task_state_word((enum task_state)next),
                         is_drawn ? "drawn, and never made" : "made, and not drawn");
            const struct task task = make_task((enum task_state)from, 0);
            if (from != next && is_assertion(enter_state, task, next) == is_drawn)
                fail_msg("from %s to %s: task_enter", task_state_word((enum task_state)from),
                         task_state_word((enum task_state)next));
        }
    /* The row's new data are only sent where the create is in doubt. */
    assert_true(is_assertion(enter_state, make_task(TASK_FIND, SUPERSEDED), TASK_CREATE));
    assert_true(is_assertion(enter_state, make_task(TASK_REPEAT, SUPERSEDED), TASK_UPDATE));
    assert_false(is_assertion(enter_state, make_task(TASK_FIND, SUPERSEDED), TASK_RESEND));
    for (unsigned i = 0; i < TASK_STATES; i++) {
        assert_int_equal(is_assertion(begin_in, make_task(TASK_CREATE, 0), i),
                         !is_in((enum task_state)i, FIRST_STATES));
        assert_int_equal(task_is_final((enum task_state)i), is_in((enum task_state)i, FINAL_STATES));
        assert_int_equal(task_is_in_doubt((enum task_state)i), is_in((enum task_state)i, DOUBTFUL_STATES));
    }
}

/* No task is in two lists, none that has ended waits, and none is counted before. */
static void a_task_leaves_its_place_before_it_enters_another(void **state)
{
    (void)state;
    for (unsigned from = TASK_NOWHERE; from <= TASK_ENDED; from++)
        for (unsigned to = TASK_NOWHERE; to <= TASK_ENDED; to++)
            for (int is_final = 0; is_final <= 1; is_final++) {
                struct task task = make_task(is_final ? TASK_CREATED : TASK_CREATE, 0);
                bool may = to == TASK_NOWHERE || (from == TASK_NOWHERE && (to == TASK_ENDED) == is_final);
                task.place = (enum task_place)from;
                if (is_assertion(move_to, task, to) == may)
                    fail_msg("from place %u to %u, %s", from, to, is_final ? "final" : "not final");
            }
}

/* How the ledger and the report get it, where that is not as the provider replied. */
static void check_record(const struct situation *situation, void *context)
{
    (void)context;
    static const struct {
        enum outcome_kind as;
        const char *code; /* NULL: of the reply */
    } records[] = {
        [UNREADABLE - KINDS] = {OUTCOME_NOT_SENT, "unreadable"},
        [OURS - KINDS] = {OUTCOME_DONE, ""},
        [NOBODY - KINDS] = {OUTCOME_DONE, "absent"},
        [OTHER - KINDS] = {OUTCOME_REFUSED, NULL},
        [UNCLEAR - KINDS] = {OUTCOME_IN_DOUBT, "user_differs"},
        [UNANSWERED - KINDS] = {OUTCOME_IN_DOUBT, NULL},
    };
    const struct task_action got = next_of(situation);
    unsigned input = situation->input;
    bool is_unauthorized = input == OUTCOME_BAD_TOKEN && situation->facts & TOKENS_SPENT,
         is_unfound = input == NOBODY && situation->state == TASK_FIND_EXISTING,
         is_as_replied = (input < KINDS && !is_unauthorized) || input == MORE || input == GIVEN ||
                         got.next == TASK_UNSENT ||
                         got.next == (input == UNCLEAR ? TASK_RESEND : TASK_STATES);

    if (is_unauthorized) {
        assert_true(got.is_reread && got.as == OUTCOME_BAD_TOKEN);
        assert_string_equal(got.code, "unauthorized");
        assert_non_null(strstr(got.message, "HTTP 401"));
    } else if (got.write && got.is_reread == is_as_replied) {
        fail_msg("%s: recorded otherwise", describe(situation));
    } else if (got.write && !is_as_replied) {
        const char *code = is_unfound ? "not_found" : records[input - KINDS].code;
        if (got.as != (is_unfound ? OUTCOME_IN_DOUBT : records[input - KINDS].as) ||
            strcmp(got.code ? got.code : "(reply)", code ? code : "(reply)") != 0)
            fail_msg("%s: recorded as %s, code %s", describe(situation), outcome_word(got.as), got.code);
    }
    assert_string_equal(got.user_id ? got.user_id : "", input == OURS ? "u-ours" : "");
    /* That the user exists is not forgotten by what comes after it. */
    bool is_open = got.write && (got.ledger == LEDGER_RESULT_OPEN || got.ledger == LEDGER_RESULT_IN_DOUBT);
    bool keeps = situation->state == TASK_FIND_EXISTING && is_open &&
                 (situation->recovery->is == LOOK_UP || is_unfound);
    /* Nor that a reply in doubt named the user, which a later run can have named again. */
    bool is_named = input == OUTCOME_EXISTS && situation->facts & NAMED &&
                    (situation->state == TASK_REPEAT || situation->state == TASK_RESEND);
    if (got.exists != (keeps || is_named))
        fail_msg("%s: whether the user exists", describe(situation));
}

static void each_action_is_recorded_as_it_reads_the_reply(void **state)
{
    (void)state;
    each_situation(check_record, NULL);
}

/* A success whose list is not one, after the last attempt. */
static void a_listing_that_cannot_be_read_is_recorded_so(void **state)
{
    (void)state;
    const struct task task = make_task(TASK_FIND, 0);
    const struct outcome outcome = {.kind = OUTCOME_DONE, .http_status = 200};
    const struct task_event event = make_event(UNANSWERED, true, &outcome);
    const struct task_action got = task_next(&task, &event, &any_policy);

    assert_int_equal(got.next, TASK_IN_DOUBT);
    assert_int_equal(got.as, OUTCOME_IN_DOUBT);
    assert_string_equal(got.code ? got.code : "(reply)", "unreadable");
}

/* Of kraken-embed, whose repeat of a create is answered by 409: its own reading of the reply, then the task.
 */
static void a_409_to_a_repeat_is_in_doubt_unless_it_names_a_user(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *body;
        enum task_state state;
        bool resolves;
        enum task_step step;
        enum task_state next;
        const char *rule, *user_id;
    } cases[] = {
        {"of a first create it is a refusal", "{\"error\":[\"exists\"]}", TASK_CREATE, true, ENDS(REFUSED),
         RULE_EXISTS, ""},
        {"also when it names the user", "{\"error\":[\"exists\"],\"result\":{\"user\":\"AA95 N84G\"}}",
         TASK_CREATE, true, ENDS(REFUSED), RULE_EXISTS, "AA95 N84G"},
        {"of a create in doubt it proves nothing", "{\"error\":[\"exists\"]}", TASK_REPEAT, true,
         ENDS(IN_DOUBT), NULL, ""},
        {"the user that it names is fetched", "{\"error\":[\"exists\"],\"result\":{\"user\":\"AA95 N84G\"}}",
         TASK_REPEAT, true, ASKS_IN(FIND_EXISTING), NULL, "AA95 N84G"},
        {"but not with in_doubt: hold", "{\"error\":[\"exists\"],\"result\":{\"user\":\"AA95 N84G\"}}",
         TASK_REPEAT, false, ENDS(IN_DOUBT), NULL, "AA95 N84G"},
        {"the id of the error is not a user's", "{\"id\":\"AA95 N84G\",\"error\":[\"exists\"]}", TASK_REPEAT,
         true, ENDS(IN_DOUBT), NULL, ""},
    };
    struct sample sample;

    sample_fill(&sample);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct task task = make_task(cases[i].state, 0);
        const struct provider_reply reply = {.operation = OPERATION_CREATE,
                                             .sent = true,
                                             .complete = true,
                                             .http_status = 409,
                                             .in_doubt = task_is_in_doubt(task.state),
                                             .body = slice_from(cases[i].body)};
        struct task_policy policy = any_policy;
        struct outcome outcome;
        policy.recovery = recovery_of(&kraken_embed_provider);
        policy.resolves = cases[i].resolves;
        outcome_table_classify(&kraken_embed_provider, &reply, &sample.record, &outcome);
        assert_int_equal(outcome.kind, OUTCOME_EXISTS);
        assert_string_equal(outcome.user_id, cases[i].user_id);
        const struct task_event event = make_event(outcome.kind, true, &outcome);
        const struct task_action got = task_next(&task, &event, &policy);
        if (got.step != cases[i].step || got.next != cases[i].next ||
            strcmp(got.rule ? got.rule : "", cases[i].rule ? cases[i].rule : "") != 0)
            fail_msg("%s: %s %s, rule %s", cases[i].sentence, step_words[got.step], task_state_word(got.next),
                     got.rule ? got.rule : "none");
    }
}

static enum task_state after(const struct task *task, enum outcome_kind kind, uint64_t now_ns,
                             uint64_t wait_ns)
{
    const struct outcome outcome = {.kind = kind};
    const struct task_event event = make_event(kind, kind != OUTCOME_NOT_SENT, &outcome);
    struct task_policy policy = any_policy;

    policy.now_ns = now_ns;
    policy.wait_ns = wait_ns;
    return task_next(task, &event, &policy).next;
}

static void a_record_is_tried_no_more_after_its_attempts_or_its_time(void **state)
{
    (void)state;
    struct task task = make_task(TASK_CREATE, 0);
    task.attempts = 5;
    assert_int_equal(after(&task, OUTCOME_THROTTLED, NOW, 1), TASK_CREATE);
    task.attempts = 6;
    assert_int_equal(after(&task, OUTCOME_THROTTLED, NOW, 1), TASK_UNSENT);
    task.attempts = 2;
    task.retrying_since_ns = NOW;
    uint64_t end = NOW + any_policy.retry_for_ns;
    assert_int_equal(after(&task, OUTCOME_THROTTLED, end - 10, 5), TASK_CREATE);
    assert_int_equal(after(&task, OUTCOME_THROTTLED, end - 10, 11), TASK_UNSENT);
    assert_int_equal(after(&task, OUTCOME_THROTTLED, end + 10, 0), TASK_UNSENT);
}

static void an_attempt_that_is_not_about_the_record_uses_up_none_of_its_own(void **state)
{
    (void)state;
    struct task task = make_task(TASK_CREATE, NO_ATTEMPT);

    assert_int_equal(after(&task, OUTCOME_NOT_SENT, NOW, 1), TASK_UNSENT);
    task_spare(&task, true);
    assert_int_equal(after(&task, OUTCOME_NOT_SENT, NOW, 1), TASK_CREATE);
    task.attempts++;
    assert_int_equal(after(&task, OUTCOME_NOT_SENT, NOW, 1), TASK_UNSENT);
    task_restart(&task);
    assert_int_equal(task.attempts + task.spared + task.delivery.bad_tokens, 0);
}

static void three_401s_of_one_record_are_enough(void **state)
{
    (void)state;
    const struct outcome outcome = {.kind = OUTCOME_BAD_TOKEN, .http_status = 401};
    for (uint32_t count = 1; count <= 4; count++) {
        struct task task = make_task(TASK_CREATE, 0);
        task.delivery.bad_tokens = count;
        assert_int_equal(after(&task, OUTCOME_BAD_TOKEN, NOW, 1), count < 3 ? TASK_CREATE : TASK_UNSENT);
        assert_int_equal(task_is_unauthorized(&task, &outcome), count >= 3);
    }
}

static void three_bad_nonces_of_one_record_are_enough(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 4; count++) {
        struct task task = make_task(TASK_CREATE, 0);
        task.bad_nonces = count;
        assert_int_equal(after(&task, OUTCOME_BAD_NONCE, NOW, 1), count < 3 ? TASK_CREATE : TASK_UNSENT);
    }
}

/* A second request for the same create is only safe under a key that the provider still remembers. */
static void a_create_in_doubt_is_repeated_only_where_that_makes_no_second_user(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        unsigned recoveries;
        bool is_superseded, key_known, finds;
    } cases[] = {
        {"the reference keeps a second user out, at any age", REPEAT, false, false, false},
        {"also with other data", REPEAT, true, false, false},
        {"nothing keeps a second user out", LIST, false, false, true},
        {"the key does, while it is remembered", LOOK_UP, false, true, false},
        {"and not later", LOOK_UP, false, false, true},
        {"one key belongs to one body", LOOK_UP, true, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t j = 0; j < RECOVERIES; j++) {
            const struct task_policy policy = {.recovery = &recoveries[j].recovery,
                                               .key_known = cases[i].key_known};
            if (cases[i].recoveries & recoveries[j].is &&
                task_must_find(cases[i].is_superseded, &policy) != cases[i].finds)
                fail_msg("%s, recovery %s", cases[i].sentence, recoveries[j].word);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_situation_means_what_its_rule_says),
        cmocka_unit_test(no_situation_breaks_a_promise),
        cmocka_unit_test(the_transitions_are_those_of_the_diagram),
        cmocka_unit_test(a_task_leaves_its_place_before_it_enters_another),
        cmocka_unit_test(each_action_is_recorded_as_it_reads_the_reply),
        cmocka_unit_test(a_listing_that_cannot_be_read_is_recorded_so),
        cmocka_unit_test(a_409_to_a_repeat_is_in_doubt_unless_it_names_a_user),
        cmocka_unit_test(a_create_in_doubt_is_repeated_only_where_that_makes_no_second_user),
        cmocka_unit_test(a_record_is_tried_no_more_after_its_attempts_or_its_time),
        cmocka_unit_test(an_attempt_that_is_not_about_the_record_uses_up_none_of_its_own),
        cmocka_unit_test(three_401s_of_one_record_are_enough),
        cmocka_unit_test(three_bad_nonces_of_one_record_are_enough),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
