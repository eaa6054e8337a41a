/* ingest: from the input files to batches of validated records: source thread, reader thread, rule workers.
 *
 * A fixed number of batches is recycled; when none is free the reader waits. That is the back-pressure, and
 * the reason why memory does not grow with the input. Thread: all functions are the coordinator's. Owner:
 * open/close.
 */
#ifndef KYC_PIPELINE_INGEST_H
#define KYC_PIPELINE_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/coordinator_queue.h"
#include "input/reader.h"
#include "ledger/fingerprint.h"
#include "model/job.h"
#include "pipeline/shard_check.h"
#include "rules/rule_set.h"

struct ingest;

/* Opens the job's inputs and reads their headers. Borrows the job, and stop_fd, an eventfd that ends every
 * wait for a pipe (signals.h). NULL with an error, as inputs_open. */
struct ingest *ingest_open(const struct job *job, int stop_fd, struct error *error);
/* Ends every thread, also one that waits, and frees everything. */
void ingest_close(struct ingest *ingest);

/* Before ingest_start: only these inputs are read (selected by index); the others count as not read. */
void ingest_select(struct ingest *ingest, const bool *selected);

const struct reader_header *ingest_header(const struct ingest *ingest);

/* What the workers validate and digest with. */
struct ingest_rules {
    const struct rule_set *set;
    const struct provider_fields *fields;
    const uint8_t *fingerprint_key;  /* NULL: no ledger, so no digests */
    uint64_t limit;                  /* records of input; 0: all */
    bool identify;                   /* record.identity_hash is made */
    const struct shard_check *shard; /* NULL: of the whole input, so no record.unique_digests */
};

/* Starts the threads; validated batches arrive in queue. workers: at least 1. 0, or -1 with ERROR_USAGE when
 * a thread cannot be started. */
int ingest_start(struct ingest *ingest, const struct ingest_rules *rules, size_t workers,
                 struct coordinator_queue *queue, struct error *error);
/* Batches that can be in circulation: the queue's size. */
size_t ingest_batches(size_t workers);

/* Returns a batch for reuse. */
void ingest_recycle(struct ingest *ingest, struct batch *batch);

/* The records of the input, or `limit` if that is less: exact once the reader has reached the end, before
 * that estimated from the length of the records read so far and the size of the files, in two digits. 0: not
 * known (a pipe). */
uint64_t ingest_total(const struct ingest *ingest, bool *is_estimate);
/* Bytes consumed of one input. */
uint64_t ingest_bytes(const struct ingest *ingest, size_t index);

/* After the queue has ended: whether one input was read to its clean end (false when it broke off, when
 * `limit` cut it short, and when it was not read at all). */
bool ingest_is_complete(const struct ingest *ingest, size_t index);
/* After the queue has ended: 0, or -1 with the error that ended the reading. */
int ingest_result(const struct ingest *ingest, struct error *error);

#endif
