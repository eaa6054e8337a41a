/* task: one customer that is being created or updated at the provider: its states, and what comes next.
 *
 * A state is what is known of the operation; task_next() alone decides the next one, and task_enter() alone
 * sets it. Between two events a task is in exactly one place (enum task_place).
 *
 *        "exists", not in doubt (1) ┌────────────┐ ours: CREATED
 *       ┌──────────────────────────►│ FIND_OWNER │ another's: REFUSED
 *       │                           └────────────┘ not clear: IN_DOUBT; no listing: UNSENT
 *   ┌────────┐ no answer ┌────────┐ "exists" ┌───────────────┐ ours: CREATED
 * ─►│ CREATE │──────────►│ REPEAT │──────(3)►│ FIND_EXISTING │ nobody, or not clear: IN_DOUBT
 *   └────────┘           └────────┘          └───────────────┘
 *     │    ▲              │(2)  ▲                    ▲ "exists"
 *     │    │              │     │ no answer          │
 *     │    │              │     └──────────────┌────────┐
 *     │    │ nobody (1)   ▼        nobody (2)  │ RESEND │
 *     │    └──────────┌──────┐────────────────►└────────┘
 *     └──────────────►│ FIND │ ours: CREATED
 *       no answer (1) └──────┘ not clear: IN_DOUBT
 *
 *   (1) only a listing recognizes a create (recovery.lists); elsewhere "exists" without doubt is REFUSED
 *   (2) users are looked up (recovery.looks_up), and the idempotency key is not certainly known any more, or
 *       the row has changed: FIND takes the place of REPEAT. There users that do not show it lead to RESEND
 *       too, if the row has not changed and by then the key is certainly known
 *   (3) if users are looked up, or the reply names the user; else IN_DOUBT
 *   A create in doubt since an earlier run begins in REPEAT, by (1) and (2) in FIND, and in FIND_EXISTING if
 *   users are looked up and the ledger records that the user exists.
 *
 * CREATE, REPEAT and RESEND: success ──► CREATED.
 *
 *   ┌────────┐ no answer ┌───────────────┐
 * ─►│ UPDATE │──────────►│ UPDATE_REPEAT │   both: success ──► UPDATED
 *   └────────┘           └───────────────┘
 *
 * The ledger has digests of the old data alone, so a create that is sent again has the row as it is now.
 * Wherever it says CREATED: if the row has changed since the create was journalled (is_superseded), the user
 * may have the old data, and the difference comes next, as an UPDATE; where nothing can be updated, it ends
 * REFUSED (record/no_update). With on_change: ignore it is CREATED all the same.
 *
 * From every state:
 * - An attempt that certainly did nothing (throttled, not sent, a stale nonce or token) leaves the state as
 *   it is, and the task waits.
 * - Without a further attempt (delivery.attempts, delivery.retry_for, the run stops) a task ends: IN_DOUBT if
 *   it is in doubt or the last attempt had no answer, else UNSENT. With in_doubt: hold it ends IN_DOUBT after
 *   the first attempt without an answer, and after "exists" in doubt.
 * - A refusal ends a task: REFUSED, if the task is not in doubt. In doubt it is REFUSED only by a 400 or 422,
 *   and only if the row has not changed: that proves that the same bytes were not carried out before;
 *   otherwise IN_DOUBT. A refused question shows nothing: IN_DOUBT.
 *
 * So a create whose answer was lost, whose repeat got 409, and whose look-up found nobody went CREATE,
 * REPEAT, FIND_EXISTING, IN_DOUBT: the provider has such a user and does not show it, so it is not sent
 * again, in this run or a later one, until a person decides (kyc-import resolve).
 *
 * Invariants:
 * - A create is sent in CREATE, REPEAT and RESEND alone; an update in UPDATE and UPDATE_REPEAT; questions in
 *   FIND, FIND_EXISTING and FIND_OWNER.
 * - In REPEAT, RESEND, FIND, FIND_EXISTING and UPDATE_REPEAT (task_is_in_doubt) an attempt may have been
 *   carried out, and the ledger has the operation in doubt, or journalled since a run that died.
 *   In no other state may an attempt of this run have been carried out. An UPDATE may continue one that an
 *   earlier run left in doubt; and after a listing proved absence the ledger has a CREATE in doubt until its
 *   next attempt, so a run that dies there lists again.
 * - Where only a listing recognizes a create (recovery.lists) REPEAT, RESEND and FIND_EXISTING do not occur;
 *   where repeating does, FIND_OWNER does not; FIND only where users are looked up or listed, RESEND only
 *   where they are looked up.
 * - is_superseded is false in CREATE, FIND_OWNER, UPDATE and UPDATE_REPEAT.
 * - A final state is never left.
 *
 * Thread: the coordinator's; the delivery is the sender's while the task is in flight. task_next: any, pure.
 * Owner: task_pool.h.
 */
#ifndef KYC_DISPATCH_TASK_H
#define KYC_DISPATCH_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/fifo.h"
#include "delivery/sender.h"
#include "dispatch/recovery.h"
#include "ledger/ledger.h"
#include "model/field.h"
#include "model/outcome.h"
#include "model/record.h"

enum task_state {
    TASK_CREATE,        /* a create that no attempt can have carried out */
    TASK_REPEAT,        /* a create in doubt: it is sent again */
    TASK_RESEND,        /* a create in doubt whose look-up found nobody: it is sent again under its key */
    TASK_FIND,          /* a create in doubt: its user is looked for */
    TASK_FIND_EXISTING, /* the same, and the provider has replied that such a user exists */
    TASK_FIND_OWNER,    /* a create not in doubt, to which the provider has replied that such a user exists */
    TASK_UPDATE,        /* an update that no attempt can have carried out */
    TASK_UPDATE_REPEAT, /* an update in doubt: it is sent again */
    /* Final, and how the record is counted: */
    TASK_CREATED,
    TASK_UPDATED,
    TASK_REFUSED,
    TASK_IN_DOUBT, /* not resolved in this run */
    TASK_UNSENT,   /* certainly not carried out, given up in this run */
    TASK_STATES
};

/* Where a task is between two events. */
enum task_place {
    TASK_NOWHERE,   /* in the hands of the dispatcher */
    TASK_READY,     /* journalled; submitted after the next commit */
    TASK_IN_FLIGHT, /* the sender has its delivery: a create, an update, a look-up or fetch */
    TASK_BACKOFF,   /* in the backoff queue until due_ns */
    TASK_LISTING,   /* reconcile has it: it waits for a listing, or is compared with one */
    TASK_ENDED,     /* final; counted after the next commit */
};

struct question; /* of reconcile.h */

struct task {
    struct delivery delivery; /* first: a delivery that comes back is its task */
    struct arena arena;
    struct record *record; /* a copy, in the arena */
    int64_t customer;
    enum task_state state; /* set by task_enter */
    enum task_place place;

    /* Constant for the operation. */
    enum field_id immutable;     /* of UPDATE: a change beside it that cannot be sent; FIELD_NONE: none */
    bool is_superseded;          /* the row has changed since an earlier run journalled the create */
    uint64_t journalled_ns;      /* of a create: real ns when it was journalled first: the age of its key */
    uint64_t journalled_boot_ns; /* of a create: clock_boot_ns when this run journalled it; 0: an earlier run
                                    did */
    bool is_undated;             /* an earlier run did, without comparing its clock with the provider's */

    /* Of this run. */
    uint32_t attempts; /* since the last task_restart */
    uint32_t spared;   /* of these, not counted against delivery.attempts: task_spare */
    uint32_t bad_nonces;
    bool is_retried;            /* dispatcher_set_retried */
    uint32_t question_count;    /* look-ups or listings so far */
    uint64_t retrying_since_ns; /* monotonic; 0: not yet */
    uint64_t due_ns;            /* monotonic: of the next attempt or listing */
    struct question *question;  /* of reconcile; NULL: none */

    /* What the ledger stores and the report shows: the reply, and how the action reads it. */
    struct outcome recorded;
    enum field_id field; /* of REFUSED: reported as FIELD/RULE */
    const char *rule;
    uint64_t left_out;   /* members that the provider did not apply, as ledger_result.left_out */
    uint64_t warned;     /* what the provider warned of, as outcome.warned */
    const char *warning; /* and its text, masked, in the arena; NULL: none */

    size_t bytes;
    struct fifo_link link; /* of the list of its place */
};

/* Which user a create in doubt has made, as reconcile answers it. */
enum task_finding {
    TASK_FOUND_OURS,    /* this one */
    TASK_FOUND_NOBODY,  /* none was found: by a listing, proven */
    TASK_FOUND_OTHER,   /* of FIND_OWNER: the user that exists is not proven to be this customer's */
    TASK_FOUND_UNCLEAR, /* the users found do not show it */
};

enum task_event_kind {
    TASK_EVENT_REPLY,      /* an attempt returned; of a question: without a usable answer */
    TASK_EVENT_UNREADABLE, /* a question succeeded, and its answer cannot be read */
    TASK_EVENT_MORE,       /* an answer was read; another question is needed */
    TASK_EVENT_FOUND,      /* the last answer was read, and shows this */
    TASK_EVENT_UNANSWERED, /* no listing answered, and none will in this run */
    TASK_EVENT_GIVEN_UP,   /* the run stops while the task waits */
};

struct task_event {
    enum task_event_kind kind;
    const struct outcome *outcome; /* of all but GIVEN_UP: the reply */
    bool sent;                     /* of REPLY and UNREADABLE: a byte of the request may have left */
    enum task_finding finding;     /* of FOUND */
    const char *user_id;           /* of TASK_FOUND_OURS */
    const char *code;              /* of TASK_FOUND_UNCLEAR: why */
};

struct task_policy {
    const struct recovery *recovery;
    uint32_t attempts; /* delivery.attempts: of a record, and of its questions */
    uint64_t retry_for_ns;
    bool resolves; /* in_doubt: settle; else hold */
    bool can_update;
    bool ignores_changes; /* on_change: ignore: a user keeps the data that it was created with */
    bool stopping;        /* no further attempt, whatever the reply */
    bool key_known;       /* of recovery.looks_up: the provider certainly remembers the idempotency key */
    uint64_t now_ns;      /* monotonic */
    uint64_t wait_ns;     /* the backoff before another attempt */
};

/* What is done after the ledger was written. */
enum task_step {
    TASK_STEP_END,     /* next is final */
    TASK_STEP_SEND,    /* the request of next is sent after the commit */
    TASK_STEP_WAIT,    /* the same request again after delay_ns */
    TASK_STEP_ASK,     /* reconcile asks which user it is */
    TASK_STEP_JOURNAL, /* the create is sent again with the row's new data, if the row has changed */
    TASK_STEP_UPDATE,  /* the user exists, and the row has changed: the difference is journalled as an update;
                          CREATED if there is none or the run stops */
};

struct task_action {
    enum task_state next;
    enum task_step step;
    uint64_t delay_ns; /* of TASK_STEP_WAIT */
    /* The ledger change. */
    bool write;                    /* an attempt or a conclusion is written: */
    enum ledger_conclusion ledger; /* as this */
    bool event;                    /* with an event: the request was sent */
    /* How it is recorded and reported, where that is not as the provider replied. */
    bool is_reread;             /* the outcome is recorded as: */
    enum outcome_kind as;       /* this, */
    const char *user_id;        /* with this user; NULL: none */
    const char *code, *message; /* NULL: those of the reply */
    bool exists;                /* the code begins with TASK_CODE_EXISTS */
    enum field_id field;        /* of TASK_REFUSED: FIELD/RULE */
    const char *rule;
};

enum { TASK_BAD_NONCES_MAX = 3, TASK_BAD_TOKENS_MAX = 3 };

/* The beginning of the codes that the ledger gets in FIND_EXISTING, where users are looked up, so that a
 * later run begins there too; and of that of a reply "exists" in doubt which named the user, so that a later
 * run has it named again. */
#define TASK_CODE_EXISTS "exists_"

/* task: as before the event, but attempts, spared and bad_nonces count its attempt. Asserts that the event
 * can happen in this state. */
struct task_action task_next(const struct task *task, const struct task_event *event,
                             const struct task_policy *policy);

/* Sets the state; asserts that the diagram has this transition. */
void task_enter(struct task *task, enum task_state next);
/* Sets the place, when the task enters or leaves the list of it; asserts that it is not in another one. */
void task_move(struct task *task, enum task_place place);
/* The first state of a task; asserts that it is none that only an event leads to. */
void task_begin(struct task *task, enum task_state first);

/* True while an attempt may have been carried out and is not resolved (see the invariants). */
bool task_is_in_doubt(enum task_state state);
bool task_is_final(enum task_state state);
/* True if a create in doubt must not be repeated before its users were looked for: it is too old, or its row
 * has changed, or nothing but a listing recognizes it. */
bool task_must_find(bool is_superseded, const struct task_policy *policy);
/* True for the last 401 that a record may get: the login's tokens work for other records. It is left unsent;
 * a record is never refused for a 401. */
bool task_is_unauthorized(const struct task *task, const struct outcome *outcome);
/* `create`, `find_existing`, …: for the log. */
const char *task_state_word(enum task_state state);

/* A new request for the same record: its attempts are counted from 0. */
void task_restart(struct task *task);
/* The attempt that has just been counted is not about the record: the breaker's probe, or an expired token.
 * It does not count for delivery.attempts nor, if restarted, for delivery.retry_for: the breaker has its own.
 */
void task_spare(struct task *task, bool restarted);

#endif
