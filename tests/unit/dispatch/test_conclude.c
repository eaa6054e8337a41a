/* conclude: every possible situation, compared with rules that are stated here and nowhere in the
 * code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "dispatch/dispatcher_state.h"
#include "dispatch/task_pool.h"
#include "provider/kraken_embed.h"
#include "unit/dispatch/customers.h"

enum { NOW = 1000, ATTEMPTS = 6, KINDS = OUTCOME_WITHDRAWN + 1, RECOVERIES = PROVIDER_RECOVERY_LIST + 1 };

/* What was asked for. A question is a look-up or a fetch; a listing is not an task's. */
enum operations { CREATE = 1, UPDATE = 2, QUESTION = 4, SENDS = CREATE | UPDATE, ANY = SENDS | QUESTION };

static const struct {
    enum operation operation;
    unsigned is;
} operations[] = {{OPERATION_CREATE, CREATE},
                  {OPERATION_UPDATE, UPDATE},
                  {OPERATION_LOOK_UP, QUESTION},
                  {OPERATION_FETCH, QUESTION}};

/* How a create in doubt is settled. */
enum recoveries {
    REPEAT = 1 << PROVIDER_RECOVERY_REPEAT,
    LOOK_UP = 1 << PROVIDER_RECOVERY_LOOK_UP,
    LIST = 1 << PROVIDER_RECOVERY_LIST,
    EACH = REPEAT | LOOK_UP | LIST
};

/* All that a situation consists of beside these; each is tried with and without. */
enum facts {
    DOUBT = 1 << 0,   /* an attempt before this one may have happened */
    CHANGED = 1 << 1, /* the row is not as it was journalled */
    SETTLE = 1 << 2,  /* in_doubt: settle */
    STOPPING = 1 << 3,
    NO_ATTEMPT = 1 << 4,   /* delivery.attempts are used up */
    NO_TIME = 1 << 5,      /* delivery.retry_for is over */
    LEFT = 1 << 6,         /* a byte of it left */
    NO_QUESTION = 1 << 7,  /* it was asked about as often as it may be */
    NONCES_SPENT = 1 << 8, /* the third bad nonce */
    TOKENS_SPENT = 1 << 9, /* the third 401 */
    PROVES = 1 << 10,      /* HTTP 400 or 422; else 404 */
    NAMED = 1 << 11,       /* the answer names a user */
    IMMUTABLE = 1 << 12,   /* a change beside it cannot be sent */
    ALL_FACTS = 1 << 13,
    /* derived */
    AGAIN = 1 << 13,   /* another attempt is allowed */
    MAY_ASK = 1 << 14, /* another question is allowed */
    ASKS = 1 << 15,    /* and wanted */
    REPEATS = 1 << 16, /* another attempt is allowed, and wanted of what is in doubt */
};

#define KIND(kind) (1u << OUTCOME_##kind)
#define NOTHING_DONE                                                                                         \
    (KIND(NOT_SENT) | KIND(THROTTLED) | KIND(BAD_NONCE) | KIND(BAD_TOKEN) | KIND(STOP) | KIND(WITHDRAWN))

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
static const char *const recovery_words[] = {"REPEAT", "LOOK_UP", "LIST"};
static const char *const conclusion_words[] = {
    [CONCLUSION_AGAIN] = "AGAIN",
    [CONCLUSION_CREATED] = "CREATED",
    [CONCLUSION_UPDATED] = "UPDATED",
    [CONCLUSION_ASK] = "ASK",
    [CONCLUSION_UPDATE_NEXT] = "UPDATE_NEXT",
    [CONCLUSION_REFUSED] = "REFUSED",
    [CONCLUSION_IN_DOUBT] = "IN_DOUBT",
    [CONCLUSION_UNSENT] = "UNSENT",
};
static const char *const told_words[] = {
    [OPEN] = "OPEN", [DOUBTFUL] = "DOUBTFUL", [NEVER] = "NEVER", [DOWN] = "DOWN", [YES] = "YES",
};
static const char *const fact_words[] = {
    "DOUBT",       "CHANGED",      "SETTLE",       "STOPPING", "NO_ATTEMPT", "NO_TIME",   "LEFT",
    "NO_QUESTION", "NONCES_SPENT", "TOKENS_SPENT", "PROVES",   "NAMED",      "IMMUTABLE",
};
_Static_assert(ALL_FACTS == 1 << sizeof fact_words / sizeof *fact_words, "one word for each fact");

/* ` DOUBT SETTLE`; valid until the next call. */
static const char *describe_facts(unsigned facts)
{
    static char text[256];
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof fact_words / sizeof *fact_words; i++)
        if (facts & 1u << i)
            len += (size_t)snprintf(text + len, sizeof text - len, " %s", fact_words[i]);
    return text;
}

/* Exactly one rule fits each situation. */
struct rule {
    const char *sentence;
    unsigned kinds, operations, recoveries, with, without;
    enum conclusion_kind want;
    enum told told;
    const char *rule;
    enum field_id field;
};

static const struct rule rules[] = {
    {"a success of a create creates", KIND(DONE), CREATE, EACH, 0, CHANGED, CONCLUSION_CREATED, YES, NULL, 0},
    {"a success of a changed row: the user exists, and what differs comes next", KIND(DONE), CREATE, EACH,
     CHANGED, 0, CONCLUSION_UPDATE_NEXT, YES, NULL, 0},
    {"a success of an update updates", KIND(DONE), UPDATE, EACH, 0, IMMUTABLE, CONCLUSION_UPDATED, YES, NULL,
     0},
    {"beside a change that cannot be sent it is refused by that change's name", KIND(DONE), UPDATE, EACH,
     IMMUTABLE, 0, CONCLUSION_REFUSED, YES, RULE_IMMUTABLE, FIELD_EMAIL},

    {"a user that exists is asked about, where one listing answers", KIND(EXISTS), CREATE, LIST, MAY_ASK, 0,
     CONCLUSION_ASK, OPEN, NULL, 0},
    {"after a doubt it may be ours: it is looked up", KIND(EXISTS), CREATE, LOOK_UP, DOUBT | ASKS, 0,
     CONCLUSION_ASK, OPEN, NULL, 0},
    {"and where nothing can be looked up, the user that is named is fetched", KIND(EXISTS), CREATE, REPEAT,
     DOUBT | ASKS | NAMED, 0, CONCLUSION_ASK, OPEN, NULL, 0},
    {"without a name it stays in doubt there", KIND(EXISTS), CREATE, REPEAT, DOUBT | ASKS, NAMED,
     CONCLUSION_IN_DOUBT, DOUBTFUL, NULL, 0},
    {"so it does where it may not be asked about", KIND(EXISTS), CREATE, REPEAT | LOOK_UP, DOUBT, ASKS,
     CONCLUSION_IN_DOUBT, DOUBTFUL, NULL, 0},
    {"or may not be listed", KIND(EXISTS), CREATE, LIST, DOUBT, MAY_ASK, CONCLUSION_IN_DOUBT, DOUBTFUL, NULL,
     0},
    {"without a doubt it is somebody else's", KIND(EXISTS), CREATE, REPEAT | LOOK_UP, 0, DOUBT,
     CONCLUSION_REFUSED, DOWN, RULE_EXISTS, FIELD_EMAIL},
    {"also where it may not be listed", KIND(EXISTS), CREATE, LIST, 0, DOUBT | MAY_ASK, CONCLUSION_REFUSED,
     DOWN, RULE_EXISTS, FIELD_EMAIL},
    {"an update that meets another user is refused", KIND(EXISTS), UPDATE, EACH, 0, 0, CONCLUSION_REFUSED,
     DOWN, "refused", FIELD_NONE},

    {"a no is a refusal", KIND(REFUSED), SENDS, EACH, 0, DOUBT, CONCLUSION_REFUSED, DOWN, "refused",
     FIELD_NONE},
    {"after a doubt a no to its very bytes is one", KIND(REFUSED), SENDS, EACH, DOUBT | PROVES, CHANGED,
     CONCLUSION_REFUSED, DOWN, "refused", FIELD_NONE},
    {"after a doubt another no settles nothing", KIND(REFUSED), SENDS, EACH, DOUBT, CHANGED | PROVES,
     CONCLUSION_IN_DOUBT, DOUBTFUL, NULL, 0},
    {"nor does a no to other bytes", KIND(REFUSED), SENDS, EACH, DOUBT | CHANGED, 0, CONCLUSION_IN_DOUBT,
     DOUBTFUL, NULL, 0},
    {"a question that the provider refuses settles nothing", KIND(REFUSED), QUESTION, EACH, 0, 0,
     CONCLUSION_IN_DOUBT, DOUBTFUL, NULL, 0},

    {"a create without an answer is asked about, where one listing answers", KIND(IN_DOUBT), CREATE, LIST,
     ASKS, 0, CONCLUSION_ASK, OPEN, NULL, 0},
    {"and is never repeated there", KIND(IN_DOUBT), CREATE, LIST, 0, ASKS, CONCLUSION_IN_DOUBT, DOUBTFUL,
     NULL, 0},
    {"elsewhere it is repeated", KIND(IN_DOUBT), CREATE, REPEAT | LOOK_UP, REPEATS, 0, CONCLUSION_AGAIN,
     DOUBTFUL, NULL, 0},
    {"as often as it may be", KIND(IN_DOUBT), CREATE, REPEAT | LOOK_UP, 0, REPEATS, CONCLUSION_IN_DOUBT,
     DOUBTFUL, NULL, 0},
    {"an update without an answer is repeated everywhere", KIND(IN_DOUBT), UPDATE, EACH, REPEATS, 0,
     CONCLUSION_AGAIN, DOUBTFUL, NULL, 0},
    {"as often as that may be", KIND(IN_DOUBT), UPDATE, EACH, 0, REPEATS, CONCLUSION_IN_DOUBT, DOUBTFUL, NULL,
     0},

    {"what did nothing goes again, and is an event when it left", NOTHING_DONE, ANY, EACH, AGAIN | LEFT, 0,
     CONCLUSION_AGAIN, OPEN, NULL, 0},
    {"else the ledger need not know", NOTHING_DONE, ANY, EACH, AGAIN, LEFT, CONCLUSION_AGAIN, NOTHING, NULL,
     0},
    {"given up, it is unsent", NOTHING_DONE, ANY, EACH, 0, AGAIN | DOUBT, CONCLUSION_UNSENT, NEVER, NULL, 0},
    {"what was in doubt before stays so", NOTHING_DONE, ANY, EACH, DOUBT | LEFT, AGAIN, CONCLUSION_IN_DOUBT,
     OPEN, NULL, 0},
    {"as the ledger knows already", NOTHING_DONE, ANY, EACH, DOUBT, AGAIN | LEFT, CONCLUSION_IN_DOUBT,
     NOTHING, NULL, 0},
};

enum { RULES = sizeof rules / sizeof *rules };

static const struct conclude_limits limits = {
    .attempts = ATTEMPTS, .retry_for_ns = 600 * CLOCK_NS_PER_S, .settle = true};

/* Of the facts, by the outcome. */
static unsigned derive(enum outcome_kind kind, unsigned facts)
{
    bool is_final = kind == OUTCOME_STOP || kind == OUTCOME_WITHDRAWN;
    bool is_spent = (kind == OUTCOME_BAD_NONCE && facts & NONCES_SPENT) ||
                    (kind == OUTCOME_BAD_TOKEN && facts & TOKENS_SPENT);

    if (!(facts & (STOPPING | NO_ATTEMPT | NO_TIME)) && !is_final && !is_spent)
        facts |= AGAIN;
    if (!(facts & (STOPPING | NO_QUESTION)))
        facts |= MAY_ASK;
    if (facts & MAY_ASK && facts & SETTLE)
        facts |= ASKS;
    if (facts & AGAIN && facts & SETTLE)
        facts |= REPEATS;
    return facts;
}

/* Facts that say nothing in a situation are tried without only. */
static bool can_be(enum outcome_kind kind, unsigned operation, unsigned facts)
{
    bool can_be_left = kind != OUTCOME_WITHDRAWN;
    bool can_be_not_left = kind == OUTCOME_WITHDRAWN || kind == OUTCOME_NOT_SENT || kind == OUTCOME_STOP ||
                           kind == OUTCOME_THROTTLED /* the login was */ ||
                           kind == OUTCOME_REFUSED /* not built */;

    if (facts & LEFT ? !can_be_left : !can_be_not_left)
        return false;
    /* A question has a usable answer, which is not for conclude, or did nothing, or is refused. */
    if (operation == QUESTION && (kind == OUTCOME_DONE || kind == OUTCOME_EXISTS || kind == OUTCOME_IN_DOUBT))
        return false;
    if (operation == QUESTION && !(facts & DOUBT))
        return false;
    if (facts & CHANGED && (operation == UPDATE || !(facts & DOUBT)))
        return false;
    if (facts & PROVES && (kind != OUTCOME_REFUSED || !(facts & LEFT)))
        return false;
    return !(facts & NAMED && kind != OUTCOME_EXISTS) && !(facts & IMMUTABLE && operation != UPDATE) &&
           !(facts & NONCES_SPENT && kind != OUTCOME_BAD_NONCE) &&
           !(facts & TOKENS_SPENT && kind != OUTCOME_BAD_TOKEN);
}

static struct task make_item(enum operation operation, unsigned facts)
{
    struct task task = {.attempts = facts & NO_ATTEMPT ? ATTEMPTS : 1,
                        .bad_nonces = facts & NONCES_SPENT ? 3 : 2,
                        .settlings = facts & NO_QUESTION ? ATTEMPTS : 1,
                        .retrying_since_ns = NOW,
                        .in_doubt = facts & DOUBT,
                        .changed = facts & CHANGED,
                        .immutable = facts & IMMUTABLE ? FIELD_EMAIL : FIELD_NONE};
    task.delivery.call.operation = operation;
    task.delivery.bad_tokens = facts & TOKENS_SPENT ? 3 : 2;
    return task;
}

static struct conclusion conclude_situation(enum outcome_kind kind, enum operation operation,
                                            unsigned recovery, unsigned facts)
{
    const struct task task = make_item(operation, facts);
    struct outcome outcome = {.kind = kind, .http_status = facts & PROVES ? 422 : 404};
    const struct conclude_limits index = {.attempts = ATTEMPTS,
                                          .retry_for_ns = limits.retry_for_ns,
                                          .settle = facts & SETTLE,
                                          .doubt = (enum provider_recovery)recovery,
                                          .stopping = facts & STOPPING};

    if (kind == OUTCOME_REFUSED && !(facts & LEFT))
        outcome.http_status = 0;
    strcpy(outcome.user_id, facts & NAMED ? "u-1" : "");
    return conclude(&task, &outcome, facts & LEFT, &index,
                    facts & NO_TIME ? NOW + limits.retry_for_ns + 1 : NOW + 1, 0);
}

static const struct rule *find_rule(enum outcome_kind kind, unsigned operation, unsigned recovery,
                                    unsigned facts, uint32_t used[RULES])
{
    const struct rule *found = NULL;
    unsigned derived = derive(kind, facts);

    for (size_t i = 0; i < RULES; i++) {
        const struct rule *rule = &rules[i];
        if (!(rule->kinds & 1u << kind) || !(rule->operations & operation) ||
            !(rule->recoveries & 1u << recovery) || (derived & rule->with) != rule->with ||
            derived & rule->without)
            continue;
        if (found)
            fail_msg("two rules for %s, operations %u, recovery %s, facts%s: \"%s\" and \"%s\"",
                     outcome_word(kind), operation, recovery_words[recovery], describe_facts(facts),
                     found->sentence, rule->sentence);
        found = rule;
        used[i]++;
    }
    if (!found)
        fail_msg("no rule for %s, operations %u, recovery %s, facts%s", outcome_word(kind), operation,
                 recovery_words[recovery], describe_facts(facts));
    return found;
}

static void check_situation(enum outcome_kind kind, size_t operation, unsigned recovery, unsigned facts,
                            uint32_t used[RULES])
{
    const struct rule *rule = find_rule(kind, operations[operation].is, recovery, facts, used);
    struct conclusion got = conclude_situation(kind, operations[operation].operation, recovery, facts);
    bool same_rule =
        rule->rule ? got.rule && strcmp(got.rule, rule->rule) == 0 && got.field == rule->field : !got.rule;

    if (got.kind != rule->want || got.write != (rule->told != NOTHING) ||
        (got.write && (int)got.ledger != (int)rule->told) || !same_rule)
        fail_msg("%s (%s %s, recovery %s, facts%s): %s, ledger %s, rule %s", rule->sentence,
                 operation_word(operations[operation].operation), outcome_word(kind),
                 recovery_words[recovery], describe_facts(facts), conclusion_words[got.kind],
                 got.write ? told_words[got.ledger] : "NOTHING", got.rule ? got.rule : "none");
    if (got.event != (got.write && facts & LEFT))
        fail_msg("%s (%s, facts%s): what left and is written is an event, and nothing else", rule->sentence,
                 outcome_word(kind), describe_facts(facts));
}

static void every_situation_means_what_its_rule_says(void **state)
{
    (void)state;
    uint32_t used[RULES] = {0}, count = 0;

    for (int kind = 0; kind < KINDS; kind++)
        for (size_t operation = 0; operation < sizeof operations / sizeof *operations; operation++)
            for (unsigned recovery = 0; recovery < RECOVERIES; recovery++)
                for (unsigned facts = 0; facts < ALL_FACTS; facts++)
                    if (can_be((enum outcome_kind)kind, operations[operation].is, facts)) {
                        check_situation((enum outcome_kind)kind, operation, recovery, facts, used);
                        count++;
                    }
    for (size_t i = 0; i < RULES; i++)
        if (used[i] == 0)
            fail_msg("a rule without a situation: %s", rules[i].sentence);
    print_message("# %u situations, %d rules\n", count, RULES);
}

/* What must hold whatever the rules say: these are the promises, in the words of the README. */
static void no_situation_breaks_a_promise(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
            for (unsigned recovery = 0; recovery < RECOVERIES; recovery++)
                for (unsigned facts = 0; facts < ALL_FACTS; facts++) {
                    if (!can_be((enum outcome_kind)kind, operations[i].is, facts))
                        continue;
                    const struct conclusion whole =
                        conclude_situation((enum outcome_kind)kind, operations[i].operation, recovery, facts);
                    enum conclusion_kind got = whole.kind;
                    assert_true(!(facts & LEFT) || (whole.write && whole.event)); /* each request is logged */
                    bool is_yes = got == CONCLUSION_CREATED || got == CONCLUSION_UPDATED ||
                                  got == CONCLUSION_UPDATE_NEXT;
                    assert_true(!is_yes || kind == OUTCOME_DONE); /* nobody is created by our own word */
                    assert_true(!(facts & DOUBT) ||
                                got != CONCLUSION_UNSENT); /* what may have happened is not unsent */
                    assert_true(got != CONCLUSION_UNSENT ||
                                NOTHING_DONE & 1u << kind); /* nor anything that did something */
                    assert_true(!(facts & STOPPING) || (got != CONCLUSION_AGAIN && got != CONCLUSION_ASK));
                    assert_true(got != CONCLUSION_REFUSED ||
                                !(NOTHING_DONE & 1u << kind)); /* no 401, 429 or stop refuses */
                    assert_true(got != CONCLUSION_REFUSED || kind != OUTCOME_IN_DOUBT);
                    /* a create without an answer is never sent again where that makes a second user */
                    assert_true(got != CONCLUSION_AGAIN || kind != OUTCOME_IN_DOUBT ||
                                recovery != PROVIDER_RECOVERY_LIST || operations[i].is != CREATE);
                }
}

/* Of kraken-embed, whose repeat of a create is answered by 409: its own reading of the reply, then conclude.
 */
static void a_409_to_a_repeat_is_in_doubt_unless_it_names_a_user(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *body;
        unsigned facts;
        enum conclusion_kind want;
        const char *rule, *user_id;
    } cases[] = {
        {"of a first create it is a refusal", "{\"error\":[\"exists\"]}", SETTLE, CONCLUSION_REFUSED,
         RULE_EXISTS, ""},
        {"also when it names the user", "{\"error\":[\"exists\"],\"result\":{\"user\":\"AA95 N84G\"}}",
         SETTLE, CONCLUSION_REFUSED, RULE_EXISTS, "AA95 N84G"},
        {"of a create in doubt it proves nothing", "{\"error\":[\"exists\"]}", DOUBT | SETTLE,
         CONCLUSION_IN_DOUBT, NULL, ""},
        {"the user that it names is fetched", "{\"error\":[\"exists\"],\"result\":{\"user\":\"AA95 N84G\"}}",
         DOUBT | SETTLE, CONCLUSION_ASK, NULL, "AA95 N84G"},
        {"but not with in_doubt: hold", "{\"error\":[\"exists\"],\"result\":{\"user\":\"AA95 N84G\"}}", DOUBT,
         CONCLUSION_IN_DOUBT, NULL, "AA95 N84G"},
        {"the id of the error is not a user's", "{\"id\":\"AA95 N84G\",\"error\":[\"exists\"]}",
         DOUBT | SETTLE, CONCLUSION_IN_DOUBT, NULL, ""},
    };
    struct sample sample;

    sample_fill(&sample);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct task task = make_item(OPERATION_CREATE, cases[i].facts);
        const struct provider_reply reply = {.operation = OPERATION_CREATE,
                                             .sent = true,
                                             .complete = true,
                                             .http_status = 409,
                                             .in_doubt = task.in_doubt,
                                             .body = slice_from(cases[i].body)};
        const struct conclude_limits mine = {.attempts = ATTEMPTS,
                                             .retry_for_ns = limits.retry_for_ns,
                                             .settle = cases[i].facts & SETTLE,
                                             .doubt = kraken_embed_provider.recovery};
        struct outcome outcome;
        kraken_embed_provider.classify(&reply, &sample.record, &outcome);
        assert_int_equal(outcome.kind, OUTCOME_EXISTS);
        assert_string_equal(outcome.user_id, cases[i].user_id);
        struct conclusion got = conclude(&task, &outcome, true, &mine, NOW + 1, 0);
        if (got.kind != cases[i].want || strcmp(got.rule ? got.rule : "", cases[i].rule ? cases[i].rule : ""))
            fail_msg("%s: %s, rule %s", cases[i].sentence, conclusion_words[got.kind],
                     got.rule ? got.rule : "none");
    }
}

static void what_settles_a_doubt_means_what_the_table_says(void **state)
{
    (void)state;
    for (int settled = 0; settled <= SETTLED_UNCLEAR; settled++)
        for (unsigned facts = 0; facts < 8; facts++) { /* 1: in doubt, 2: changed, 4: can be updated */
            const struct task task = {.in_doubt = facts & 1, .changed = facts & 2};
            static const struct {
                enum conclusion_kind kind;
                enum ledger_conclusion ledger;
            } same[] = {[SETTLED_OURS] = {CONCLUSION_CREATED, LEDGER_RESULT_ACKNOWLEDGED},
                        [SETTLED_ABSENT] = {CONCLUSION_AGAIN, LEDGER_RESULT_OPEN},
                        [SETTLED_REFUSED] = {CONCLUSION_REFUSED, LEDGER_RESULT_REFUSED},
                        [SETTLED_UNCLEAR] = {CONCLUSION_IN_DOUBT, LEDGER_RESULT_IN_DOUBT}};
            enum conclusion_kind want = same[settled].kind;
            const char *rule = settled == SETTLED_REFUSED ? RULE_EXISTS : NULL;
            if (settled == SETTLED_OURS && facts & 2) { /* the user has what was journalled */
                want = facts & 4 ? CONCLUSION_UPDATE_NEXT : CONCLUSION_REFUSED;
                rule = facts & 4 ? NULL : RULE_NO_UPDATE;
            }
            struct conclusion got = conclude_settled(&task, (enum settled)settled, facts & 4);
            assert_int_equal(got.kind, want);
            assert_int_equal(got.ledger, same[settled].ledger);
            assert_true(got.write && got.event);
            assert_true(rule ? got.rule && strcmp(got.rule, rule) == 0 : !got.rule);
        }
}

static void a_record_is_tried_no_more_after_its_attempts_or_its_time(void **state)
{
    (void)state;
    const struct outcome outcome = {.kind = OUTCOME_THROTTLED, .http_status = 429};
    struct task task = make_item(OPERATION_CREATE, 0);
    task.attempts = 5;
    assert_int_equal(conclude(&task, &outcome, true, &limits, NOW, 1).kind, CONCLUSION_AGAIN);
    task.attempts = 6;
    assert_int_equal(conclude(&task, &outcome, true, &limits, NOW, 1).kind, CONCLUSION_UNSENT);
    task.attempts = 2;
    task.retrying_since_ns = NOW;
    uint64_t end = NOW + limits.retry_for_ns;
    assert_int_equal(conclude(&task, &outcome, true, &limits, end - 10, 5).kind, CONCLUSION_AGAIN);
    assert_int_equal(conclude(&task, &outcome, true, &limits, end - 10, 11).kind, CONCLUSION_UNSENT);
    assert_int_equal(conclude(&task, &outcome, true, &limits, end + 10, 0).kind, CONCLUSION_UNSENT);
}

static void what_says_nothing_about_the_record_uses_up_none_of_its_attempts(void **state)
{
    (void)state;
    const struct outcome outcome = {.kind = OUTCOME_NOT_SENT};
    struct task task = make_item(OPERATION_CREATE, NO_ATTEMPT);

    assert_int_equal(conclude(&task, &outcome, false, &limits, NOW, 1).kind, CONCLUSION_UNSENT);
    task_spare(&task, true);
    assert_int_equal(conclude(&task, &outcome, false, &limits, NOW, 1).kind, CONCLUSION_AGAIN);
    task.attempts++;
    assert_int_equal(conclude(&task, &outcome, false, &limits, NOW, 1).kind, CONCLUSION_UNSENT);
    task_restart(&task);
    assert_int_equal(task.attempts + task.spared + task.delivery.bad_tokens, 0);
}

static void three_401s_of_one_record_are_enough(void **state)
{
    (void)state;
    const struct outcome outcome = {.kind = OUTCOME_BAD_TOKEN, .http_status = 401};
    for (uint32_t count = 1; count <= 4; count++) {
        struct task task = make_item(OPERATION_CREATE, 0);
        task.delivery.bad_tokens = count;
        struct conclusion got = conclude(&task, &outcome, true, &limits, NOW, 1);
        assert_int_equal(got.kind, count < 3 ? CONCLUSION_AGAIN : CONCLUSION_UNSENT);
        assert_int_equal(conclude_is_unauthorized(&task, &outcome), count >= 3);
    }
}

static void three_bad_nonces_of_one_record_are_enough(void **state)
{
    (void)state;
    const struct outcome outcome = {.kind = OUTCOME_BAD_NONCE, .http_status = 401};
    for (uint32_t count = 1; count <= 4; count++) {
        struct task task = make_item(OPERATION_CREATE, 0);
        task.bad_nonces = count;
        struct conclusion got = conclude(&task, &outcome, true, &limits, NOW, 1);
        assert_int_equal(got.kind, count < 3 ? CONCLUSION_AGAIN : CONCLUSION_UNSENT);
    }
}

static void what_is_given_up_while_it_waits_is_unsent_or_stays_in_doubt(void **state)
{
    (void)state;
    struct task task = make_item(OPERATION_CREATE, 0);
    struct conclusion got = conclude_given_up(&task);
    assert_int_equal(got.kind, CONCLUSION_UNSENT);
    assert_true(got.write && got.ledger == LEDGER_RESULT_ABANDONED && !got.event);
    task = make_item(OPERATION_CREATE, DOUBT);
    got = conclude_given_up(&task);
    assert_int_equal(got.kind, CONCLUSION_IN_DOUBT);
    assert_false(got.write);
}

/* Whole records: every sequence of outcomes, cut anywhere, with the ledger that it leaves to the next run. */

enum {
    WALK_MAX = 3,
    WALKS_MAX = 4096,
    HTTP_OF_REFUSAL = 422, /* to the very bytes: after a doubt it proves that there is no user */
};

/* The last attempt of a walk. */
enum ending { AS_USUAL, WHILE_STOPPING, ATTEMPTS_USED_UP, WITH_HOLD, ENDINGS };

struct walk {
    enum operation operation;
    enum outcome_kind outcomes[WALK_MAX];
    size_t len;
    enum ending ending;
    enum conclusion_kind concluded;
    struct customer customer;
};

struct walks {
    struct customers customers;
    struct walk *all;
    size_t count;
    int64_t sent; /* attempts that left */
};

static const char *describe_walk(const struct walks *walks, const struct walk *walk)
{
    static const char *const endings[] = {"", ", stopping", ", no attempt left", ", in_doubt: hold"};
    static char text[160];
    size_t len = (size_t)snprintf(text, sizeof text, "%s, %s:", walks->customers.provider->name,
                                  operation_word(walk->operation));

    for (size_t i = 0; i < walk->len; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, " %s", outcome_word(walk->outcomes[i]));
    snprintf(text + len, sizeof text - len, "%s: %s", endings[walk->ending],
             conclusion_words[walk->concluded]);
    return text;
}

static bool leaves(enum outcome_kind kind)
{
    return kind != OUTCOME_NOT_SENT && kind != OUTCOME_STOP && kind != OUTCOME_WITHDRAWN;
}

/* One attempt, concluded and written as a run does. */
static struct conclusion attempt(struct walks *walks, const struct walk *walk, struct task *task,
                                 size_t index)
{
    struct fixture *fixture = walks->customers.fixture;
    bool is_last = index + 1 == walk->len;
    enum outcome_kind kind = walk->outcomes[index];
    struct outcome outcome = fixture_outcome(kind, kind == OUTCOME_EXISTS ? 409 : HTTP_OF_REFUSAL, "a_code",
                                             kind == OUTCOME_DONE ? walk->customer.user_id : "");
    const struct conclude_limits mine = {.attempts = ATTEMPTS,
                                         .retry_for_ns = limits.retry_for_ns,
                                         .settle = !is_last || walk->ending != WITH_HOLD,
                                         .doubt = walks->customers.provider->recovery,
                                         .stopping = is_last && walk->ending == WHILE_STOPPING};

    task->attempts = is_last && walk->ending == ATTEMPTS_USED_UP ? ATTEMPTS : (uint32_t)index + 1;
    struct conclusion got = conclude(task, &outcome, leaves(kind), &mine, NOW, 0);
    const struct ledger_result result = {.id = walk->customer.id,
                                         .row = 7,
                                         .operation = walk->operation,
                                         .conclusion = got.ledger,
                                         .event = got.event,
                                         .outcome = &outcome,
                                         .attempt = task->attempts,
                                         .at_ns = walk->customer.at_ns + 1 + index};
    bool taken = false;
    if (got.write && ledger_result(fixture->ledger, &result, &taken, &fixture->error) != 0)
        fail_msg("%s: %s", describe_walk(walks, walk), fixture->error.text);
    task->in_doubt = task->in_doubt || kind == OUTCOME_IN_DOUBT;
    walks->sent += leaves(kind);
    return got;
}

/* Adds the walk, and those that go on from it. */
static void add_walks(struct walks *walks, const struct walk *walk)
{
    bool is_update = walk->operation == OPERATION_UPDATE, goes_on = true;
    struct walk *added = &walks->all[walks->count++];
    struct task task = {.immutable = FIELD_NONE};
    char key[16];

    assert_true(walks->count < WALKS_MAX);
    *added = *walk;
    snprintf(key, sizeof key, "W-%zu", walks->count);
    added->customer = customers_add(&walks->customers, is_update ? UPDATE_JOURNALLED : JOURNALLED, key,
                                    (unsigned)walks->count);
    walks->sent += is_update; /* its create */
    task.delivery.call.operation = walk->operation;
    for (size_t i = 0; i < walk->len && goes_on; i++) {
        struct conclusion got = attempt(walks, added, &task, i);
        added->concluded = got.kind;
        goes_on = got.kind == CONCLUSION_AGAIN;
        if (!goes_on && i + 1 < walk->len)
            fail_msg("%s: the last attempt cannot be", describe_walk(walks, added));
    }
    /* What is in doubt where one listing resolves all is not simply sent again. */
    bool is_listed = task.in_doubt && walks->customers.provider->recovery == PROVIDER_RECOVERY_LIST;
    if (!goes_on || walk->len == WALK_MAX || walk->ending != AS_USUAL || is_listed)
        return;
    struct walk next = *walk;
    next.len++;
    for (int kind = 0; kind < KINDS; kind++)
        for (int ending = 0; ending < ENDINGS; ending++) {
            next.outcomes[next.len - 1] = (enum outcome_kind)kind;
            next.ending = (enum ending)ending;
            add_walks(walks, &next);
        }
}

static bool has_outcome(const struct walk *walk, enum outcome_kind kind)
{
    for (size_t i = 0; i < walk->len; i++)
        if (walk->outcomes[i] == kind)
            return true;
    return false;
}

/* Bits of what the next run may do with the same row. */
static unsigned next_of(const struct walk *walk, const struct provider *provider)
{
    enum outcome_kind last = walk->outcomes[walk->len - 1];
    bool in_doubt = has_outcome(walk, OUTCOME_IN_DOUBT);

    if (last == OUTCOME_DONE)
        return 1u << DECISION_UNCHANGED;
    if (last == OUTCOME_REFUSED)
        return 1u << DECISION_REFUSED;
    if (walk->operation == OPERATION_UPDATE)
        return last == OUTCOME_EXISTS ? 1u << DECISION_REFUSED : 1u << DECISION_UPDATE;
    if (last == OUTCOME_EXISTS && in_doubt && provider->recovery == PROVIDER_RECOVERY_REPEAT)
        return 1u << DECISION_HELD;
    if (last == OUTCOME_EXISTS && !in_doubt && walk->concluded != CONCLUSION_ASK)
        return 1u << DECISION_REFUSED;
    /* Sent again as a new one only if none of its requests did anything, and the run has said so. */
    if (!in_doubt && last != OUTCOME_EXISTS && walk->concluded == CONCLUSION_UNSENT)
        return 1u << DECISION_CREATE;
    return 1u << DECISION_RECONCILE;
}

static void check_walk(struct walks *walks, const struct walk *walk)
{
    struct customers *customers = &walks->customers;
    const struct decide_context context = {.index = customers->index,
                                           .ledger = customers->fixture->ledger,
                                           .job = &customers->job,
                                           .provider = customers->provider,
                                           .fingerprint = customers->fingerprint};
    size_t number = (size_t)(walk - walks->all) + 1;
    struct row_record row;
    struct decision decision;

    customers_row(customers, &row, walk->customer.key, (unsigned)number,
                  walk->operation == OPERATION_UPDATE ? ROW_PHONE : ROW_SAME);
    if (decide(&context, &row.sample.record, &customers->fixture->arena, &decision,
               &customers->fixture->error) != 0)
        fail_msg("%s", customers->fixture->error.text);
    if (!(1u << decision.kind & next_of(walk, customers->provider)))
        fail_msg("%s, then the next run decides %d", describe_walk(walks, walk), (int)decision.kind);
    if (decision.kind == DECISION_RECONCILE && decision.first_sent_at != walk->customer.at_ns)
        fail_msg("%s: the age of its key is lost", describe_walk(walks, walk));
    const char *key =
        customers->provider->recovery == PROVIDER_RECOVERY_LOOK_UP ? walk->customer.idempotency_key : "";
    if (decision.kind == DECISION_RECONCILE &&
        strcmp(decision.idempotency_key ? decision.idempotency_key : "", key) != 0)
        fail_msg("%s: its key is lost", describe_walk(walks, walk));
    if (decision.kind == DECISION_CREATE && decision.refusals != 0)
        fail_msg("%s: it would get another key", describe_walk(walks, walk));
}

static void a_run_that_ends_anywhere_leaves_what_the_next_one_takes_up(void **state)
{
    (void)state;
    static const char *const names[] = {"payward", "kraken-embed", "kira", "payso"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct walks walks = {.all = calloc(WALKS_MAX, sizeof(struct walk))};
        customers_open(&walks.customers, names[i]);
        for (unsigned j = 0; j < KINDS * ENDINGS; j++) {
            struct walk walk = {.operation = OPERATION_CREATE,
                                .outcomes = {(enum outcome_kind)(j / ENDINGS)},
                                .len = 1,
                                .ending = (enum ending)(j % ENDINGS)};
            add_walks(&walks, &walk);
            walk.operation = OPERATION_UPDATE;
            if (walks.customers.provider->can_update)
                add_walks(&walks, &walk);
        }
        customers_load(&walks.customers);
        for (size_t j = 0; j < walks.count; j++)
            check_walk(&walks, &walks.all[j]);
        assert_int_equal(
            fixture_number(walks.customers.fixture, "SELECT count(*) FROM event WHERE attempt > 0"),
            walks.sent);
        count += walks.count;
        customers_close(&walks.customers);
        free(walks.all);
    }
    print_message("# %zu walks\n", count);
}

/* A second request for the same create is only safe under a key that the provider still knows. */
static void a_create_in_doubt_is_repeated_only_where_that_makes_no_second_user(void **state)
{
    (void)state;
    enum { WINDOW_H = 24, EARLIER = 1 << 0, PROVEN = 1 << 1, UNDATED = 1 << 2, NOT_FOUND = 1 << 3 };
    static const struct {
        const char *sentence;
        unsigned recoveries;
        enum operation operation;
        bool in_doubt, changed;
        unsigned facts;
        uint64_t age_min; /* minutes since it was sent first */
        bool asks;
    } cases[] = {
        {"what is not in doubt is sent", EACH, OPERATION_CREATE, false, false, 0, 0, false},
        {"an update may be sent twice", EACH, OPERATION_UPDATE, true, false, 0, 0, false},
        {"the reference keeps a second user out, at any age", REPEAT, OPERATION_CREATE, true, false, EARLIER,
         100000, false},
        {"also with other data", REPEAT, OPERATION_CREATE, true, true, EARLIER, 0, false},
        {"nothing keeps a second user out", LIST, OPERATION_CREATE, true, false, 0, 0, true},
        {"of this run, an hour before the key is forgotten", LOOK_UP, OPERATION_CREATE, true, false, 0,
         22 * 60 + 59, false},
        {"and later", LOOK_UP, OPERATION_CREATE, true, false, 0, 23 * 60 + 1, true},
        {"of an earlier run, by the provider's clock", LOOK_UP, OPERATION_CREATE, true, false,
         EARLIER | PROVEN, 22 * 60, false},
        {"and later", LOOK_UP, OPERATION_CREATE, true, false, EARLIER | PROVEN, 23 * 60 + 1, true},
        {"of an earlier run, by our clock alone", LOOK_UP, OPERATION_CREATE, true, false, EARLIER, 1, true},
        {"of an earlier run whose clock was never compared", LOOK_UP, OPERATION_CREATE, true, false,
         EARLIER | PROVEN | UNDATED, 1, true},
        {"one key goes with one body", LOOK_UP, OPERATION_CREATE, true, true, 0, 0, true},
        {"it was looked up, and not found", LOOK_UP, OPERATION_CREATE, true, true, NOT_FOUND, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (unsigned recovery = 0; recovery < RECOVERIES; recovery++) {
            struct job job = {.provider = {.idempotency_window_ns = WINDOW_H * 3600 * CLOCK_NS_PER_S}};
            const struct provider provider = {.recovery = (enum provider_recovery)recovery};
            struct dispatcher dispatcher = {.parts = {.job = &job, .provider = &provider}};
            struct task task = {.in_doubt = cases[i].in_doubt,
                                .changed = cases[i].changed,
                                .absent = cases[i].facts & NOT_FOUND,
                                .is_undated = cases[i].facts & UNDATED};
            uint64_t age_ns = cases[i].age_min * 60 * CLOCK_NS_PER_S;
            if (!(cases[i].recoveries & 1u << recovery))
                continue;
            dispatcher.settling.clocks.has_provider = cases[i].facts & PROVEN;
            dispatcher.settling.clocks.provider_offset_ns = (int64_t)(clock_real_ns() - clock_boot_ns());
            task.delivery.call.operation = cases[i].operation;
            task.delivery.call.journalled_ns = clock_real_ns() - age_ns;
            task.sent_boot_ns = cases[i].facts & EARLIER ? 0 : clock_boot_ns();
            if (settling_is_due(&dispatcher, &task) != cases[i].asks)
                fail_msg("%s, recovery %s", cases[i].sentence, recovery_words[recovery]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_situation_means_what_its_rule_says),
        cmocka_unit_test(no_situation_breaks_a_promise),
        cmocka_unit_test(a_409_to_a_repeat_is_in_doubt_unless_it_names_a_user),
        cmocka_unit_test(what_settles_a_doubt_means_what_the_table_says),
        cmocka_unit_test(a_run_that_ends_anywhere_leaves_what_the_next_one_takes_up),
        cmocka_unit_test(a_create_in_doubt_is_repeated_only_where_that_makes_no_second_user),
        cmocka_unit_test(a_record_is_tried_no_more_after_its_attempts_or_its_time),
        cmocka_unit_test(what_says_nothing_about_the_record_uses_up_none_of_its_attempts),
        cmocka_unit_test(three_401s_of_one_record_are_enough),
        cmocka_unit_test(three_bad_nonces_of_one_record_are_enough),
        cmocka_unit_test(what_is_given_up_while_it_waits_is_unsent_or_stays_in_doubt),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("conclude", tests, NULL, NULL);
}
