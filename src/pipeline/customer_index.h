/* customer_index: keys seen in this run's input, and the ledger's customers, by 64-bit hash.
 *
 * One table serves the rule `unique` and the comparison with the ledger: looking up random keys in the ledger
 * one by one would take five times as long as the rest of a run. Memory: 16 bytes for each value seen, 16
 * more for each customer. Thread: the coordinator's. Owner: new/free.
 */
#ifndef KYC_PIPELINE_CUSTOMER_INDEX_H
#define KYC_PIPELINE_CUSTOMER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "model/record.h"
#include "pipeline/shard_check.h"

struct customer_index;

/* A customer of the ledger, in two words. */
struct customer_index_entry {
    uint64_t digest; /* as ledger_brief.digest */
    uint64_t id : 59;
    uint64_t identified : 1; /* as ledger_brief.identified */
    uint64_t is_unsent : 1;
    uint64_t has_user_id : 1;
    uint64_t pending : 1;
    uint64_t open : 1;
};

/* unique_count: of the job; index 0 is external_id. */
struct customer_index *customer_index_new(size_t unique_count);
void customer_index_free(struct customer_index *index);

/* Reads every customer of the ledger; once, before any record. 0, or -1. */
int customer_index_load(struct customer_index *index, struct ledger *ledger, struct error *error);

/* Marks the record's unique values and adds a verdict for each that was seen before. Call it once for every
 * record, in input order: it counts them too. The same for check, run and explain. */
void customer_index_check_unique(struct customer_index *index, const struct job *job, struct record *record,
                                 struct arena *arena);

/* Adds a verdict to a record whose customer was erased. Call it after customer_index_check_unique. 0, or -1
 * with ERROR_LEDGER. */
int customer_index_check_erased(struct customer_index *index, struct record *record, struct arena *arena,
                                struct error *error);
/* True after such a verdict: a file with this row would keep what was erased. */
bool customer_index_is_erased(const struct record *record);

/* Marks a value as seen in the record with this ordinal (from 1, over all inputs). Returns the ordinal of the
 * record that had it first, or 0. */
uint64_t customer_index_mark_seen(struct customer_index *index, size_t unique_index, uint64_t hash,
                                  uint64_t ordinal);

/* Marks a person (record->identity_hash, not 0) as one that is to be created. True when an earlier record of
 * this run had the same. Only a dry run needs it: a run asks the ledger, which holds what it journalled. 6 to
 * 12 bytes each. */
bool customer_index_mark_identity(struct customer_index *index, const struct record *record);

/* Of the check of a shard, before any record: a value that another shard has at an earlier place is a repeat,
 * too, and the first ones of this shard are added to shard. Borrowed. */
void customer_index_divide(struct customer_index *index, struct shard_check *shard);
/* Customers of the ledger that are not unsent, and those of them whose external_id was marked; the same of
 * those whose last operation is open. */
void customer_index_count(const struct customer_index *index, struct shard_check *shard);

/* Loads the cache lines of a record that is processed soon. */
void customer_index_prefetch(const struct customer_index *index, const struct record *record);

/* The customer with this external_id's hash, or NULL. */
const struct customer_index_entry *customer_index_find(struct customer_index *index, uint64_t hash);

/* Customers of the ledger whose last operation is open. */
uint64_t customer_index_open_count(const struct customer_index *index);
/* Customers of the ledger whose external_id was not marked, but for those that are unsent: the provider never
 * had them. */
uint64_t customer_index_missing_count(const struct customer_index *index);
/* Those of them whose last operation is open: no run resolves it while their rows are missing. */
uint64_t customer_index_missing_in_doubt(const struct customer_index *index);

#endif
