#include "job/job_paths.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add(struct job *job, const char *path)
{
    struct job_input *input = &job->input;
    size_t count = input->path_count;
    if ((count & (count - 1)) == 0) { /* a power of two: the capacity is used up */
        const char **grown = arena_alloc(&job->arena, (count ? 2 * count : 1) * sizeof *grown);
        if (count)
            memcpy(grown, input->paths, count * sizeof *grown);
        input->paths = grown;
    }
    input->paths[input->path_count++] = arena_copy(&job->arena, slice_from(path)).data;
}

/* glob's own order follows the user's language. */
static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void job_paths_add(struct job *job, const char *path)
{
    glob_t found;
    if (!strpbrk(path, "*?[") || access(path, F_OK) == 0 || glob(path, GLOB_NOSORT, NULL, &found) != 0) {
        add(job, path);
        return;
    }
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, compare);
    for (size_t i = 0; i < found.gl_pathc; i++)
        add(job, found.gl_pathv[i]);
    globfree(&found);
}
