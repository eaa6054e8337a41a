/* coordinator: the one thread that decides: in input order, record by record; the only one that touches
 * ledger and report.
 *
 * Thread: the one that calls coordinator_run.
 */
#ifndef KYC_PIPELINE_COORDINATOR_H
#define KYC_PIPELINE_COORDINATOR_H

#include "pipeline/decide.h"
#include "pipeline/ingest.h"
#include "pipeline/pipeline.h"
#include "pipeline/sending.h"

/* What it works with, all borrowed. */
struct coordinator_parts {
    const struct pipeline_settings *settings;
    struct ingest *ingest;
    struct inbox *inbox;
    struct decide_context decide;
    struct rejects *rejects;
    struct sending *sending; /* NULL: a dry run */
    struct run_stats *stats;
};

/* Takes every batch to its end and every item to its conclusion, or stops. Fills in the tally's counts.
 * *ended: all that was read was taken. Returns the exit status so far; why it is not 0 went to the log. */
int coordinator_run(const struct coordinator_parts *parts, bool *ended);

#endif
