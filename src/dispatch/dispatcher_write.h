/* dispatcher_write: every change of customers and events that a run makes to the ledger.
 *
 * Nothing else below `run` writes them. After a failure of the ledger nothing is written any more. All
 * functions return 0, or -1 with ERROR_LEDGER, and are called between ledger_begin and ledger_commit. Thread:
 * the coordinator's.
 */
#ifndef KYC_DISPATCH_DISPATCHER_WRITE_H
#define KYC_DISPATCH_DISPATCHER_WRITE_H

#include "core/error.h"
#include "dispatch/changes.h"
#include "dispatch/task.h"

struct dispatcher;

/* Journals the create of a task with the record's data; an operation without a journal entry must not be
 * sent, so a failure stops the round. */
int dispatcher_write_create(struct dispatcher *dispatcher, struct task *task, struct error *error);
/* Journals an update of what changed. */
int dispatcher_write_update(struct dispatcher *dispatcher, struct task *task, const struct changes *changes,
                            struct error *error);
/* Journals that a create in doubt is sent again with the record's new data: the user may have either.
 * changes: NULL: the user is proven absent, so that it will have the new data alone. */
int dispatcher_write_superseded(struct dispatcher *dispatcher, struct task *task,
                                const struct changes *changes, struct error *error);

/* Writes an attempt and its conclusion, as task->recorded says (has_outcome; else a conclusion alone). Where
 * another customer owns the user, or nothing can be written any more, the action becomes that of a task that
 * ends in doubt. */
int dispatcher_write_action(struct dispatcher *dispatcher, struct task *task, bool has_outcome,
                            struct task_action *action, struct error *error);

/* The refusals that stopped the run are not final: the next run sends these customers again. */
int dispatcher_write_forgotten(struct dispatcher *dispatcher, const int64_t *customers, size_t count,
                               struct error *error);
/* The rest of the canary, which belongs to the ledger, not to a run: the next run continues it. */
int dispatcher_write_canary(struct dispatcher *dispatcher, struct error *error);

#endif
