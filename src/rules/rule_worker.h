/* rule_worker: validates records with a rule set: source cells in, normalized values and verdicts out.
 *
 * All fields of a record are validated in one pass. One cause gives one verdict: a failed value is not
 * validated further, and values that depend on it get no verdict. Verdicts are in field-table order, per
 * field the built-in rules first. `unique` needs all records: a worker only hashes the values, the
 * coordinator compares them.
 *
 * Thread: one worker per thread. Owner: new/free; borrows the set.
 */
#ifndef KYC_RULES_RULE_WORKER_H
#define KYC_RULES_RULE_WORKER_H

#include "core/arena.h"
#include "model/record.h"
#include "rules/rule_set.h"

struct rule_worker;

struct rule_worker *rule_worker_new(const struct rule_set *set);
void rule_worker_free(struct rule_worker *worker);

/* Fills in values, verdicts, rejected, present, country and unique_hash of a record, for NDJSON also its
 * cells. A record with a fault gets its verdict record/RULE and no values; one
 * that input.where does not select is skipped, and has neither. All is allocated in arena. */
void rule_worker_validate(struct rule_worker *worker, struct record *record, struct arena *arena);

/* Fills in document_digest of a validated record by reading its document files, for the ledger digests.
 * Allocated in arena. */
void rule_worker_digest_documents(struct rule_worker *worker, struct record *record, struct arena *arena);

#endif
