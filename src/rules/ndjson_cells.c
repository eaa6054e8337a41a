#include "rules/ndjson_cells.h"

#include <stdlib.h>

#include "core/json.h"
#include "core/memory.h"
#include "rules/read_field.h"

/* The kind of the JSON value behind a cell. */
enum cell_kind {
    CELL_NOTHING,
    CELL_SCALAR,
    CELL_LIST,   /* its items between VALUE_SEPARATOR */
    CELL_OBJECT, /* no text */
    CELL_NESTED, /* an array of arrays or objects; no text */
};

struct ndjson_cells {
    const struct ndjson_paths *paths;
    struct json_reader *reader;
    enum cell_kind *kinds; /* of the record that was read last, by cell */
    bool repaired;
};

/* The line being read. */
struct line {
    struct ndjson_cells *cells;
    const struct json_node *nodes;
    struct record *record;
    struct arena *arena;
};

struct ndjson_cells *ndjson_cells_new(const struct ndjson_paths *paths)
{
    struct ndjson_cells *cells = memory_new(1, sizeof *cells);
    cells->paths = paths;
    cells->reader = json_reader_new();
    cells->kinds = memory_new(paths->cell_count + 1, sizeof *cells->kinds);
    return cells;
}

void ndjson_cells_free(struct ndjson_cells *cells)
{
    if (!cells)
        return;
    json_reader_free(cells->reader);
    free(cells->kinds);
    free(cells);
}

static struct slice retain_text(const struct line *line, struct slice text)
{
    struct slice raw = line->record->raw;
    bool in_place = text.data >= raw.data && text.data <= raw.data + raw.len;
    return in_place ? text : arena_copy(line->arena, text);
}

/* Joins the items of an array of scalars. A separator inside an item becomes another control character:
 * neither can be part of a value, and its removal gives a warning. */
static enum cell_kind join_items(const struct line *line, size_t index, struct slice *text)
{
    const struct json_node *nodes = line->nodes;
    size_t len = 0, end = nodes[index].end;
    for (size_t item = index + 1; item < end; item++) {
        if (nodes[item].kind == JSON_ARRAY || nodes[item].kind == JSON_OBJECT)
            return CELL_NESTED;
        len += nodes[item].text.len + 1;
    }
    char *to = arena_bytes(line->arena, len + 1);
    *text = slice_make(to, len ? len - 1 : 0);
    for (size_t item = index + 1; item < end; item++) {
        struct slice part = nodes[item].kind == JSON_NULL ? slice_make(NULL, 0) : nodes[item].text;
        for (size_t i = 0; i < part.len; i++)
            *to++ = part.data[i] == VALUE_SEPARATOR ? VALUE_SEPARATOR - 1 : part.data[i];
        if (item + 1 < end)
            *to++ = VALUE_SEPARATOR;
    }
    text->len = (size_t)(to - text->data);
    return text->len ? CELL_LIST : CELL_NOTHING;
}

static void store_cell(const struct line *line, size_t index, int cell)
{
    const struct json_node *node = &line->nodes[index];
    struct slice *text = &line->record->cells[cell];
    enum cell_kind kind = CELL_SCALAR;
    *text = slice_make(NULL, 0);
    switch (node->kind) {
    case JSON_NULL:
        kind = CELL_NOTHING;
        break;
    case JSON_ARRAY:
        kind = join_items(line, index, text);
        break;
    case JSON_OBJECT:
        kind = CELL_OBJECT;
        break;
    default:
        *text = retain_text(line, node->text);
        break;
    }
    line->cells->kinds[cell] = kind;
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

static void visit_value(const struct line *line, size_t index, uint32_t step)
{
    const struct ndjson_step *here = &line->cells->paths->steps[step];
    const struct json_node *node = &line->nodes[index];
    if (here->cell != NDJSON_NO_CELL)
        store_cell(line, index, here->cell);
    if (here->child_count && (node->kind == JSON_OBJECT || node->kind == JSON_ARRAY))
        visit_children(line, index, step);
}

static void set_fault(struct record *record, struct arena *arena, const char *message, size_t offset)
{
    record->fault = RULE_MALFORMED;
    record->fault_message = arena_printf(arena, "%s (byte %zu of the line)", message, offset + 1);
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
    const struct line line = {cells, nodes, record, arena};
    visit_children(&line, 0, NDJSON_TOP);
    if (paths->steps[NDJSON_TOP_WHOLE].child_count)
        visit_children(&line, 0, NDJSON_TOP_WHOLE);
}

static bool is_list(const struct field_plan *plan)
{
    return plan->type == FIELD_TYPE_COUNTRY_LIST || plan->type == FIELD_TYPE_TEXT_LIST;
}

static void normalize_text_cell(const struct ndjson_cells *cells, struct record_context *context,
                                const struct field_plan *plan, struct slice text)
{
    if (cells->repaired && memmem(text.data, text.len, "\xef\xbf\xbd", 3))
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_ENCODING,
            "contains bytes that are not UTF-8, or an escape of half a character; export it again as UTF-8");
    else
        read_field_text(context, plan, text);
}

void ndjson_cells_read_field(const struct ndjson_cells *cells, struct record_context *context,
                             const struct field_plan *plan)
{
    struct slice text = context->record->cells[plan->column];
    const char *column = plan->mapping->columns->name;
    switch (cells->kinds[plan->column]) {
    case CELL_NOTHING:
        break;
    case CELL_SCALAR:
        if (text.len > 0)
            normalize_text_cell(cells, context, plan, text);
        break;
    case CELL_LIST:
        if (!is_list(plan)) {
            record_context_add_verdictf(
                context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                "\"%s\" is an array, and one value is expected; map one of its items, such as %s[0]", column,
                column);
            break;
        }
        context->split = (const char[]){VALUE_SEPARATOR, '\0'};
        normalize_text_cell(cells, context, plan, text);
        context->split = NULL;
        break;
    case CELL_OBJECT:
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_FORMAT,
            "\"%s\" is an object, and a value is expected; map one of its members, such as %s.NAME", column,
            column);
        break;
    case CELL_NESTED:
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "\"%s\" is an array of arrays or objects, and single values are expected",
                                    column);
        break;
    }
}
