#include "rules/document.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ascii.h"
#include "core/digest.h"
#include "core/hash_table.h"
#include "core/memory.h"
#include "core/safe_open.h"
#include "model/media.h"

enum { CACHE_ENTRIES = 4096 };

/* Differs when the content of a file may differ. Compared as bytes, so it has no padding. */
struct document_identity {
    uint64_t path; /* hash_table_hash */
    uint64_t device, inode, size;
    int64_t changed_s, changed_ns, modified_s, modified_ns;
};

struct document_cache {
    pthread_mutex_t lock;
    struct {
        struct document_identity identity; /* size 0: free */
        uint8_t digest[DIGEST_SHA256_LEN];
    } entries[CACHE_ENTRIES];
};

static const char *fault_of_url(struct slice text)
{
    size_t offset = strlen("https://");
    if (offset == text.len || strchr("/?#:@", text.data[offset]))
        return "is a URL without a host";
    for (; offset < text.len; offset++)
        if ((unsigned char)text.data[offset] <= ' ' || (unsigned char)text.data[offset] > '~' ||
            text.data[offset] == '"' || text.data[offset] == '\\')
            return "is a URL with a blank or a character that must be percent-encoded";
    return NULL;
}

/* What a data URI holds; free() it. *fault: NULL, or why it is not taken; then the result is NULL. */
static uint8_t *read_data_uri(struct slice text, size_t *len, const char **fault)
{
    struct slice type, base64;
    *fault = "is a data URI without base64; expected one such as data:image/png;base64,…";
    if (!media_read_data_uri(text, &type, &base64))
        return NULL;
    *fault = "is larger than 7.5 MB, which is 10 MB in base64, the limit of a request";
    if (base64.len / 4 > MEDIA_MAX / 3)
        return NULL;
    uint8_t *content = memory_new(3 * (base64.len / 4) + 1, 1);
    ptrdiff_t decoded = digest_base64_decode(base64, content);
    *len = decoded < 0 ? 0 : (size_t)decoded;
    const char *found = media_type(slice_make((const char *)content, *len));
    *fault = decoded < 0 ? "is a data URI whose content is not base64"
             : !found    ? "is a data URI, and its content is not a JPEG, PNG or PDF by its first bytes"
             : ascii_is_word(type, found) ? NULL
                                          : "is a data URI of another type than its content";
    if (!*fault)
        return content;
    free(content);
    return NULL;
}

static const char *fault_of_errno(int reason)
{
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
        return "is not a file in the folder provider.documents";
    case EXDEV:
        return "leads out of the folder provider.documents";
    case ELOOP:
        return "has a symbolic link in its path; links are not followed";
    case EINVAL:
        return "is not a regular file";
    case EACCES:
        return "is not readable for this user";
    default:
        return "cannot be opened in the folder provider.documents";
    }
}

const char *document_fault(int folder, struct slice text)
{
    if (media_is_url(text))
        return fault_of_url(text);
    if (media_is_data_uri(text)) {
        const char *fault;
        size_t len;
        free(read_data_uri(text, &len, &fault));
        return fault;
    }
    if (memmem(text.data, text.len, "://", 3))
        return "is a URL, and only https:// is accepted";
    if (folder < 0)
        return "is a path, and the job has no folder provider.documents";
    int fd = safe_open_file(folder, text);
    if (fd < 0)
        return fault_of_errno(errno);
    char head[MEDIA_MAGIC_LEN];
    struct stat stat;
    ssize_t len = fstat(fd, &stat) == 0 ? pread(fd, head, sizeof head, 0) : -1;
    close(fd);
    if (len > 0 && stat.st_size > MEDIA_MAX)
        return "is larger than 7.5 MB, which is 10 MB in base64, the limit of a request";
    if (len <= 0)
        return "is empty or cannot be read";
    return media_type(slice_make(head, (size_t)len)) ? NULL : "is not a JPEG, PNG or PDF by its first bytes";
}

struct document_cache *document_cache_new(void)
{
    struct document_cache *cache = memory_new(1, sizeof *cache);
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void document_cache_free(struct document_cache *cache)
{
    if (!cache)
        return;
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static bool identify_file(int fd, struct slice path, struct document_identity *identity)
{
    struct stat stat;
    /* A file that cannot be sent is not read: it may be of any size. */
    if (fstat(fd, &stat) != 0 || stat.st_size == 0 || stat.st_size > MEDIA_MAX)
        return false;
    *identity = (struct document_identity){
        .path = hash_table_hash(path),
        .device = stat.st_dev,
        .inode = stat.st_ino,
        .size = (uint64_t)stat.st_size,
        .changed_s = stat.st_ctim.tv_sec,
        .changed_ns = stat.st_ctim.tv_nsec,
        .modified_s = stat.st_mtim.tv_sec,
        .modified_ns = stat.st_mtim.tv_nsec,
    };
    return true;
}

/* The lock is not held while a file is read: two workers may both read it, but neither waits. */
static bool digest_opened(struct document_cache *cache, int fd, struct slice path, uint8_t out[32])
{
    struct document_identity identity;
    if (!identify_file(fd, path, &identity))
        return false;
    size_t index = identity.path % CACHE_ENTRIES;
    pthread_mutex_lock(&cache->lock);
    bool known = memcmp(&cache->entries[index].identity, &identity, sizeof identity) == 0;
    if (known)
        memcpy(out, cache->entries[index].digest, DIGEST_SHA256_LEN);
    pthread_mutex_unlock(&cache->lock);
    if (known)
        return true;
    uint8_t digest[DIGEST_SHA256_LEN];
    if (digest_sha256_file(fd, digest) != 0)
        return false;
    pthread_mutex_lock(&cache->lock);
    cache->entries[index].identity = identity;
    memcpy(cache->entries[index].digest, digest, sizeof digest);
    pthread_mutex_unlock(&cache->lock);
    memcpy(out, digest, sizeof digest);
    return true;
}

bool document_digest(struct document_cache *cache, int folder, struct slice text, uint8_t out[32])
{
    if (media_is_data_uri(text)) {
        const char *fault;
        size_t len;
        uint8_t *content = read_data_uri(text, &len, &fault);
        if (content)
            digest_sha256(slice_make((const char *)content, len), slice_make(NULL, 0), out);
        free(content);
        return !fault;
    }
    if (folder < 0 || media_is_url(text))
        return false;
    int fd = safe_open_file(folder, text);
    if (fd < 0)
        return false;
    bool done = digest_opened(cache, fd, text, out);
    close(fd);
    return done;
}
