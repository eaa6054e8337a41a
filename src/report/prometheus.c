#include "report/prometheus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

enum { PROMETHEUS_MODE = 0644 };

/* With which each file begins. */
#define FIRST_WORDS "# HELP " PROMETHEUS_PREFIX

void prometheus_write_family(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, FIRST_WORDS "%s %s\n# TYPE " PROMETHEUS_PREFIX "%s %s\n", name, help, name, type);
}

void prometheus_write_label(struct buffer *out, const char *text)
{
    for (const char *cursor = text; *cursor; cursor++) {
        if (*cursor == '\\' || *cursor == '"')
            buffer_append_char(out, '\\');
        if (*cursor == '\n')
            buffer_append_text(out, "\\n");
        else
            buffer_append_char(out, *cursor);
    }
}

static bool is_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static int save(const char *path, const char *private_folder, const struct buffer *text)
{
    char *folder = file_folder(path);
    bool is_private = is_in(path, private_folder);
    int made = is_private ? file_make_folder(folder) : file_make_public_folder(folder);
    int reason = errno;

    free(folder);
    errno = text->overflowed ? EFBIG : reason;
    if (made != 0 || text->overflowed)
        return -1;
    return file_replace(path, PROMETHEUS_MODE, buffer_slice(text));
}

static bool begins_with_metrics(int fd)
{
    char first[sizeof FIRST_WORDS - 1];
    size_t len = 0;

    while (len < sizeof first) {
        ssize_t got = read(fd, first + len, sizeof first - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return true;
        if (got == 0)
            return false;
        len += (size_t)got;
    }
    return memcmp(first, FIRST_WORDS, sizeof first) == 0;
}

/* False for what metrics would destroy: a ledger or an export that the setting names by mistake, a device. A
 * link is replaced, not the file behind it; what is missing, cannot be read or is a folder is left to the
 * writing. */
static bool may_replace(const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);

    if (fd < 0)
        return errno != ENXIO; /* a socket */
    bool may = fstat(fd, &about) != 0 || S_ISDIR(about.st_mode) ||
               (S_ISREG(about.st_mode) && begins_with_metrics(fd));
    close(fd);
    return may;
}

int prometheus_save(const char *path, const char *private_folder, const struct buffer *text,
                    struct error *error)
{
    if (!may_replace(path))
        return error_set(
            error, ERROR_USAGE,
            "%s is not a file of metrics, so it stays as it is, and the metrics are not written\nhint: choose another file with `metrics: PATH` in the job, or remove this one",
            path);
    if (save(path, private_folder, text) == 0)
        return 0;
    return error_set(
        error, ERROR_USAGE,
        "%s: %s: the metrics cannot be written\nhint: check space and permissions there, or choose another file with `metrics: PATH` in the job",
        path, strerror(errno));
}
