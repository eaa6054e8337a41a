/* keyed_hash: 128-bit hashes of values that processes with the same key can compare, and that say nothing to
 * anybody without it.
 *
 * XXH3-128 with a secret derived from the key, then one block of AES-256 under another derived key. The hash
 * tells values apart (of a billion, two share one with a probability of 1.5e-21); the cipher hides it, so
 * that a guessed value cannot be compared with a stored one. An HMAC would do the same at fifteen times the
 * cost. Thread: keyed_hash_make any; the rest one at a time. Owner: new/free.
 */
#ifndef KYC_CORE_KEYED_HASH_H
#define KYC_CORE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

enum { KEYED_HASH_LEN = 16 };

struct keyed_hash;

/* key: of any length. */
struct keyed_hash *keyed_hash_new(struct slice key);
void keyed_hash_free(struct keyed_hash *hash);

/* The hash of a value, not sealed: never to be stored. kind: the same value of another kind has another
 * sealed hash. */
void keyed_hash_make(const struct keyed_hash *hash, uint8_t kind, struct slice value,
                     uint8_t out[KEYED_HASH_LEN]);
/* Encrypts count hashes in their place. */
void keyed_hash_seal(struct keyed_hash *hash, uint8_t *hashes, size_t count);

#endif
