/* dispatcher_event: what one event of a task leads to: task_next() decides, the ledger is written, the stop
 * policy counts, and the task moves on.
 *
 * All functions return 0, or -1 with ERROR_LEDGER. Thread: the coordinator's, between ledger_begin and
 * ledger_commit.
 */
#ifndef KYC_DISPATCH_DISPATCHER_EVENT_H
#define KYC_DISPATCH_DISPATCHER_EVENT_H

#include "core/error.h"
#include "dispatch/changes.h"
#include "dispatch/task.h"

struct dispatcher;

/* What task_next() may do with this task now. wait_ns: the backoff before another attempt. */
struct task_policy dispatcher_event_policy(const struct dispatcher *dispatcher, const struct task *task,
                                           uint64_t wait_ns);

/* From the decision to its consequences. The task is in no place, and is in one after it; after -1 it may be
 * in none. */
int dispatcher_event_handle(struct dispatcher *dispatcher, struct task *task, const struct task_event *event,
                            uint64_t wait_ns, struct error *error);

/* Begins to find out which user the task has, with a first question or a listing. earlier: in doubt since an
 * earlier run. */
int dispatcher_event_ask(struct dispatcher *dispatcher, struct task *task, bool earlier, struct error *error);

/* Makes the task an update of what changed, and journals it. user_id, former_key: as in struct provider_call,
 * in the task's arena. */
int dispatcher_event_update(struct dispatcher *dispatcher, struct task *task, const char *user_id,
                            const char *former_key, const struct changes *changes, struct error *error);

#endif
