#include "sandbox/schema.h"

#include <stdio.h>

#include "core/text.h"

enum { PATH_SIZE = 256, FAULTS_MAX = 50 };

void schema_add_fault(struct schema_faults *faults, const char *code, const char *field, const char *message)
{
    if (++faults->count > FAULTS_MAX)
        return;
    struct json_writer *writer = faults->writer;
    json_write_object(writer);
    json_write_key(writer, "code");
    json_write_text(writer, code);
    json_write_key(writer, faults->field_key ? faults->field_key : "field");
    json_write_text(writer, field);
    json_write_key(writer, "message");
    json_write_text(writer, message);
    json_write_object_end(writer);
}

/* Where a value stands; written out only for a fault. */
struct place {
    const struct place *outer; /* NULL: the body itself */
    struct slice name;         /* of a member */
    size_t index;              /* of an element, when name is empty */
};

static size_t write_place(const struct place *place, char *path, size_t len)
{
    char index[24];
    if (!place->outer)
        return len;
    len = write_place(place->outer, path, len);
    struct slice name = place->name;
    if (name.len == 0) {
        int index_len = snprintf(index, sizeof index, "%zu", place->index);
        name = slice_make(index, (size_t)index_len);
    }
    if (len > 0 && len < PATH_SIZE - 1)
        path[len++] = '.';
    size_t capacity = PATH_SIZE - 1 - len;
    size_t cut = name.len < capacity ? name.len : capacity;
    while (cut < name.len && cut > 0 && ((unsigned char)name.data[cut] & 0xc0) == 0x80)
        cut--;
    memcpy(path + len, name.data, cut);
    return len + cut;
}

static void add_fault(struct schema_faults *faults, const char *code, const struct place *place,
                      const char *message)
{
    char path[PATH_SIZE];
    path[write_place(place, path, 0)] = '\0';
    schema_add_fault(faults, code, path, message);
}

static void add_malformed(struct schema_faults *faults, const char *code, const struct place *place,
                          const char *message)
{
    faults->malformed = true;
    add_fault(faults, code, place, message);
}

static bool is_word_of(struct slice text, const char *const *words)
{
    for (; *words; words++)
        if (slice_is(text, *words))
            return true;
    return false;
}

static void check_string(const struct schema *shape, struct slice text, const struct place *place,
                         struct schema_faults *faults)
{
    if (shape->words && !is_word_of(text, shape->words))
        add_fault(faults, "invalid_option", place, "is not one of the available options");
    else if (shape->max_chars > 0 && text_count_chars(text) > shape->max_chars)
        add_fault(faults, "too_long", place, "has too many characters");
    else if (shape->is_valid && !shape->is_valid(text))
        add_fault(faults, "invalid_format", place, "does not have the format that is asked for");
}

static bool is_integer(struct slice text)
{
    for (size_t i = text.len > 0 && text.data[0] == '-' ? 1 : 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return true;
}

static void check_members(const struct schema *members, const struct json_node *nodes, size_t index,
                          const struct place *place, struct schema_faults *faults);

/* the flags of a member or element at place: in an update, those of the top-level members are others */
static unsigned flags_of(const struct schema *shape, const struct place *place,
                         const struct schema_faults *faults)
{
    if (!faults->update || place->outer->outer)
        return shape->flags;
    return shape->flags & SCHEMA_CLEARABLE ? SCHEMA_NULLABLE : 0;
}

static void check_texts(const struct json_node *nodes, size_t index, const struct place *place,
                        struct schema_faults *faults)
{
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        struct place inner = {.outer = place, .name = nodes[child].key};
        if (nodes[child].kind != JSON_STRING)
            add_malformed(faults, "invalid_type", &inner, "must be a string");
    }
}

static void check_value(const struct schema *shape, const struct json_node *nodes, size_t position,
                        const struct place *place, struct schema_faults *faults)
{
    const struct json_node *node = &nodes[position];
    if (node->kind == JSON_NULL && (flags_of(shape, place, faults) & SCHEMA_NULLABLE))
        return;
    if (node->kind != shape->kind || (node->kind == JSON_NUMBER && !is_integer(node->text))) {
        add_malformed(faults, "invalid_type", place, "is of the wrong type");
        return;
    }
    if (node->kind == JSON_NUMBER && shape->is_valid && !shape->is_valid(node->text)) {
        add_fault(faults, "out_of_range", place, "is out of range");
    } else if (node->kind == JSON_STRING) {
        check_string(shape, node->text, place, faults);
    } else if (node->kind == JSON_OBJECT && !shape->inner) {
        check_texts(nodes, position, place, faults);
    } else if (node->kind == JSON_OBJECT) {
        check_members(shape->inner, nodes, position, place, faults);
    } else if (node->kind == JSON_ARRAY) {
        if (node->children == 0 && (shape->inner->flags & SCHEMA_REQUIRED))
            add_fault(faults, "empty", place, "must have at least one element");
        size_t index = 0;
        for (size_t child = position + 1; child < node->end; child = nodes[child].end) {
            struct place inner = {place, slice_make(NULL, 0), index++};
            check_value(shape->inner, nodes, child, &inner, faults);
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
                          const struct place *place, struct schema_faults *faults)
{
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        const struct schema *shape = member_named(members, nodes[child].key);
        struct place inner = {.outer = place, .name = nodes[child].key};
        bool fixed = shape && faults->update && !place->outer && (shape->flags & SCHEMA_FIXED);
        if (shape && !fixed)
            check_value(shape, nodes, child, &inner, faults);
        else
            add_malformed(faults, "unknown_member", &inner, "is not a member of this request");
    }
    for (const struct schema *shape = members; shape->name; shape++) {
        struct place inner = {.outer = place, .name = slice_from(shape->name)};
        if (!(flags_of(shape, &inner, faults) & SCHEMA_REQUIRED) ||
            json_member(nodes, index, shape->name) != 0)
            continue;
        add_malformed(faults, "required", &inner, "is required");
    }
}

void schema_check(const struct schema *members, const struct json_node *nodes, size_t index,
                  struct schema_faults *faults)
{
    static const struct place body = {0};
    if (nodes[index].kind != JSON_OBJECT)
        add_malformed(faults, "invalid_type", &body, "the body must be an object");
    else if (faults->update && nodes[index].children == 0)
        add_malformed(faults, "empty", &body, "there is nothing to change");
    else
        check_members(members, nodes, index, &body, faults);
}
