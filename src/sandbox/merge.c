#include "sandbox/merge.h"

/* the member as it stands, key and value; `last`: what follows it is the end of the object */
static struct slice member_text(struct merge_side side, size_t offset)
{
    const struct json_node *nodes = side.nodes;
    size_t end = nodes[offset].end < nodes[0].end ? nodes[nodes[offset].end].offset : side.text.len;
    if (end == side.text.len)
        while (side.text.data[end - 1] != '}')
            end--;
    /* the comma or the closing brace, and blanks around it */
    if (end > 0 && nodes[offset].end >= nodes[0].end)
        end--;
    while (end > nodes[offset].offset && memchr(", \t\r\n", side.text.data[end - 1], 5))
        end--;
    return slice_make(side.text.data + nodes[offset].offset, end - nodes[offset].offset);
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
    for (size_t mine = 1; mine < old.nodes[0].end; mine = old.nodes[mine].end)
        if (slice_equal(old.nodes[mine].key, change.nodes[index].key))
            return !slice_equal(member_text(old, mine), member_text(change, index));
    return true;
}

void merge_write(struct buffer *out, struct merge_side old, struct merge_side change, struct slice left_out)
{
    bool any = false;
    buffer_append_char(out, '{');
    for (size_t index = 1; index < old.nodes[0].end; index = old.nodes[index].end)
        if (!has_member(change.nodes, old.nodes[index].key) || slice_equal(old.nodes[index].key, left_out))
            write_member(out, member_text(old, index), &any);
    for (size_t position = 1; position < change.nodes[0].end; position = change.nodes[position].end)
        if (change.nodes[position].kind != JSON_NULL && !slice_equal(change.nodes[position].key, left_out))
            write_member(out, member_text(change, position), &any);
    buffer_append_char(out, '}');
}
