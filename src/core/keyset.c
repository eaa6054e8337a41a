#include "core/keyset.h"

#include <pthread.h>
#include <stdlib.h>

#include <xxhash.h>

#include "core/digest.h"
#include "core/memory.h"

enum {
    KEYSET_SHARD_BITS = 8, /* the high bits of a hash choose its shard, the 32 below its home in it */
    KEYSET_SHARDS = 1 << KEYSET_SHARD_BITS,
    KEYSET_FIRST_ROOM = 16,
};

struct keyset_shard {
    struct keyset_entry *entries; /* hash 0: free */
    size_t capacity, count;
};

struct keyset {
    struct keyset_shard shards[KEYSET_SHARDS];
};

static pthread_once_t keyset_seed_once = PTHREAD_ONCE_INIT;
static uint64_t keyset_seed;

static void keyset_draw_seed(void)
{
    digest_random(&keyset_seed, sizeof keyset_seed);
}

uint64_t keyset_hash(struct slice key)
{
    pthread_once(&keyset_seed_once, keyset_draw_seed);
    return XXH3_64bits_withSeed(key.data, key.len, keyset_seed);
}

struct keyset *keyset_new(void)
{
    return memory_new(1, sizeof(struct keyset));
}

void keyset_free(struct keyset *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < KEYSET_SHARDS; i++)
        free(set->shards[i].entries);
    free(set);
}

/* 0 marks a free place, so the hash 0 shares one with 1. */
static uint64_t keyset_proper(uint64_t hash)
{
    return hash ? hash : 1;
}

static size_t keyset_shard_of(uint64_t hash)
{
    return (size_t)(hash >> (64 - KEYSET_SHARD_BITS));
}

/* Scales the 32 bits below the shard's to the room, which need not be a power of two. */
static size_t keyset_home(const struct keyset_shard *shard, uint64_t hash)
{
    return (size_t)(((hash >> (32 - KEYSET_SHARD_BITS) & UINT32_MAX) * shard->capacity) >> 32);
}

/* The entry of the hash, or the free place where it belongs. */
static struct keyset_entry *keyset_probe(const struct keyset_shard *shard, uint64_t hash)
{
    size_t index = keyset_home(shard, hash);
    while (shard->entries[index].hash != 0 && shard->entries[index].hash != hash)
        index = index + 1 < shard->capacity ? index + 1 : 0;
    return &shard->entries[index];
}

static void keyset_grow(struct keyset_shard *shard)
{
    struct keyset_shard grown = {.capacity = shard->capacity ? shard->capacity + shard->capacity / 2
                                                             : KEYSET_FIRST_ROOM,
                                 .count = shard->count};
    grown.entries = memory_new(grown.capacity, sizeof *grown.entries);
    for (size_t i = 0; i < shard->capacity; i++)
        if (shard->entries[i].hash)
            *keyset_probe(&grown, shard->entries[i].hash) = shard->entries[i];
    free(shard->entries);
    *shard = grown;
}

struct keyset_entry *keyset_at(struct keyset *set, uint64_t hash)
{
    hash = keyset_proper(hash);
    struct keyset_shard *shard = &set->shards[keyset_shard_of(hash)];
    if (shard->capacity) {
        struct keyset_entry *entry = keyset_probe(shard, hash);
        if (entry->hash)
            return entry;
    }
    if ((shard->count + 1) * 5 > shard->capacity * 4)
        keyset_grow(shard);
    struct keyset_entry *entry = keyset_probe(shard, hash);
    entry->hash = hash;
    shard->count++;
    return entry;
}

struct keyset_entry *keyset_find(struct keyset *set, uint64_t hash)
{
    hash = keyset_proper(hash);
    const struct keyset_shard *shard = &set->shards[keyset_shard_of(hash)];
    struct keyset_entry *entry = shard->capacity ? keyset_probe(shard, hash) : NULL;
    return entry && entry->hash ? entry : NULL;
}

void keyset_prefetch(const struct keyset *set, uint64_t hash)
{
    hash = keyset_proper(hash);
    const struct keyset_shard *shard = &set->shards[keyset_shard_of(hash)];
    if (shard->capacity)
        __builtin_prefetch(&shard->entries[keyset_home(shard, hash)], 1);
}
