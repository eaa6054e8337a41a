/* follow: the rate holds over everything that asks the provider for one job, not only over one process.
 *
 * The limiter knows this process alone, and the provider's windows know no processes: whoever begins right
 * after another one, or after one that was killed, nobody knows when, keeps a distance. Thread: the ledger's.
 */
#ifndef KYC_PIPELINE_FOLLOW_H
#define KYC_PIPELINE_FOLLOW_H

#include "core/error.h"
#include "delivery/sender.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* Before sender_run: sets the distance when the ledger says that one is needed. 0, or -1. */
int follow_last(struct sender *sender, struct ledger *ledger, const struct job *job,
                const struct provider *provider, struct error *error);

#endif
