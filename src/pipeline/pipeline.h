/* pipeline: processes records from the files to the provider: check and run are the same, without and with a
 * dispatcher.
 *
 * Threads: source, reader, rule workers, sender, signals; the calling thread is the coordinator.
 */
#ifndef KYC_PIPELINE_PIPELINE_H
#define KYC_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/job.h"
#include "pipeline/input_snapshot.h"
#include "pipeline/shard_check.h"
#include "provider/provider.h"
#include "report/metrics.h"
#include "report/run_stats.h"

struct pipeline_settings {
    struct job *job; /* changed only before its input is read: `fields: auto` */
    const struct provider *provider;
    bool send;           /* run; else check */
    uint64_t limit;      /* records of input; 0: all */
    bool retry_refused;  /* repeat what the provider refused */
    bool accept_updates; /* continue above delivery.stop_after.updated_share */
    bool new_ledger;     /* continue with a ledger that is missing, or older than at its last run */
    const struct input_snapshot *snapshot; /* of both passes of --strict; NULL: one pass */
    bool is_first_pass;                    /* of two; send is false */
    struct metrics *metrics;               /* of a run, updated while it goes on; else NULL */
    /* Writes the report, while the ledger is still held, and returns the exit status: this one, or a worse
     * one, which the ledger then has too. NULL: the caller writes it. */
    int (*report)(void *context, struct run_stats *stats, int status);
    void *report_context;
    struct shard_check
        *shard; /* of a check of some inputs; NULL: of all. Filled in, unless it did not start */
};

/* Not an exit status: the end of a first pass in which every row is valid. Nothing was written or reported,
 * and stats->finished_ns is 0. */
enum { PIPELINE_ALL_VALID = -1 };

/* Runs until the end or until it is stopped. Fills in stats and writes the reject files; logs its messages.
 * Returns the exit status (error.h), or PIPELINE_ALL_VALID. A first pass that ends otherwise counts every
 * valid row as unsent. */
int pipeline_run(const struct pipeline_settings *settings, struct run_stats *stats);

#endif
