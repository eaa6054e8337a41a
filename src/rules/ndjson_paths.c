#include "rules/ndjson_paths.h"

#include <stdlib.h>

#include "core/ascii.h"
#include "core/memory.h"

enum { INDEX_DIGITS_MAX = 9 };

static uint32_t add_step(struct ndjson_paths *paths, struct slice key, uint32_t index)
{
    if (paths->step_count == paths->step_capacity) {
        paths->step_capacity = paths->step_capacity ? 2 * paths->step_capacity : 16;
        paths->steps = memory_resize(paths->steps, paths->step_capacity, sizeof *paths->steps);
    }
    paths->steps[paths->step_count] =
        (struct ndjson_step){.key = key, .index = index, .cell = NDJSON_NO_CELL};
    return (uint32_t)paths->step_count++;
}

struct ndjson_paths *ndjson_paths_new(void)
{
    struct ndjson_paths *paths = memory_new(1, sizeof *paths);
    add_step(paths, slice_make(NULL, 0), 0);
    add_step(paths, slice_make(NULL, 0), 0);
    return paths;
}

void ndjson_paths_free(struct ndjson_paths *paths)
{
    if (!paths)
        return;
    free(paths->steps);
    free(paths->columns);
    free(paths);
}

static uint32_t add_member(struct ndjson_paths *paths, uint32_t from, struct slice key)
{
    uint32_t index = ndjson_paths_member(paths, from, key);
    if (index)
        return index;
    index = add_step(paths, key, 0);
    uint32_t *chain = &paths->steps[from].members[ndjson_paths_bucket(key)];
    paths->steps[index].next = *chain;
    *chain = index;
    paths->steps[from].child_count++;
    return index;
}

static uint32_t add_element(struct ndjson_paths *paths, uint32_t from, uint32_t index)
{
    uint32_t position = ndjson_paths_element(paths, from, index);
    if (position)
        return position;
    position = add_step(paths, slice_make(NULL, 0), index);
    paths->steps[position].next = paths->steps[from].elements;
    paths->steps[from].elements = position;
    paths->steps[from].child_count++;
    return position;
}

static uint32_t add_every(struct ndjson_paths *paths, uint32_t from)
{
    if (!paths->steps[from].every) {
        uint32_t every = add_step(paths, slice_make(NULL, 0), NDJSON_EVERY);
        paths->steps[from].every = every;
    }
    return paths->steps[from].every;
}

/* The length of an index like `[12]` or `[*]` at the start of text; 0: not an index. */
static size_t index_len(const char *text, uint32_t *index)
{
    size_t len = 1;
    if (strncmp(text, "[*]", 3) == 0) {
        *index = NDJSON_EVERY;
        return 3;
    }
    *index = 0;
    for (; len <= INDEX_DIGITS_MAX && ascii_is_digit(text[len]); len++)
        *index = *index * 10 + (uint32_t)(text[len] - '0');
    return len > 1 && text[len] == ']' ? len + 1 : 0;
}

const char *ndjson_paths_fault(const char *column)
{
    unsigned every_count = 0;
    if (*column == '\0')
        return NULL;
    for (const char *cursor = column;;) {
        size_t len = strcspn(cursor, ".[");
        if (len == 0)
            return *cursor == '[' ? "a name is missing before `[`" : "a name is missing beside a dot";
        cursor += len;
        while (*cursor == '[') {
            uint32_t index;
            len = index_len(cursor, &index);
            if (len == 0)
                return "between [ and ] there must be a number or *";
            if (index == NDJSON_EVERY && every_count++)
                return "[*] can be in it only once";
            cursor += len;
        }
        if (*cursor == '\0')
            return NULL;
        if (*cursor++ != '.')
            return "behind ] there must be a dot or the end";
    }
}

static uint32_t add_path(struct ndjson_paths *paths, const char *column, uint32_t *every)
{
    uint32_t step = NDJSON_TOP;
    for (const char *cursor = column; *cursor;) {
        size_t len = strcspn(cursor, ".[");
        step = add_member(paths, step, slice_make(cursor, len));
        cursor += len;
        while (*cursor == '[') {
            uint32_t index;
            cursor += index_len(cursor, &index);
            if (index == NDJSON_EVERY)
                step = *every = add_every(paths, step);
            else
                step = add_element(paths, step, index);
        }
        if (*cursor == '.')
            cursor++;
    }
    return step;
}

size_t ndjson_paths_add(struct ndjson_paths *paths, const char *column)
{
    for (size_t i = 0; i < paths->cell_count; i++)
        if (strcmp(paths->columns[i].name, column) == 0)
            return i;
    size_t cell = paths->cell_count++;
    paths->columns = memory_resize(paths->columns, paths->cell_count, sizeof *paths->columns);
    struct ndjson_column *added = &paths->columns[cell];
    *added = (struct ndjson_column){.name = column, .has_element = strchr(column, '[')};

    bool is_name = !strpbrk(column, ".[");
    if (is_name || !ndjson_paths_fault(column)) {
        uint32_t step = is_name ? add_member(paths, NDJSON_TOP, slice_from(column))
                                : add_path(paths, column, &added->every);
        paths->steps[step].cell = (int)cell;
    }
    if (!is_name) {
        uint32_t step = add_member(paths, NDJSON_TOP_WHOLE, slice_from(column));
        paths->steps[step].cell = (int)cell;
    }
    return cell;
}

bool ndjson_paths_collects(const char *column)
{
    return strstr(column, "[*]") && !ndjson_paths_fault(column);
}
