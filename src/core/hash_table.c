#include "core/hash_table.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <xxhash.h>

#include "core/digest.h"
#include "core/memory.h"

enum {
    HASH_TABLE_SHARD_BITS = 8, /* the high bits of a hash choose its shard, the 32 below its home in it */
    HASH_TABLE_SHARDS = 1 << HASH_TABLE_SHARD_BITS,
    HASH_TABLE_FIRST_CAPACITY = 16,
};

struct hash_table_shard {
    struct hash_table_entry *entries; /* hash 0: free */
    size_t capacity, count;
};

struct hash_table {
    struct hash_table_shard shards[HASH_TABLE_SHARDS];
};

static pthread_once_t hash_table_seed_once = PTHREAD_ONCE_INIT;
static uint64_t hash_table_seed;

static void hash_table_draw_seed(void)
{
    digest_random(&hash_table_seed, sizeof hash_table_seed);
}

uint64_t hash_table_hash(struct slice key)
{
    pthread_once(&hash_table_seed_once, hash_table_draw_seed);
    return XXH3_64bits_withSeed(key.data, key.len, hash_table_seed);
}

struct hash_table *hash_table_new(void)
{
    return memory_new(1, sizeof(struct hash_table));
}

void hash_table_free(struct hash_table *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < HASH_TABLE_SHARDS; i++)
        free(set->shards[i].entries);
    free(set);
}

/* 0 marks a free place, so the hash 0 shares one with 1. */
static uint64_t hash_table_proper(uint64_t hash)
{
    return hash ? hash : 1;
}

static size_t hash_table_shard_of(uint64_t hash)
{
    return (size_t)(hash >> (64 - HASH_TABLE_SHARD_BITS));
}

/* Scales the 32 bits below the shard's to the capacity, which need not be a power of two. */
static size_t hash_table_home(const struct hash_table_shard *shard, uint64_t hash)
{
    return (size_t)(((hash >> (32 - HASH_TABLE_SHARD_BITS) & UINT32_MAX) * shard->capacity) >> 32);
}

/* The entry of the hash, or the free place where it belongs. */
static struct hash_table_entry *hash_table_probe(const struct hash_table_shard *shard, uint64_t hash)
{
    size_t index = hash_table_home(shard, hash);
    while (shard->entries[index].hash != 0 && shard->entries[index].hash != hash)
        index = index + 1 < shard->capacity ? index + 1 : 0;
    return &shard->entries[index];
}

static void hash_table_grow(struct hash_table_shard *shard, size_t capacity)
{
    struct hash_table_shard grown = {.capacity = capacity, .count = shard->count};
    grown.entries = memory_new(grown.capacity, sizeof *grown.entries);
    for (size_t i = 0; i < shard->capacity; i++)
        if (shard->entries[i].hash)
            *hash_table_probe(&grown, shard->entries[i].hash) = shard->entries[i];
    free(shard->entries);
    *shard = grown;
}

static bool hash_table_is_full(const struct hash_table_shard *shard)
{
    return (shard->count + 1) * 5 > shard->capacity * 4;
}

void hash_table_reserve(struct hash_table *set, size_t count)
{
    /* Two thirds full, so that chance seldom fills a shard to the four fifths at which it grows. */
    size_t capacity = count / HASH_TABLE_SHARDS * 3 / 2 + HASH_TABLE_FIRST_CAPACITY;

    for (size_t i = 0; i < HASH_TABLE_SHARDS; i++)
        if (set->shards[i].capacity < capacity)
            hash_table_grow(&set->shards[i], capacity);
}

struct hash_table_entry *hash_table_ensure(struct hash_table *set, uint64_t hash)
{
    hash = hash_table_proper(hash);
    struct hash_table_shard *shard = &set->shards[hash_table_shard_of(hash)];
    if (shard->capacity) {
        struct hash_table_entry *entry = hash_table_probe(shard, hash);
        if (entry->hash)
            return entry;
    }
    if (hash_table_is_full(shard))
        hash_table_grow(shard,
                        shard->capacity ? shard->capacity + shard->capacity / 2 : HASH_TABLE_FIRST_CAPACITY);
    struct hash_table_entry *entry = hash_table_probe(shard, hash);
    entry->hash = hash;
    shard->count++;
    return entry;
}

struct hash_table_entry *hash_table_find(struct hash_table *set, uint64_t hash)
{
    hash = hash_table_proper(hash);
    const struct hash_table_shard *shard = &set->shards[hash_table_shard_of(hash)];
    struct hash_table_entry *entry = shard->capacity ? hash_table_probe(shard, hash) : NULL;
    return entry && entry->hash ? entry : NULL;
}

void hash_table_prefetch(const struct hash_table *set, uint64_t hash)
{
    hash = hash_table_proper(hash);
    const struct hash_table_shard *shard = &set->shards[hash_table_shard_of(hash)];
    if (shard->capacity)
        __builtin_prefetch(&shard->entries[hash_table_home(shard, hash)], 1);
}
