/* kept_members: the members of provider.keep, from the answers of a run into the ledger.
 *
 * The answer to an update rarely has all members that the answer to the create had, so what it has is merged
 * into what the ledger holds (json_merge.h), and null removes a member. A member with which the whole would
 * be longer than the ledger's bound is left out, never cut. At the end of the run a warning names the members
 * that did not fit, and those that no answer ever had: `keep` may be misspelt. Thread: the coordinator's.
 */
#ifndef KYC_DISPATCH_KEPT_MEMBERS_H
#define KYC_DISPATCH_KEPT_MEMBERS_H

#include <stdint.h>

#include "core/error.h"
#include "dispatch/task.h"

struct dispatcher;

struct kept_members {
    uint64_t answers; /* of creates and updates that succeeded */
    uint64_t seen;    /* names that one of them had, also as null; a bit for each name of provider.keep */
    uint64_t not_kept[JOB_KEEP_MAX]; /* by name: customers whose member did not fit */
};

/* outcome.kept becomes what is kept after this answer: stored (JSON as the ledger holds it, or empty) with
 * the members that the answer has; of names that `keep` does not have any more, as they are stored.
 * LEDGER_KEPT_NOTHING when nothing is left. outcome.not_kept gets the bits of members that do not fit. */
void kept_members_add(struct kept_members *kept, const char *const *names, struct slice stored,
                      struct outcome *outcome);

/* Before an action is written: completes task.recorded.kept with what the ledger holds. Without effect unless
 * the provider acknowledged. 0, or -1 with ERROR_LEDGER. */
int kept_members_merge(struct dispatcher *dispatcher, struct task *task, const struct task_action *action,
                       struct error *error);

/* After the last answer: logs the warnings. */
void kept_members_report(const struct dispatcher *dispatcher);

#endif
