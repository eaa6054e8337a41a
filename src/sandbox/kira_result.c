#include "sandbox/kira_result.h"

#include <string.h>

#include "core/buffer.h"

enum { MESSAGE_MAX = 64 * 1024 };

#define ADDRESS "address_"

uint64_t kira_result_changed_members(struct merge_side user, struct merge_side change, struct slice left_out)
{
    uint64_t changed = 0, bit = 1;
    for (size_t index = 1; index < change.nodes[0].end; index = change.nodes[index].end, bit <<= 1)
        if (!slice_equal(change.nodes[index].key, left_out) && merge_changes(user, change, index))
            changed |= bit;
    return changed;
}

bool kira_result_has_changed(const struct json_node *nodes, uint64_t changed, const char *member)
{
    for (size_t index = 1; index < nodes[0].end; index = nodes[index].end, changed >>= 1)
        if ((changed & 1) && slice_is(nodes[index].key, member))
            return true;
    return false;
}

void kira_result_write_updated_fields(struct json_writer *writer, const struct json_node *nodes,
                                      uint64_t changed)
{
    bool has_address = false;
    json_write_key(writer, "updated_fields");
    json_write_array(writer);
    for (size_t index = 1; index < nodes[0].end; index = nodes[index].end, changed >>= 1) {
        struct slice key = nodes[index].key;
        bool is_address = key.len > strlen(ADDRESS) && memcmp(key.data, ADDRESS, strlen(ADDRESS)) == 0;
        if (!(changed & 1) || (is_address && has_address))
            continue;
        json_write_string(writer, is_address ? SLICE_LITERAL("residential_address") : key);
        has_address = has_address || is_address;
    }
    json_write_array_end(writer);
}

void kira_result_write_warning(struct json_writer *writer, const struct json_node *nodes)
{
    size_t index = 1;
    while (index < nodes[0].end && (nodes[index].kind != JSON_STRING || slice_is(nodes[index].key, "type")))
        index = nodes[index].end;
    json_write_key(writer, "warnings");
    json_write_array(writer);
    if (index < nodes[0].end) {
        struct buffer message;
        buffer_init(&message, MESSAGE_MAX);
        buffer_append(&message, nodes[index].text);
        buffer_append_text(&message, " cannot be verified");
        json_write_object(writer);
        json_write_key(writer, "field");
        json_write_string(writer, nodes[index].key);
        json_write_member(writer, "message", buffer_slice(&message));
        json_write_object_end(writer);
        buffer_clear(&message);
    }
    json_write_array_end(writer);
}

void kira_result_write_missing_fields(struct json_writer *writer, const struct json_node *nodes)
{
    static const char *const asked[] = {
        "birth_date",
        "phone",
        "nationality",
        "address_street",
        "address_city",
        "address_state",
        "address_zip_code",
        "address_country",
        "source_of_funds",
        "account_purpose",
        "identifying_information",
    };
    json_write_key(writer, "missing_fields");
    json_write_array(writer);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (json_member(nodes, 0, asked[i]) == 0)
            json_write_text(writer, asked[i]);
    json_write_array_end(writer);
}
