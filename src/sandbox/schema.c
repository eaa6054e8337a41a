#include "sandbox/schema.h"

#include <stdio.h>

#include "core/utf8.h"

enum { PATH_SIZE = 256, FAULTS_MAX = 50 };

void schema_add_fault(struct schema_faults *faults, const char *code, const char *field, const char *message)
{
    if (++faults->count > FAULTS_MAX)
        return;
    struct json_writer *writer = faults->writer;
    json_write_object(writer);
    json_write_member(writer, "code", slice_from(code));
    json_write_member(writer, faults->field_key ? faults->field_key : "field", slice_from(field));
    json_write_member(writer, "message", slice_from(message));
    json_write_object_end(writer);
}

/* Where a value is in the body; its path is written only for a fault. */
struct location {
    const struct location *outer; /* NULL: the body itself */
    struct slice name;            /* of a member */
    size_t index;                 /* of an element, when name is empty */
};

static size_t write_location(const struct location *location, char *path, size_t len)
{
    char index[24];
    if (!location->outer)
        return len;
    len = write_location(location->outer, path, len);
    struct slice name = location->name;
    if (name.len == 0) {
        int index_len = snprintf(index, sizeof index, "%zu", location->index);
        name = slice_make(index, (size_t)index_len);
    }
    if (len > 0 && len < PATH_SIZE - 1)
        path[len++] = '.';
    size_t capacity = PATH_SIZE - 1 - len;
    name = utf8_shorten(name, capacity);
    memcpy(path + len, name.data, name.len);
    return len + name.len;
}

static void add_fault(struct schema_faults *faults, const char *code, const struct location *location,
                      const char *message)
{
    char path[PATH_SIZE];
    path[write_location(location, path, 0)] = '\0';
    schema_add_fault(faults, code, path, message);
}

static void add_malformed(struct schema_faults *faults, const char *code, const struct location *location,
                          const char *message)
{
    faults->malformed = true;
    add_fault(faults, code, location, message);
}

static bool is_word_of(struct slice text, const char *const *words)
{
    for (; *words; words++)
        if (slice_is(text, *words))
            return true;
    return false;
}

static void check_string(const struct schema *schema, struct slice text, const struct location *location,
                         struct schema_faults *faults)
{
    if (schema->words && !is_word_of(text, schema->words))
        add_fault(faults, "invalid_option", location, "is not one of the available options");
    else if (schema->max_chars > 0 && utf8_count(text) > schema->max_chars)
        add_fault(faults, "too_long", location, "has too many characters");
    else if (schema->is_valid && !schema->is_valid(text))
        add_fault(faults, "invalid_format", location, "does not have the format that is asked for");
}

static bool is_integer(struct slice text)
{
    for (size_t i = text.len > 0 && text.data[0] == '-' ? 1 : 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return true;
}

static void check_members(const struct schema *members, const struct json_node *nodes, size_t index,
                          const struct location *location, struct schema_faults *faults);

/* the flags of a member or element: in an update, the top-level members have other ones */
static unsigned flags_of(const struct schema *schema, const struct location *location,
                         const struct schema_faults *faults)
{
    if (!faults->update || location->outer->outer)
        return schema->flags;
    return schema->flags & SCHEMA_CLEARABLE ? SCHEMA_NULLABLE : 0;
}

static void check_texts(const struct schema *schema, const struct json_node *nodes, size_t index,
                        const struct location *location, struct schema_faults *faults)
{
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        struct location inner = {.outer = location, .name = nodes[child].key};
        if (nodes[child].kind != JSON_STRING)
            add_malformed(faults, "invalid_type", &inner, "must be a string");
        else
            check_string(schema, nodes[child].text, &inner, faults);
    }
}

static void check_value(const struct schema *schema, const struct json_node *nodes, size_t position,
                        const struct location *location, struct schema_faults *faults)
{
    const struct json_node *node = &nodes[position];
    if (node->kind == JSON_NULL && (flags_of(schema, location, faults) & SCHEMA_NULLABLE))
        return;
    if (node->kind != schema->kind || (node->kind == JSON_NUMBER && !is_integer(node->text))) {
        add_malformed(faults, "invalid_type", location, "is of the wrong type");
        return;
    }
    if (node->kind == JSON_NUMBER && schema->is_valid && !schema->is_valid(node->text)) {
        add_fault(faults, "out_of_range", location, "is out of range");
    } else if (node->kind == JSON_STRING) {
        check_string(schema, node->text, location, faults);
    } else if (node->kind == JSON_OBJECT && !schema->inner) {
        check_texts(schema, nodes, position, location, faults);
    } else if (node->kind == JSON_OBJECT) {
        check_members(schema->inner, nodes, position, location, faults);
    } else if (node->kind == JSON_ARRAY) {
        if (node->children == 0 && (schema->inner->flags & SCHEMA_REQUIRED))
            add_fault(faults, "empty", location, "must have at least one element");
        size_t index = 0;
        for (size_t child = position + 1; child < node->end; child = nodes[child].end) {
            struct location inner = {location, slice_make(NULL, 0), index++};
            check_value(schema->inner, nodes, child, &inner, faults);
        }
    }
}

static const struct schema *member_named(const struct schema *members, struct slice name)
{
    for (; members->name; members++)
        if (slice_is(name, members->name))
            return members;
    return NULL;
}

static void check_members(const struct schema *members, const struct json_node *nodes, size_t index,
                          const struct location *location, struct schema_faults *faults)
{
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        const struct schema *schema = member_named(members, nodes[child].key);
        struct location inner = {.outer = location, .name = nodes[child].key};
        bool fixed = schema && faults->update && !location->outer && (schema->flags & SCHEMA_FIXED);
        if (schema && !fixed)
            check_value(schema, nodes, child, &inner, faults);
        else
            add_malformed(faults, "unknown_member", &inner, "is not a member of this request");
    }
    for (const struct schema *schema = members; schema->name; schema++) {
        struct location inner = {.outer = location, .name = slice_from(schema->name)};
        if (!(flags_of(schema, &inner, faults) & SCHEMA_REQUIRED) ||
            json_member(nodes, index, schema->name) != 0)
            continue;
        add_malformed(faults, "required", &inner, "is required");
    }
}

void schema_check(const struct schema *members, const struct json_node *nodes, size_t index,
                  struct schema_faults *faults)
{
    static const struct location body = {0};
    if (nodes[index].kind != JSON_OBJECT)
        add_malformed(faults, "invalid_type", &body, "the body must be an object");
    else if (faults->update && nodes[index].children == 0)
        add_malformed(faults, "empty", &body, "there is nothing to change");
    else
        check_members(members, nodes, index, &body, faults);
}
