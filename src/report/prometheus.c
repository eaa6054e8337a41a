#include "report/prometheus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

enum { PROMETHEUS_MODE = 0644 };

void prometheus_write_family(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP " PROMETHEUS_PREFIX "%s %s\n# TYPE " PROMETHEUS_PREFIX "%s %s\n", name, help,
                  name, type);
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

int prometheus_save(const char *path, const char *private_folder, const struct buffer *text,
                    struct error *error)
{
    if (save(path, private_folder, text) == 0)
        return 0;
    return error_set(
        error, ERROR_USAGE,
        "%s: %s: the metrics cannot be written\nhint: check space and permissions there, or choose another file with `metrics: PATH` in the job",
        path, strerror(errno));
}
