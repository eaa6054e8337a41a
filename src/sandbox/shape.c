#include "sandbox/shape.h"

#include <stdio.h>

#include "core/text.h"

enum { PATH_SIZE = 256, FAULTS_MAX = 50 };

void shape_add_fault(struct shape_faults *faults, const char *code, const char *field, const char *message)
{
    if (++faults->count > FAULTS_MAX)
        return;
    struct json_writer *writer = faults->writer;
    json_write_object(writer);
    json_write_key(writer, "code");
    json_write_text(writer, code);
    json_write_key(writer, "field");
    json_write_text(writer, field);
    json_write_key(writer, "message");
    json_write_text(writer, message);
    json_write_object_end(writer);
}

static void add_malformed(struct shape_faults *faults, const char *code, const char *path,
                          const char *message)
{
    faults->malformed = true;
    shape_add_fault(faults, code, path, message);
}

static void join(const char *path, const char *name, char joined[PATH_SIZE])
{
    snprintf(joined, PATH_SIZE, "%s%s%s", path, path[0] ? "." : "", name);
}

/* cut to size, between characters */
static void copy_name(struct slice name, char *copy, size_t size)
{
    size_t len = name.len < size ? name.len : size - 1;
    while (len < name.len && len > 0 && ((unsigned char)name.at[len] & 0xc0) == 0x80)
        len--;
    memcpy(copy, name.at, len);
    copy[len] = '\0';
}

static bool is_word_of(struct slice text, const char *const *words)
{
    for (; *words; words++)
        if (slice_is(text, *words))
            return true;
    return false;
}

static void check_string(const struct shape *shape, struct slice text, const char *path,
                         struct shape_faults *faults)
{
    if (shape->words && !is_word_of(text, shape->words))
        shape_add_fault(faults, "invalid_option", path, "is not one of the available options");
    else if (shape->max_chars > 0 && text_count_chars(text) > shape->max_chars)
        shape_add_fault(faults, "too_long", path, "has too many characters");
    else if (shape->is_valid && !shape->is_valid(text))
        shape_add_fault(faults, "invalid_format", path, "does not have the format that is asked for");
}

static bool is_integer(struct slice text)
{
    for (size_t i = text.len > 0 && text.at[0] == '-' ? 1 : 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

static void check_members(const struct shape *members, const struct json_node *nodes, size_t at,
                          const char *path, struct shape_faults *faults);

static void check_value(const struct shape *shape, const struct json_node *nodes, size_t at, const char *path,
                        struct shape_faults *faults)
{
    const struct json_node *node = &nodes[at];
    if (node->kind == JSON_NULL && (shape->flags & SHAPE_NULLABLE))
        return;
    if (node->kind != shape->kind || (node->kind == JSON_NUMBER && !is_integer(node->text))) {
        add_malformed(faults, "invalid_type", path, "is of the wrong type");
        return;
    }
    if (node->kind == JSON_STRING) {
        check_string(shape, node->text, path, faults);
    } else if (node->kind == JSON_OBJECT) {
        check_members(shape->inner, nodes, at, path, faults);
    } else if (node->kind == JSON_ARRAY) {
        if (node->children == 0 && (shape->inner->flags & SHAPE_REQUIRED))
            shape_add_fault(faults, "empty", path, "must have at least one element");
        unsigned index = 0;
        for (size_t child = at + 1; child < node->end; child = nodes[child].end, index++) {
            char name[32], child_path[PATH_SIZE];
            snprintf(name, sizeof name, "%u", index);
            join(path, name, child_path);
            check_value(shape->inner, nodes, child, child_path, faults);
        }
    }
}

static const struct shape *member_named(const struct shape *members, struct slice name)
{
    for (; members->name; members++)
        if (slice_is(name, members->name))
            return members;
    return NULL;
}

static void check_members(const struct shape *members, const struct json_node *nodes, size_t at,
                          const char *path, struct shape_faults *faults)
{
    char child_path[PATH_SIZE];
    for (size_t child = at + 1; child < nodes[at].end; child = nodes[child].end) {
        const struct shape *shape = member_named(members, nodes[child].key);
        char name[64];
        copy_name(nodes[child].key, name, sizeof name);
        join(path, name, child_path);
        if (shape)
            check_value(shape, nodes, child, child_path, faults);
        else
            add_malformed(faults, "unknown_member", child_path, "is not a member of this request");
    }
    for (const struct shape *shape = members; shape->name; shape++) {
        if (!(shape->flags & SHAPE_REQUIRED) || json_member(nodes, at, shape->name) != 0)
            continue;
        join(path, shape->name, child_path);
        add_malformed(faults, "required", child_path, "is required");
    }
}

void shape_check(const struct shape *members, const struct json_node *nodes, size_t at,
                 struct shape_faults *faults)
{
    if (nodes[at].kind != JSON_OBJECT)
        add_malformed(faults, "invalid_type", "", "the body must be an object");
    else
        check_members(members, nodes, at, "", faults);
}
