#include "delivery/key_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/slice.h"

enum {
    LOCK_TEXT_SIZE = 512,
    LOCK_TRIES = 1000, /* a second: more than a busy machine needs */
    LOCK_RETRY_NS = 1000000,
};

static const char shared_word[] = "shared ";

static const char *system_folder(void)
{
    static const char *const folders[] = {"/run/lock", "/var/lock"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (access(folders[i], W_OK | X_OK) == 0)
            return folders[i];
    return "/tmp";
}

/* A clause about a folder that cannot hold locks, and a hint; NULL: it can. */
static const char *folder_fault(const char *path)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return errno == ENOENT ? "does not exist\nhint: create it, for the account that runs the job"
                               : strerror(errno);
    if (!S_ISDIR(about.st_mode))
        return "is not a folder\nhint: name the folder that the locks are to be in";
    if (about.st_mode & S_IWOTH && !(about.st_mode & S_ISVTX))
        return "lets every account remove locks\nhint: chmod o-w, or chmod +t as /tmp has it";
    if (access(path, W_OK | X_OK) != 0)
        return "cannot be written\nhint: give it to the account that runs the job, or name another folder";
    return NULL;
}

const char *key_lock_folder(const struct job *job, struct error *error)
{
    const char *path = job->delivery.lock_folder;

    if (!path)
        return system_folder();
    const char *fault = folder_fault(path);
    if (!fault)
        return path;
    job_fail(job, job->delivery.lock_folder_place, error, "`delivery.lock_folder`: %s %s", path, fault);
    return NULL;
}

/* What the holder has written, as far as it has. */
static char *read_holder(int fd, char text[LOCK_TEXT_SIZE])
{
    ssize_t len = pread(fd, text, LOCK_TEXT_SIZE - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text;
}

/* The account that the holders share; NULL: one process has it alone. */
static const char *shared_account(const char *holder)
{
    size_t len = sizeof shared_word - 1;
    return strncmp(holder, shared_word, len) == 0 ? holder + len : NULL;
}

static int fail_busy(int fd, const char *path, const char *part, const char *account, struct error *error)
{
    char text[LOCK_TEXT_SIZE];
    const char *other = shared_account(read_holder(fd, text));
    if (other)
        return error_set(
            error, ERROR_BUSY,
            "jobs that share the account %s use credentials.%s of this job, which %s%s (%s)\nhint: give all jobs of one account the same delivery.shared, and ledgers in one place",
            other, part, account ? "shares the account " : "does not share it", account ? account : "", path);
    char *start = strchr(text, ' ');
    if (start)
        *start++ = '\0';
    return error_set(
        error, ERROR_BUSY,
        "another run uses credentials.%s of this job: process %s, since %s (%s)\nhint: wait until it ends, or use another credential, or let both jobs share the account (delivery.shared): the provider counts both runs against one rate limit",
        part, text[0] ? text : "unknown", start ? start : "unknown", path);
}

static void write_holder(int fd, const char *account)
{
    char text[LOCK_TEXT_SIZE], start[CLOCK_RFC3339_SIZE];
    int len = account ? snprintf(text, sizeof text, "%s%s\n", shared_word, account)
                      : snprintf(text, sizeof text, "%ld %s\n", (long)getpid(),
                                 clock_rfc3339(clock_real_ns(), start));
    if (len >= (int)sizeof text)
        len = (int)sizeof text - 1;
    /* Of one process alone it serves messages: the lock holds without it. Of several it is compared, and what
     * is not there excludes them. */
    if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0)
        (void)file_write_all(fd, slice_make(text, (size_t)len));
}

bool key_lock_file_is_private(int fd)
{
    struct stat about;

    if (!file_is_alone(fd) || fstat(fd, &about) != 0)
        return false;
    errno = EPERM;
    return !(about.st_mode & S_IRWXO);
}

static int open_file(const char *path, const char *part, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && !key_lock_file_is_private(fd)) {
        int reason = errno;
        close(fd);
        errno = reason;
        fd = -1;
    }
    if (fd < 0) {
        const char *why =
            errno == EACCES || errno == EPERM
                ? "another account created it: run as that account, or remove the file when no run uses this credential"
                : "free space in that folder, raise the limit on open files (ulimit -n), or remove the file when no run uses this credential";
        error_set(error, ERROR_USAGE, "cannot open the lock of credentials.%s, %s: %s\nhint: %s", part, path,
                  strerror(errno), why);
    }
    return fd;
}

/* 1: locked, 0: another process holds it, -1 with errno. */
static int try_lock(int fd, int operation)
{
    while (flock(fd, operation | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR)
            return -1;
    }
    return 1;
}

/* Whoever has the lock alone writes down the account, and lets others of the same account in. A lock that
 * changes from one kind to the other is lost for a moment, so another process may be found at it that is gone
 * the next: that is tried again. 1, 0, -1 as try_lock. */
static int lock_together(int fd, const char *account)
{
    const struct timespec wait = {.tv_nsec = LOCK_RETRY_NS};
    char text[LOCK_TEXT_SIZE];
    for (int i = 0; i < LOCK_TRIES; i++) {
        int locked = try_lock(fd, LOCK_EX);
        if (locked > 0)
            write_holder(fd, account);
        if (locked >= 0)
            locked = try_lock(fd, LOCK_SH);
        if (locked < 0)
            return -1;
        const char *other = shared_account(read_holder(fd, text));
        if (locked > 0 && other && strcmp(other, account) == 0)
            return 1;
        if (locked > 0)
            flock(fd, LOCK_UN);
        nanosleep(&wait, NULL);
    }
    return 0;
}

int key_lock_open(const char *folder, const char *key_id, const char *part, const char *account,
                  struct error *error)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/kyc-import-%s.lock", folder, key_id) >= (int)sizeof path)
        return error_set(error, ERROR_USAGE, "the path of the lock folder %s is too long", folder);
    int fd = open_file(path, part, error);
    if (fd < 0)
        return -1;
    int locked = account ? lock_together(fd, account) : try_lock(fd, LOCK_EX);
    if (locked > 0) {
        if (!account)
            write_holder(fd, NULL);
        return fd;
    }
    if (locked == 0)
        fail_busy(fd, path, part, account, error);
    else
        error_set(error, ERROR_USAGE, "cannot lock credentials.%s with %s: %s", part, path, strerror(errno));
    close(fd);
    return -1;
}

void key_lock_close(int fd)
{
    if (fd >= 0)
        close(fd);
}
