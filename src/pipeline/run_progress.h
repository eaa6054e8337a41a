/* run_progress: the progress of a check or a run.
 *
 * How many of the records that were not read yet need a request is expected from the ledger: customers that
 * it knows and that this input has not had yet need one as often as those before, all other records are new.
 * Thread: the coordinator's. */
#ifndef KYC_PIPELINE_RUN_PROGRESS_H
#define KYC_PIPELINE_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatch/dispatcher.h"
#include "pipeline/customer_index.h"
#include "pipeline/ingest.h"
#include "report/progress.h"
#include "report/run_stats.h"

/* All borrowed. */
struct run_progress_parts {
    const struct run_stats *stats;
    const struct ingest *ingest;
    const struct customer_index *index;
    struct dispatcher *dispatcher; /* NULL: a dry run */
};

struct run_progress {
    struct run_progress_parts parts;
    struct progress progress;
    uint64_t read, read_ns; /* records that had been read, and when their number was new */
    uint64_t sent, sent_ns; /* the same of the records that needed a request */
};

/* Where the coordinator is. */
struct run_progress_now {
    uint64_t compared, changed; /* known customers, and those of them that changed */
    bool ended;                 /* every record was read */
    bool drops;                 /* requests in flight are dropped */
};

void run_progress_start(struct run_progress *run, const struct run_progress_parts *parts, uint64_t now_ns);
/* Shows the counts if it is time. Returns the monotonic time of the next call; UINT64_MAX: none. */
uint64_t run_progress_show(struct run_progress *run, const struct run_progress_now *now, uint64_t now_ns);
void run_progress_end(struct run_progress *run);

#endif
