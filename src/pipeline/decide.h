/* decide: compares a valid record with the ledger and decides what is done. The same for a dry run and a run.
 *
 * Thread: the coordinator's.
 */
#ifndef KYC_PIPELINE_DECIDE_H
#define KYC_PIPELINE_DECIDE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/error.h"
#include "dispatch/decision.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "model/record.h"
#include "pipeline/customer_index.h"
#include "provider/provider.h"

struct decide_context {
    struct customer_index *index;
    struct ledger *ledger; /* NULL: a dry run without one; every customer is new */
    const struct job *job;
    const struct provider *provider;
    struct fingerprint *fingerprint; /* NULL without a ledger */
    bool retry_refused;
    bool is_dry; /* nothing is journalled: the index marks the customers that would be created */
};

/* For a record that was not rejected, whose external_id was marked. May add warnings (FIELD/no_clear) to it.
 * 0, or -1 with ERROR_LEDGER. */
int decide(const struct decide_context *context, struct record *record, struct arena *arena,
           struct decision *decision, struct error *error);

/* Adds the customer whose row decide() will read, or what follows from it will write. */
void decide_want(const struct decide_context *context, const struct record *record,
                 struct ledger_wanted *wanted);

#endif
