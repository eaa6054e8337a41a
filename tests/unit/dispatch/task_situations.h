/* task_situations: the states, recoveries and events of tasks, and which of them occur together.
 *
 * Thread: any; constant. Source: the invariants of dispatch/task.h.
 */
#ifndef KYC_TESTS_TASK_SITUATIONS_H
#define KYC_TESTS_TASK_SITUATIONS_H

#include "dispatch/task.h"
#include "unit/dispatch/customers.h"

enum { KINDS = OUTCOME_WITHDRAWN + 1 };

#define STATE(state) (1u << TASK_##state)

/* States. */
enum {
    CREATES = STATE(CREATE) | STATE(REPEAT) | STATE(RESEND),
    REPEATED = STATE(REPEAT) | STATE(RESEND),
    UPDATES = STATE(UPDATE) | STATE(UPDATE_REPEAT),
    SENDS = CREATES | UPDATES,
    QUESTIONS = STATE(FIND) | STATE(FIND_EXISTING) | STATE(FIND_OWNER),
    OPEN_STATES = SENDS | QUESTIONS,
    FIRST_STATES = STATE(CREATE) | STATE(REPEAT) | STATE(FIND) | STATE(FIND_EXISTING) | STATE(UPDATE),
    FINAL_STATES = STATE(CREATED) | STATE(UPDATED) | STATE(REFUSED) | STATE(IN_DOUBT) | STATE(UNSENT),
    DOUBTFUL_STATES = REPEATED | STATE(FIND) | STATE(FIND_EXISTING) | STATE(UPDATE_REPEAT),
};

/* How a provider lets a create in doubt be resolved. */
enum { REPEAT = 1, LOOK_UP = 2, LIST = 4, EACH = REPEAT | LOOK_UP | LIST };

static const struct recovery_case {
    const char *word;
    unsigned is;
    struct recovery recovery;
    unsigned states; /* that occur there */
} recoveries[] = {
    {"REPEAT", REPEAT, {.repeats = true}, STATE(CREATE) | STATE(REPEAT) | STATE(FIND_EXISTING) | UPDATES},
    {"LOOK_UP", LOOK_UP, {.repeats = true, .looks_up = true}, OPEN_STATES & ~STATE(FIND_OWNER)},
    {"LIST", LIST, {.lists = true}, STATE(CREATE) | STATE(FIND) | STATE(FIND_OWNER) | UPDATES},
};

enum { RECOVERIES = sizeof recoveries / sizeof *recoveries };

/* An event: the kind of a reply, or one of these. */
enum input { UNREADABLE = KINDS, MORE, OURS, NOBODY, OTHER, UNCLEAR, UNANSWERED, GIVEN, INPUTS };

#define KIND(kind)   (1u << OUTCOME_##kind)
#define INPUT(input) (1u << (input))
#define NOTHING_DONE                                                                                         \
    (KIND(NOT_SENT) | KIND(THROTTLED) | KIND(BAD_NONCE) | KIND(BAD_TOKEN) | KIND(STOP) | KIND(WITHDRAWN))
#define REPLIES     (INPUT(KINDS) - 1)
#define FINDINGS    (INPUT(OURS) | INPUT(NOBODY) | INPUT(OTHER) | INPUT(UNCLEAR))
#define OF_QUESTION (INPUT(UNREADABLE) | INPUT(MORE) | FINDINGS)

static inline bool is_in(enum task_state state, unsigned states)
{
    return states >> state & 1;
}

static const char *const input_words[] = {
    "UNREADABLE", "MORE", "OURS", "NOBODY", "OTHER", "UNCLEAR", "UNANSWERED", "GIVEN_UP",
};

static inline const char *input_word(unsigned input)
{
    return input < KINDS ? outcome_word((enum outcome_kind)input) : input_words[input - KINDS];
}

/* Whether an event can be one of this state. The answer to a listing is not a task's. */
static inline bool can_happen(unsigned input, enum task_state state, const struct recovery_case *recovery)
{
    bool is_question = is_in(state, QUESTIONS), is_listing = is_question && recovery->is == LIST;
    unsigned bit = INPUT(input);

    if (!is_in(state, recovery->states))
        return false;
    if (bit & INPUT(GIVEN))
        return true;
    if (!is_question)
        return bit & REPLIES;
    if (bit & INPUT(OTHER))
        return state == TASK_FIND_OWNER;
    if (bit & INPUT(NOBODY))
        return state != TASK_FIND_OWNER;
    if (bit & FINDINGS)
        return true;
    return is_listing ? bit & INPUT(UNANSWERED) : bit & (NOTHING_DONE | KIND(REFUSED) | OF_QUESTION);
}

/* outcome: borrowed. */
static inline struct task_event make_event(unsigned input, bool left, const struct outcome *outcome)
{
    struct task_event event = {.outcome = outcome, .sent = left};

    event.kind = input < KINDS         ? TASK_EVENT_REPLY
                 : input == UNREADABLE ? TASK_EVENT_UNREADABLE
                 : input == MORE       ? TASK_EVENT_MORE
                 : input == UNANSWERED ? TASK_EVENT_UNANSWERED
                 : input == GIVEN      ? TASK_EVENT_GIVEN_UP
                                       : TASK_EVENT_FOUND;
    if (input == GIVEN)
        event.outcome = NULL;
    if (event.kind == TASK_EVENT_FOUND) {
        event.finding = (enum task_finding)(input - OURS);
        event.user_id = input == OURS ? "u-ours" : NULL;
        event.code = input == UNCLEAR ? "user_differs" : "";
    }
    return event;
}
_Static_assert(UNCLEAR - OURS == (int)TASK_FOUND_UNCLEAR, "in the order of enum task_finding");

#endif
