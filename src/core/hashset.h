/* hashset: whether a 64-bit hash was put in before; 6 bytes a hash, where hash_table needs 16 for two
 * numbers too.
 *
 * Holds 56 bits of each hash: two different ones of ten million are taken for the same with a probability of
 * about 7 in 10,000. So it is for what is counted or looked at again, never for what decides what is sent.
 * Sharded open addressing as in hash_table, at most 12 bytes a hash at any moment. Thread: one at a time.
 * Owner: new/free.
 */
#ifndef KYC_CORE_HASHSET_H
#define KYC_CORE_HASHSET_H

#include <stdbool.h>
#include <stdint.h>

struct hashset;

struct hashset *hashset_new(void);
/* NULL is allowed. */
void hashset_free(struct hashset *set);

/* Puts a hash in. True when it was there already. */
bool hashset_add(struct hashset *set, uint64_t hash);
/* Hints that this hash is put in soon. */
void hashset_prefetch(const struct hashset *set, uint64_t hash);

#endif
