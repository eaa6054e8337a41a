#include "sandbox/merge.h"

/* the member as it stands, key and value; `last`: what follows it is the end of the object */
static struct slice member_text(struct merge_side side, size_t at)
{
    const struct json_node *nodes = side.nodes;
    size_t end = nodes[at].end < nodes[0].end ? nodes[nodes[at].end].at : side.text.len;
    if (end == side.text.len)
        while (side.text.at[end - 1] != '}')
            end--;
    /* the comma or the closing brace, and blanks around it */
    if (end > 0 && nodes[at].end >= nodes[0].end)
        end--;
    while (end > nodes[at].at && memchr(", \t\r\n", side.text.at[end - 1], 5))
        end--;
    return slice_make(side.text.at + nodes[at].at, end - nodes[at].at);
}

static bool has_member(const struct json_node *nodes, struct slice key)
{
    for (size_t at = 1; at < nodes[0].end; at = nodes[at].end)
        if (slice_equal(nodes[at].key, key))
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

bool merge_changes(struct merge_side old, struct merge_side change, size_t at)
{
    for (size_t mine = 1; mine < old.nodes[0].end; mine = old.nodes[mine].end)
        if (slice_equal(old.nodes[mine].key, change.nodes[at].key))
            return !slice_equal(member_text(old, mine), member_text(change, at));
    return true;
}

void merge_write(struct buffer *out, struct merge_side old, struct merge_side change, struct slice left_out)
{
    bool any = false;
    buffer_append_char(out, '{');
    for (size_t at = 1; at < old.nodes[0].end; at = old.nodes[at].end)
        if (!has_member(change.nodes, old.nodes[at].key) || slice_equal(old.nodes[at].key, left_out))
            write_member(out, member_text(old, at), &any);
    for (size_t at = 1; at < change.nodes[0].end; at = change.nodes[at].end)
        if (change.nodes[at].kind != JSON_NULL && !slice_equal(change.nodes[at].key, left_out))
            write_member(out, member_text(change, at), &any);
    buffer_append_char(out, '}');
}
