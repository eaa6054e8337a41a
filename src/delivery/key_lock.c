#include "delivery/key_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/slice.h"

enum { LOCK_TEXT_SIZE = 96 };

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

/* The holder's `PID START`, as far as it was written. */
static int fail_busy(int fd, const char *path, const char *part, struct error *error)
{
    char text[LOCK_TEXT_SIZE];
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    char *start = strchr(text, ' ');
    if (start)
        *start++ = '\0';
    return error_set(
        error, ERROR_BUSY,
        "another run uses credentials.%s of this job: process %s, since %s (%s)\nhint: wait until it ends, or use another credential: the provider counts both runs against one rate limit",
        part, text[0] ? text : "unknown", start ? start : "unknown", path);
}

static void write_holder(int fd)
{
    char text[LOCK_TEXT_SIZE], start[CLOCK_RFC3339_SIZE];
    int len = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), clock_rfc3339(clock_real_ns(), start));
    /* It serves messages alone: the lock holds without it. */
    if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0)
        (void)file_write_all(fd, slice_make(text, (size_t)len));
}

/* A regular file that others may not open, because who can open it could hold the lock. We create it for its
 * owner alone; a volume of a pod gives a group to it (fsGroup). False with errno. */
static bool is_our_file(int fd)
{
    struct stat about;

    if (!file_is_alone(fd) || fstat(fd, &about) != 0)
        return false;
    errno = EPERM;
    return !(about.st_mode & S_IRWXO);
}

int key_lock_open(const char *folder, const char *key_id, const char *part, struct error *error)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/kyc-import-%s.lock", folder, key_id) >= (int)sizeof path)
        return error_set(error, ERROR_USAGE, "the path of the lock folder %s is too long", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && !is_our_file(fd)) {
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
        return error_set(error, ERROR_USAGE, "cannot open the lock of credentials.%s, %s: %s\nhint: %s", part,
                         path, strerror(errno), why);
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == EWOULDBLOCK) {
            fail_busy(fd, path, part, error);
        } else {
            error_set(error, ERROR_USAGE, "cannot lock credentials.%s with %s: %s", part, path,
                      strerror(errno));
        }
        close(fd);
        return -1;
    }
    write_holder(fd);
    return fd;
}

void key_lock_close(int fd)
{
    if (fd >= 0)
        close(fd);
}
