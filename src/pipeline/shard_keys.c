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
    BUCKETS = 256,              /* by the first byte of the sealed hash */
    PIECE_ENTRIES = 128 * 1024, /* 3 MiB: of a section in memory at once */
    PIECE_FIRST_ENTRIES = 1024,
    PENDING_MAX = 256, /* sealed at once */
    INSERTION_MAX = 32,
    SORTERS_MAX = 8,
    BUCKET_SHIFT = 56, /* of the first byte, in `high` */
};

_Static_assert(sizeof(struct shard_keys_entry) == SHARD_KEYS_ENTRY_LEN, "an entry is written as it is");

/* Entries of a section, divided into buckets and not sorted within one: in the spill file, or those in
 * memory. */
struct piece {
    off_t offset;         /* in the spill file */
    size_t ends[BUCKETS]; /* in entries */
};

struct section {
    struct shard_keys_entry *entries; /* in memory */
    size_t count, capacity;
    struct piece *pieces; /* [piece_count], and behind them that of the entries in memory while it is saved */
    size_t piece_count;
    uint8_t hashes[PENDING_MAX * KEYED_HASH_LEN]; /* not sealed yet */
    uint64_t places[PENDING_MAX];
    size_t pending;
    off_t begins[BUCKETS + 1]; /* of the buckets in the file to be made, and their end */
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
        free(keys->sections[i]->pieces);
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

/* Divides entries by the byte of `high` at shift, in place ("American flag" sort): sealed hashes are random,
 * so that each byte divides them well. ends: of the buckets. */
static void divide(struct shard_keys_entry *entries, size_t count, int shift, size_t ends[BUCKETS])
{
    size_t next[BUCKETS];

    memset(ends, 0, BUCKETS * sizeof *ends);
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
}

/* Divides the entries in memory, as the piece behind all others. */
static struct piece *divide_section(struct section *section)
{
    section->pieces = memory_resize(section->pieces, section->piece_count + 1, sizeof *section->pieces);
    struct piece *piece = &section->pieces[section->piece_count];
    divide(section->entries, section->count, BUCKET_SHIFT, piece->ends);
    return piece;
}

/* Without a name: nothing is left of it, however the process ends. */
static int open_aside(struct shard_keys *keys)
{
    keys->aside_fd = open(keys->aside_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return keys->aside_fd >= 0 ? unlink(keys->aside_path) : -1;
}

/* Writes the entries in memory to the spill file. What fails is reported by shard_keys_save. */
static void set_aside(struct shard_keys *keys, struct section *section)
{
    struct piece *piece = divide_section(section);
    size_t len = section->count * sizeof *section->entries;

    section->count = 0;
    if (keys->fault)
        return;
    if ((keys->aside_fd < 0 && open_aside(keys) != 0) ||
        write_at(keys->aside_fd, section->entries, len, keys->aside_len) != 0) {
        keys->fault = errno;
        return;
    }
    piece->offset = keys->aside_len;
    keys->aside_len += (off_t)len;
    section->piece_count++;
}

static void add_entry(struct shard_keys *keys, struct section *section, struct shard_keys_entry entry)
{
    if (section->count == PIECE_ENTRIES)
        set_aside(keys, section);
    if (section->count == section->capacity) {
        section->capacity = section->capacity ? 2 * section->capacity : PIECE_FIRST_ENTRIES;
        section->entries = memory_resize(section->entries, section->capacity, sizeof *section->entries);
    }
    section->entries[section->count++] = entry;
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
        add_entry(keys, section, entry);
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

/* From the byte of `high` at shift on. */
static void sort_many(struct shard_keys_entry *entries, size_t count, int shift)
{
    size_t ends[BUCKETS];

    divide(entries, count, shift, ends);
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

/* The entries of a bucket that a piece has, into out. *count: how many. 0, or -1 with errno. */
static int read_piece(const struct shard_keys *keys, const struct section *section, size_t index,
                      size_t bucket, struct shard_keys_entry *out, size_t *count)
{
    const struct piece *piece = &section->pieces[index];
    size_t begin = bucket ? piece->ends[bucket - 1] : 0;

    *count = piece->ends[bucket] - begin;
    if (index < section->piece_count)
        return read_at(keys->aside_fd, out, *count * sizeof *out,
                       piece->offset + (off_t)(begin * sizeof *out));
    if (*count)
        memcpy(out, section->entries + begin, *count * sizeof *out);
    return 0;
}

/* Sorts a bucket in entries, which has room for it, and writes it to its place. 0, or -1 with errno. */
static int save_bucket(const struct shard_keys *keys, const struct section *section, size_t bucket,
                       struct shard_keys_entry *entries)
{
    size_t count = 0;

    for (size_t i = 0; i <= section->piece_count; i++) {
        size_t more;
        if (read_piece(keys, section, i, bucket, entries + count, &more) != 0)
            return -1;
        count += more;
    }
    sort_entries(entries, count, BUCKET_SHIFT - 8);
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct shard_keys_entry){htobe64(entries[i].high), htobe64(entries[i].low),
                                               htobe64(entries[i].place)};
    return write_at(keys->fd, entries, count * sizeof *entries, section->begins[bucket]);
}

static size_t bucket_count(const struct section *section, size_t bucket)
{
    return (size_t)(section->begins[bucket + 1] - section->begins[bucket]) / sizeof *section->entries;
}

/* Saves one bucket after the other until all are saved, or one has failed. */
static void *save_buckets(void *argument)
{
    struct shard_keys *keys = argument;
    struct shard_keys_entry *entries = NULL;
    size_t index, capacity = 0;

    while (!keys->fault &&
           (index = atomic_fetch_add(&keys->next_bucket, 1)) < (size_t)SHARD_KEYS_SECTIONS * BUCKETS) {
        const struct section *section = keys->sections[index / BUCKETS];
        size_t bucket = index % BUCKETS, count = section ? bucket_count(section, bucket) : 0;
        if (count == 0)
            continue;
        if (count > capacity) {
            free(entries);
            entries = memory_new(capacity = count + count / 8, sizeof *entries);
        }
        if (save_bucket(keys, section, bucket, entries) != 0)
            keys->fault = errno;
    }
    free(entries);
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
static off_t begin_section(struct shard_keys *keys, uint32_t number, off_t offset)
{
    struct section *section = keys->sections[number];
    char head[SHARD_KEYS_SECTION_LEN];
    uint64_t total = section->piece_count * (uint64_t)PIECE_ENTRIES + section->count;

    divide_section(section);
    section->begins[0] = offset + (off_t)sizeof head;
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        size_t count = 0;
        for (size_t i = 0; i <= section->piece_count; i++)
            count += section->pieces[i].ends[bucket] - (bucket ? section->pieces[i].ends[bucket - 1] : 0);
        section->begins[bucket + 1] = section->begins[bucket] + (off_t)(count * sizeof *section->entries);
    }
    number = htobe32(number);
    total = htobe64(total);
    memcpy(head, &number, sizeof number);
    memcpy(head + sizeof number, &total, sizeof total);
    return write_at(keys->fd, head, sizeof head, offset) == 0 ? section->begins[BUCKETS] : -1;
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
