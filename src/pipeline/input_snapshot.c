#include "pipeline/input_snapshot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/clock.h"
#include "core/memory.h"

struct input_snapshot {
    const struct job_input *input;
    struct stat *files;
};

static int fail_missing(const char *path, struct error *error)
{
    return error_set(error, ERROR_INPUT, "%s: cannot be read: %s", path, strerror(errno));
}

static int record_file(const char *path, struct stat *file, struct error *error)
{
    if (strcmp(path, "-") == 0)
        return error_set(
            error, ERROR_USAGE,
            "--strict reads the input twice, so it cannot be standard input\nhint: write it to a file first");
    if (stat(path, file) != 0)
        return fail_missing(path, error);
    if (!S_ISREG(file->st_mode) &&
        !S_ISDIR(file->st_mode)) /* a folder is refused elsewhere, by its own message */
        return error_set(
            error, ERROR_USAGE,
            "--strict reads the input twice, but %s is not a file\nhint: write it to a file first", path);
    return 0;
}

struct input_snapshot *input_snapshot_new(const struct job_input *input, struct error *error)
{
    struct input_snapshot *snapshot = memory_new(1, sizeof *snapshot);

    snapshot->input = input;
    snapshot->files = memory_new(input->path_count, sizeof *snapshot->files);
    for (size_t i = 0; i < input->path_count; i++)
        if (record_file(input->paths[i], &snapshot->files[i], error) != 0) {
            input_snapshot_free(snapshot);
            return NULL;
        }
    return snapshot;
}

void input_snapshot_free(struct input_snapshot *snapshot)
{
    if (snapshot)
        free(snapshot->files);
    free(snapshot);
}

int input_snapshot_check(const struct input_snapshot *snapshot, struct error *error)
{
    for (size_t i = 0; i < snapshot->input->path_count; i++) {
        const struct stat *then = &snapshot->files[i];
        const char *path = snapshot->input->paths[i];
        struct stat now;
        if (stat(path, &now) != 0)
            return fail_missing(path, error);
        if (now.st_dev != then->st_dev || now.st_ino != then->st_ino || now.st_size != then->st_size ||
            !clock_is_same_time(&now.st_mtim, &then->st_mtim) ||
            !clock_is_same_time(&now.st_ctim, &then->st_ctim))
            return error_set(
                error, ERROR_INPUT,
                "%s: the file changed after its rows were validated (--strict)\nhint: wait until the export is complete, then run again",
                path);
    }
    return 0;
}
