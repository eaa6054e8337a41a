/* shard_keys: the values of a shard that must be unique, as sealed hashes (core/keyed_hash.h) with their
 * places, in a sorted file: shards are compared by these files alone.
 *
 * A section for each unique index of the job, and one for the identities of customers to be created. An entry
 * is 24 bytes: the hash, and the place at which the shard first has the value: an input (24 bits) and a row
 * (40 bits). A file that a crash has cut is found out: its entries do not rise, or its last bytes are
 * missing. Memory: 3 MiB a section; what is more is kept in a spill file, and one of 256 parts of it is read
 * and sorted at a time, by each thread, in twice its size. Thread: one at a time; shard_keys_save sorts with
 * several of its own.
 * Owner: new/free.
 */
#ifndef KYC_PIPELINE_SHARD_KEYS_H
#define KYC_PIPELINE_SHARD_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/error.h"
#include "core/keyed_hash.h"
#include "model/record.h"

#define SHARD_KEYS_FILE_NAME  "keys.bin"
#define SHARD_KEYS_ASIDE_NAME "keys.tmp"
#define SHARD_KEYS_MAGIC      "KYCKEYS1"
#define SHARD_KEYS_END        "KYCKEYSE" /* the last bytes of a file */

enum {
    SHARD_KEYS_IDENTITIES = RECORD_UNIQUE_MAX, /* the section of identities */
    SHARD_KEYS_SECTIONS,
    SHARD_KEYS_MAGIC_LEN = 8,
    /* The magic, the plan's digest, the key's (shard_keys_save), the shard, the number of sections. */
    SHARD_KEYS_HEADER_LEN = SHARD_KEYS_MAGIC_LEN + DIGEST_SHA256_LEN + KEYED_HASH_LEN + 4 + 4,
    SHARD_KEYS_SECTION_LEN = 4 + 8, /* its number, the count of its entries */
    SHARD_KEYS_ENTRY_LEN = KEYED_HASH_LEN + 8,
};

/* An entry as numbers: the order of these is that of the bytes in a file. */
struct shard_keys_entry {
    uint64_t high, low, place;
};

static inline uint64_t shard_keys_place(uint32_t input, uint64_t row)
{
    return (uint64_t)input << 40 | row;
}

static inline uint32_t shard_keys_place_input(uint64_t place)
{
    return (uint32_t)(place >> 40);
}

static inline uint64_t shard_keys_place_row(uint64_t place)
{
    return place & ((UINT64_C(1) << 40) - 1);
}

struct shard_keys;

/* unique_count: of the job. Borrows hash. aside_path: of the spill file, which is made (0600) when it is
 * needed and has no name from then on; where that fails, shard_keys_save does. */
struct shard_keys *shard_keys_new(struct keyed_hash *hash, size_t unique_count, const char *aside_path);
void shard_keys_free(struct shard_keys *keys);

/* The first record of this shard with a value. section: a unique index, or SHARD_KEYS_IDENTITIES. hash: not
 * sealed. */
void shard_keys_add(struct shard_keys *keys, unsigned section, const uint8_t hash[KEYED_HASH_LEN],
                    uint64_t place);

/* Sorts, and writes the file (0600), which must not exist. Not synced: a file that a crash cuts is found out.
 * check: what shows that two shards have the same key. 0, or -1 with errno. */
int shard_keys_save(struct shard_keys *keys, const char *path, const uint8_t plan[DIGEST_SHA256_LEN],
                    const uint8_t check[KEYED_HASH_LEN], uint32_t shard);

#endif
