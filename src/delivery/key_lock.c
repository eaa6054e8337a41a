#include "delivery/key_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/slice.h"

enum { LOCK_PATH_SIZE = 256, LOCK_TEXT_SIZE = 96 };

const char *key_lock_folder(void)
{
    static const char *const folders[] = {"/run/lock", "/var/lock"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (access(folders[i], W_OK | X_OK) == 0)
            return folders[i];
    return "/tmp";
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

int key_lock_open(const char *folder, const char *key_id, const char *part, struct error *error)
{
    char path[LOCK_PATH_SIZE];
    snprintf(path, sizeof path, "%s/kyc-import-%s.lock", folder, key_id);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && !file_is_alone(fd)) {
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
