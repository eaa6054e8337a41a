#include "rules/value_map.h"

#include <stdint.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/ascii.h"
#include "core/memory.h"

enum { VALUE_MAP_FIRST_CAPACITY = 64, VALUE_MAP_FOLDED_MAX = 128, VALUE_MAP_FOLDED_CHUNK = 1024 };

struct entry {
    uint64_t hash; /* 0: free */
    struct slice key, value;
    bool is_ambiguous;
};

struct value_map {
    bool folded;
    struct arena folded_keys;
    struct entry *entries;
    size_t capacity, count; /* capacity: a power of two, more than twice count */
};

static uint64_t load_word(const char *cursor, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, cursor, len);
    return word;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* Keys are the job's and the provider's, so an export cannot make them collide. */
static uint64_t hash_key(struct slice key)
{
    uint64_t hash = key.len + 1;
    const char *cursor = key.data;
    size_t left = key.len;
    for (; left > 8; cursor += 8, left -= 8)
        hash = mix(hash, load_word(cursor, 8));
    if (left > 0)
        hash = mix(hash, load_word(cursor, left));
    return hash ? hash : 1;
}

/* Empty for a key that is longer than any word of an enumeration. */
static struct slice fold_key(struct slice key, char out[VALUE_MAP_FOLDED_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < key.len; i++) {
        char c = key.data[i];
        if (c == ' ' || c == '-' || c == '_')
            continue;
        if (len == VALUE_MAP_FOLDED_MAX)
            return slice_make(out, 0);
        out[len++] = ascii_lower(c);
    }
    return slice_make(out, len);
}

struct value_map *value_map_new(bool folded)
{
    struct value_map *map = memory_new(1, sizeof *map);
    map->folded = folded;
    arena_init(&map->folded_keys, VALUE_MAP_FOLDED_CHUNK);
    map->capacity = VALUE_MAP_FIRST_CAPACITY;
    map->entries = memory_new(map->capacity, sizeof *map->entries);
    return map;
}

void value_map_free(struct value_map *map)
{
    if (!map)
        return;
    arena_clear(&map->folded_keys);
    free(map->entries);
    free(map);
}

/* The entry of a key, else the free entry for it. */
static struct entry *find_entry(const struct value_map *map, struct slice key, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct entry *entry = &map->entries[i];
        if (entry->hash == 0 || (entry->hash == hash && slice_equal(entry->key, key)))
            return entry;
    }
}

static void grow(struct value_map *map)
{
    struct value_map old = *map;
    map->capacity *= 2;
    map->entries = memory_new(map->capacity, sizeof *map->entries);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.entries[i].hash)
            *find_entry(map, old.entries[i].key, old.entries[i].hash) = old.entries[i];
    free(old.entries);
}

void value_map_add(struct value_map *map, struct slice key, struct slice value)
{
    char folded[VALUE_MAP_FOLDED_MAX];
    if (map->folded)
        key = fold_key(key, folded);
    if (key.len == 0)
        return;
    uint64_t hash = hash_key(key);
    struct entry *entry = find_entry(map, key, hash);
    if (entry->hash) {
        entry->is_ambiguous |= map->folded && !slice_equal(entry->value, value);
        return;
    }
    if (map->folded)
        key = arena_copy(&map->folded_keys, key);
    *entry = (struct entry){hash, key, value, false};
    if (++map->count * 2 > map->capacity)
        grow(map);
}

const struct slice *value_map_find(const struct value_map *map, struct slice key)
{
    char folded[VALUE_MAP_FOLDED_MAX];
    if (map->folded)
        key = fold_key(key, folded);
    if (key.len == 0)
        return NULL;
    const struct entry *entry = find_entry(map, key, hash_key(key));
    return entry->hash && !entry->is_ambiguous ? &entry->value : NULL;
}
