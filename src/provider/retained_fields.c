#include "provider/retained_fields.h"

#include <string.h>

#include "core/buffer.h"
#include "core/json.h"
#include "provider/reply_body.h"

/* Writes nodes[index] and all below it, nested at most JSON_DEPTH_MAX deep. */
static void write_node(struct buffer *out, const struct json_node *nodes, size_t index)
{
    const struct json_node *node = &nodes[index];
    bool is_object = node->kind == JSON_OBJECT;
    struct json_writer writer;
    json_write_begin(&writer, out);
    if (node->kind == JSON_STRING) {
        json_write_string(&writer, node->text);
        return;
    }
    if (!is_object && node->kind != JSON_ARRAY) {
        buffer_append(out, node->text);
        return;
    }
    buffer_append_char(out, is_object ? '{' : '[');
    for (size_t child = index + 1; child < node->end && !out->overflowed; child = nodes[child].end) {
        if (child > index + 1)
            buffer_append_char(out, ',');
        if (is_object) {
            json_write_begin(&writer, out);
            json_write_string(&writer, nodes[child].key);
            buffer_append_char(out, ':');
        }
        write_node(out, nodes, child);
    }
    buffer_append_char(out, is_object ? '}' : ']');
}

void retained_fields_copy(const char *const *names, struct slice body, char out[OUTCOME_KEPT_SIZE])
{
    struct json_reader *reader = json_reader_new();
    struct json_fault fault;
    size_t count, len = 0;
    const struct json_node *nodes = json_reader_parse(reader, body, &count, &fault);
    struct buffer member;
    buffer_init(&member, OUTCOME_KEPT_SIZE);
    for (; nodes && *names; names++) {
        size_t index = reply_body_find_member(nodes, *names);
        if (index == 0)
            continue;
        struct json_writer writer;
        buffer_reset(&member);
        json_write_begin(&writer, &member);
        json_write_text(&writer, *names);
        buffer_append_char(&member, ':');
        write_node(&member, nodes, index);
        /* With `{` or `,` before it and `}` behind it. */
        if (member.overflowed || len + member.len + 2 > OUTCOME_KEPT_SIZE - 1)
            continue;
        out[len] = len == 0 ? '{' : ',';
        memcpy(out + len + 1, member.data, member.len);
        len += member.len + 1;
    }
    if (len > 0)
        out[len++] = '}';
    out[len] = '\0';
    buffer_clear(&member);
    json_reader_free(reader);
}
