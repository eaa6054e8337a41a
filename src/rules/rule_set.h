/* rule_set: source cells to normalized values and verdicts (2-job.md).
 *
 * A rule set is what a job, a provider's fields and a header come to: built once, then constant and shared. A
 * rule worker holds what one thread needs beside it (match data, JIT stack, scratch). Every field of a record
 * is judged in one pass; one cause gives one verdict: a value that failed is not judged further, and what is
 * derived from it is not blamed. Verdicts come in field-table order, the job's own rules of a field after the
 * built-in ones. `unique` needs all records and is decided by the coordinator: a worker only gives the
 * hashes.
 */
#ifndef KYC_RULES_RULE_SET_H
#define KYC_RULES_RULE_SET_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "model/job.h"
#include "model/provider_fields.h"
#include "model/record.h"

struct rule_set;

/* columns: the header. today: days since 1970-01-01, UTC, at the run's start. Borrows job and fields for its
 * life. NULL with ERROR_USAGE (through job_fail): a column that the header lacks (with the nearest one) or
 * names twice, a pattern that does not compile or that JIT cannot take, an enum value in `values`,
 * `otherwise` or `{value: …}` that the provider does not know, a required field with no mapping. Notes
 * (job_note) a mapped field that the provider has no place for and a requirement that the job loosens;
 * opens the folder of documents. */
struct rule_set *rule_set_new(const struct job *job, const struct provider_fields *fields,
                              const struct slice *columns, size_t column_count, int32_t today,
                              struct error *error);
/* Where a field is read from: its mapping, with the header's column (SIZE_MAX: a constant). NULL when it is
 * not read. */
const struct job_mapping *rule_set_source(const struct rule_set *set, enum field_id field, size_t *column);
void rule_set_free(struct rule_set *set);

struct rule_worker;

struct rule_worker *rule_worker_new(const struct rule_set *set);
void rule_worker_free(struct rule_worker *worker);

/* Fills in values, verdicts, rejected and unique_hash of a record. A record with a fault gets its record/…
 * verdict and no values. Thread: the worker's. All is allocated in arena. */
void rule_worker_validate(struct rule_worker *worker, struct record *record, struct arena *arena);

/* Fills in document_digest of a judged record that is not rejected, for its ledger digests: reads the files
 * that it names. Thread: the worker's. Allocated in arena. */
void rule_worker_digest_documents(struct rule_worker *worker, struct record *record, struct arena *arena);

#endif
