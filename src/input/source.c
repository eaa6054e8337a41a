#include "input/source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/gzip.h"
#include "core/memory.h"
#include "core/slice.h"
#include "input/file_kind.h"
#include "input/unicode_stream.h"

enum {
    SOURCE_BLOCK_LEN = 256 * 1024, /* of one read(2) */
    SOURCE_GZIP_MAGIC_LEN = 2,
    SOURCE_CONVERTED_LEN = 64 * 1024,
};

struct source {
    char *path;               /* NULL: standard input */
    const char *name;         /* for messages */
    struct stat first;        /* as the file was when it was opened */
    struct gzip_reader *gzip; /* NULL: plain */
    char *block;
    struct slice unused;       /* of block */
    char start[FILE_KIND_LEN]; /* the first inflated bytes, read ahead to know what the file is */
    struct slice start_unused;
    const char *converted_from;   /* NULL: the bytes are given as they are */
    struct unicode_stream stream; /* the rest: when they are converted */
    char *inflated, *converted;
    struct slice inflated_unused, converted_unused;
    _Atomic uint64_t position;
    int fd, stop_fd;
    bool file_ended;
};

static int fail_read(const struct source *source, struct error *error)
{
    if (errno == ECANCELED)
        return error_set(error, ERROR_INTERRUPTED, "interrupted while %s was read", source->name);
    return error_set(error, ERROR_INPUT,
                     "%s: cannot be read further than byte %" PRIu64 ": %s; the rows before it were read",
                     source->name, source_position(source), strerror(errno));
}

/* Waits until a pipe has something to read, or its end. A named pipe that no one has opened for writing yet
 * would seem to be at its end. 0, or -1 with errno: ECANCELED when the wait was to end. */
static int wait_for_pipe(const struct source *source)
{
    struct pollfd fds[] = {{.fd = source->fd, .events = POLLIN}, {.fd = source->stop_fd, .events = POLLIN}};
    int ready;
    do
        ready = poll(fds, 2, -1);
    while (ready == -1 && errno == EINTR);
    if (ready > 0 && fds[1].revents) {
        errno = ECANCELED;
        return -1;
    }
    return ready > 0 ? 0 : -1;
}

/* read(2) until it is not interrupted; as read(2). */
static ptrdiff_t read_file(struct source *source, char *out, size_t capacity)
{
    ssize_t len;
    if (!S_ISREG(source->first.st_mode) && wait_for_pipe(source) != 0)
        return -1;
    do
        len = read(source->fd, out, capacity);
    while (len == -1 && errno == EINTR);
    if (len == 0)
        source->file_ended = true;
    return len;
}

static int fill_block(struct source *source)
{
    ptrdiff_t len = read_file(source, source->block, SOURCE_BLOCK_LEN);
    if (len == -1)
        return -1;
    source->unused = slice_make(source->block, (size_t)len);
    return 0;
}

/* How the file differs from what was opened; NULL: it does not. */
static const char *find_change(const struct source *source)
{
    const struct stat *first = &source->first;
    struct stat now;
    if (!S_ISREG(first->st_mode))
        return NULL;
    /* First the name: a file that loses one has another ctime. */
    if (source->path && stat(source->path, &now) != 0)
        return "it was removed or renamed";
    if (source->path && (now.st_dev != first->st_dev || now.st_ino != first->st_ino))
        return "another file took its place";
    if (fstat(source->fd, &now) != 0 || now.st_size != first->st_size ||
        !clock_is_same_time(&now.st_mtim, &first->st_mtim))
        return "it was written to";
    /* A program can set mtime back, ctime none. */
    if (!clock_is_same_time(&now.st_ctim, &first->st_ctim))
        return "it was written to, or its names, owner or permissions were changed";
    return NULL;
}

static int fail_changed(const struct source *source, const char *change, struct error *error)
{
    return error_set(
        error, ERROR_INPUT,
        "%s: the file changed while it was read (%s); the rows that were read count\nhint: wait until its export is complete, then run again",
        source->name, change);
}

/* A fault of the compressed data; a file that is still being written looks the same, so that is said first.
 */
static int fail_gzip(const struct source *source, const char *fault, struct error *error)
{
    const char *change = find_change(source);
    if (change)
        return fail_changed(source, change, error);
    return error_set(
        error, ERROR_INPUT,
        "%s: broken gzip at byte %" PRIu64
        " of the compressed data: %s; the rows before it were read\nhint: export or copy the file again (`gzip -t` must accept it), then run again",
        source->name, gzip_reader_offset(source->gzip), fault);
}

static ptrdiff_t end_clean(const struct source *source, struct error *error)
{
    const char *change = find_change(source);
    return change ? fail_changed(source, change, error) : 0;
}

static ptrdiff_t read_plain(struct source *source, char *out, size_t capacity, struct error *error)
{
    size_t len = source->unused.len;
    if (len > 0) {
        if (len > capacity)
            len = capacity;
        memcpy(out, source->unused.data, len);
        source->unused = slice_skip(source->unused, len);
    } else if (!source->file_ended) {
        ptrdiff_t result = read_file(source, out, capacity);
        if (result == -1)
            return fail_read(source, error);
        len = (size_t)result;
    }
    if (len == 0)
        return end_clean(source, error);
    atomic_fetch_add_explicit(&source->position, len, memory_order_relaxed);
    return (ptrdiff_t)len;
}

static ptrdiff_t read_gzip(struct source *source, char *out, size_t capacity, struct error *error)
{
    for (;;) {
        if (source->unused.len == 0 && !source->file_ended && fill_block(source) != 0)
            return fail_read(source, error);
        size_t len = capacity;
        enum gzip_status status = gzip_reader_inflate(source->gzip, &source->unused, out, &len);
        atomic_store_explicit(&source->position, gzip_reader_offset(source->gzip), memory_order_relaxed);
        if (len > 0)
            return (ptrdiff_t)len;
        if (status == GZIP_FAULT)
            return fail_gzip(source, gzip_reader_fault(source->gzip), error);
        if (source->file_ended && source->unused.len == 0)
            return gzip_reader_complete(source->gzip)
                       ? end_clean(source, error)
                       : fail_gzip(source, "it ends in the middle, the file is cut off", error);
    }
}

static size_t take(struct slice *from, char *out, size_t capacity)
{
    size_t len = from->len < capacity ? from->len : capacity;
    memcpy(out, from->data, len);
    *from = slice_skip(*from, len);
    return len;
}

static ptrdiff_t read_inflated(struct source *source, char *out, size_t capacity, struct error *error)
{
    if (source->start_unused.len > 0)
        return (ptrdiff_t)take(&source->start_unused, out, capacity);
    return source->gzip ? read_gzip(source, out, capacity, error) : read_plain(source, out, capacity, error);
}

static int fail_conversion(const struct source *source, struct error *error)
{
    return error_set(
        error, ERROR_INPUT,
        "%s: damaged %s at byte %" PRIu64
        "%s: %s; the rows before it were read\nhint: export the file again, if possible as UTF-8, then run again",
        source->name, source->converted_from, source->stream.offset,
        source->gzip ? " of the inflated data" : "", source->stream.fault);
}

static ptrdiff_t read_converted(struct source *source, char *out, size_t capacity, struct error *error)
{
    while (source->converted_unused.len == 0) {
        if (source->stream.fault)
            return fail_conversion(source, error);
        if (source->inflated_unused.len == 0) {
            ptrdiff_t len = read_inflated(source, source->inflated, SOURCE_CONVERTED_LEN, error);
            if (len < 0)
                return len;
            if (len == 0) {
                unicode_stream_end(&source->stream);
                return source->stream.fault ? fail_conversion(source, error) : 0;
            }
            source->inflated_unused = slice_make(source->inflated, (size_t)len);
        }
        size_t len = unicode_stream_convert(&source->stream, &source->inflated_unused, source->converted,
                                            SOURCE_CONVERTED_LEN);
        source->converted_unused = slice_make(source->converted, len);
    }
    return (ptrdiff_t)take(&source->converted_unused, out, capacity);
}

ptrdiff_t source_read(struct source *source, char *out, size_t capacity, struct error *error)
{
    assert(capacity > 0);
    return source->converted_from ? read_converted(source, out, capacity, error)
                                  : read_inflated(source, out, capacity, error);
}

const char *source_converted_from(const struct source *source)
{
    return source->converted_from;
}

static int fail_kind(const struct source *source, const struct file_kind *kind, struct error *error)
{
    return error_set(error, ERROR_INPUT, "%s: %s%s\nhint: %s", source->name,
                     source->gzip ? "what this gzip file holds " : "", kind->what, kind->hint);
}

/* Bytes that are enough to know what a file is, as far as it has them: a pipe may give one at a time, a file
 * gives all. */
static size_t start_len(const struct source *source)
{
    return S_ISREG(source->first.st_mode) ? SOURCE_GZIP_MAGIC_LEN : FILE_KIND_MIN;
}

static int look_at_magic(struct source *source, struct error *error)
{
    size_t have = 0;
    while (have < start_len(source) && !source->file_ended) {
        ptrdiff_t len = read_file(source, source->block + have, SOURCE_BLOCK_LEN - have);
        if (len == -1)
            return fail_read(source, error);
        have += (size_t)len;
    }
    source->unused = slice_make(source->block, have);
    const struct file_kind *kind = file_kind_find(source->unused, false);
    if (kind)
        return fail_kind(source, kind, error);
    if (have >= SOURCE_GZIP_MAGIC_LEN && memcmp(source->block, "\x1f\x8b", SOURCE_GZIP_MAGIC_LEN) == 0)
        source->gzip = gzip_reader_new();
    return 0;
}

static const char *unicode_label(enum encoding_kind kind)
{
    return kind == ENCODING_UTF16 ? "UTF-16" : "UTF-32";
}

/* As input.encoding has it. */
static const char *unicode_name(enum encoding_kind kind)
{
    return kind == ENCODING_UTF16 ? "utf-16" : "utf-32";
}

static void convert(struct source *source, enum encoding_kind kind, enum encoding_order order)
{
    unicode_stream_init(&source->stream, kind, order);
    source->converted_from = unicode_name(kind);
    source->inflated = memory_new(1, SOURCE_CONVERTED_LEN);
    source->converted = memory_new(1, SOURCE_CONVERTED_LEN);
}

static int fail_encoding(const struct source *source, const struct unicode_form *form,
                         const struct encoding *encoding, struct error *error)
{
    return error_set(error, ERROR_INPUT,
                     "%s: is %s (it begins with the %s %02X %02X), not %s\nhint: set input.encoding to %s",
                     source->name, unicode_label(form->kind), form->is_marked ? "byte order mark" : "bytes",
                     (unsigned)(unsigned char)source->start[0], (unsigned)(unsigned char)source->start[1],
                     encoding_name(encoding), unicode_name(form->kind));
}

/* For a job whose encoding is UTF-16 or UTF-32. */
static int convert_as_named(struct source *source, const struct unicode_form *form,
                            const struct encoding *encoding, struct error *error)
{
    struct slice start = source->start_unused;
    enum encoding_order order = form->is_marked ? form->order : encoding->order;
    bool is_named_order = encoding->order == form->order || encoding->order == ENCODING_ORDER_BY_CONTENT;
    if (form->kind != ENCODING_UTF8 && (form->kind != encoding->kind || !is_named_order))
        return fail_encoding(source, form, encoding, error);
    if (start.len == 0 || slice_begins(start, SLICE_LITERAL("\xef\xbb\xbf")))
        return 0;
    enum encoding_order seen = unicode_form_order(encoding->kind, start);
    if (!form->is_marked && seen == ENCODING_ORDER_BY_CONTENT)
        return error_set(
            error, ERROR_INPUT,
            "%s: is not %s: it has no byte order mark, and none of the zero bytes beside ASCII characters\nhint: set input.encoding to the file's encoding",
            source->name, encoding_name(encoding));
    convert(source, encoding->kind, order == ENCODING_ORDER_BY_CONTENT ? seen : order);
    return 0;
}

/* encoding: the job's; NULL: any. */
static int convert_start(struct source *source, const struct encoding *encoding, struct error *error)
{
    struct unicode_form form = unicode_form_find(source->start_unused);
    if (encoding && (encoding->kind == ENCODING_UTF16 || encoding->kind == ENCODING_UTF32))
        return convert_as_named(source, &form, encoding, error);
    if (form.kind == ENCODING_UTF8)
        return 0;
    if (encoding)
        return fail_encoding(source, &form, encoding, error);
    convert(source, form.kind, form.order);
    return 0;
}

/* A fault met here comes back when the bytes are read for good. */
static int look_at_start(struct source *source, const struct encoding *encoding, struct error *error)
{
    size_t have = 0;
    struct error later;
    while (have < start_len(source)) {
        size_t capacity = sizeof source->start - have;
        ptrdiff_t len = source->gzip ? read_gzip(source, source->start + have, capacity, &later)
                                     : read_plain(source, source->start + have, capacity, &later);
        if (len <= 0)
            break;
        have += (size_t)len;
    }
    source->start_unused = slice_make(source->start, have);
    const struct file_kind *kind = source->gzip ? file_kind_find(source->start_unused, true) : NULL;
    if (kind)
        return fail_kind(source, kind, error);
    return convert_start(source, encoding, error);
}

static int fail_open(const struct source *source, bool is_of_job, struct error *error)
{
    if (errno == ENOENT && strpbrk(source->name, "*?["))
        return error_set(error, ERROR_INPUT, "%s: no file matches this pattern", source->name);
    bool is_missing = errno == ENOENT && is_of_job;
    return error_set(
        error, ERROR_INPUT, "%s: cannot be opened: %s%s", source->name, file_open_fault(source->name),
        is_missing ? "\nhint: input.path is relative to the job file's folder, --input to the current one"
                   : "");
}

/* O_NONBLOCK: opening a named pipe does not wait for its writer; reading waits in wait_for_pipe. */
static int open_file(struct source *source, bool takes_pipe, bool is_of_job, struct error *error)
{
    source->fd =
        source->path ? open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : STDIN_FILENO;
    if (source->fd == -1)
        return fail_open(source, is_of_job, error);
    if (fstat(source->fd, &source->first) != 0)
        return error_set(error, ERROR_INPUT, "%s: cannot be read: %s", source->name, strerror(errno));
    if (S_ISDIR(source->first.st_mode))
        return error_set(
            error, ERROR_INPUT,
            "%s: is a folder\nhint: name a file in it, or a pattern of files such as '%s/*.csv.gz'",
            source->name, source->name);
    bool is_pipe = S_ISFIFO(source->first.st_mode);
    if (source->path && is_pipe && !takes_pipe)
        return error_set(
            error, ERROR_INPUT,
            "%s: it is a pipe, not a file\nhint: write it to a file first, or give it on standard input (-)",
            source->name);
    if (source->path && !is_pipe && file_kind_fault(source->first.st_mode))
        return error_set(error, ERROR_INPUT, "%s: %s", source->name, file_kind_fault(source->first.st_mode));
    if (source->path)
        fcntl(source->fd, F_SETFL, 0);
    (void)posix_fadvise(source->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* fails on a pipe, which does no harm */
    return 0;
}

static struct source *open_source(const char *path, const struct encoding *encoding, bool takes_pipe,
                                  int stop_fd, struct error *error)
{
    struct source *source = memory_new(1, sizeof *source);
    bool is_stdin = strcmp(path, "-") == 0;
    source->path = is_stdin ? NULL : memory_copy(slice_from(path));
    source->name = is_stdin ? "standard input" : source->path;
    source->fd = -1;
    source->stop_fd = stop_fd;
    source->block = memory_new(1, SOURCE_BLOCK_LEN);
    if (open_file(source, takes_pipe, encoding != NULL, error) != 0 || look_at_magic(source, error) != 0 ||
        look_at_start(source, encoding, error) != 0) {
        source_close(source);
        return NULL;
    }
    return source;
}

struct source *source_open(const char *path, struct error *error)
{
    return open_source(path, NULL, true, -1, error);
}

struct source *source_open_job_input(const char *path, const struct encoding *encoding, int stop_fd,
                                     struct error *error)
{
    return open_source(path, encoding, true, stop_fd, error);
}

struct source *source_open_file(const char *path, struct error *error)
{
    return open_source(path, NULL, false, -1, error);
}

void source_close(struct source *source)
{
    if (!source)
        return;
    if (source->path && source->fd != -1)
        close(source->fd);
    gzip_reader_free(source->gzip);
    free(source->block);
    free(source->inflated);
    free(source->converted);
    free(source->path);
    free(source);
}

uint64_t source_position(const struct source *source)
{
    return atomic_load_explicit(&source->position, memory_order_relaxed);
}

uint64_t source_size(const struct source *source)
{
    return S_ISREG(source->first.st_mode) ? (uint64_t)source->first.st_size : 0;
}
