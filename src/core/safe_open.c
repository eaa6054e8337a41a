#include "core/safe_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A name may be that of a pipe, whose opening would wait for a writer. */
enum { FILE_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, READ_BLOCK = 64 * 1024 };

int safe_open_folder(const char *path)
{
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int fail(int fd, int reason)
{
    if (fd >= 0)
        close(fd);
    errno = reason;
    return -1;
}

/* False for `..`, an absolute path and what no path can be. */
static bool stays_below(struct slice path)
{
    if (path.len == 0 || path.len >= PATH_MAX || path.data[0] == '/' || memchr(path.data, '\0', path.len))
        return false;
    for (size_t start = 0, i = 0; i <= path.len; i++) {
        if (i < path.len && path.data[i] != '/')
            continue;
        if (i - start == 2 && memcmp(path.data + start, "..", 2) == 0)
            return false;
        start = i + 1;
    }
    return true;
}

static int only_a_file(int fd)
{
    struct stat info;
    if (fd < 0)
        return -1;
    if (fstat(fd, &info) != 0)
        return fail(fd, errno);
    return S_ISREG(info.st_mode) ? fd : fail(fd, EINVAL);
}

/* Opening a link as a folder fails with ENOTDIR, where openat2 fails with ELOOP. */
static int refine_reason(int folder, const char *name, int reason)
{
    struct stat info;
    if (reason == ENOTDIR && fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode))
        return ELOOP;
    return reason;
}

static int open_by_steps(int folder, char *path)
{
    int index = -1;
    for (char *slash; (slash = strchr(path, '/')); path = slash + 1) {
        *slash = '\0';
        if (*path == '\0')
            continue;
        int next = openat(index < 0 ? folder : index, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return fail(index, refine_reason(index < 0 ? folder : index, path, errno));
        if (index >= 0)
            close(index);
        index = next;
    }
    int fd = openat(index < 0 ? folder : index, path, FILE_FLAGS);
    if (index >= 0)
        fail(index, errno);
    return fd;
}

/* 0, or -1 with errno: path leads out of the folder. */
static int copy_path(struct slice path, char text[PATH_MAX])
{
    if (!stays_below(path))
        return fail(-1, EXDEV);
    memcpy(text, path.data, path.len);
    text[path.len] = '\0';
    return 0;
}

int safe_open_file_by_steps(int folder, struct slice path)
{
    char text[PATH_MAX];
    if (copy_path(path, text) != 0)
        return -1;
    return only_a_file(open_by_steps(folder, text));
}

int safe_open_file(int folder, struct slice path)
{
    char text[PATH_MAX];
    if (copy_path(path, text) != 0)
        return -1;
    struct open_how how = {.flags = FILE_FLAGS,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, folder, text, &how, sizeof how);
    /* A container whose seccomp profile predates the call forbids it. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return safe_open_file_by_steps(folder, path);
    return only_a_file((int)fd);
}

int safe_open_read(const char *folder, struct slice path, struct buffer *out)
{
    int top = safe_open_folder(folder);
    if (top < 0)
        return -1;
    int fd = safe_open_file(top, path);
    fail(top, errno);
    if (fd < 0)
        return -1;
    char block[READ_BLOCK];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(fd, errno);
        if (got == 0)
            break;
        buffer_append(out, slice_make(block, (size_t)got));
        if (out->overflowed)
            return fail(fd, EFBIG);
    }
    close(fd);
    return 0;
}
