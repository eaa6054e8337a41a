/* coordinator: decides record by record, in input order. Its thread is the only one that uses ledger and
 * report.
 *
 * Thread: the one that calls coordinator_run.
 */
#ifndef KYC_PIPELINE_COORDINATOR_H
#define KYC_PIPELINE_COORDINATOR_H

#include "dispatch/dispatcher.h"
#include "pipeline/decide.h"
#include "pipeline/ingest.h"
#include "pipeline/pipeline.h"

/* Its parts, all borrowed. */
struct coordinator_parts {
    const struct pipeline_settings *settings;
    struct ingest *ingest;
    struct coordinator_queue *queue;
    struct decide_context decide;
    struct rejects *rejects;
    struct dispatcher *dispatcher; /* NULL: a dry run */
    struct run_stats *stats;
};

/* Processes every batch and waits for the end of every task, unless the run stops. Fills in the counts of
 * stats. *ended: every record that was read was processed. Returns the exit status so far; the reason why it
 * is not 0 was logged. */
int coordinator_run(const struct coordinator_parts *parts, bool *ended);

#endif
