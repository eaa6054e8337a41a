#include "rules/ndjson_cells.h"

#include <stdlib.h>

#include "core/json.h"
#include "core/json_shape.h"
#include "core/json_typed.h"
#include "core/memory.h"
#include "rules/read_field.h"

/* The kind of the JSON value behind a cell. */
enum cell_kind {               /* up to CELL_INSTANT a single value */
                 CELL_NOTHING, /* the record has no such member */
                 CELL_EMPTY,   /* null, or an array without a value */
                 CELL_SCALAR,
                 CELL_INSTANT,   /* a scalar whose form is known: ISO 8601 in UTC */
                 CELL_LIST,      /* its items between VALUE_SEPARATOR */
                 CELL_OBJECT,    /* no text */
                 CELL_NESTED,    /* an array of arrays or objects; no text */
                 CELL_NOT_ARRAY, /* what `[*]` asks the elements of; no text */
};

/* One more than a list may have, so that a longer array is seen as one. */
enum { ITEMS_MAX = RECORD_CONTEXT_ITEMS_MAX + 1, WRAPPED_MIN = 2 };

struct ndjson_cells {
    const struct ndjson_paths *paths;
    struct json_reader *reader;
    enum cell_kind *kinds; /* of the record that was read last, by cell */
    bool repaired;
    bool has_own;                     /* the record has a value that is in no array */
    struct slice (*items)[ITEMS_MAX]; /* by cell, for paths with `[*]`: what the elements at hand gave */
};

/* The line being read. */
struct line {
    struct ndjson_cells *cells;
    const struct json_node *nodes;
    struct record *record;
    struct arena *arena;
    bool is_dynamodb;
};

struct ndjson_cells *ndjson_cells_new(const struct ndjson_paths *paths)
{
    struct ndjson_cells *cells = memory_new(1, sizeof *cells);
    cells->paths = paths;
    cells->reader = json_reader_new();
    cells->kinds = memory_new(paths->cell_count + 1, sizeof *cells->kinds);
    cells->items = memory_new(paths->cell_count + 1, sizeof *cells->items);
    return cells;
}

void ndjson_cells_free(struct ndjson_cells *cells)
{
    if (!cells)
        return;
    json_reader_free(cells->reader);
    free(cells->items);
    free(cells->kinds);
    free(cells);
}

static struct slice retain_text(const struct line *line, struct slice text)
{
    struct slice raw = line->record->raw;
    bool in_place = text.data >= raw.data && text.data <= raw.data + raw.len;
    return in_place ? text : arena_copy(line->arena, text);
}

/* The text of an element of an array of scalars; false: it is no scalar. */
static bool read_item(const struct line *line, size_t index, struct slice *text)
{
    const struct json_node *nodes = line->nodes;
    *text = nodes[index].text;
    if (nodes[index].kind == JSON_NULL) {
        *text = slice_make(NULL, 0);
    } else if (nodes[index].kind == JSON_OBJECT) {
        struct json_typed typed = json_typed_unwrap(nodes, index, line->is_dynamodb);
        if (nodes[typed.index].kind >= JSON_ARRAY)
            return false;
        *text = json_typed_text(nodes, typed, line->arena);
    }
    return nodes[index].kind != JSON_ARRAY;
}

/* Joins items to a list. A separator inside an item becomes another control character: neither can be part of
 * a value, and its removal gives a warning. */
static enum cell_kind join_items(const struct line *line, const struct slice *items, size_t count,
                                 struct slice *list)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += items[i].len + 1;
    char *to = arena_bytes(line->arena, len + 1);
    *list = slice_make(to, 0);
    bool has_value = false;
    for (size_t i = 0; i < count; i++) {
        if (i)
            *to++ = VALUE_SEPARATOR;
        for (size_t offset = 0; offset < items[i].len; offset++) {
            char byte = items[i].data[offset];
            *to++ = byte == VALUE_SEPARATOR ? VALUE_SEPARATOR - 1 : byte;
        }
        has_value |= items[i].len > 0;
    }
    list->len = (size_t)(to - list->data);
    return has_value ? CELL_LIST : CELL_EMPTY;
}

static enum cell_kind join_array(const struct line *line, size_t index, struct slice *list)
{
    const struct json_node *nodes = line->nodes;
    size_t count = 0;
    struct slice *items = arena_alloc(line->arena, (nodes[index].children + 1) * sizeof *items);
    for (size_t item = index + 1; item < nodes[index].end; item = nodes[item].end)
        if (!read_item(line, item, &items[count++]))
            return CELL_NESTED;
    return join_items(line, items, count, list);
}

static enum cell_kind read_plain(const struct line *line, size_t index, struct slice *text)
{
    switch (line->nodes[index].kind) {
    case JSON_NULL:
        return CELL_EMPTY;
    case JSON_ARRAY:
        return join_array(line, index, text);
    case JSON_OBJECT:
        return CELL_OBJECT;
    default:
        *text = retain_text(line, line->nodes[index].text);
        return CELL_SCALAR;
    }
}

/* A value that may have a wrapper: an object, or what a path finds at `$date`. */
static enum cell_kind read_typed(const struct line *line, size_t index, struct slice *text)
{
    struct json_typed typed = json_typed_unwrap(line->nodes, index, line->is_dynamodb);
    switch (typed.form) {
    case JSON_TYPED_NOTHING:
        return CELL_EMPTY;
    case JSON_TYPED_PLAIN:
        return read_plain(line, typed.index, text);
    default:
        *text = retain_text(line, json_typed_text(line->nodes, typed, line->arena));
        return typed.form == JSON_TYPED_INSTANT ? CELL_INSTANT : CELL_SCALAR;
    }
}

static void store_cell(const struct line *line, size_t index, int cell)
{
    const struct json_node *node = &line->nodes[index];
    struct slice *text = &line->record->cells[cell];
    enum cell_kind *kind = &line->cells->kinds[cell];
    bool is_instant = node->kind == JSON_NUMBER && node->key.len == 5 && slice_is(node->key, "$date");
    if (node->kind < JSON_ARRAY && node->kind != JSON_NULL && !is_instant) { /* nearly all */
        *text = retain_text(line, node->text);
        *kind = CELL_SCALAR;
        return;
    }
    *text = slice_make(NULL, 0);
    *kind = node->kind == JSON_OBJECT || is_instant ? read_typed(line, index, text)
                                                    : read_plain(line, index, text);
}

static void visit_value(const struct line *line, size_t index, uint32_t step);

static void visit_children(const struct line *line, size_t position, uint32_t step)
{
    const struct ndjson_paths *paths = line->cells->paths;
    const struct json_node *nodes = line->nodes;
    uint32_t index = 0;
    for (size_t child = position + 1; child < nodes[position].end; child = nodes[child].end, index++) {
        uint32_t next = nodes[position].kind == JSON_OBJECT
                            ? ndjson_paths_member(paths, step, nodes[child].key)
                            : ndjson_paths_element(paths, step, index);
        if (next)
            visit_value(line, child, next);
    }
}

/* Sets the cells of the paths that lead through the step `[*]`. */
static void set_every(const struct line *line, uint32_t every, enum cell_kind kind)
{
    const struct ndjson_paths *paths = line->cells->paths;
    for (size_t cell = 0; cell < paths->cell_count; cell++) {
        if (paths->columns[cell].every != every)
            continue;
        line->record->cells[cell] = slice_make(NULL, 0);
        line->cells->kinds[cell] = kind;
    }
}

/* Keeps what an element left in the cells of `[*]`. */
static void keep_items(const struct line *line, uint32_t every, size_t item, bool *nested)
{
    const struct ndjson_paths *paths = line->cells->paths;
    for (size_t cell = 0; cell < paths->cell_count; cell++) {
        if (paths->columns[cell].every != every)
            continue;
        line->cells->items[cell][item] = line->record->cells[cell];
        nested[cell] |= line->cells->kinds[cell] > CELL_INSTANT;
    }
}

/* Each element of an array gives each path through the step `[*]` one item. */
static void visit_every(const struct line *line, size_t array, uint32_t every)
{
    const struct ndjson_paths *paths = line->cells->paths;
    const struct json_node *nodes = line->nodes;
    bool *nested = arena_alloc(line->arena, paths->cell_count);
    size_t count = 0;
    memset(nested, 0, paths->cell_count);
    for (size_t child = array + 1; child < nodes[array].end && count < ITEMS_MAX; child = nodes[child].end) {
        set_every(line, every, CELL_NOTHING);
        visit_value(line, child, every);
        keep_items(line, every, count++, nested);
    }
    set_every(line, every, CELL_NESTED);
    for (size_t cell = 0; cell < paths->cell_count; cell++)
        if (paths->columns[cell].every == every && !nested[cell])
            line->cells->kinds[cell] =
                join_items(line, line->cells->items[cell], count, &line->record->cells[cell]);
}

/* A map or a list of DynamoDB is passed through: a path names what is in it. An attribute named as the
 * wrapper takes precedence over it. 0: no such wrapper. */
static size_t find_container(const struct line *line, size_t index)
{
    size_t inner = json_typed_unwrap(line->nodes, index, true).index;
    return inner != index && line->nodes[inner].kind >= JSON_ARRAY ? inner : 0;
}

static bool is_typed_null(const struct line *line, size_t index)
{
    return json_typed_unwrap(line->nodes, index, line->is_dynamodb).form == JSON_TYPED_NOTHING;
}

static void visit_value(const struct line *line, size_t index, uint32_t step)
{
    const struct ndjson_step *here = &line->cells->paths->steps[step];
    const struct json_node *node = &line->nodes[index];
    if (here->cell != NDJSON_NO_CELL)
        store_cell(line, index, here->cell);
    if (here->child_count && (node->kind == JSON_OBJECT || node->kind == JSON_ARRAY))
        visit_children(line, index, step);
    if (!here->every && !(line->is_dynamodb && here->child_count))
        return;
    size_t inner = line->is_dynamodb && node->kind == JSON_OBJECT ? find_container(line, index) : 0;
    if (inner && here->child_count)
        visit_children(line, inner, step);
    if (!here->every)
        return;
    size_t array = inner ? inner : index;
    if (line->nodes[array].kind == JSON_ARRAY)
        visit_every(line, array, here->every);
    else if (node->kind != JSON_NULL && !is_typed_null(line, index))
        set_every(line, here->every, CELL_NOT_ARRAY);
}

static void set_fault(struct record *record, struct arena *arena, const char *message, size_t offset)
{
    record->fault = RULE_MALFORMED;
    record->fault_message = arena_printf(arena, "%s (byte %zu of the line)", message, offset + 1);
}

/* True for a record with a member of a column that leads through no array. */
static bool has_own_member(const struct ndjson_cells *cells)
{
    for (size_t cell = 0; cell < cells->paths->cell_count; cell++)
        if (cells->kinds[cell] != CELL_NOTHING && !cells->paths->columns[cell].has_element)
            return true;
    return false;
}

static bool has_member(const struct ndjson_cells *cells)
{
    for (size_t cell = 0; cell < cells->paths->cell_count; cell++)
        if (cells->kinds[cell] != CELL_NOTHING)
            return true;
    return false;
}

/* A page of customers on one line is none of them: not the first, to which a path with `[0]` leads. A page of
 * one is that customer to such a path. */
static void reject_wrapper(const struct ndjson_cells *cells, struct record *record, struct arena *arena)
{
    struct json_shape shape;
    char command[JSON_SHAPE_COMMAND_SIZE];
    size_t min = has_member(cells) ? WRAPPED_MIN : 1;
    if (!json_shape_read(record->raw, &shape) || shape.count < min)
        return;
    record->fault = RULE_MALFORMED;
    record->fault_message =
        arena_printf(arena, "an object that holds an array of %zu is not one customer; give each a line: %s",
                     shape.count, json_shape_command(&shape, command));
}

void ndjson_cells_read(struct ndjson_cells *cells, struct record *record, struct arena *arena)
{
    const struct ndjson_paths *paths = cells->paths;
    struct json_fault fault;
    size_t count;
    const struct json_node *nodes =
        json_reader_parse_lenient(cells->reader, record->raw, &count, &cells->repaired, &fault);
    if (!nodes) {
        set_fault(record, arena, fault.message, fault.offset);
        return;
    }
    if (nodes[0].kind != JSON_OBJECT) {
        set_fault(record, arena, "the line is not a JSON object", nodes[0].offset);
        return;
    }
    record->cells = arena_alloc(arena, (paths->cell_count + 1) * sizeof *record->cells);
    record->cell_count = paths->cell_count;
    memset(record->cells, 0, paths->cell_count * sizeof *record->cells);
    memset(cells->kinds, 0, paths->cell_count * sizeof *cells->kinds);
    const struct line line = {cells, nodes, record, arena, json_typed_is_dynamodb(nodes)};
    visit_children(&line, 0, NDJSON_TOP);
    if (paths->steps[NDJSON_TOP_WHOLE].child_count)
        visit_children(&line, 0, NDJSON_TOP_WHOLE);
    if (!has_own_member(cells))
        reject_wrapper(cells, record, arena);
}

bool ndjson_cells_is_scalar(const struct ndjson_cells *cells, size_t column)
{
    return cells->kinds[column] <= CELL_INSTANT;
}

static bool accepts_list(const struct field_plan *plan)
{
    return plan->mapping->join || plan->type == FIELD_TYPE_COUNTRY_LIST || plan->type == FIELD_TYPE_TEXT_LIST;
}

/* False, with a verdict, for a text that held bytes which are not UTF-8. */
static bool check_text(const struct ndjson_cells *cells, struct record_context *context,
                       const struct field_plan *plan, struct slice text)
{
    if (!cells->repaired || !memmem(text.data, text.len, "\xef\xbf\xbd", 3))
        return true;
    record_context_add_verdictf(
        context, plan->field, VERDICT_REJECT, RULE_ENCODING,
        "contains bytes that are not UTF-8, or an escape of half a character; export it again as UTF-8");
    return false;
}

/* The form of an instant is known: the job's `format` is for texts. */
static void read_instant(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    struct field_plan iso = *plan;
    iso.dates = NULL;
    read_field_text(context, &iso, text);
}

void ndjson_cells_read_text(struct record_context *context, const struct field_plan *plan, struct slice text,
                            enum ndjson_form form)
{
    context->split = form == NDJSON_LIST ? (const char[]){VALUE_SEPARATOR, '\0'} : NULL;
    if (form == NDJSON_INSTANT)
        read_instant(context, plan, text);
    else
        read_field_text(context, plan, text);
    context->split = NULL;
}

bool ndjson_cells_text(const struct ndjson_cells *cells, struct record_context *context,
                       const struct field_plan *plan, size_t index, struct slice *text,
                       enum ndjson_form *form)
{
    const char *column = plan->mapping->columns[index].name;
    enum cell_kind kind = cells->kinds[plan->columns[index]];
    *text = slice_make(NULL, 0);
    *form = kind == CELL_LIST ? NDJSON_LIST : kind == CELL_INSTANT ? NDJSON_INSTANT : NDJSON_TEXT;
    switch (kind) {
    case CELL_NOTHING:
    case CELL_EMPTY:
        return true;
    case CELL_LIST:
        if (accepts_list(plan))
            break;
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_FORMAT,
            "\"%s\" is an array, and one value is expected; map one of its items, such as %s[0]", column,
            column);
        return false;
    case CELL_OBJECT:
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_FORMAT,
            "\"%s\" is an object, and a value is expected; map one of its members, such as %s.NAME", column,
            column);
        return false;
    case CELL_NESTED:
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "\"%s\" is an array of arrays or objects, and single values are expected",
                                    column);
        return false;
    case CELL_NOT_ARRAY:
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_FORMAT,
            "\"%s\" asks for the elements of an array, and the record has no array there; without [*] a path leads to a single value",
            column);
        return false;
    case CELL_SCALAR:
    case CELL_INSTANT:
        break;
    }
    *text = context->record->cells[plan->columns[index]];
    return text->len == 0 || check_text(cells, context, plan, *text);
}

void ndjson_cells_read_field(const struct ndjson_cells *cells, struct record_context *context,
                             const struct field_plan *plan)
{
    struct slice text = context->record->cells[plan->column];
    enum ndjson_form form;
    if (cells->kinds[plan->column] == CELL_SCALAR && !cells->repaired) { /* nearly all */
        if (text.len > 0)
            read_field_text(context, plan, text);
        return;
    }
    if (ndjson_cells_text(cells, context, plan, 0, &text, &form) && text.len > 0)
        ndjson_cells_read_text(context, plan, text, form);
}
