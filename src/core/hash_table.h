/* hash_table: two numbers for each key that a run has seen or knows; 16 bytes a key.
 *
 * Holds 64-bit keyed hashes (hash_table_hash), not the keys: two different keys of ten million share a hash
 * with a probability of 3 in a million; the later one would be rejected by name as a repeat, never lost in
 * silence. Sharded open addressing, each shard growing by half when four fifths full: at most 32 bytes a key
 * at any moment. Thread: hash_table_hash any; the rest one at a time. Owner: new/free.
 */
#ifndef KYC_CORE_HASH_TABLE_H
#define KYC_CORE_HASH_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

struct hash_table;

struct hash_table_entry {
    uint64_t hash;
    uint32_t mark;  /* 0: not seen in this run's input */
    uint32_t value; /* the caller's; 0 at first */
};

struct hash_table *hash_table_new(void);
void hash_table_free(struct hash_table *set);

/* Makes room for as many keys in all, so that the table does not grow while they are added. */
void hash_table_reserve(struct hash_table *set, size_t count);

/* A hash keyed with bytes drawn once a process (XXH3 with a random seed). */
uint64_t hash_table_hash(struct slice key);

/* The entry of a hash, made when missing (mark and value 0). Valid until the next call. */
struct hash_table_entry *hash_table_ensure(struct hash_table *set, uint64_t hash);
/* The entry of a hash, NULL when there is none; the table does not grow. */
struct hash_table_entry *hash_table_find(struct hash_table *set, uint64_t hash);
/* Hints that this hash is looked up soon. */
void hash_table_prefetch(const struct hash_table *set, uint64_t hash);

#endif
