/* customer_index: whom this run knows: the values seen in its input, and the customers of the ledger.
 *
 * One table serves `unique` and the comparison with the ledger: single look-ups of random keys in the ledger
 * would take five times the rest of a run (4-ledger.md). 16 bytes a value seen, 16 more a customer. Thread:
 * the coordinator's. Owner: new/free.
 */
#ifndef KYC_PIPELINE_CUSTOMER_INDEX_H
#define KYC_PIPELINE_CUSTOMER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger.h"

struct customer_index;

/* What the ledger says of a customer, in two words. */
struct customer_index_entry {
    uint64_t digest; /* as ledger_brief.digest */
    uint64_t id : 58;
    uint64_t identified : 1; /* as ledger_brief.identified */
    uint64_t state : 2;      /* enum ledger_state */
    uint64_t has_user_id : 1;
    uint64_t pending : 1;
    uint64_t open : 1;
};

/* unique_count: of the job; index 0 is external_id. */
struct customer_index *customer_index_new(size_t unique_count);
void customer_index_free(struct customer_index *customer_index);

/* Reads every customer of the ledger; once, before any row. 0, or -1. */
int customer_index_load(struct customer_index *customer_index, struct ledger *ledger, struct error *error);

/* Counts a record, each once and in input order: gives its place among all of all inputs, from 1. row: within
 * its input. */
uint64_t customer_index_next_ordinal(struct customer_index *customer_index, uint32_t input, uint64_t row);
/* The input and row of a place that customer_index_next_ordinal gave. */
void customer_index_locate(const struct customer_index *customer_index, uint64_t place, uint32_t *input,
                           uint64_t *row);

/* Marks a value as seen at a place. Returns the place at which it was seen before, or 0. */
uint64_t customer_index_mark_seen(struct customer_index *customer_index, size_t unique_index, uint64_t hash,
                                  uint64_t place);
/* Hints that this value is marked soon. */
void customer_index_prefetch(const struct customer_index *customer_index, size_t unique_index, uint64_t hash);

/* Marks a person (record.identity_hash) as one that is to be created. True when an earlier record of this
 * run was of the same. Only a dry run needs it: a run asks the ledger, which holds what it journalled. 6 to
 * 12 bytes each. */
bool customer_index_mark_identity(struct customer_index *customer_index, uint64_t hash);
/* Hints that this person is marked soon. */
void customer_index_prefetch_identity(const struct customer_index *customer_index, uint64_t hash);

/* The customer with this external_id's hash, or NULL. */
const struct customer_index_entry *customer_index_find(struct customer_index *customer_index, uint64_t hash);

/* Customers of the ledger whose external_id was not marked. */
uint64_t customer_index_missing_count(const struct customer_index *customer_index);
/* Those of them whose last operation is open: no run settles it while their rows are gone. */
uint64_t customer_index_missing_in_doubt(const struct customer_index *customer_index);

#endif
