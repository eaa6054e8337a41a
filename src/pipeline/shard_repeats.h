/* shard_repeats: the values that more than one shard has, each with the first place of all: found by merging
 * the sorted files of the shards (shard_keys.h), and read by a shard that is made again.
 *
 * Of unique values the repeats depend on the inputs alone. Identities are of records that would be created,
 * so that theirs are final once the other repeats have been applied. Each kind has a digest of its own,
 * by which a merge sees what a shard was made with. Thread: one at a time.
 */
#ifndef KYC_PIPELINE_SHARD_REPEATS_H
#define KYC_PIPELINE_SHARD_REPEATS_H

#include "core/file.h"
#include "pipeline/shard_keys.h"

#define SHARD_REPEATS_FILE_NAME "repeats.bin"
#define SHARD_REPEATS_MAGIC     "KYCREPT1" /* then the digests of the plan and of the key, and sections */

enum { SHARD_REPEATS_DIGEST_SIZE = 2 * DIGEST_SHA256_LEN + 1 };

/* Of unique values, and of identities; hexadecimal, "": there are no repeats. */
struct shard_repeats_digests {
    char unique[SHARD_REPEATS_DIGEST_SIZE], identities[SHARD_REPEATS_DIGEST_SIZE];
};

struct shard_repeats;

/* Reads the whole file. NULL with ERROR_USAGE: it cannot be read, is damaged, or belongs to another plan or
 * key. Borrows hash. */
struct shard_repeats *shard_repeats_load(const char *path, const uint8_t plan[DIGEST_SHA256_LEN],
                                         const uint8_t check[KEYED_HASH_LEN], struct keyed_hash *hash,
                                         struct error *error);
void shard_repeats_free(struct shard_repeats *repeats);
const struct shard_repeats_digests *shard_repeats_made_of(const struct shard_repeats *repeats);
/* The first place of all shards of a value that several have. hash: not sealed. False: no other shard has it.
 */
bool shard_repeats_find(const struct shard_repeats *repeats, unsigned section,
                        const uint8_t hash[KEYED_HASH_LEN], uint64_t *place);

struct shard_repeats_merge {
    const char *const *paths; /* [count], of all shards in order: their keys.bin */
    size_t count;
    const uint8_t *plan, *check;
    const char *out_path;
    /* Results. */
    struct file_draft draft; /* of out_path: both kinds */
    off_t unique_end;        /* where the identities begin in it */
    struct shard_repeats_digests digests;
    bool *has_unique,
        *has_identities; /* [count]: the shard has a value that an earlier place of another has */
    uint64_t keys;
    size_t failed; /* -1: the index of the file at fault; count: the draft */
};

/* Reads each file once, from begin to end, 64 KiB at a time. 0, or -1 with ERROR_INPUT or ERROR_USAGE. Then
 * shard_repeats_merge_clear in any case. */
int shard_repeats_merge(struct shard_repeats_merge *merge, struct error *error);
/* Puts the file in place, with the repeats of identities or without. 0, or -1 with errno. */
int shard_repeats_merge_save(struct shard_repeats_merge *merge, bool identities);
void shard_repeats_merge_clear(struct shard_repeats_merge *merge);

#endif
