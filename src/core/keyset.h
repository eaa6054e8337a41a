/* keyset: which keys a run has seen, and on which row; 16 bytes a key.
 *
 * Holds 64-bit keyed hashes (keyset_hash), not the keys: two different keys of ten million share a hash with
 * a probability of 3 in a million; the later one would be rejected by name as a repeat, never lost in
 * silence. Sharded open addressing, each shard growing by half when four fifths full: at most 32 bytes a key
 * at any moment. Thread: keyset_hash any; the rest one at a time. Owner: new/free.
 */
#ifndef KYC_CORE_KEYSET_H
#define KYC_CORE_KEYSET_H

#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

struct keyset;

struct keyset_entry {
    uint64_t hash;
    uint32_t row;   /* 0: not seen in this run's input */
    uint32_t extra; /* the caller's; 0 at first */
};

struct keyset *keyset_new(void);
void keyset_free(struct keyset *set);

/* A hash keyed with bytes drawn once a process (XXH3 with a random seed). */
uint64_t keyset_hash(struct slice key);

/* The entry of a hash, made when missing (row and extra 0). Valid until the next call. */
struct keyset_entry *keyset_at(struct keyset *set, uint64_t hash);
/* The entry of a hash, NULL when there is none: what only asks must not make the set grow. */
struct keyset_entry *keyset_find(struct keyset *set, uint64_t hash);
/* Hints that this hash is looked up soon. */
void keyset_prefetch(const struct keyset *set, uint64_t hash);

#endif
