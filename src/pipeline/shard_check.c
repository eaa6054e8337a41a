#include "pipeline/shard_check.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/memory.h"
#include "ledger/fingerprint.h"

/* The key of this set of shards alone: of another set the same values have other hashes. */
static int derive_key(struct shard_check *shard, struct slice key)
{
    static const char domain[] = "kyc-import shards";
    struct digest_hmac *hmac = digest_hmac_new(DIGEST_SHA256, key);
    uint8_t own[DIGEST_SHA256_LEN];

    digest_hmac_begin(hmac);
    digest_hmac_add(hmac, slice_make(domain, sizeof domain));
    digest_hmac_add(hmac, slice_make((const char *)shard->plan->digest, sizeof shard->plan->digest));
    digest_hmac_end(hmac, own);
    digest_hmac_free(hmac);
    shard->hash = keyed_hash_new(slice_make((const char *)own, sizeof own));
    secret_wipe(own, sizeof own);
    keyed_hash_make(shard->hash, UINT8_MAX, slice_make(domain, sizeof domain), shard->check);
    keyed_hash_seal(shard->hash, shard->check, 1);
    return 0;
}

static int find_key(struct shard_check *shard, const struct job *job, const uint8_t *ledger_key,
                    struct error *error)
{
    if (shard->key->len)
        return derive_key(shard, secret_slice(shard->key));
    if (ledger_key)
        return derive_key(shard, slice_make((const char *)ledger_key, FINGERPRINT_KEY_LEN));
    if (job->ledger_key.len)
        return derive_key(shard, secret_slice(&job->ledger_key));
    return error_set(
        error, ERROR_USAGE,
        "a shard needs a key, by which values are compared with those of the other shards without storing them, and there is no ledger yet\nhint: give all of them the same: --shard-key env:NAME or file:PATH, as made by openssl rand -hex 32");
}

int shard_check_open(struct shard_check *shard, const struct job *job, const uint8_t *ledger_key,
                     struct error *error)
{
    if (find_key(shard, job, ledger_key, error) != 0)
        return -1;
    if (shard->repeats_path) {
        shard->repeats =
            shard_repeats_load(shard->repeats_path, shard->plan->digest, shard->check, shard->hash, error);
        if (!shard->repeats)
            return -1;
    }
    shard->unique_count = job->unique_count;
    shard->fields[0] = FIELD_EXTERNAL_ID;
    for (size_t i = 0; i < job->rule_count; i++)
        if (job->rules[i].kind == JOB_RULE_UNIQUE && job->rules[i].unique_index > 0)
            shard->fields[job->rules[i].unique_index] = job->rules[i].field;
    char *aside = file_join(job->report_folder, SHARD_KEYS_ASIDE_NAME);
    shard->keys = shard_keys_new(shard->hash, job->unique_count, aside);
    free(aside);
    shard->stats = shard_stats_new();
    return 0;
}

void shard_check_clear(struct shard_check *shard)
{
    shard_keys_free(shard->keys);
    shard_repeats_free(shard->repeats);
    shard_stats_free(shard->stats);
    keyed_hash_free(shard->hash);
    rejects_parts_clear(&shard->rejected);
    rejects_parts_clear(&shard->broken);
    shard->keys = NULL;
    shard->repeats = NULL;
    shard->stats = NULL;
    shard->hash = NULL;
}

void shard_check_hash(const struct shard_check *shard, struct record *record, const struct slice *identity,
                      struct arena *arena)
{
    uint8_t *hashes = (uint8_t *)arena_bytes(arena, (shard->unique_count + 1) * KEYED_HASH_LEN);

    for (size_t i = 0; i < shard->unique_count; i++)
        if (record->unique_known & 1u << i)
            keyed_hash_make(shard->hash, (uint8_t)i, record->values[shard->fields[i]].text,
                            hashes + i * KEYED_HASH_LEN);
    if (identity)
        keyed_hash_make(shard->hash, SHARD_KEYS_IDENTITIES, *identity,
                        hashes + shard->unique_count * KEYED_HASH_LEN);
    record->unique_digests = hashes;
}

static const uint8_t *hash_of(const struct shard_check *shard, const struct record *record, unsigned section)
{
    size_t index = section == SHARD_KEYS_IDENTITIES ? shard->unique_count : section;

    return record->unique_digests + index * KEYED_HASH_LEN;
}

bool shard_check_find(const struct shard_check *shard, const struct record *record, unsigned section,
                      uint64_t *place)
{
    return shard->repeats &&
           shard_repeats_find(shard->repeats, section, hash_of(shard, record, section), place) &&
           shard_keys_place_input(*place) < shard->plan->input_count &&
           shard->plan->inputs[shard_keys_place_input(*place)].shard != shard->shard;
}

void shard_check_add(struct shard_check *shard, const struct record *record, unsigned section)
{
    shard_keys_add(shard->keys, section, hash_of(shard, record, section),
                   shard_keys_place(record->input, record->row));
}
