#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/process.h"
#include "pipeline/shard_repeats.h"

enum {
    READ_LEN = 64 * 1024,
    WRITE_LEN = 64 * 1024,
    BASE_FD_COUNT = 20,
    REPEATS_MODE = 0600,
};

/* One of the files, read once. */
struct cursor {
    int fd;
    char *buffer;
    size_t len, next;
    uint32_t section; /* the number of the present section */
    uint32_t sections_left;
    bool is_first; /* no section was read yet */
    uint64_t left; /* entries of the section */
    struct shard_keys_entry entry;
};

struct merging {
    struct shard_repeats_merge *merge;
    struct cursor *cursors; /* [merge->count] */
    uint32_t *heap;         /* indices of cursors, the smallest entry first */
    size_t heap_count;
    struct buffer out;
    struct digest_hmac *hmac;
};

static int fail_damaged(struct merging *merging, size_t index, struct error *error)
{
    merging->merge->failed = index;
    return error_set(error, ERROR_INPUT, "%s is damaged", merging->merge->paths[index]);
}

static int fail_draft(struct merging *merging, struct error *error)
{
    merging->merge->failed = merging->merge->count;
    return error_set(error, ERROR_USAGE,
                     "%s: %m\nhint: check the folder, its permissions and the space on its disk",
                     merging->merge->out_path);
}

/* The next len bytes; NULL: the file ends before. */
static const char *next_bytes(struct cursor *cursor, size_t len)
{
    if (cursor->len - cursor->next < len) {
        memmove(cursor->buffer, cursor->buffer + cursor->next, cursor->len - cursor->next);
        cursor->len -= cursor->next;
        cursor->next = 0;
        while (cursor->len < len) {
            ssize_t got = read(cursor->fd, cursor->buffer + cursor->len, READ_LEN - cursor->len);
            if (got <= 0)
                return NULL;
            cursor->len += (size_t)got;
        }
    }
    cursor->next += len;
    return cursor->buffer + cursor->next - len;
}

/* Goes to the next section; behind the last one, to SHARD_KEYS_SECTIONS. False: damaged, as where a crash has
 * left zeros. */
static bool next_section(struct cursor *cursor)
{
    uint32_t before = cursor->section;
    bool is_last = cursor->sections_left == 0;
    const char *head = next_bytes(cursor, is_last ? SHARD_KEYS_MAGIC_LEN : SHARD_KEYS_SECTION_LEN);

    if (!head)
        return false;
    if (is_last) {
        cursor->section = SHARD_KEYS_SECTIONS;
        return memcmp(head, SHARD_KEYS_END, SHARD_KEYS_MAGIC_LEN) == 0 && !next_bytes(cursor, 1);
    }
    memcpy(&cursor->section, head, sizeof cursor->section);
    memcpy(&cursor->left, head + sizeof cursor->section, sizeof cursor->left);
    cursor->section = be32toh(cursor->section);
    cursor->left = be64toh(cursor->left);
    cursor->sections_left--;
    return cursor->section < SHARD_KEYS_SECTIONS && (cursor->is_first || cursor->section > before);
}

static bool is_before(const struct shard_keys_entry *a, const struct shard_keys_entry *b)
{
    if (a->high != b->high)
        return a->high < b->high;
    return a->low != b->low ? a->low < b->low : a->place < b->place;
}

static bool is_same(const struct shard_keys_entry *a, const struct shard_keys_entry *b)
{
    return a->high == b->high && a->low == b->low;
}

/* Its next entry, which must be after the one before: a file that was cut and filled with zeros is not. */
static bool next_entry(struct cursor *cursor, bool is_first)
{
    struct shard_keys_entry before = cursor->entry;
    const char *bytes = next_bytes(cursor, SHARD_KEYS_ENTRY_LEN);

    if (!bytes)
        return false;
    memcpy(&cursor->entry, bytes, sizeof cursor->entry);
    cursor->entry.high = be64toh(cursor->entry.high);
    cursor->entry.low = be64toh(cursor->entry.low);
    cursor->entry.place = be64toh(cursor->entry.place);
    cursor->left--;
    return is_first || (is_before(&before, &cursor->entry) && !is_same(&before, &cursor->entry));
}

static void sift_down(struct merging *merging, size_t index)
{
    uint32_t moved = merging->heap[index];

    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= merging->heap_count)
            break;
        if (child + 1 < merging->heap_count && is_before(&merging->cursors[merging->heap[child + 1]].entry,
                                                         &merging->cursors[merging->heap[child]].entry))
            child++;
        if (!is_before(&merging->cursors[merging->heap[child]].entry, &merging->cursors[moved].entry))
            break;
        merging->heap[index] = merging->heap[child];
        index = child;
    }
    merging->heap[index] = moved;
}

/* Takes the entry at the top off. 0, or -1: its file is damaged. */
static int advance(struct merging *merging, struct error *error)
{
    uint32_t index = merging->heap[0];
    struct cursor *cursor = &merging->cursors[index];

    if (cursor->left == 0)
        merging->heap[0] = merging->heap[--merging->heap_count];
    else if (!next_entry(cursor, false))
        return fail_damaged(merging, index, error);
    if (merging->heap_count)
        sift_down(merging, 0);
    merging->merge->keys++;
    return 0;
}

static int flush(struct merging *merging, struct error *error)
{
    if (merging->out.len && file_draft_write(&merging->merge->draft, buffer_slice(&merging->out)) != 0)
        return fail_draft(merging, error);
    buffer_reset(&merging->out);
    return 0;
}

static int add_repeat(struct merging *merging, const struct shard_keys_entry *entry, struct error *error)
{
    const uint64_t words[3] = {htobe64(entry->high), htobe64(entry->low), htobe64(entry->place)};
    struct slice bytes = slice_make((const char *)words, sizeof words);

    digest_hmac_add(merging->hmac, bytes);
    buffer_append(&merging->out, bytes);
    return merging->out.len + sizeof words <= WRITE_LEN ? 0 : flush(merging, error);
}

/* Puts the first entry of each file that has this section into the heap. */
static int begin_section(struct merging *merging, uint32_t section, struct error *error)
{
    merging->heap_count = 0;
    for (size_t i = 0; i < merging->merge->count; i++) {
        struct cursor *cursor = &merging->cursors[i];
        if (cursor->section != section || cursor->left == 0)
            continue;
        if (!next_entry(cursor, true))
            return fail_damaged(merging, i, error);
        merging->heap[merging->heap_count++] = (uint32_t)i;
    }
    for (size_t i = merging->heap_count / 2; i-- > 0;)
        sift_down(merging, i);
    return 0;
}

static int end_section(struct merging *merging, uint32_t section, struct error *error)
{
    for (size_t i = 0; i < merging->merge->count; i++)
        if (merging->cursors[i].section == section && !next_section(&merging->cursors[i]))
            return fail_damaged(merging, i, error);
    return 0;
}

/* All repeats of one section, with a head whose count is filled in at its end. *count: how many. */
static int merge_section(struct merging *merging, uint32_t section, bool *has, uint64_t *count,
                         struct error *error)
{
    char number = (char)section;

    *count = 0;
    if (begin_section(merging, section, error) != 0)
        return -1;
    while (merging->heap_count) {
        struct shard_keys_entry first = merging->cursors[merging->heap[0]].entry;
        bool is_repeated = false;
        if (advance(merging, error) != 0)
            return -1;
        while (merging->heap_count && is_same(&merging->cursors[merging->heap[0]].entry, &first)) {
            has[merging->heap[0]] = is_repeated = true;
            if (advance(merging, error) != 0)
                return -1;
        }
        if (is_repeated && ++*count == 1)
            digest_hmac_add(merging->hmac, slice_make(&number, 1));
        if (is_repeated && add_repeat(merging, &first, error) != 0)
            return -1;
    }
    return end_section(merging, section, error);
}

static int write_section(struct merging *merging, uint32_t section, bool *has, bool *any, struct error *error)
{
    int fd = merging->merge->draft.fd;
    uint32_t number = htobe32(section);
    uint64_t count = 0;
    char head[SHARD_KEYS_SECTION_LEN] = {0};

    memcpy(head, &number, sizeof number);
    buffer_append(&merging->out, slice_make(head, sizeof head));
    off_t begin = lseek(fd, 0, SEEK_CUR);
    if (flush(merging, error) != 0 || merge_section(merging, section, has, &count, error) != 0 ||
        flush(merging, error) != 0)
        return -1;
    *any = *any || count;
    count = htobe64(count);
    if (begin < 0 || pwrite(fd, &count, sizeof count, begin + (off_t)sizeof number) != (ssize_t)sizeof count)
        return fail_draft(merging, error);
    return 0;
}

/* The sections from first to end, and the digest of their repeats. */
static int write_sections(struct merging *merging, uint32_t first, uint32_t end, bool *has,
                          char digest[SHARD_REPEATS_DIGEST_SIZE], struct error *error)
{
    uint8_t bytes[DIGEST_SHA256_LEN];
    bool any = false;

    digest_hmac_begin(merging->hmac);
    for (uint32_t i = first; i < end; i++)
        if (write_section(merging, i, has, &any, error) != 0)
            return -1;
    digest_hmac_end(merging->hmac, bytes);
    digest_hex(bytes, any ? sizeof bytes : 0, digest);
    return 0;
}

static int open_cursor(struct merging *merging, size_t index, struct error *error)
{
    const struct shard_repeats_merge *merge = merging->merge;
    struct cursor *cursor = &merging->cursors[index];
    struct stat about;
    const char *why, *header;

    cursor->fd = file_open(merge->paths[index], &about, &why);
    if (cursor->fd < 0) {
        merging->merge->failed = index;
        return error_set(error, ERROR_INPUT, "%s: %s", merge->paths[index], why);
    }
    cursor->buffer = memory_new(READ_LEN, 1);
    header = next_bytes(cursor, SHARD_KEYS_HEADER_LEN);
    if (!header || memcmp(header, SHARD_KEYS_MAGIC, SHARD_KEYS_MAGIC_LEN) != 0 ||
        memcmp(header + SHARD_KEYS_MAGIC_LEN, merge->plan, DIGEST_SHA256_LEN) != 0 ||
        memcmp(header + SHARD_KEYS_MAGIC_LEN + DIGEST_SHA256_LEN, merge->check, KEYED_HASH_LEN) != 0)
        return fail_damaged(merging, index, error);
    memcpy(&cursor->sections_left, header + SHARD_KEYS_HEADER_LEN - sizeof cursor->sections_left,
           sizeof cursor->sections_left);
    cursor->sections_left = be32toh(cursor->sections_left);
    cursor->is_first = true;
    if (cursor->sections_left == 0 || !next_section(cursor))
        return fail_damaged(merging, index, error);
    cursor->is_first = false;
    return 0;
}

static int merge_all(struct merging *merging, struct error *error)
{
    struct shard_repeats_merge *merge = merging->merge;

    if (process_need_files(merge->count + BASE_FD_COUNT, error) != 0)
        return -1;
    for (size_t i = 0; i < merge->count; i++)
        if (open_cursor(merging, i, error) != 0)
            return -1;
    if (file_draft_open(&merge->draft, merge->out_path, REPEATS_MODE) != 0)
        return fail_draft(merging, error);
    buffer_append(&merging->out, slice_make(SHARD_REPEATS_MAGIC, SHARD_KEYS_MAGIC_LEN));
    buffer_append(&merging->out, slice_make((const char *)merge->plan, DIGEST_SHA256_LEN));
    buffer_append(&merging->out, slice_make((const char *)merge->check, KEYED_HASH_LEN));
    if (flush(merging, error) != 0 || write_sections(merging, 0, SHARD_KEYS_IDENTITIES, merge->has_unique,
                                                     merge->digests.unique, error) != 0)
        return -1;
    merge->unique_end = lseek(merge->draft.fd, 0, SEEK_CUR);
    return write_sections(merging, SHARD_KEYS_IDENTITIES, SHARD_KEYS_SECTIONS, merge->has_identities,
                          merge->digests.identities, error);
}

int shard_repeats_merge(struct shard_repeats_merge *merge, struct error *error)
{
    struct merging merging = {
        .merge = merge,
        .cursors = memory_new(merge->count, sizeof *merging.cursors),
        .heap = memory_new(merge->count, sizeof *merging.heap),
        .hmac = digest_hmac_new(DIGEST_SHA256, slice_make((const char *)merge->plan, DIGEST_SHA256_LEN)),
    };

    buffer_init(&merging.out, 2 * (size_t)WRITE_LEN);
    merge->draft.fd = -1;
    merge->failed = merge->count;
    merge->has_unique = memory_new(merge->count, sizeof *merge->has_unique);
    merge->has_identities = memory_new(merge->count, sizeof *merge->has_identities);
    for (size_t i = 0; i < merge->count; i++)
        merging.cursors[i].fd = -1;
    int result = merge_all(&merging, error);
    for (size_t i = 0; i < merge->count; i++) {
        if (merging.cursors[i].fd >= 0)
            close(merging.cursors[i].fd);
        free(merging.cursors[i].buffer);
    }
    free(merging.cursors);
    free(merging.heap);
    digest_hmac_free(merging.hmac);
    buffer_clear(&merging.out);
    return result;
}

int shard_repeats_merge_save(struct shard_repeats_merge *merge, bool identities)
{
    if (!identities && ftruncate(merge->draft.fd, merge->unique_end) != 0)
        return -1;
    return file_draft_commit(&merge->draft);
}

void shard_repeats_merge_clear(struct shard_repeats_merge *merge)
{
    if (merge->draft.path)
        file_draft_drop(&merge->draft);
    free(merge->has_unique);
    free(merge->has_identities);
    merge->has_unique = merge->has_identities = NULL;
}
