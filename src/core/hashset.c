#include "core/hashset.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum {
    HASHSET_SHARD_BITS = 8, /* the high bits of a hash choose its shard, the 48 low ones are kept in it */
    HASHSET_SHARDS = 1 << HASHSET_SHARD_BITS,
    HASHSET_TAG_LEN = 6,
    HASHSET_FIRST_CAPACITY = 16,
};

struct hashset_shard {
    uint8_t *tags; /* capacity × HASHSET_TAG_LEN; 0: free */
    size_t capacity, count;
};

struct hashset {
    struct hashset_shard shards[HASHSET_SHARDS];
};

struct hashset *hashset_new(void)
{
    return memory_new(1, sizeof(struct hashset));
}

void hashset_free(struct hashset *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < HASHSET_SHARDS; i++)
        free(set->shards[i].tags);
    free(set);
}

/* 0 marks a free place, so the tag 0 shares one with 1. */
static uint64_t tag_of(uint64_t hash)
{
    uint64_t tag = hash & ((UINT64_C(1) << 48) - 1);

    return tag ? tag : 1;
}

static uint64_t read_tag(const struct hashset_shard *shard, size_t i)
{
    uint64_t tag = 0;

    memcpy(&tag, shard->tags + i * HASHSET_TAG_LEN, HASHSET_TAG_LEN); /* little endian */
    return tag;
}

/* The upper 32 bits of the tag, scaled to the capacity, which need not be a power of two. */
static size_t home_of(const struct hashset_shard *shard, uint64_t tag)
{
    return (size_t)(((tag >> 16) * shard->capacity) >> 32);
}

/* The place of the tag, or the free one where it belongs. */
static size_t probe(const struct hashset_shard *shard, uint64_t tag)
{
    size_t i = home_of(shard, tag);
    uint64_t there;

    while ((there = read_tag(shard, i)) != 0 && there != tag)
        i = i + 1 < shard->capacity ? i + 1 : 0;
    return i;
}

static void put(struct hashset_shard *shard, size_t i, uint64_t tag)
{
    memcpy(shard->tags + i * HASHSET_TAG_LEN, &tag, HASHSET_TAG_LEN);
}

static void grow(struct hashset_shard *shard)
{
    struct hashset_shard grown = {.capacity = shard->capacity ? shard->capacity + shard->capacity / 2
                                                              : HASHSET_FIRST_CAPACITY,
                                  .count = shard->count};

    grown.tags = memory_new(grown.capacity, HASHSET_TAG_LEN);
    for (size_t i = 0; i < shard->capacity; i++) {
        uint64_t tag = read_tag(shard, i);
        if (tag)
            put(&grown, probe(&grown, tag), tag);
    }
    free(shard->tags);
    *shard = grown;
}

bool hashset_add(struct hashset *set, uint64_t hash)
{
    struct hashset_shard *shard = &set->shards[hash >> (64 - HASHSET_SHARD_BITS)];
    uint64_t tag = tag_of(hash);

    if ((shard->count + 1) * 5 > shard->capacity * 4)
        grow(shard);
    size_t i = probe(shard, tag);
    if (read_tag(shard, i) == tag)
        return true;
    put(shard, i, tag);
    shard->count++;
    return false;
}

void hashset_prefetch(const struct hashset *set, uint64_t hash)
{
    const struct hashset_shard *shard = &set->shards[hash >> (64 - HASHSET_SHARD_BITS)];

    if (shard->capacity)
        __builtin_prefetch(shard->tags + home_of(shard, tag_of(hash)) * HASHSET_TAG_LEN, 1);
}
