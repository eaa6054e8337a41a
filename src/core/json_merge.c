#include "core/json_merge.h"

#include <string.h>

static void write_string(struct buffer *out, struct slice text)
{
    struct json_writer writer;
    json_write_begin(&writer, out);
    json_write_string(&writer, text);
}

static void begin_member(struct buffer *out, bool *is_first, struct slice key)
{
    if (!*is_first)
        buffer_append_char(out, ',');
    *is_first = false;
    write_string(out, key);
    buffer_append_char(out, ':');
}

/* Nested at most JSON_DEPTH_MAX deep. */
void json_merge_copy(struct buffer *out, const struct json_node *nodes, size_t index,
                     bool (*is_left_out)(struct slice key))
{
    const struct json_node *node = &nodes[index];
    bool is_object = node->kind == JSON_OBJECT, is_first = true;
    if (node->kind == JSON_STRING) {
        write_string(out, node->text);
        return;
    }
    if (!is_object && node->kind != JSON_ARRAY) {
        buffer_append(out, node->text);
        return;
    }
    buffer_append_char(out, is_object ? '{' : '[');
    for (size_t child = index + 1; child < node->end && !out->overflowed; child = nodes[child].end) {
        if (is_object && is_left_out && is_left_out(nodes[child].key))
            continue;
        if (is_object)
            begin_member(out, &is_first, nodes[child].key);
        else if (child > index + 1)
            buffer_append_char(out, ',');
        json_merge_copy(out, nodes, child, is_left_out);
    }
    buffer_append_char(out, is_object ? '}' : ']');
}

static size_t find_member(const struct json_node *nodes, size_t index, struct slice key)
{
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end)
        if (slice_equal(nodes[child].key, key))
            return child;
    return 0;
}

void json_merge_write(struct buffer *out, const struct json_node *target, size_t t,
                      const struct json_node *patch, size_t p)
{
    bool is_first = true;
    if (patch[p].kind != JSON_OBJECT) {
        json_merge_copy(out, patch, p, NULL);
        return;
    }
    if (target && target[t].kind != JSON_OBJECT)
        target = NULL;
    buffer_append_char(out, '{');
    for (size_t old = t + 1; target && old < target[t].end; old = target[old].end) {
        size_t new = find_member(patch, p, target[old].key);
        if (new != 0 && patch[new].kind == JSON_NULL)
            continue;
        begin_member(out, &is_first, target[old].key);
        if (new != 0)
            json_merge_write(out, target, old, patch, new);
        else
            json_merge_copy(out, target, old, NULL);
    }
    for (size_t new = p + 1; new < patch[p].end; new = patch[new].end) {
        if (patch[new].kind == JSON_NULL || (target && find_member(target, t, patch[new].key) != 0))
            continue;
        begin_member(out, &is_first, patch[new].key);
        json_merge_write(out, NULL, 0, patch, new);
    }
    buffer_append_char(out, '}');
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the object is written there. */
void json_bounded_begin(struct json_bounded *object, char *out, size_t size)
{
    *object = (struct json_bounded){.out = out, .size = size};
    buffer_init(&object->member, size);
}

void json_bounded_key(struct json_bounded *object, struct slice key)
{
    buffer_reset(&object->member);
    write_string(&object->member, key);
    buffer_append_char(&object->member, ':');
}

bool json_bounded_add(struct json_bounded *object)
{
    const struct buffer *member = &object->member;
    /* With `{` or `,` before it, `}` and the NUL behind it. */
    if (member->overflowed || object->len + member->len + 3 > object->size)
        return false;
    object->out[object->len] = object->len == 0 ? '{' : ',';
    memcpy(object->out + object->len + 1, member->data, member->len);
    object->len += member->len + 1;
    return true;
}

void json_bounded_end(struct json_bounded *object)
{
    if (object->len > 0)
        object->out[object->len++] = '}';
    object->out[object->len] = '\0';
    buffer_clear(&object->member);
}
