#include "pipeline/shard_keys.h"

#include <assert.h>
#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"

enum {
    BUCKETS = 256, /* by the first byte of the sealed hash */
    BUCKET_FIRST_CAPACITY = 16,
    PENDING_MAX = 256, /* sealed at once */
    INSERTION_MAX = 32,
    SORTERS_MAX = 8,
    WRITE_ENTRIES = 8192,
};

struct bucket {
    struct shard_keys_entry *entries;
    size_t count, capacity;
};

struct section {
    struct bucket buckets[BUCKETS];
    uint8_t hashes[PENDING_MAX * KEYED_HASH_LEN]; /* not sealed yet */
    uint64_t places[PENDING_MAX];
    size_t pending;
};

struct shard_keys {
    struct keyed_hash *hash;
    struct section *sections[SHARD_KEYS_SECTIONS]; /* NULL: the job has no such rule */
    size_t section_count;
    _Atomic size_t next_bucket; /* of all sections, to be sorted */
};

struct shard_keys *shard_keys_new(struct keyed_hash *hash, size_t unique_count)
{
    struct shard_keys *keys = memory_new(1, sizeof *keys);

    assert(unique_count <= SHARD_KEYS_IDENTITIES);
    keys->hash = hash;
    for (size_t i = 0; i < SHARD_KEYS_SECTIONS; i++)
        if (i < unique_count || i == SHARD_KEYS_IDENTITIES) {
            keys->sections[i] = memory_new(1, sizeof *keys->sections[i]);
            keys->section_count++;
        }
    return keys;
}

void shard_keys_free(struct shard_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < SHARD_KEYS_SECTIONS; i++) {
        for (size_t bucket = 0; keys->sections[i] && bucket < BUCKETS; bucket++)
            free(keys->sections[i]->buckets[bucket].entries);
        free(keys->sections[i]);
    }
    free(keys);
}

static void add_entry(struct bucket *bucket, struct shard_keys_entry entry)
{
    if (bucket->count == bucket->capacity) {
        bucket->capacity = bucket->capacity ? bucket->capacity + bucket->capacity / 4 : BUCKET_FIRST_CAPACITY;
        bucket->entries = memory_resize(bucket->entries, bucket->capacity, sizeof *bucket->entries);
    }
    bucket->entries[bucket->count++] = entry;
}

static void seal_pending(struct shard_keys *keys, struct section *section)
{
    keyed_hash_seal(keys->hash, section->hashes, section->pending);
    for (size_t i = 0; i < section->pending; i++) {
        struct shard_keys_entry entry = {.place = section->places[i]};
        memcpy(&entry.high, section->hashes + i * KEYED_HASH_LEN, sizeof entry.high);
        memcpy(&entry.low, section->hashes + i * KEYED_HASH_LEN + sizeof entry.high, sizeof entry.low);
        entry.high = be64toh(entry.high);
        entry.low = be64toh(entry.low);
        add_entry(&section->buckets[entry.high >> 56], entry);
    }
    section->pending = 0;
}

void shard_keys_add(struct shard_keys *keys, unsigned section_index, const uint8_t hash[KEYED_HASH_LEN],
                    uint64_t place)
{
    struct section *section = keys->sections[section_index];

    memcpy(section->hashes + section->pending * KEYED_HASH_LEN, hash, KEYED_HASH_LEN);
    section->places[section->pending++] = place;
    if (section->pending == PENDING_MAX)
        seal_pending(keys, section);
}

static bool is_before(const struct shard_keys_entry *a, const struct shard_keys_entry *b)
{
    return a->high != b->high ? a->high < b->high : a->low < b->low;
}

static void sort_few(struct shard_keys_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct shard_keys_entry moved = entries[i];
        size_t index = i;
        for (; index > 0 && is_before(&moved, &entries[index - 1]); index--)
            entries[index] = entries[index - 1];
        entries[index] = moved;
    }
}

static void sort_entries(struct shard_keys_entry *entries, size_t count, int shift);

/* Radix sort in place ("American flag"), from the byte of `high` at shift on: sealed hashes are random, so
 * that each byte divides them well. */
static void sort_many(struct shard_keys_entry *entries, size_t count, int shift)
{
    size_t ends[BUCKETS] = {0}, next[BUCKETS];

    for (size_t i = 0; i < count; i++)
        ends[entries[i].high >> shift & 0xff]++;
    for (size_t i = 0, total = 0; i < BUCKETS; i++) {
        next[i] = total;
        ends[i] = total += ends[i];
    }
    for (size_t i = 0; i < BUCKETS; i++)
        while (next[i] < ends[i]) {
            struct shard_keys_entry entry = entries[next[i]];
            size_t home = entry.high >> shift & 0xff;
            entries[next[i]] = entries[next[home]];
            entries[next[home]++] = entry;
        }
    for (size_t i = 0; i < BUCKETS; i++) {
        size_t begin = i ? ends[i - 1] : 0;
        sort_entries(entries + begin, ends[i] - begin, shift - 8);
    }
}

static void sort_entries(struct shard_keys_entry *entries, size_t count, int shift)
{
    if (count <= INSERTION_MAX || shift < 0)
        sort_few(entries, count);
    else
        sort_many(entries, count, shift);
}

/* Takes one bucket after the other until all are sorted. */
static void *sort_buckets(void *argument)
{
    struct shard_keys *keys = argument;
    size_t index;

    while ((index = atomic_fetch_add(&keys->next_bucket, 1)) < (size_t)SHARD_KEYS_SECTIONS * BUCKETS) {
        struct section *section = keys->sections[index / BUCKETS];
        struct bucket *bucket = section ? &section->buckets[index % BUCKETS] : NULL;
        if (bucket)
            sort_entries(bucket->entries, bucket->count, 48);
    }
    return NULL;
}

/* With a thread for each processor; where there is none, alone. */
static void sort_all(struct shard_keys *keys)
{
    pthread_t threads[SORTERS_MAX];
    cpu_set_t cores;
    size_t count = 0, wanted;

    wanted = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (size_t)CPU_COUNT(&cores) : 1;
    if (wanted > SORTERS_MAX)
        wanted = SORTERS_MAX;
    atomic_store(&keys->next_bucket, 0);
    while (count + 1 < wanted && pthread_create(&threads[count], NULL, sort_buckets, keys) == 0)
        count++;
    sort_buckets(keys);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static int write_bucket(int fd, const struct bucket *bucket, uint64_t *words)
{
    for (size_t done = 0; done < bucket->count;) {
        size_t count = bucket->count - done < WRITE_ENTRIES ? bucket->count - done : WRITE_ENTRIES;
        for (size_t i = 0; i < count; i++) {
            const struct shard_keys_entry *entry = &bucket->entries[done + i];
            words[3 * i] = htobe64(entry->high);
            words[3 * i + 1] = htobe64(entry->low);
            words[3 * i + 2] = htobe64(entry->place);
        }
        if (file_write_all(fd, slice_make((const char *)words, count * SHARD_KEYS_ENTRY_LEN)) != 0)
            return -1;
        done += count;
    }
    return 0;
}

static int write_section(int fd, const struct section *section, uint32_t number, uint64_t *words)
{
    uint64_t count = 0;
    char head[SHARD_KEYS_SECTION_LEN];

    for (size_t i = 0; i < BUCKETS; i++)
        count += section->buckets[i].count;
    number = htobe32(number);
    count = htobe64(count);
    memcpy(head, &number, sizeof number);
    memcpy(head + sizeof number, &count, sizeof count);
    if (file_write_all(fd, slice_make(head, sizeof head)) != 0)
        return -1;
    for (size_t i = 0; i < BUCKETS; i++)
        if (write_bucket(fd, &section->buckets[i], words) != 0)
            return -1;
    return 0;
}

static void make_header(const struct shard_keys *keys, const uint8_t *plan, const uint8_t *check,
                        uint32_t shard, char header[SHARD_KEYS_HEADER_LEN])
{
    uint32_t numbers[2] = {htobe32(shard), htobe32((uint32_t)keys->section_count)};
    char *next = header;

    memcpy(next, SHARD_KEYS_MAGIC, SHARD_KEYS_MAGIC_LEN);
    memcpy(next += SHARD_KEYS_MAGIC_LEN, plan, DIGEST_SHA256_LEN);
    memcpy(next += DIGEST_SHA256_LEN, check, KEYED_HASH_LEN);
    memcpy(next + KEYED_HASH_LEN, numbers, sizeof numbers);
}

int shard_keys_save(struct shard_keys *keys, const char *path, const uint8_t plan[DIGEST_SHA256_LEN],
                    const uint8_t check[KEYED_HASH_LEN], uint32_t shard)
{
    char header[SHARD_KEYS_HEADER_LEN];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -1;
    for (size_t i = 0; i < SHARD_KEYS_SECTIONS; i++)
        if (keys->sections[i])
            seal_pending(keys, keys->sections[i]);
    sort_all(keys);
    make_header(keys, plan, check, shard, header);
    uint64_t *words = memory_new(WRITE_ENTRIES, SHARD_KEYS_ENTRY_LEN);
    int result = file_write_all(fd, slice_make(header, sizeof header));
    for (uint32_t i = 0; i < SHARD_KEYS_SECTIONS && result == 0; i++)
        if (keys->sections[i])
            result = write_section(fd, keys->sections[i], i, words);
    if (result == 0)
        result = file_write_all(fd, slice_make(SHARD_KEYS_END, SHARD_KEYS_MAGIC_LEN));
    free(words);
    return close(fd) == 0 ? result : -1;
}
