/* refresh_counts: the ledger's users by verification state, as reports have them. Thread: the ledger's. */
#ifndef KYC_DISPATCH_REFRESH_COUNTS_H
#define KYC_DISPATCH_REFRESH_COUNTS_H

#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger.h"
#include "report/refresh_report.h"
#include "report/run_stats.h"

/* Fills customers, changed and reasons. One pass over the customers, and one over those that need action or
 * are rejected. 0, or -1. */
int refresh_counts_read(struct ledger *ledger, struct refresh_stats *stats, struct error *error);

/* The same at the end of a run: fills verification. Where no state is known it takes no time. 0, or -1. */
int refresh_counts_read_run(struct ledger *ledger, struct run_stats *stats, struct error *error);

#endif
