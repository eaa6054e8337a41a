/* roster: whom this run knows: the values seen in its input, and the customers of the ledger.
 *
 * One table serves `unique` and the comparison with the ledger: single look-ups of random keys in the ledger
 * would take five times the rest of a run (4-ledger.md). 16 bytes a value seen, 16 more a customer. Thread:
 * the coordinator's. Owner: new/free.
 */
#ifndef KYC_PIPELINE_ROSTER_H
#define KYC_PIPELINE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger.h"

struct roster;

/* What the ledger says of a customer, in two words. */
struct roster_customer {
    uint64_t digest; /* as ledger_brief.digest */
    uint64_t id : 58;
    uint64_t identified : 1; /* as ledger_brief.identified */
    uint64_t state : 2;      /* enum ledger_state */
    uint64_t has_user_id : 1;
    uint64_t pending : 1;
    uint64_t open : 1;
};

/* unique_count: of the job; index 0 is external_id. */
struct roster *roster_new(size_t unique_count);
void roster_free(struct roster *roster);

/* Reads every customer of the ledger; once, before any row. 0, or -1. */
int roster_load(struct roster *roster, struct ledger *ledger, struct error *error);

/* Counts a record, each once and in input order: gives its place among all of all inputs, from 1. row: within
 * its input. */
uint64_t roster_count(struct roster *roster, uint32_t input, uint64_t row);
/* The input and row of a place that roster_count gave. */
void roster_place(const struct roster *roster, uint64_t place, uint32_t *input, uint64_t *row);

/* Marks a value as seen at a place. Returns the place at which it was seen before, or 0. */
uint64_t roster_mark(struct roster *roster, size_t unique_index, uint64_t hash, uint64_t place);
/* Hints that this value is marked soon. */
void roster_prefetch(const struct roster *roster, size_t unique_index, uint64_t hash);

/* Marks a person (record.identity_hash) as one that is to be created. True when an earlier record of this
 * run was of the same. Only a dry run needs it: a run asks the ledger, which holds what it journalled. 6 to
 * 12 bytes each. */
bool roster_mark_identity(struct roster *roster, uint64_t hash);
/* Hints that this person is marked soon. */
void roster_prefetch_identity(const struct roster *roster, uint64_t hash);

/* The customer with this external_id's hash, or NULL. */
const struct roster_customer *roster_find(struct roster *roster, uint64_t hash);

/* Customers of the ledger whose external_id was not marked. */
uint64_t roster_absent(const struct roster *roster);
/* Those of them whose last operation is open: no run settles it while their rows are gone. */
uint64_t roster_absent_in_doubt(const struct roster *roster);

#endif
