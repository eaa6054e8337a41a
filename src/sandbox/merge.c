#include "sandbox/merge.h"

/* the bytes of a member, key and value */
static struct slice member_text(struct merge_side side, size_t index)
{
    const struct json_node *nodes = side.nodes;
    size_t end = nodes[index].end < nodes[0].end ? nodes[nodes[index].end].offset : side.text.len;
    if (end == side.text.len)
        while (side.text.data[end - 1] != '}')
            end--;
    /* the comma or the closing brace, and blanks around it */
    if (end > 0 && nodes[index].end >= nodes[0].end)
        end--;
    while (end > nodes[index].offset && memchr(", \t\r\n", side.text.data[end - 1], 5))
        end--;
    return slice_make(side.text.data + nodes[index].offset, end - nodes[index].offset);
}

static bool has_member(const struct json_node *nodes, struct slice key)
{
    for (size_t index = 1; index < nodes[0].end; index = nodes[index].end)
        if (slice_equal(nodes[index].key, key))
            return true;
    return false;
}

static void write_member(struct buffer *out, struct slice member, bool *any)
{
    if (*any)
        buffer_append_char(out, ',');
    buffer_append(out, member);
    *any = true;
}

bool merge_changes(struct merge_side old, struct merge_side change, size_t index)
{
    for (size_t i = 1; i < old.nodes[0].end; i = old.nodes[i].end)
        if (slice_equal(old.nodes[i].key, change.nodes[index].key))
            return !slice_equal(member_text(old, i), member_text(change, index));
    return true;
}

void merge_write(struct buffer *out, struct merge_side old, struct merge_side change, struct slice left_out)
{
    bool any = false;
    buffer_append_char(out, '{');
    for (size_t index = 1; index < old.nodes[0].end; index = old.nodes[index].end)
        if (!has_member(change.nodes, old.nodes[index].key) || slice_equal(old.nodes[index].key, left_out))
            write_member(out, member_text(old, index), &any);
    for (size_t index = 1; index < change.nodes[0].end; index = change.nodes[index].end)
        if (change.nodes[index].kind != JSON_NULL && !slice_equal(change.nodes[index].key, left_out))
            write_member(out, member_text(change, index), &any);
    buffer_append_char(out, '}');
}
