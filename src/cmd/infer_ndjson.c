#include "cmd/infer_ndjson.h"

#include <string.h>

#include "core/buffer.h"
#include "core/json.h"
#include "core/json_shape.h"
#include "core/json_typed.h"
#include "core/memory.h"
#include "model/record.h"

enum { PATHS_MAX = 4096, PATH_MAX_LEN = 1024, LIST_MAX = 1 << 16, ELEMENTS_MAX = 64 };

struct walk {
    struct infer_sample *sample;
    const struct json_node *nodes;
    struct infer_row *row;
    size_t hint; /* the objects of an export have their members in one order */
    bool is_dynamodb;
    bool is_collecting; /* within the elements of an array: */
    size_t element;     /* the one at hand */
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

/* The list with the item of the element at hand; elements without one keep their places. */
static struct slice append_item(const struct walk *walk, struct slice list, struct slice item)
{
    size_t separators = walk->element, len = 0;
    for (size_t i = 0; i < list.len; i++)
        separators -= list.data[i] == VALUE_SEPARATOR;
    char *longer = arena_bytes(&walk->sample->arena, list.len + separators + item.len + 1);
    memcpy(longer, list.data, list.len);
    memset(longer + list.len, VALUE_SEPARATOR, separators);
    len = list.len + separators;
    if (item.len)
        memcpy(longer + len, item.data, item.len);
    len += item.len;
    longer[len] = '\0';
    return slice_make(longer, len);
}

static void set_cell(struct walk *walk, struct slice path, struct slice text, bool is_list)
{
    struct infer_row *row = walk->row;
    size_t column = column_of(walk, path);

    if (column == PATHS_MAX)
        return;
    while (row->count <= column)
        row->cells[row->count++] = slice_make("", 0);
    row->cells[column] = walk->is_collecting ? append_item(walk, row->cells[column], text)
                                             : arena_copy(&walk->sample->arena, text);
    walk->sample->is_list[column] = walk->sample->is_list[column] || is_list || walk->is_collecting;
}

/* At the top level a job's column is first compared with the whole name, which may contain any character; but
 * nothing can be behind it then. */
static bool is_addressable(struct slice key, bool is_whole)
{
    if (key.len == 0 || memchr(key.data, '\0', key.len) || memchr(key.data + 1, '@', key.len - 1))
        return false; /* an e-mail address is no name, but somebody's */
    return is_whole || (!memchr(key.data, '.', key.len) && !memchr(key.data, '[', key.len));
}

static void walk_value(struct walk *walk, size_t index, struct slice path);

static void walk_object(struct walk *walk, size_t index, struct slice path)
{
    char longer[PATH_MAX_LEN];

    for (size_t child = index + 1; child < walk->nodes[index].end; child = walk->nodes[child].end) {
        struct slice key = walk->nodes[child].key;
        size_t dot = path.len > 0;
        bool is_whole =
            path.len == 0 &&
            walk->nodes[json_typed_unwrap(walk->nodes, child, walk->is_dynamodb).index].kind < JSON_ARRAY;
        if (!is_addressable(key, is_whole) || path.len + dot + key.len > sizeof longer - 8) {
            walk->sample->skipped_members++;
            continue;
        }
        memcpy(longer, path.data, path.len);
        memset(longer + path.len, '.', dot);
        memcpy(longer + path.len + dot, key.data, key.len);
        walk_value(walk, child, slice_make(longer, path.len + dot + key.len));
    }
}

/* A path into the elements of an array; empty: it would be too long. */
static struct slice element_path(struct slice path, const char *step, char longer[PATH_MAX_LEN])
{
    size_t len = strlen(step);
    if (path.len + len > PATH_MAX_LEN)
        return slice_make("", 0);
    memcpy(longer, path.data, path.len);
    memcpy(longer + path.len, step, len);
    return slice_make(longer, path.len + len);
}

/* `[*]`, which a path has once. */
static void walk_elements(struct walk *walk, size_t index, struct slice path)
{
    char longer[PATH_MAX_LEN];
    struct slice every = element_path(path, "[*]", longer);
    size_t child = index + 1;
    if (every.len == 0)
        return;
    walk->is_collecting = true;
    for (walk->element = 0; child < walk->nodes[index].end && walk->element < ELEMENTS_MAX; walk->element++) {
        walk_value(walk, child, every);
        child = walk->nodes[child].end;
    }
    walk->is_collecting = false;
}

static void walk_items(struct walk *walk, size_t index, struct slice path)
{
    const struct json_node *nodes = walk->nodes;
    struct buffer items;
    buffer_init(&items, LIST_MAX);
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        struct json_typed typed = json_typed_unwrap(nodes, child, walk->is_dynamodb);
        if (nodes[typed.index].kind >= JSON_ARRAY || nodes[typed.index].kind == JSON_NULL)
            continue;
        if (items.len)
            buffer_append_char(&items, VALUE_SEPARATOR);
        buffer_append(&items, json_typed_text(nodes, typed, &walk->sample->arena));
    }
    set_cell(walk, path, slice_make(items.data ? items.data : "", items.len), true);
    buffer_clear(&items);
}

/* All values, and each member of all objects; of arrays in arrays the first. */
static void walk_array(struct walk *walk, size_t index, struct slice path)
{
    const struct json_node *nodes = walk->nodes;
    size_t first = nodes[index].children ? json_typed_unwrap(nodes, index + 1, walk->is_dynamodb).index : 0;
    char longer[PATH_MAX_LEN];

    if (first && nodes[first].kind == JSON_OBJECT && !walk->is_collecting) {
        walk_elements(walk, index, path);
    } else if (first && (nodes[first].kind >= JSON_ARRAY || walk->is_collecting)) {
        struct slice item = element_path(path, "[0]", longer);
        if (item.len)
            walk_value(walk, index + 1, item);
    } else if (first) {
        walk_items(walk, index, path);
    }
}

static void walk_value(struct walk *walk, size_t index, struct slice path)
{
    struct json_typed typed = json_typed_unwrap(walk->nodes, index, walk->is_dynamodb);
    const struct json_node *node = &walk->nodes[typed.index];

    if (typed.form == JSON_TYPED_NOTHING || node->kind == JSON_NULL)
        set_cell(walk, path, slice_make("", 0), false);
    else if (node->kind == JSON_OBJECT)
        walk_object(walk, typed.index, path);
    else if (node->kind == JSON_ARRAY)
        walk_array(walk, typed.index, path);
    else
        set_cell(walk, path, json_typed_text(walk->nodes, typed, &walk->sample->arena), false);
}

static void read_line(struct infer_sample *sample, struct json_reader *json, struct slice line)
{
    size_t count;
    struct json_fault fault;
    const struct json_node *nodes = json_reader_parse(json, line, &count, &fault);

    struct json_shape shape;
    bool wraps = json_shape_read(line, &shape) && json_shape_wraps(&shape);

    if (!nodes || nodes[0].kind != JSON_OBJECT || wraps) {
        sample->broken++;
        return;
    }
    struct infer_row *row = &sample->rows[sample->row_count++];
    struct slice cells[PATHS_MAX];
    row->cells = cells;
    struct walk walk = {
        .sample = sample, .nodes = nodes, .row = row, .is_dynamodb = json_typed_is_dynamodb(nodes)};
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
