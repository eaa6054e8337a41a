/* ledger_identities: which customers have an identity digest, in memory.
 *
 * Only creates ask for twins, and an index in the database would cost more than the rest of a create: a third
 * page at a random place. So the first question reads all identities in one pass, and writes add to them. An
 * entry may be out of date (a transaction rolled back, another name): whoever finds it reads the row. Memory:
 * 16 to 32 bytes for each customer with an identity. Thread: one. Owner: new/free.
 */
#ifndef KYC_LEDGER_LEDGER_IDENTITIES_H
#define KYC_LEDGER_LEDGER_IDENTITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

struct ledger_identities;

struct ledger_identities *ledger_identities_new(void);
void ledger_identities_free(struct ledger_identities *identities);
void ledger_identities_add(struct ledger_identities *identities, struct slice identity, int64_t id);
/* Each customer that was added with this identity, in any order, perhaps more than once, and perhaps others
 * (one in 2^64). each returns false to end. */
void ledger_identities_find(struct ledger_identities *identities, struct slice identity,
                            bool (*each)(void *context, int64_t id), void *context);

#endif
