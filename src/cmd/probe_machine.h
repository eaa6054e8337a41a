/* probe_machine: what a job needs of this machine: input, ledger, report folder, disk space.
 *
 * Nothing is created or changed. Thread: the main one.
 */
#ifndef KYC_CMD_PROBE_MACHINE_H
#define KYC_CMD_PROBE_MACHINE_H

#include "cmd/probe_lines.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* Opens the inputs and compares their header with the job's fields and rules. */
void probe_machine_input(struct probe_lines *lines, struct job *job, const struct provider *provider);

/* Opens the ledger to be written, with its lock, for the nonce reservations; NULL when there is none yet, or
 * it is not ok. *usable: requests may be signed (a run could). Owner: ledger_close. */
struct ledger *probe_machine_ledger(struct probe_lines *lines, const struct job *job,
                                    const struct provider *provider, bool *usable);

/* Report folder and disk space. */
void probe_machine_space(struct probe_lines *lines, const struct job *job);

#endif
