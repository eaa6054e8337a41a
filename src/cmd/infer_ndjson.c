#include "cmd/infer_ndjson.h"

#include <string.h>

#include "core/buffer.h"
#include "core/json.h"
#include "core/memory.h"
#include "model/record.h"

enum { PATHS_MAX = 4096, PATH_MAX_LEN = 1024, LIST_MAX = 1 << 16 };

struct walk {
    struct infer_sample *sample;
    const struct json_node *nodes;
    struct infer_row *row;
    size_t hint; /* the objects of an export have their members in one order */
};

/* The column of a path, added if it is new; PATHS_MAX when there are too many. */
static size_t column_of(struct walk *walk, struct slice path)
{
    struct infer_sample *sample = walk->sample;

    for (size_t i = 0; i < sample->column_count; i++) {
        size_t index = (walk->hint + i) % sample->column_count;
        if (slice_equal(sample->columns[index], path)) {
            walk->hint = index + 1;
            return index;
        }
    }
    if (sample->column_count == PATHS_MAX)
        return PATHS_MAX;
    sample->columns[sample->column_count] = arena_copy(&sample->arena, path);
    return sample->column_count++;
}

static void set_cell(struct walk *walk, struct slice path, struct slice text, bool is_list)
{
    struct infer_row *row = walk->row;
    size_t column = column_of(walk, path);

    if (column == PATHS_MAX)
        return;
    while (row->count <= column)
        row->cells[row->count++] = slice_make("", 0);
    row->cells[column] = arena_copy(&walk->sample->arena, text);
    walk->sample->is_list[column] = walk->sample->is_list[column] || is_list;
}

/* At the top level a job's column is first compared with the whole name, which may contain any character. */
static bool is_addressable(struct slice key, bool at_top)
{
    if (at_top)
        return key.len > 0 && !memchr(key.data, '\0', key.len);
    return key.len > 0 && !memchr(key.data, '.', key.len) && !memchr(key.data, '[', key.len) &&
           !memchr(key.data, '\0', key.len);
}

static void walk_value(struct walk *walk, size_t index, struct slice path);

static void walk_object(struct walk *walk, size_t index, struct slice path)
{
    char longer[PATH_MAX_LEN];

    for (size_t child = index + 1; child < walk->nodes[index].end; child = walk->nodes[child].end) {
        struct slice key = walk->nodes[child].key;
        size_t dot = path.len > 0;
        if (!is_addressable(key, path.len == 0) || path.len + dot + key.len > sizeof longer - 8) {
            walk->sample->skipped_members++;
            continue;
        }
        memcpy(longer, path.data, path.len);
        memset(longer + path.len, '.', dot);
        memcpy(longer + path.len + dot, key.data, key.len);
        walk_value(walk, child, slice_make(longer, path.len + dot + key.len));
    }
}

/* Takes the first of objects, and all values. */
static void walk_array(struct walk *walk, size_t index, struct slice path)
{
    const struct json_node *nodes = walk->nodes;
    struct buffer items;
    char longer[PATH_MAX_LEN];

    if (nodes[index].children && nodes[index + 1].kind >= JSON_ARRAY) {
        if (path.len + 3 > sizeof longer)
            return;
        memcpy(longer, path.data, path.len);
        memcpy(longer + path.len, "[0]", 3);
        walk_value(walk, index + 1, slice_make(longer, path.len + 3));
        return;
    }
    buffer_init(&items, LIST_MAX);
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        if (nodes[child].kind >= JSON_ARRAY || nodes[child].kind == JSON_NULL)
            continue;
        if (items.len)
            buffer_append_char(&items, VALUE_SEPARATOR);
        buffer_append(&items, nodes[child].text);
    }
    set_cell(walk, path, slice_make(items.data ? items.data : "", items.len), true);
    buffer_clear(&items);
}

static void walk_value(struct walk *walk, size_t index, struct slice path)
{
    const struct json_node *node = &walk->nodes[index];

    if (node->kind == JSON_OBJECT)
        walk_object(walk, index, path);
    else if (node->kind == JSON_ARRAY)
        walk_array(walk, index, path);
    else
        set_cell(walk, path, node->kind == JSON_NULL ? slice_make("", 0) : node->text, false);
}

static void read_line(struct infer_sample *sample, struct json_reader *json, struct slice line)
{
    size_t count;
    struct json_fault fault;
    const struct json_node *nodes = json_reader_parse(json, line, &count, &fault);

    if (!nodes || nodes[0].kind != JSON_OBJECT) {
        sample->broken++;
        return;
    }
    struct infer_row *row = &sample->rows[sample->row_count++];
    struct slice cells[PATHS_MAX];
    row->cells = cells;
    struct walk walk = {.sample = sample, .nodes = nodes, .row = row};
    walk_object(&walk, 0, slice_make("", 0));
    row->cells = arena_alloc(&sample->arena, (row->count + 1) * sizeof *row->cells);
    /* cppcheck-suppress uninitvar ; the walk filled row->count of them */
    memcpy(row->cells, cells, row->count * sizeof *row->cells);
}

int infer_ndjson_read(struct infer_sample *sample, const char *path, struct slice bytes, uint64_t rows,
                      struct error *error)
{
    struct json_reader *json = json_reader_new();

    sample->columns = arena_alloc(&sample->arena, PATHS_MAX * sizeof *sample->columns);
    sample->is_list = arena_alloc(&sample->arena, PATHS_MAX);
    memset(sample->is_list, 0, PATHS_MAX);
    sample->rows = memory_new((size_t)rows + 1, sizeof *sample->rows);
    struct slice line;
    while (sample->row_count < rows && slice_next_line(&bytes, &line)) {
        while (line.len && memchr(" \t\r", line.data[line.len - 1], 3))
            line.len--;
        if (line.len)
            read_line(sample, json, line);
    }
    json_reader_free(json);
    if (sample->row_count)
        return 0;
    if (sample->is_not_utf8)
        return error_set(
            error, ERROR_INPUT,
            "%s: the file is not UTF-8, which NDJSON must be\nhint: iconv -f ENCODING -t UTF-8 FILE (iconv -l lists the encodings)",
            path);
    return error_set(
        error, ERROR_INPUT,
        "%s: the file begins like NDJSON, but no line is a JSON object\nhint: write one object a line: jq -c . FILE",
        path);
}
