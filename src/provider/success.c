#include "provider/success.h"

#include <string.h>

#include "core/text.h"
#include "model/field.h"
#include "model/media.h"
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

/* 0: there is none, or it is null, false or empty. */
static size_t find_filled(const struct reply_body *body, const char *name)
{
    size_t index = body->nodes && name ? reply_body_find_member(body->nodes, name) : 0;
    return index != 0 && !reply_body_is_empty(body, index) ? index : 0;
}

bool success_is_link(struct slice text)
{
    bool is_link = text.len < OUTCOME_LINK_SIZE && media_is_url(text);
    for (size_t i = 0; i < text.len && is_link; i++)
        is_link = text.data[i] > ' ' && text.data[i] <= '~';
    return is_link;
}

struct slice success_link(const struct provider *provider, const struct reply_body *body)
{
    size_t index = find_filled(body, provider->outcomes->link_member);
    bool is_link =
        index != 0 && body->nodes[index].kind == JSON_STRING && success_is_link(body->nodes[index].text);
    return is_link ? body->nodes[index].text : slice_make("", 0);
}

bool success_wants_link(const struct provider *provider, const struct record *record)
{
    const struct value *mode = &record->values[FIELD_VERIFICATION_MODE];
    return provider->outcomes->link_mode && mode->state == VALUE_PRESENT &&
           slice_is(mode->text, provider->outcomes->link_mode);
}

static bool is_not_triggered(const struct provider *provider, const struct reply_body *body,
                             struct slice mode)
{
    const char *name = provider->outcomes->triggered_member;
    size_t index = body->nodes && name ? reply_body_find_member(body->nodes, name) : 0;
    size_t own_mode = find_filled(body, field_name(FIELD_VERIFICATION_MODE));
    if (own_mode != 0)
        mode = body->nodes[own_mode].text;
    return index != 0 && body->nodes[index].kind == JSON_BOOL && slice_is(body->nodes[index].text, "false") &&
           slice_is(mode, "automatic");
}

uint64_t success_unverified(const struct provider *provider, const struct reply_body *body, struct slice mode,
                            struct buffer *out)
{
    size_t link_error = find_filled(body, provider->outcomes->link_error_member);
    bool has_link = find_filled(body, provider->outcomes->link_member) != 0;
    uint64_t found = 0;
    if (is_not_triggered(provider, body, mode)) {
        found |= OUTCOME_WARNED_NOT_TRIGGERED;
        reply_body_add_text(out, slice_from(provider->outcomes->triggered_member), SLICE_LITERAL("false"));
    }
    if ((link_error == 0 && !has_link) || success_link(provider, body).len > 0)
        return found;
    if (link_error != 0)
        reply_body_texts(body, link_error, out);
    else
        reply_body_add_text(out, slice_from(provider->outcomes->link_member),
                            SLICE_LITERAL("not an https URL of at most 2,048 bytes"));
    return found | OUTCOME_WARNED_LINK;
}
