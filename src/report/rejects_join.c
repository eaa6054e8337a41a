#include "report/rejects_join.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "report/report_file.h"

enum { REJECTS_JOIN_MODE = 0600, REJECTS_JOIN_BLOCK = 64 * 1024 };

/* A gzip member of a shard's file. */
struct rejects_join_part {
    const char *folder;
    uint32_t input;
    uint64_t offset, len;
};

struct rejects_join_list {
    struct rejects_join_part *parts; /* the header first */
    size_t count;
};

static void rejects_join_collect(struct rejects_join_list *list, const char *folder,
                                 const struct rejects_parts *parts)
{
    if (parts->count == 0)
        return;
    list->parts = memory_resize(list->parts, list->count + parts->count + 1, sizeof *list->parts);
    if (list->count == 0)
        list->parts[list->count++] = (struct rejects_join_part){.folder = folder, .len = parts->header_len};
    for (size_t i = 0; i < parts->count; i++)
        list->parts[list->count++] = (struct rejects_join_part){folder, parts->parts[i].input,
                                                                parts->parts[i].offset, parts->parts[i].len};
}

static int rejects_join_compare(const void *a, const void *b)
{
    const struct rejects_join_part *first = a, *second = b;

    return first->input < second->input ? -1 : first->input > second->input;
}

static int rejects_join_fail(const char *path, const char *why, struct error *error)
{
    return error_set(error, ERROR_INPUT, "%s: %s\nhint: make this shard again", path, why);
}

static int rejects_join_copy(struct file_draft *draft, int fd, const struct rejects_join_part *part,
                             const char *path, struct error *error)
{
    char block[REJECTS_JOIN_BLOCK];

    for (uint64_t done = 0; done < part->len;) {
        size_t wanted = part->len - done < sizeof block ? (size_t)(part->len - done) : sizeof block;
        ssize_t got = pread(fd, block, wanted, (off_t)(part->offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return rejects_join_fail(path, "ends too early", error);
        if (file_draft_write(draft, slice_make(block, (size_t)got)) != 0)
            return report_file_fail(draft->path, error);
        done += (uint64_t)got;
    }
    return 0;
}

static int rejects_join_part(struct file_draft *draft, const char *name, const struct rejects_join_part *part,
                             struct error *error)
{
    char *path = file_join(part->folder, name);
    struct stat about;
    const char *why;
    int fd = file_open(path, &about, &why);
    int result =
        fd < 0 ? rejects_join_fail(path, why, error) : rejects_join_copy(draft, fd, part, path, error);

    if (fd >= 0)
        close(fd);
    free(path);
    return result;
}

static bool rejects_join_is_cut(const char *folder, const char *name, const struct rejects_parts *parts)
{
    if (parts->count == 0)
        return false;
    const struct rejects_part *last = &parts->parts[parts->count - 1];
    char *path = file_join(folder, name);
    struct stat about;
    bool is_cut = stat(path, &about) != 0 || (uint64_t)about.st_size < last->offset + last->len;

    free(path);
    return is_cut;
}

const char *rejects_join_find_cut(const struct rejects_join_shard *shard, enum job_format format)
{
    const char *rejected = rejects_file_name(format), *broken = rejects_broken_name(format);

    if (rejects_join_is_cut(shard->folder, rejected, shard->rejected))
        return rejected;
    return rejects_join_is_cut(shard->folder, broken, shard->broken) ? broken : NULL;
}

/* A file of the report that is to be replaced, or removed where no shard has one. */
struct rejects_join_file {
    const char *name;
    struct rejects_join_list list;
    char *path;
    struct file_draft draft;
};

static int rejects_join_write(struct rejects_join_file *file, struct error *error)
{
    struct rejects_join_list *list = &file->list;
    int result = 0;

    if (list->count == 0)
        return 0;
    if (file_draft_open(&file->draft, file->path, REJECTS_JOIN_MODE) != 0)
        return report_file_fail(file->path, error);
    if (list->count > 2)
        qsort(list->parts + 1, list->count - 1, sizeof *list->parts, rejects_join_compare);
    for (size_t i = 0; i < list->count && result == 0; i++)
        result = rejects_join_part(&file->draft, file->name, &list->parts[i], error);
    return result;
}

static int rejects_join_replace(struct rejects_join_file *file, struct error *error)
{
    bool is_replaced = file->list.count > 0 ? file_draft_commit(&file->draft) == 0
                                            : unlink(file->path) == 0 || errno == ENOENT;
    return is_replaced ? 0 : report_file_fail(file->path, error);
}

int rejects_join(const char *folder, enum job_format format, const struct rejects_join_shard *shards,
                 size_t count, bool (*may_replace)(void *context), void *context, struct error *error)
{
    enum { REJECTED, BROKEN, FILES = 4 };
    enum job_format other = format == JOB_FORMAT_NDJSON ? JOB_FORMAT_CSV : JOB_FORMAT_NDJSON;
    struct rejects_join_file files[FILES] = {{.name = rejects_file_name(format)},
                                             {.name = rejects_broken_name(format)},
                                             {.name = rejects_file_name(other)},
                                             {.name = rejects_broken_name(other)}};
    int result = file_make_folder(folder) == 0 ? 0 : report_file_fail(folder, error);

    for (size_t i = 0; i < count; i++) {
        rejects_join_collect(&files[REJECTED].list, shards[i].folder, shards[i].rejected);
        rejects_join_collect(&files[BROKEN].list, shards[i].folder, shards[i].broken);
    }
    for (size_t i = 0; i < FILES; i++) {
        files[i].path = file_join(folder, files[i].name);
        if (result == 0)
            result = rejects_join_write(&files[i], error);
    }
    if (result == 0 && !may_replace(context))
        result = 1;
    for (size_t i = 0; i < FILES; i++) {
        if (result == 0)
            result = rejects_join_replace(&files[i], error);
        file_draft_drop(&files[i].draft);
        free(files[i].list.parts);
        free(files[i].path);
    }
    return result;
}
