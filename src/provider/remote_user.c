#include "provider/remote_user.h"

#include <string.h>
#include <strings.h>

#include "core/ascii.h"
#include "core/text.h"
#include "provider/reply_body.h"
#include "provider/user_id.h"

enum { DATE_LEN = 10, NAME_PART_MAX = 64 };

bool remote_user_find_list(const struct json_node *nodes, size_t *index)
{
    static const char *const names[] = {"users", "data", "items", "results"};
    size_t tops[] = {0, json_member(nodes, 0, "data")};
    *index = 0;
    if (nodes[0].kind == JSON_ARRAY)
        return true;
    for (size_t top = 0; top < sizeof tops / sizeof *tops; top++) {
        if (top > 0 && tops[top] == 0)
            continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            *index = json_member(nodes, tops[top], names[i]);
            if (*index != 0 && nodes[*index].kind == JSON_ARRAY)
                return true;
        }
    }
    return false;
}

enum { CLAIM_NAME_MAX = 32 };

/* Letters of a name in lower case: `has_more` and `hasMore` are one. False: it is longer than any of ours. */
static bool fold_name(struct slice name, char out[CLAIM_NAME_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++) {
        char byte = ascii_lower(name.data[i]);
        if (byte < 'a' || byte > 'z')
            continue;
        if (len == CLAIM_NAME_MAX - 1)
            return false;
        out[len++] = byte;
    }
    out[len] = '\0';
    return true;
}

static bool is_one_of(const char *name, const char *const *words)
{
    while (*words && strcmp(name, *words) != 0)
        words++;
    return *words;
}

static uint64_t number_of(const struct json_node *node)
{
    uint64_t number = 0;
    if (node->kind != JSON_NUMBER && node->kind != JSON_STRING)
        return 0;
    for (size_t i = 0; i < node->text.len && number <= UINT32_MAX; i++) {
        if (node->text.data[i] < '0' || node->text.data[i] > '9')
            return node->text.data[i] == '.' ? number : 0;
        number = number * 10 + (uint64_t)(node->text.data[i] - '0');
    }
    return number;
}

/* Neither null, false, empty nor 0; of an object or an array, what is in it. */
static bool is_something(const struct json_node *nodes, size_t index)
{
    for (size_t i = index; i < nodes[index].end; i++) {
        const struct json_node *node = &nodes[i];
        if (node->kind != JSON_ARRAY && node->kind != JSON_OBJECT && node->kind != JSON_NULL &&
            node->text.len > 0 && !slice_is(node->text, "false") && !slice_is(node->text, "0"))
            return true;
    }
    return false;
}

static void read_claim(const struct json_node *nodes, size_t index, struct remote_user_list_claim *claim)
{
    static const char *const goes_on[] = {
        "more",         "hasmore",           "hasnext",    "hasnextpage", "truncated",     "istruncated",
        "incomplete",   "incompleteresults", "next",       "nextpage",    "nexturl",       "nextlink",
        "nexthref",     "nextpageurl",       "nextcursor", "nexttoken",   "nextpagetoken", "nextoffset",
        "continuation", "continuationtoken", NULL};
    static const char *const totals[] = {"total",
                                         "count",
                                         "totalcount",
                                         "totalitems",
                                         "totalresults",
                                         "totalrecords",
                                         "totalentries",
                                         "totalelements",
                                         "totalusers",
                                         "totalsize",
                                         "usercount",
                                         "userscount",
                                         NULL};
    static const char *const pages[] = {"pages", "totalpages", "pagecount", "pagescount", "lastpage", NULL};
    char name[CLAIM_NAME_MAX];
    if (!fold_name(nodes[index].key, name))
        return;
    claim->more = claim->more || (is_one_of(name, goes_on) && is_something(nodes, index));
    uint64_t number = number_of(&nodes[index]);
    if (is_one_of(name, totals) && number > claim->total)
        claim->total = number;
    if (is_one_of(name, pages) && number > claim->pages)
        claim->pages = number;
}

void remote_user_list_read_claim(const struct json_node *nodes, size_t list,
                                 struct remote_user_list_claim *claim)
{
    *claim = (struct remote_user_list_claim){.more = false};
    for (size_t index = 1; index < nodes[0].end && list != 0; index++)
        if (index == list)
            index = nodes[index].end - 1;
        else
            read_claim(nodes, index, claim);
}

/* The text of a member; empty when it has none. */
static struct slice text_of(const struct json_node *nodes, size_t index, const char *member)
{
    size_t found = json_member(nodes, index, member);
    if (found == 0 || (nodes[found].kind != JSON_STRING && nodes[found].kind != JSON_NUMBER))
        return slice_make("", 0);
    return nodes[found].text;
}

/* The text that a user has where the request has the value of a row; empty: none. */
static struct slice text_of_row(const struct json_node *nodes, size_t index, const struct provider_field *row)
{
    if (row->key)
        index = json_member(nodes, index, row->member);
    if (row->key && (index == 0 || nodes[index].kind != JSON_OBJECT))
        return slice_make("", 0);
    return text_of(nodes, index, row->key ? row->key : row->member);
}

/* The same where a reply has the value, `residential_address.city`. */
static struct slice text_of_reply_name(const struct json_node *nodes, size_t index, const char *path)
{
    char part[NAME_PART_MAX];
    const char *dot;

    while (path && (dot = strchr(path, '.')) != NULL) {
        text_format(part, sizeof part, "%.*s", (int)(dot - path), path);
        index = json_member(nodes, index, part);
        path = index == 0 ? NULL : dot + 1;
    }
    return path ? text_of(nodes, index, path) : slice_make("", 0);
}

/* The next row of the external id, from *i on, copies included: a user may have it in several places. */
static const struct provider_field *next_key(const struct provider_fields *fields, size_t *i)
{
    while (*i < fields->field_count) {
        const struct provider_field *row = &fields->fields[(*i)++];
        if (row->field == FIELD_EXTERNAL_ID && row->member)
            return row;
    }
    return NULL;
}

bool remote_user_begin(const struct json_node *nodes, size_t *index, struct arena *arena,
                       struct provider_user *user)
{
    static const char *const wrappers[] = {"user", "data"};
    struct slice id = text_of(nodes, *index, "id");
    for (size_t i = 0; id.len == 0 && i < sizeof wrappers / sizeof *wrappers; i++) {
        size_t inner = json_member(nodes, *index, wrappers[i]);
        if (inner == 0)
            continue;
        id = text_of(nodes, inner, "id");
        if (id.len > 0)
            *index = inner;
    }
    size_t count = field_count();
    *user = (struct provider_user){.id = arena_copy(arena, id), .external_id = slice_make("", 0)};
    user->values = arena_alloc(arena, count * sizeof *user->values);
    memset(user->values, 0, count * sizeof *user->values);
    return user_id_is_valid(id);
}

bool remote_user_is_same_id(struct slice id, struct slice other)
{
    size_t offset = 0, other_offset = 0;
    for (;;) {
        while (offset < id.len && id.data[offset] == ' ')
            offset++;
        while (other_offset < other.len && other.data[other_offset] == ' ')
            other_offset++;
        if (offset == id.len || other_offset == other.len)
            return offset == id.len && other_offset == other.len;
        if (strncasecmp(id.data + offset++, other.data + other_offset++, 1) != 0)
            return false;
    }
}

static bool is_same_email(struct slice email, struct slice other)
{
    return email.len == other.len && strncasecmp(email.data, other.data, email.len) == 0;
}

/* Members that hold a user's id. */
static const char *const ids[] = {"id", "user", "user_id"};

/* The customer that a reply names, compared with the request's. */
struct claims {
    bool is_ours, is_other, is_other_email;
};

static void add_claim(struct claims *claims, struct slice text, bool is_same)
{
    claims->is_ours |= text.len > 0 && is_same;
    claims->is_other |= text.len > 0 && !is_same;
}

static void read_claims(const struct json_node *nodes, size_t index,
                        const struct remote_user_expected *expected, struct claims *claims)
{
    const struct value *values = expected->record->values;
    struct slice text = slice_make("", 0), user_id = slice_from(expected->user_id);
    for (size_t i = 0; user_id.len > 0 && text.len == 0 && i < sizeof ids / sizeof *ids; i++)
        text = text_of(nodes, index, ids[i]);
    add_claim(claims, text, remote_user_is_same_id(text, user_id));

    struct slice key = values[FIELD_EXTERNAL_ID].text, former = slice_from(expected->former_key);
    const struct provider_field *row;
    for (size_t i = 0; (row = next_key(expected->fields, &i)) != NULL;) {
        text = text_of_row(nodes, index, row);
        if (values[FIELD_EXTERNAL_ID].state == VALUE_PRESENT)
            add_claim(claims, text, slice_equal(text, key) || slice_equal(text, former));
    }
    if (!expected->has_email || values[FIELD_EMAIL].state != VALUE_PRESENT)
        return;
    text = text_of_row(nodes, index, provider_fields_find(expected->fields, FIELD_EMAIL));
    claims->is_other_email |= text.len > 0 && !is_same_email(text, values[FIELD_EMAIL].text);
}

bool remote_user_is_other(const struct json_node *nodes, const struct remote_user_expected *expected)
{
    struct claims claims = {0};
    size_t index = 0;
    read_claims(nodes, index, expected, &claims);
    for (size_t i = 0; i < REPLY_BODY_WRAPPERS; i++) {
        size_t inner = json_member(nodes, index, reply_body_wrappers[i]);
        if (inner == 0 || nodes[inner].kind != JSON_OBJECT)
            continue;
        index = inner;
        read_claims(nodes, index, expected, &claims);
    }
    bool is_update = expected->user_id != NULL;
    return claims.is_other || (claims.is_other_email && !(is_update && claims.is_ours));
}

struct slice remote_user_external_id(const struct provider_fields *fields, const struct json_node *nodes,
                                     size_t index)
{
    struct slice key = slice_make("", 0);
    const struct provider_field *row;
    for (size_t i = 0; (row = next_key(fields, &i)) != NULL;) {
        struct slice text = text_of_row(nodes, index, row);
        if (text.len > 0)
            key = text;
    }
    return key;
}

/* The user in what wraps it. */
static size_t innermost(const struct json_node *nodes, size_t index)
{
    for (size_t i = 0; i < REPLY_BODY_WRAPPERS; i++) {
        size_t inner = json_member(nodes, index, reply_body_wrappers[i]);
        if (inner != 0 && nodes[inner].kind == JSON_OBJECT)
            index = inner;
    }
    return index;
}

bool remote_user_identity(const struct provider_fields *fields, const struct json_node *nodes,
                          struct slice *id, struct slice *external_id)
{
    size_t index = innermost(nodes, 0);

    *id = slice_make("", 0);
    for (size_t i = 0; id->len == 0 && i < sizeof ids / sizeof *ids; i++)
        *id = text_of(nodes, index, ids[i]);
    *external_id = remote_user_external_id(fields, nodes, index);
    return user_id_is_valid(*id);
}

static void read_text(struct slice text, struct arena *arena, struct value *value)
{
    if (text.len == 0 || text_normalize(text, arena, &text) == TEXT_ENCODING || text.len == 0)
        return;
    *value = (struct value){arena_copy(arena, text), VALUE_PRESENT};
}

static void read_email(struct slice text, struct arena *arena, struct value *value)
{
    read_text(text, arena, value);
    const char *sign = value->state == VALUE_PRESENT ? memrchr(value->text.data, '@', value->text.len) : NULL;
    if (!sign)
        return;
    char *copy = arena_bytes(arena, value->text.len);
    memcpy(copy, value->text.data, value->text.len);
    for (size_t i = (size_t)(sign - value->text.data); i < value->text.len; i++)
        copy[i] = ascii_lower(copy[i]);
    value->text.data = copy;
}

/* True when text has digits where shape has `0`, and else is the same. */
static bool has_shape(struct slice text, const char *shape)
{
    for (size_t i = 0; i < DATE_LEN; i++)
        if (shape[i] == '0' ? text.data[i] < '0' || text.data[i] > '9' : text.data[i] != shape[i])
            return false;
    return true;
}

/* Of what is behind a day: T00:00, with seconds and a fraction of zeros if any. With another time of day it
 * is not certain which day is meant. */
static bool is_midnight(struct slice time)
{
    size_t offset = 0;
    while (offset < time.len &&
           (time.data[offset] == '0' || (offset > 0 && memchr(":.", time.data[offset], 2))))
        offset++;
    bool has_zone = offset < time.len && memchr("Zz+-", time.data[offset], 4);
    return offset >= strlen("00:00") && (offset == time.len || has_zone);
}

static void read_date(struct slice text, bool day_first, struct arena *arena, struct value *value)
{
    if (text.len < DATE_LEN || (text.len > DATE_LEN && text.data[DATE_LEN] != 'T'))
        return;
    if (text.len > DATE_LEN && !is_midnight(slice_make(text.data + DATE_LEN + 1, text.len - DATE_LEN - 1)))
        return;
    if (has_shape(text, "0000-00-00"))
        *value = (struct value){arena_copy(arena, slice_make(text.data, DATE_LEN)), VALUE_PRESENT};
    else if (day_first && text.len == DATE_LEN && has_shape(text, "00/00/0000"))
        *value = (struct value){
            arena_printf(arena, "%.4s-%.2s-%.2s", text.data + 6, text.data + 3, text.data), VALUE_PRESENT};
}

void remote_user_read_value(enum field_id field, struct slice text, bool day_first, struct arena *arena,
                            struct value *value)
{
    if (field_type(field) == FIELD_TYPE_EMAIL)
        read_email(text, arena, value);
    else if (field_type(field) == FIELD_TYPE_DATE)
        read_date(text, day_first, arena, value);
    else
        read_text(text, arena, value);
}

void remote_user_read_values(const struct provider_fields *fields, const struct json_node *nodes,
                             size_t index, bool day_first, struct arena *arena, struct provider_user *user)
{
    for (size_t i = 0; i < FIELD_IDENTITY_COUNT; i++) {
        enum field_id field = field_identity[i];
        const struct provider_field *row = provider_fields_find(fields, field);
        struct value *value = &user->values[field];
        if (!row || !row->member)
            continue;
        remote_user_read_value(field, text_of_row(nodes, index, row), day_first, arena, value);
    }
}

void remote_user_read_texts(const struct provider_fields *fields, const struct json_node *nodes, size_t index,
                            struct arena *arena, struct value *values)
{
    index = innermost(nodes, index);
    for (size_t i = 0; i < fields->field_count; i++) {
        const struct provider_field *row = &fields->fields[i];
        if (row->field == FIELD_NONE || !row->member || values[row->field].state != VALUE_ABSENT)
            continue;
        struct slice text = text_of_row(nodes, index, row);
        read_text(text.len ? text : text_of_reply_name(nodes, index, row->reply_name), arena,
                  &values[row->field]);
    }
}
