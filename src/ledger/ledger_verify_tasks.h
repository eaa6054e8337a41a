/* ledger_verify_tasks: the tasks of a verification: the last event of each, compared with its row.
 *
 * Events come first, in their order, then rows, in the order of their ids. Thread: the ledger's. Owner: zeros
 * are an empty one; clear.
 */
#ifndef KYC_LEDGER_LEDGER_VERIFY_TASKS_H
#define KYC_LEDGER_LEDGER_VERIFY_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger_verify_rows.h"

/* A task as its last event, or its row, has it. */
struct ledger_verify_task {
    int64_t customer, event; /* event 0: none */
    struct ledger_seal seal;
};

struct ledger_verify_tasks {
    struct ledger_verify_task *tasks; /* by id from 1, of their last events */
    int64_t count, capacity;
    int64_t last; /* of the rows */
    uint64_t rows;
};

/* An event of a task; its id is at least 1. is_new: it is the one that made the row. What is wrong with it: a
 * constant text, or NULL. */
const char *ledger_verify_tasks_event(struct ledger_verify_tasks *tasks, int64_t id,
                                      const struct ledger_verify_task *event, bool is_new);
/* A row, and the end of the rows: add gets each finding (last->customer 0: not known). */
typedef void ledger_verify_tasks_add(void *context, int64_t task, const struct ledger_verify_task *last,
                                     const char *text);
void ledger_verify_tasks_row(struct ledger_verify_tasks *tasks, int64_t id,
                             const struct ledger_verify_task *row, ledger_verify_tasks_add *add,
                             void *context);
void ledger_verify_tasks_end(struct ledger_verify_tasks *tasks, ledger_verify_tasks_add *add, void *context);
void ledger_verify_tasks_clear(struct ledger_verify_tasks *tasks);

#endif
