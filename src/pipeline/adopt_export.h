/* adopt_export: the records of an export that adopt compares with the provider's users.
 *
 * The input is read as a check reads it, and each valid record is looked up in the ledger. Records without a
 * user go into the plan; of the others it is counted what a run would do. Nothing is sent or written. Thread:
 * the calling one is the coordinator.
 */
#ifndef KYC_PIPELINE_ADOPT_EXPORT_H
#define KYC_PIPELINE_ADOPT_EXPORT_H

#include <stdint.h>

#include "core/error.h"
#include "dispatch/adopt_plan.h"
#include "dispatch/coordinator_queue.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

struct adopt_export_parts {
    struct job *job;
    const struct provider *provider;
    struct ledger *ledger; /* NULL: there is none */
    const uint8_t *key;    /* of the digests: the ledger's, without one any */
    uint64_t limit;        /* records of input; 0: all */
    /* Of adopt_export_queue; an interrupt of it, or a readable stop_fd, ends the reading. */
    struct coordinator_queue *queue;
    int stop_fd;
};

struct adopt_export_counts {
    uint64_t read, skipped, rejected;
    uint64_t unchanged, update, refused; /* of the records with a user: what a run would do */
};

/* A queue with room for the batches of adopt_export_read; owner: the caller, coordinator_queue_free. */
struct coordinator_queue *adopt_export_queue(void);

/* 0; or -1 with an error, ERROR_INTERRUPTED included, or because the input broke off. */
int adopt_export_read(const struct adopt_export_parts *parts, struct adopt_plan *plan,
                      struct adopt_export_counts *counts, struct error *error);

#endif
