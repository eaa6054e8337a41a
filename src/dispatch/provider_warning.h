/* provider_warning: turns a provider's warnings about a success into warnings of its record.
 *
 * The answer to a successful create or update may have warnings, and that to an update may list the updated
 * members without one that was sent. The record counts as created or updated with the warning
 * FIELD/provider_warning. A member that was left out keeps its old digest, so that the next run sends it once
 * more; left out again with the same value it counts as applied. A member that an update in doubt may have
 * changed already may be missing in the answer (changes_evaluate_left_out). Thread: the coordinator's.
 */
#ifndef KYC_DISPATCH_PROVIDER_WARNING_H
#define KYC_DISPATCH_PROVIDER_WARNING_H

#include "core/error.h"
#include "dispatch/task.h"

struct dispatcher;

/* Before an action is written: sets task.left_out for the ledger and task.warned for the report, and code and
 * message of task.recorded where members were left out. Without effect unless the provider acknowledged. 0,
 * or -1 with ERROR_LEDGER. */
int provider_warning_evaluate(struct dispatcher *dispatcher, struct task *task,
                              const struct task_action *action, struct error *error);

/* After the commit: counts the record as warned, and each field under its rule. */
void provider_warning_count(struct dispatcher *dispatcher, const struct task *task);

#endif
