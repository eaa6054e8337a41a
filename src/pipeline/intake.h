/* intake: the first half of the way of a record: source thread, reader thread, rule workers, judged batches.
 *
 * A fixed number of batches is recycled; when none is free the reader waits: that is all the back-pressure
 * there is, and why memory does not grow with the input. Thread: all functions are the coordinator's. Owner:
 * open/close.
 */
#ifndef KYC_PIPELINE_INTAKE_H
#define KYC_PIPELINE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "input/reader.h"
#include "ledger/fingerprint.h"
#include "model/job.h"
#include "pipeline/inbox.h"
#include "rules/rule_set.h"

struct intake;

/* Opens the job's input and reads its header. Borrows the job. NULL with an error (ERROR_INPUT). */
struct intake *intake_open(const struct job *job, struct error *error);
/* Ends every thread, wherever it is, and frees all. */
void intake_close(struct intake *intake);

const struct reader_header *intake_header(const struct intake *intake);

/* What the workers judge by. */
struct intake_rules {
    const struct rule_set *set;
    const struct provider_fields *fields;
    const uint8_t *fingerprint_key; /* NULL: no ledger, so no digests */
    uint64_t limit;                 /* records of input; 0: all */
};

/* Starts the threads; judged batches come to inbox. workers: how many, at least 1. 0, or -1 with ERROR_USAGE
 * when the system gives no thread. */
int intake_start(struct intake *intake, const struct intake_rules *rules, size_t workers, struct inbox *inbox,
                 struct error *error);
/* Batches that can be in circulation: the inbox's size. */
size_t intake_batches(size_t workers);

/* Gives a batch back. */
void intake_recycle(struct intake *intake, struct batch *batch);

/* Bytes of the file used so far and its size (0: not known). */
uint64_t intake_position(const struct intake *intake);
uint64_t intake_size(const struct intake *intake);

/* After the inbox has ended: whether the input was read to its clean end. If it broke off: -1 with why; else
 * 0, with *complete false when `limit` cut it short. */
int intake_result(const struct intake *intake, bool *complete, struct error *error);

#endif
