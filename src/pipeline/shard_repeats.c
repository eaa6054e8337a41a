#include "pipeline/shard_repeats.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"

enum { HEADER_LEN = SHARD_KEYS_MAGIC_LEN + DIGEST_SHA256_LEN + KEYED_HASH_LEN };

#define FILE_MAX ((size_t)1 << 40)

struct shard_repeats {
    struct keyed_hash *hash;
    struct buffer bytes;                        /* the whole file */
    struct slice sections[SHARD_KEYS_SECTIONS]; /* entries */
    struct shard_repeats_digests digests;
};

static int fail_load(const char *path, const char *why, struct error *error)
{
    return error_set(error, ERROR_USAGE,
                     "%s %s\nhint: kyc-import merge writes this file, and names the commands that read it",
                     path, why);
}

/* Finds the sections. False: it is damaged. */
static bool divide(struct shard_repeats *repeats)
{
    struct slice rest = slice_skip(buffer_slice(&repeats->bytes), HEADER_LEN);
    uint32_t number, next = 0;
    uint64_t count;

    while (rest.len >= SHARD_KEYS_SECTION_LEN) {
        memcpy(&number, rest.data, sizeof number);
        memcpy(&count, rest.data + sizeof number, sizeof count);
        number = be32toh(number);
        count = be64toh(count);
        rest = slice_skip(rest, SHARD_KEYS_SECTION_LEN);
        if (number < next || number >= SHARD_KEYS_SECTIONS || count > rest.len / SHARD_KEYS_ENTRY_LEN)
            return false;
        next = number + 1;
        repeats->sections[number] = slice_make(rest.data, (size_t)count * SHARD_KEYS_ENTRY_LEN);
        rest = slice_skip(rest, repeats->sections[number].len);
    }
    return rest.len == 0;
}

/* As shard_repeats_merge makes it: over the number of each section that is not empty, and its entries. */
static void digest_sections(const struct shard_repeats *repeats, const uint8_t *plan, unsigned first,
                            unsigned end, char out[SHARD_REPEATS_DIGEST_SIZE])
{
    struct digest_hmac *hmac =
        digest_hmac_new(DIGEST_SHA256, slice_make((const char *)plan, DIGEST_SHA256_LEN));
    uint8_t digest[DIGEST_SHA256_LEN];
    bool any = false;

    digest_hmac_begin(hmac);
    for (unsigned i = first; i < end; i++) {
        char number = (char)i;
        if (!repeats->sections[i].len)
            continue;
        any = true;
        digest_hmac_add(hmac, slice_make(&number, 1));
        digest_hmac_add(hmac, repeats->sections[i]);
    }
    digest_hmac_end(hmac, digest);
    digest_hmac_free(hmac);
    digest_hex(digest, any ? sizeof digest : 0, out);
}

struct shard_repeats *shard_repeats_load(const char *path, const uint8_t plan[DIGEST_SHA256_LEN],
                                         const uint8_t check[KEYED_HASH_LEN], struct keyed_hash *hash,
                                         struct error *error)
{
    struct shard_repeats *repeats = memory_new(1, sizeof *repeats);
    const char *fault = NULL;

    repeats->hash = hash;
    buffer_init(&repeats->bytes, FILE_MAX);
    if (file_read(path, &repeats->bytes, error) != 0) {
        shard_repeats_free(repeats);
        return NULL;
    }
    const char *bytes = repeats->bytes.data;
    if (repeats->bytes.len < HEADER_LEN || memcmp(bytes, SHARD_REPEATS_MAGIC, SHARD_KEYS_MAGIC_LEN) != 0)
        fault = "is not a file of repeats";
    else if (memcmp(bytes + SHARD_KEYS_MAGIC_LEN, plan, DIGEST_SHA256_LEN) != 0)
        fault = "was made of other inputs, another number of shards, another job file or another version";
    else if (memcmp(bytes + SHARD_KEYS_MAGIC_LEN + DIGEST_SHA256_LEN, check, KEYED_HASH_LEN) != 0)
        fault = "was made with another key (--shard-key, or the ledger's)";
    else if (!divide(repeats))
        fault = "is damaged";
    if (fault) {
        fail_load(path, fault, error);
        shard_repeats_free(repeats);
        return NULL;
    }
    digest_sections(repeats, plan, 0, SHARD_KEYS_IDENTITIES, repeats->digests.unique);
    digest_sections(repeats, plan, SHARD_KEYS_IDENTITIES, SHARD_KEYS_SECTIONS, repeats->digests.identities);
    return repeats;
}

void shard_repeats_free(struct shard_repeats *repeats)
{
    if (!repeats)
        return;
    buffer_clear(&repeats->bytes);
    free(repeats);
}

const struct shard_repeats_digests *shard_repeats_made_of(const struct shard_repeats *repeats)
{
    return &repeats->digests;
}

bool shard_repeats_find(const struct shard_repeats *repeats, unsigned section,
                        const uint8_t hash[KEYED_HASH_LEN], uint64_t *place)
{
    struct slice entries = repeats->sections[section];
    size_t first = 0, end = entries.len / SHARD_KEYS_ENTRY_LEN;
    uint8_t sealed[KEYED_HASH_LEN];

    if (end == 0)
        return false;
    memcpy(sealed, hash, sizeof sealed);
    keyed_hash_seal(repeats->hash, sealed, 1);
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        const char *entry = entries.data + middle * SHARD_KEYS_ENTRY_LEN;
        int order = memcmp(sealed, entry, sizeof sealed);
        if (order == 0) {
            memcpy(place, entry + KEYED_HASH_LEN, sizeof *place);
            *place = be64toh(*place);
            return true;
        }
        if (order < 0)
            end = middle;
        else
            first = middle + 1;
    }
    return false;
}
