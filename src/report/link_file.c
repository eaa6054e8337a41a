#include "report/link_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "report/csv_cell.h"

/* More than the links of one round: at most 1,000 of 2 KiB each, and ids. */
enum { PENDING_MAX = 64 * 1024 * 1024 };

#define HEADER "external_id,user_id,link,made_at\n"

struct link_file {
    char *path;
    enum link_file_format format;
    struct buffer pending; /* wiped: links */
};

struct link_file *link_file_new(const char *path, enum link_file_format format)
{
    struct link_file *file = memory_new(1, sizeof *file);
    file->path = memory_copy(slice_from(path));
    file->format = format;
    buffer_init_wiped(&file->pending, PENDING_MAX);
    return file;
}

void link_file_free(struct link_file *file)
{
    if (!file)
        return;
    buffer_clear(&file->pending);
    free(file->path);
    free(file);
}

static void add_json(struct buffer *out, const struct link_file_entry *entry, const char *made_at)
{
    struct json_writer json;
    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_member(&json, "external_id", entry->external_id);
    json_write_member(&json, "user_id", entry->user_id);
    json_write_member(&json, "link", entry->link);
    json_write_member(&json, "made_at", slice_from(made_at));
    json_write_object_end(&json);
}

void link_file_add(struct link_file *file, const struct link_file_entry *entry)
{
    char made_at[CLOCK_RFC3339_SIZE];
    struct buffer *out = &file->pending;
    clock_rfc3339(entry->made_ns, made_at);
    if (file->format == LINK_FILE_NDJSON) {
        add_json(out, entry, made_at);
    } else {
        csv_cell_write(out, entry->external_id);
        buffer_append_char(out, ',');
        csv_cell_write(out, entry->user_id);
        buffer_append_char(out, ',');
        csv_cell_write_guarded(out, entry->link);
        buffer_append_char(out, ',');
        buffer_append_text(out, made_at);
    }
    buffer_append_char(out, '\n');
}

static int fail(const struct link_file *file, struct error *error)
{
    bool is_link = errno == ELOOP || errno == EMLINK || errno == EINVAL;
    return error_set(
        error, ERROR_USAGE, "%s: %s: verification links cannot be written\nhint: %s", file->path,
        is_link ? "not a regular file of its own" : strerror(errno),
        is_link
            ? "links are credentials, so nothing is written through a link; move it away and run again"
            : "check space and permissions there, then run again: links that are not written yet are not lost");
}

/* A descriptor of the file for appending, only ours to read; -1 with errno. */
static int open_file(const char *path)
{
    char *folder = file_folder(path);
    int result = file_make_folder(folder);
    free(folder);
    if (result != 0)
        return -1;
    /* O_NONBLOCK: opening a pipe must not wait for its reader. */
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0 || (file_is_alone(fd) && fchmod(fd, 0600) == 0))
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

int link_file_prepare(const struct link_file *file, struct error *error)
{
    int fd = open_file(file->path);
    if (fd < 0)
        return fail(file, error);
    close(fd);
    return 0;
}

/* What goes before the next line: the header of a new file, or the end of a line that a kill cut off. */
static int write_start(int fd, off_t size, enum link_file_format format)
{
    char last = '\n';
    if (size == 0 && format == LINK_FILE_CSV)
        return file_write_all(fd, SLICE_LITERAL(HEADER));
    if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
        return -1;
    return last == '\n' ? 0 : file_write_all(fd, SLICE_LITERAL("\n"));
}

static int append(const struct link_file *file, int fd)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return -1;
    if (write_start(fd, about.st_size, file->format) == 0 &&
        file_write_all(fd, buffer_slice(&file->pending)) == 0 && fsync(fd) == 0 &&
        (about.st_size > 0 || file_sync_folder(file->path) == 0))
        return 0;
    int reason = errno;
    if (ftruncate(fd, about.st_size) != 0) /* then the next sync ends the line that was cut off */
        reason = errno;
    errno = reason;
    return -1;
}

int link_file_sync(struct link_file *file, struct error *error)
{
    if (file->pending.len == 0 && !file->pending.overflowed)
        return 0;
    if (file->pending.overflowed) {
        errno = EFBIG;
        return fail(file, error);
    }
    /* Opened each time: whoever sends the links on may move the file away at any moment. */
    int fd = open_file(file->path);
    if (fd < 0)
        return fail(file, error);
    int result = append(file, fd);
    if (result != 0)
        fail(file, error);
    close(fd);
    if (result != 0)
        return -1;
    buffer_reset(&file->pending);
    failpoint("links synced");
    return 0;
}
