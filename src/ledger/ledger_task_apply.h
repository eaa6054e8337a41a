/* ledger_task_apply: the states of a task (a link or a document of a customer) and the row after each change.
 *
 *               REPEAT, IN_DOUBT, RETRY of an attempt in doubt
 *              .-----------------------------------------------.
 *  JOURNAL     |                                               v
 *  -------> JOURNALLED ------ ABANDON ------> UNSENT       IN_DOUBT
 *            ^   |                               |           |   |
 *            |   |-- ACKNOWLEDGE --> DONE <------|-----------'   |
 *            |   '-- REFUSE --> REFUSED <--------|---------------'
 *            '---- RENEW ---- any of these ------'
 *
 * REPEAT sends the same again under the same idempotency key; ABANDON leaves a task IN_DOUBT that may have
 * been carried out before. RENEW sends something else (another digest), what was refused or unsent, or a link
 * for another need; never a document that the provider has. ERASE ends in ERASED. A pair of row and change
 * that is not in the table (ledger_task_apply_allows) is a bug of the caller: an assertion. Thread: any.
 */
#ifndef KYC_LEDGER_LEDGER_TASK_APPLY_H
#define KYC_LEDGER_LEDGER_TASK_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger_row.h"
#include "model/outcome.h"

enum ledger_task_change_kind {
    LEDGER_TASK_CHANGE_JOURNAL, /* of a new row, which has id, customer, kind and slot */
    LEDGER_TASK_CHANGE_REPEAT,
    LEDGER_TASK_CHANGE_RENEW,
    LEDGER_TASK_CHANGE_RETRY, /* an attempt failed, and the task continues */
    LEDGER_TASK_CHANGE_ACKNOWLEDGE,
    LEDGER_TASK_CHANGE_REFUSE,
    LEDGER_TASK_CHANGE_IN_DOUBT, /* given up, and it may have been carried out */
    LEDGER_TASK_CHANGE_ABANDON,  /* given up, and its last attempt did nothing */
    LEDGER_TASK_CHANGE_ERASE,    /* everything but id, customer, kind and times is removed */
    LEDGER_TASK_CHANGE_KINDS
};

struct ledger_task_change {
    enum ledger_task_change_kind kind;
    uint64_t at_ns;                       /* real ns */
    struct slice digest, idempotency_key; /* JOURNAL, RENEW; empty: none */
    const struct outcome *outcome; /* of the results; NULL: no attempt, and the last one's columns stay */
    bool is_sent;                  /* it left */
    uint32_t attempt;              /* 1, 2, … */
    struct slice slot;             /* ERASE: what is stored in its place */
};

bool ledger_task_apply_allows(const struct ledger_task *row, const struct ledger_task_change *change);
/* The row after the change. Slices borrow from before, change and change->outcome. */
struct ledger_task ledger_task_apply(const struct ledger_task *before,
                                     const struct ledger_task_change *change);
/* The outcome of the event of this change: a constant word. */
const char *ledger_task_change_outcome(const struct ledger_task_change *change);

#endif
