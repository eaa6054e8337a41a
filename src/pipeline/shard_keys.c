#include "pipeline/shard_keys.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"

enum {
    BUCKETS = 256,       /* by the first byte of the sealed hash */
    CHUNK_ENTRIES = 512, /* 12 KiB of a bucket in memory at once: 3 MiB a section */
    CHUNK_LEN = CHUNK_ENTRIES * SHARD_KEYS_ENTRY_LEN,
    PENDING_MAX = 256, /* sealed at once */
    SORTERS_MAX = 8,
    BUCKET_SHIFT = 56, /* of the first byte, in `high` */
    SORT_BITS_MAX = 16,
};

_Static_assert(sizeof(struct shard_keys_entry) == SHARD_KEYS_ENTRY_LEN, "an entry is written as it is");

/* Entries of a section with the same first byte, not sorted. */
struct bucket {
    size_t count;  /* in memory: up to CHUNK_ENTRIES */
    off_t *chunks; /* in the spill file, each full */
    size_t chunk_count;
    off_t begin; /* in the file to be made */
};

struct section {
    struct shard_keys_entry *entries; /* [BUCKETS][CHUNK_ENTRIES]; NULL: none so far */
    struct bucket buckets[BUCKETS];
    uint8_t hashes[PENDING_MAX * KEYED_HASH_LEN]; /* not sealed yet */
    uint64_t places[PENDING_MAX];
    size_t pending;
};

struct shard_keys {
    struct keyed_hash *hash;
    struct section *sections[SHARD_KEYS_SECTIONS]; /* NULL: the job has no such rule */
    size_t section_count;
    char *aside_path;
    int aside_fd; /* -1: not needed so far */
    off_t aside_len;
    _Atomic int fault;          /* errno of what has failed; 0: nothing */
    int fd;                     /* of the file to be made */
    _Atomic size_t next_bucket; /* of all sections, to be saved */
};

struct shard_keys *shard_keys_new(struct keyed_hash *hash, size_t unique_count, const char *aside_path)
{
    struct shard_keys *keys = memory_new(1, sizeof *keys);

    assert(unique_count <= SHARD_KEYS_IDENTITIES);
    keys->hash = hash;
    keys->aside_path = memory_copy(slice_from(aside_path));
    keys->aside_fd = -1;
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
        if (!keys->sections[i])
            continue;
        free(keys->sections[i]->entries);
        for (size_t bucket = 0; bucket < BUCKETS; bucket++)
            free(keys->sections[i]->buckets[bucket].chunks);
        free(keys->sections[i]);
    }
    if (keys->aside_fd >= 0)
        close(keys->aside_fd);
    free(keys->aside_path);
    free(keys);
}

/* pwrite(2) until all is written. 0, or -1 with errno. */
static int write_at(int fd, const void *bytes, size_t len, off_t offset)
{
    for (size_t done = 0; done < len;) {
        ssize_t written = pwrite(fd, (const char *)bytes + done, len - done, offset + (off_t)done);
        if (written < 0 && errno != EINTR)
            return -1;
        done += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* pread(2) until all is read. 0, or -1 with errno. */
static int read_at(int fd, void *bytes, size_t len, off_t offset)
{
    for (size_t done = 0; done < len;) {
        ssize_t got = pread(fd, (char *)bytes + done, len - done, offset + (off_t)done);
        if (got == 0)
            errno = EIO; /* somebody has cut it */
        if (got == 0 || (got < 0 && errno != EINTR))
            return -1;
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

/* Without a name: nothing is left of it, however the process ends. */
static int open_aside(struct shard_keys *keys)
{
    keys->aside_fd = open(keys->aside_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return keys->aside_fd >= 0 ? unlink(keys->aside_path) : -1;
}

/* Writes the full chunk of a bucket to the spill file. What fails is reported by shard_keys_save. */
static void set_aside(struct shard_keys *keys, struct bucket *bucket, const struct shard_keys_entry *entries)
{
    bucket->count = 0;
    if (keys->fault)
        return;
    if ((keys->aside_fd < 0 && open_aside(keys) != 0) ||
        write_at(keys->aside_fd, entries, CHUNK_LEN, keys->aside_len) != 0) {
        keys->fault = errno;
        return;
    }
    bucket->chunks = memory_resize(bucket->chunks, bucket->chunk_count + 1, sizeof *bucket->chunks);
    bucket->chunks[bucket->chunk_count++] = keys->aside_len;
    keys->aside_len += CHUNK_LEN;
}

static void add_entry(struct shard_keys *keys, struct section *section, const struct shard_keys_entry *entry)
{
    size_t index = entry->high >> BUCKET_SHIFT;
    struct bucket *bucket = &section->buckets[index];
    struct shard_keys_entry *entries = section->entries + index * CHUNK_ENTRIES;

    if (bucket->count == CHUNK_ENTRIES)
        set_aside(keys, bucket, entries);
    entries[bucket->count++] = *entry;
}

static void seal_pending(struct shard_keys *keys, struct section *section)
{
    keyed_hash_seal(keys->hash, section->hashes, section->pending);
    if (!section->entries)
        section->entries = memory_new((size_t)BUCKETS * CHUNK_ENTRIES, sizeof *section->entries);
    for (size_t i = 0; i < section->pending; i++) {
        struct shard_keys_entry entry = {.place = section->places[i]};
        memcpy(&entry.high, section->hashes + i * KEYED_HASH_LEN, sizeof entry.high);
        memcpy(&entry.low, section->hashes + i * KEYED_HASH_LEN + sizeof entry.high, sizeof entry.low);
        entry.high = be64toh(entry.high);
        entry.low = be64toh(entry.low);
        add_entry(keys, section, &entry);
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

/* What a thread sorts with, for one bucket at a time. */
struct sorter {
    struct shard_keys_entry *entries, *sorted; /* [capacity] */
    size_t capacity;
    uint32_t ends[1 << SORT_BITS_MAX];
};

static void reserve(struct sorter *sorter, size_t count)
{
    if (count <= sorter->capacity)
        return;
    free(sorter->entries);
    free(sorter->sorted);
    sorter->capacity = count + count / 8;
    sorter->entries = memory_new(sorter->capacity, sizeof *sorter->entries);
    sorter->sorted = memory_new(sorter->capacity, sizeof *sorter->sorted);
}

/* Where an entry of a bucket is about, by the bits after the first byte: sealed hashes are random. */
static size_t sort_index(const struct shard_keys_entry *entry, unsigned bits)
{
    return (size_t)(entry->high << 8 >> (64 - bits));
}

/* Sorts entries into `sorted`: by so many bits that few have the same ones, then each among those. */
static void sort_entries(struct sorter *sorter, size_t count)
{
    struct shard_keys_entry *sorted = sorter->sorted;
    unsigned bits = 1;
    uint32_t total = 0;

    while (bits < SORT_BITS_MAX && (size_t)1 << bits < count)
        bits++;
    memset(sorter->ends, 0, sizeof *sorter->ends << bits);
    for (size_t i = 0; i < count; i++)
        sorter->ends[sort_index(&sorter->entries[i], bits)]++;
    for (size_t i = 0; i < (size_t)1 << bits; i++) {
        uint32_t here = sorter->ends[i];
        sorter->ends[i] = total;
        total += here;
    }
    for (size_t i = 0; i < count; i++)
        sorted[sorter->ends[sort_index(&sorter->entries[i], bits)]++] = sorter->entries[i];
    for (size_t i = 1; i < count; i++) {
        struct shard_keys_entry moved = sorted[i];
        size_t index = i;
        for (; index > 0 && is_before(&moved, &sorted[index - 1]); index--)
            sorted[index] = sorted[index - 1];
        if (index != i)
            sorted[index] = moved;
    }
}

static size_t bucket_count(const struct bucket *bucket)
{
    return bucket->chunk_count * CHUNK_ENTRIES + bucket->count;
}

/* Sorts a bucket, and writes it to its place. 0, or -1 with errno. */
static int save_bucket(const struct shard_keys *keys, const struct section *section, size_t index,
                       struct sorter *sorter)
{
    const struct bucket *bucket = &section->buckets[index];
    size_t count = bucket_count(bucket);

    reserve(sorter, count);
    struct shard_keys_entry *end = sorter->entries;
    for (size_t i = 0; i < bucket->chunk_count; i++, end += CHUNK_ENTRIES)
        if (read_at(keys->aside_fd, end, CHUNK_LEN, bucket->chunks[i]) != 0)
            return -1;
    if (bucket->count)
        memcpy(end, section->entries + index * CHUNK_ENTRIES, bucket->count * sizeof *end);
    sort_entries(sorter, count);
    for (size_t i = 0; i < count; i++) {
        struct shard_keys_entry *entry = &sorter->sorted[i];
        *entry = (struct shard_keys_entry){htobe64(entry->high), htobe64(entry->low), htobe64(entry->place)};
    }
    return write_at(keys->fd, sorter->sorted, count * sizeof *sorter->sorted, bucket->begin);
}

/* Saves one bucket after the other until all are saved, or one has failed. */
static void *save_buckets(void *argument)
{
    struct shard_keys *keys = argument;
    struct sorter *sorter = memory_new(1, sizeof *sorter);
    size_t index;

    while (!keys->fault &&
           (index = atomic_fetch_add(&keys->next_bucket, 1)) < (size_t)SHARD_KEYS_SECTIONS * BUCKETS) {
        const struct section *section = keys->sections[index / BUCKETS];
        if (section && bucket_count(&section->buckets[index % BUCKETS]) > 0 &&
            save_bucket(keys, section, index % BUCKETS, sorter) != 0)
            keys->fault = errno;
    }
    free(sorter->entries);
    free(sorter->sorted);
    free(sorter);
    return NULL;
}

/* With a thread for each processor; where there is none, alone. */
static void save_all(struct shard_keys *keys)
{
    pthread_t threads[SORTERS_MAX];
    cpu_set_t cores;
    size_t count = 0, wanted;

    wanted = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (size_t)CPU_COUNT(&cores) : 1;
    if (wanted > SORTERS_MAX)
        wanted = SORTERS_MAX;
    atomic_store(&keys->next_bucket, 0);
    while (count + 1 < wanted && pthread_create(&threads[count], NULL, save_buckets, keys) == 0)
        count++;
    save_buckets(keys);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* Where its buckets will be, behind its head at offset, which is written. Returns the section's end, or -1
 * with errno. */
static off_t begin_section(const struct shard_keys *keys, uint32_t number, off_t offset)
{
    struct section *section = keys->sections[number];
    char head[SHARD_KEYS_SECTION_LEN];
    off_t end = offset + (off_t)sizeof head;
    uint64_t total = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        size_t count = bucket_count(&section->buckets[i]);
        section->buckets[i].begin = end;
        end += (off_t)(count * sizeof *section->entries);
        total += count;
    }
    number = htobe32(number);
    total = htobe64(total);
    memcpy(head, &number, sizeof number);
    memcpy(head + sizeof number, &total, sizeof total);
    return write_at(keys->fd, head, sizeof head, offset) == 0 ? end : -1;
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

/* All but the buckets. 0, or -1 with errno. */
static int write_frame(struct shard_keys *keys, const char header[SHARD_KEYS_HEADER_LEN])
{
    off_t offset = SHARD_KEYS_HEADER_LEN;

    if (write_at(keys->fd, header, SHARD_KEYS_HEADER_LEN, 0) != 0)
        return -1;
    for (uint32_t i = 0; i < SHARD_KEYS_SECTIONS && offset >= 0; i++)
        if (keys->sections[i])
            offset = begin_section(keys, i, offset);
    return offset < 0 ? -1 : write_at(keys->fd, SHARD_KEYS_END, SHARD_KEYS_MAGIC_LEN, offset);
}

int shard_keys_save(struct shard_keys *keys, const char *path, const uint8_t plan[DIGEST_SHA256_LEN],
                    const uint8_t check[KEYED_HASH_LEN], uint32_t shard)
{
    char header[SHARD_KEYS_HEADER_LEN];

    for (size_t i = 0; i < SHARD_KEYS_SECTIONS; i++)
        if (keys->sections[i])
            seal_pending(keys, keys->sections[i]);
    if (!keys->fault) {
        keys->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (keys->fd < 0)
            return -1;
        make_header(keys, plan, check, shard, header);
        if (write_frame(keys, header) != 0)
            keys->fault = errno;
        save_all(keys);
        if (close(keys->fd) != 0 && !keys->fault)
            keys->fault = errno;
    }
    errno = keys->fault;
    return keys->fault ? -1 : 0;
}
