#include "delivery/share_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/memory.h"
#include "delivery/key_lock.h"
#include "delivery/share_table.h"

enum { LOCK_TRIES = 1000, LOCK_RETRY_NS = 1000000 }; /* a second: more than a busy machine needs */

/* The file's bytes: of one machine and one program, so as they are in memory. */
struct content {
    char boot[CLOCK_BOOT_ID_SIZE];
    struct share_table table;
    uint8_t digest[DIGEST_SHA256_LEN]; /* of all before it */
};

struct share_file {
    const char *account; /* of the job, as holder and limit */
    const char *holder;
    const struct rate_share_limit *limit;
    char boot[CLOCK_BOOT_ID_SIZE];
    char path[PATH_MAX];
    struct content content;
    int fd; /* while it is locked */
};

struct share_file *share_file_open(const struct job *job, const char *holder,
                                   const struct rate_share_limit *limit, struct error *error)
{
    const char *folder = key_lock_folder(job, error);
    if (!folder)
        return NULL;
    struct share_file *file = memory_new(1, sizeof *file);
    file->account = job->delivery.shared;
    file->holder = holder;
    file->limit = limit;
    file->fd = -1;
    if (!*clock_boot_id(file->boot)) {
        job_fail(
            job, job->delivery.shared_place, error,
            "shares on one machine need its boot id, which cannot be read from /proc/sys/kernel/random/boot_id\nhint: let the job see /proc, or have the ledgers of all jobs of the account in one PostgreSQL database");
        share_file_close(file);
        return NULL;
    }
    if (snprintf(file->path, sizeof file->path, "%s/kyc-import-shared-%s", folder, job->delivery.shared) >=
        (int)sizeof file->path) {
        error_set(error, ERROR_USAGE, "the path of the lock folder %s is too long", folder);
        share_file_close(file);
        return NULL;
    }
    return file;
}

void share_file_close(struct share_file *file)
{
    free(file);
}

static int fail_system(const struct share_file *file, const char *verb, struct error *error)
{
    return error_set(
        error, ERROR_USAGE,
        "cannot %s the file of a shared account, %s: %s\nhint: run all jobs that share it as one user of this machine, or name another folder (delivery.lock_folder)",
        verb, file->path, strerror(errno));
}

/* Each process has it for an instant, unless it is stopped then. */
static int fail_locked(const struct share_file *file, struct error *error)
{
    return error_set(
        error, ERROR_BUSY,
        "another process keeps the lock of the file of a shared account, %s\nhint: a job that was stopped may hold it, and no other one can send until it goes on or ends: find it (fuser %s)",
        file->path, file->path);
}

static int lock(int fd)
{
    const struct timespec wait = {.tv_nsec = LOCK_RETRY_NS};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -1;
        nanosleep(&wait, NULL);
    }
    errno = EWOULDBLOCK;
    return -1;
}

static void digest_content(const struct content *content, uint8_t digest[DIGEST_SHA256_LEN])
{
    digest_sha256(slice_make((const char *)content, offsetof(struct content, digest)), slice_make("", 0),
                  digest);
}

/* Opens, locks and reads it. */
static int begin(struct share_file *file, struct error *error)
{
    struct content *content = &file->content;
    uint8_t digest[DIGEST_SHA256_LEN];

    file->fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file->fd < 0)
        return fail_system(file, "open", error);
    if (!key_lock_file_is_private(file->fd) || lock(file->fd) != 0) {
        if (errno == EWOULDBLOCK)
            fail_locked(file, error);
        else
            fail_system(file, "lock", error);
        close(file->fd);
        file->fd = -1;
        return -1;
    }
    ssize_t len = pread(file->fd, content, sizeof *content, 0);
    digest_content(content, digest);
    bool is_whole = len == (ssize_t)sizeof *content && memcmp(digest, content->digest, sizeof digest) == 0;
    if (!is_whole || strcmp(content->boot, file->boot) != 0) {
        memset(content, 0, sizeof *content);
        share_table_init(&content->table);
        memcpy(content->boot, file->boot, sizeof content->boot);
    }
    return 0;
}

/* Writes and unlocks it. */
static int commit(struct share_file *file, struct error *error)
{
    struct content *content = &file->content;

    digest_content(content, content->digest);
    ssize_t len = pwrite(file->fd, content, sizeof *content, 0);
    if (len >= 0 && len != (ssize_t)sizeof *content)
        errno = ENOSPC;
    int result = len == (ssize_t)sizeof *content ? 0 : fail_system(file, "write", error);
    close(file->fd);
    file->fd = -1;
    return result;
}

/* The holder or one of the keys has no place: unlocks the file, which stays as it is. */
static int fail_full(struct share_file *file, struct error *error)
{
    close(file->fd);
    file->fd = -1;
    if (share_table_has(&file->content.table, file->holder, NULL, 0))
        return error_set(
            error, ERROR_BUSY,
            "the running jobs of this machine have %d API keys of the account `%s`, and this job has another one, for which there is no place\nhint: give all jobs of the account the same keys, or have their ledgers in one PostgreSQL database",
            SHARE_TABLE_KEYS_MAX, file->account);
    return error_set(
        error, ERROR_BUSY,
        "%d jobs of this machine share the account `%s` already, and there is no place for another one\nhint: wait until one of them ends, or have the ledgers of all jobs of the account in one PostgreSQL database",
        SHARE_TABLE_HOLDERS_MAX, file->account);
}

int share_file_renew(struct share_file *file, const struct rate_share_report *report,
                     struct rate_share_answer *answer, uint64_t *window_ns, struct error *error)
{
    if (begin(file, error) != 0)
        return -1;
    bool is_same = share_table_renew(&file->content.table, clock_boot_ns(), file->holder, file->limit, report,
                                     answer, window_ns);
    if (is_same && !share_table_has(&file->content.table, file->holder, NULL, 0))
        return fail_full(file, error);
    return commit(file, error) != 0 ? -1 : !is_same;
}

int share_file_keys(struct share_file *file, const char *const *keys, size_t key_count,
                    const struct key_share_report *held, size_t held_count, struct key_share_answer *answers,
                    size_t *answer_count, struct error *error)
{
    if (begin(file, error) != 0)
        return -1;
    *answer_count = share_table_keys(&file->content.table, clock_boot_ns(), file->holder, file->limit, keys,
                                     key_count, held, held_count, answers);
    if (!share_table_has(&file->content.table, file->holder, keys, key_count))
        return fail_full(file, error);
    return commit(file, error);
}

int share_file_leave(struct share_file *file, const struct key_share_report *held, size_t held_count,
                     struct error *error)
{
    if (begin(file, error) != 0)
        return -1;
    share_table_leave(&file->content.table, clock_boot_ns(), file->holder, file->limit, held, held_count);
    return commit(file, error);
}
