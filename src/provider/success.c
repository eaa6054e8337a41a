#include "provider/success.h"

#include <string.h>

#include "core/text.h"
#include "model/outcome.h"

enum { PATH_SIZE = 256, TEXT_MIN = 4 /* that text_format can write into */ };

/* The members that replies name by this path, or by one inside of it. */
static uint64_t members_renamed(const struct provider *provider, struct slice path)
{
    uint64_t members = 0;
    for (size_t i = 0; i < provider->fields->field_count; i++) {
        const struct provider_field *row = &provider->fields->fields[i];
        struct slice name = slice_from(row->reply_name);
        if (path.len > 0 && name.len >= path.len && memcmp(name.data, path.data, path.len) == 0 &&
            (name.len == path.len || name.data[path.len] == '.'))
            members |= UINT64_C(1) << row->slot;
    }
    return members;
}

static uint64_t members_of_part(const struct provider *provider, struct slice part)
{
    const struct provider_field *row = provider_fields_named(provider->fields, part);
    return row ? UINT64_C(1) << row->slot : members_renamed(provider, part);
}

/* The members (bits) that a name or path of a reply means; 0: none. */
static uint64_t members_named(const struct provider *provider, struct slice path)
{
    uint64_t members = members_renamed(provider, path);
    while (members == 0 && path.len > 0) {
        size_t len = 0;
        while (len < path.len && !strchr(".[]/", path.data[len]))
            len++;
        if (len > 0)
            members = members_of_part(provider, slice_make(path.data, len));
        len += len < path.len;
        path = slice_skip(path, len);
    }
    return members;
}

/* {"path": ["residential_address", "city"]} is one name. */
static uint64_t members_of_path(const struct provider *provider, const struct json_node *nodes, size_t index)
{
    char path[PATH_SIZE];
    size_t len = 0;
    if (index == 0 || nodes[index].kind != JSON_ARRAY)
        return 0;
    for (size_t i = index + 1;
         i < nodes[index].end && nodes[i].kind == JSON_STRING && len + TEXT_MIN <= sizeof path; i++)
        len += text_format(path + len, sizeof path - len, "%s%.*s", len ? "." : "", (int)nodes[i].text.len,
                           nodes[i].text.data);
    return members_named(provider, slice_make(path, len));
}

/* The members that an object names: {"field": "phone", …}, {"fields": ["phone"], …}. */
static uint64_t members_of_object(const struct provider *provider, const struct json_node *nodes,
                                  size_t index)
{
    static const char *const names[] = {"path", "field", "fields", "name", "param", "property", NULL};
    uint64_t members = members_of_path(provider, nodes, json_member(nodes, index, "path"));
    for (const char *const *name = names; members == 0 && *name; name++) {
        size_t member = json_member(nodes, index, *name);
        for (size_t i = member; member != 0 && i < nodes[member].end; i++)
            if (nodes[i].kind == JSON_STRING)
                members |= members_named(provider, nodes[i].text);
    }
    return members;
}

uint64_t success_left_out(const struct provider *provider, const struct reply_body *body, uint64_t sent)
{
    const struct json_node *nodes = body->nodes;
    size_t list = nodes && provider->outcomes->updated_member
                      ? json_member(nodes, 0, provider->outcomes->updated_member)
                      : 0;
    if (list == 0 || nodes[list].kind != JSON_ARRAY)
        return 0;
    for (size_t index = list + 1; index < nodes[list].end; index = nodes[index].end)
        sent &= ~(nodes[index].kind == JSON_OBJECT ? members_of_object(provider, nodes, index)
                                                   : members_named(provider, nodes[index].text));
    return sent;
}

/* One warning: an object, a text, or a member of an object whose key names what it is about. */
static uint64_t members_of_warning(const struct provider *provider, const struct json_node *nodes,
                                   size_t index)
{
    uint64_t members = members_named(provider, nodes[index].key);
    if (members == 0 && nodes[index].kind == JSON_OBJECT)
        members = members_of_object(provider, nodes, index);
    if (members == 0 && nodes[index].kind == JSON_STRING) /* ["phone"] */
        members = members_named(provider, nodes[index].text);
    return members ? members : OUTCOME_WARNED_RECORD;
}

uint64_t success_warned(const struct provider *provider, const struct reply_body *body, struct buffer *out)
{
    const struct json_node *nodes = body->nodes;
    size_t list = reply_body_warnings(body);
    if (list == 0)
        return 0;
    reply_body_texts(body, list, out);
    bool is_one = nodes[list].kind != JSON_ARRAY &&
                  (nodes[list].kind != JSON_OBJECT || members_of_object(provider, nodes, list) != 0);
    if (is_one)
        return members_of_warning(provider, nodes, list);
    uint64_t members = 0;
    for (size_t index = list + 1; index < nodes[list].end; index = nodes[index].end)
        members |= members_of_warning(provider, nodes, index);
    return members;
}
