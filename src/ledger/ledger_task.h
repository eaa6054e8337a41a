/* ledger_task: the links and documents of customers: journalled before they are sent, and their results.
 *
 * A task's states and changes are in ledger_task_apply.h. Each change is an event `link` or `document` of the
 * customer, whose `row` is the task and whose seal is that of the task's row; event.outcome is that of an
 * attempt or journalled, repeated, renewed, done, refused, in_doubt, abandoned or erased. Thread: the
 * ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_TASK_H
#define KYC_LEDGER_LEDGER_TASK_H

#include "ledger/ledger.h"

/* The task of this customer, kind and slot: 1 found, 0 not, -1. A task that is open
 * (ledger_task_is_open) may have been carried out. Slices are in the arena, and end in a NUL. */
int ledger_find_task(struct ledger *ledger, int64_t customer, enum ledger_task_kind kind, struct slice slot,
                     struct arena *arena, struct ledger_task *task, struct error *error);

/* A task before its first attempt. */
struct ledger_task_intent {
    int64_t customer; /* with a user */
    enum ledger_task_kind kind;
    struct slice slot;            /* may be empty: the only one of its kind */
    struct slice digest;          /* of what is sent, and to which user: keyed; empty: none */
    struct slice idempotency_key; /* empty: none */
    uint64_t at_ns;               /* real ns */
};

/* Makes or finds the task and journals it; *id: the task. An open task with the same digest is repeated: it
 * keeps the idempotency key that it has (read it with ledger_find_task first), and is in doubt from then on.
 * A document that is done with the same digest is a bug of the caller (assert). Between begin and commit, and
 * the commit before the request is sent. 0, or -1. */
int ledger_task_journal(struct ledger *ledger, const struct ledger_task_intent *intent, int64_t *id,
                        struct error *error);

/* One attempt that was sent, or a conclusion without one (event false), as struct ledger_result. */
struct ledger_task_result {
    int64_t id; /* of the task */
    enum ledger_conclusion conclusion;
    bool event;
    const struct outcome *outcome; /* NULL: only a conclusion, and not of an acknowledgement */
    uint32_t attempt;              /* 1, 2, … of this task as journalled last */
    uint32_t latency_ms;
    uint64_t at_ns; /* real ns */
};

/* An acknowledged link sets the customer's link_at, with an event `verification` of its own. Between begin
 * and commit. 0, or -1. */
int ledger_task_result(struct ledger *ledger, const struct ledger_task_result *result, struct error *error);

/* Every task of a kind in id order, valid during the call; each returns false to end it. 0, or -1. */
int ledger_each_task(struct ledger *ledger, enum ledger_task_kind kind,
                     bool (*each)(void *context, const struct ledger_task *task), void *context,
                     struct error *error);

#endif
