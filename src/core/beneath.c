#include "core/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BENEATH_BLOCK = 64 * 1024 };

static int beneath_close_failed(int fd, int reason)
{
    close(fd);
    errno = reason;
    return -1;
}

/* O_NONBLOCK: the open of a pipe would wait for its writer. */
int beneath_open(const char *folder, struct slice path)
{
    char text[PATH_MAX];
    if (path.len == 0 || path.len >= sizeof text || memchr(path.at, '\0', path.len)) {
        errno = path.len >= sizeof text ? ENAMETOOLONG : EINVAL;
        return -1;
    }
    memcpy(text, path.at, path.len);
    text[path.len] = '\0';

    int top = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return -1;
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, top, text, &how, sizeof how);
    int reason = errno;
    close(top);
    if (fd < 0) {
        errno = reason;
        return -1;
    }
    struct stat info;
    if (fstat(fd, &info) != 0)
        return beneath_close_failed(fd, errno);
    return S_ISREG(info.st_mode) ? fd : beneath_close_failed(fd, EINVAL);
}

int beneath_read(const char *folder, struct slice path, struct buffer *out)
{
    int fd = beneath_open(folder, path);
    if (fd < 0)
        return -1;
    char block[BENEATH_BLOCK];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return beneath_close_failed(fd, errno);
        if (got == 0)
            break;
        buffer_append(out, slice_make(block, (size_t)got));
        if (out->overflowed)
            return beneath_close_failed(fd, EFBIG);
    }
    close(fd);
    return 0;
}

const char *beneath_media_type(struct slice head)
{
    static const struct {
        struct slice magic;
        const char *type;
    } types[] = {
        {SLICE_LITERAL("\xff\xd8\xff"), "image/jpeg"},
        {SLICE_LITERAL("\x89PNG\r\n\x1a\n"), "image/png"},
        {SLICE_LITERAL("%PDF-"), "application/pdf"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (head.len >= types[i].magic.len && memcmp(head.at, types[i].magic.at, types[i].magic.len) == 0)
            return types[i].type;
    return NULL;
}
