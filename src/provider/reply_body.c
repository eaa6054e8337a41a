#include "provider/reply_body.h"

#include <string.h>

enum {
    TEXT_MAX = 64 * 1024,
    CODE_MAX = 64,
    PATH_PART_MAX = 64,
};

static bool is_one_of(struct slice key, const char *const *words)
{
    for (; *words; words++)
        if (slice_is(key, *words))
            return true;
    return false;
}

static const char *const error_members[] = {"error",      "errors",  "message", "code",
                                            "error_code", "details", NULL};
static const char *const code_members[] = {"code", "error_code", NULL};
/* Members whose name has no meaning for the text that they hold. */
static const char *const plain_members[] = {"error",      "errors",   "message", "messages", "code",
                                            "error_code", "details",  "detail",  "title",    "description",
                                            "reason",     "warnings", NULL};

static bool is_scalar(const struct json_node *node)
{
    return node->kind != JSON_ARRAY && node->kind != JSON_OBJECT;
}

static bool is_empty(const struct json_node *node)
{
    switch (node->kind) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return slice_is(node->text, "false");
    case JSON_NUMBER:
        return false;
    case JSON_STRING:
        return node->text.len == 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return node->children == 0;
    }
    return true;
}

/* A word as codes are: no blank, nothing that could be an e-mail address or a link. */
static bool is_code(const struct json_node *node)
{
    if ((node->kind != JSON_STRING && node->kind != JSON_NUMBER) || node->text.len == 0 ||
        node->text.len > CODE_MAX)
        return false;
    if (memmem(node->text.data, node->text.len, "//", 2))
        return false;
    for (size_t i = 0; i < node->text.len; i++) {
        char byte = node->text.data[i], lower = (char)(byte | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(byte >= '0' && byte <= '9') &&
            (byte == '\0' || !strchr("_.:-/", byte)))
            return false;
    }
    return true;
}

void reply_body_add_text(struct buffer *out, struct slice label, struct slice text)
{
    if (text.len == 0)
        return;
    if (out->len > 0)
        buffer_append_text(out, "; ");
    if (label.len > 0) {
        buffer_append(out, label);
        buffer_append_text(out, ": ");
    }
    buffer_append(out, text);
}

/* Adds every text below nodes[index]; label: the nearest member name with a meaning, as in
 * {"errors": {"email": ["is taken"]}}. */
static void add_texts(const struct reply_body *body, size_t index, struct slice label, struct buffer *out)
{
    const struct json_node *node = &body->nodes[index];
    if (node->key.len > 0)
        label = is_one_of(node->key, plain_members) ? slice_make("", 0) : node->key;
    if (is_scalar(node)) {
        if (node->kind != JSON_NULL)
            reply_body_add_text(out, label, node->text);
        return;
    }
    for (size_t child = index + 1; child < node->end; child = body->nodes[child].end)
        add_texts(body, child, label, out);
}

/* The first code below nodes[index]: `code` or `error_code` at any depth. */
static struct slice find_code(const struct reply_body *body, size_t index)
{
    for (size_t i = index; i < body->nodes[index].end; i++)
        if (is_one_of(body->nodes[i].key, code_members) && is_code(&body->nodes[i]))
            return body->nodes[i].text;
    return slice_make("", 0);
}

/* {"error": "invalid_request", "message": "…"}: a single word as the error is its code. */
static struct slice word_of_error(const struct reply_body *body)
{
    size_t index = json_member(body->nodes, 0, "error");
    if (index == 0 || body->nodes[index].kind != JSON_STRING || !is_code(&body->nodes[index]))
        return slice_make("", 0);
    return body->nodes[index].text;
}

static void read_object(struct reply_body *body)
{
    const struct json_node *top = &body->nodes[0];
    for (size_t index = 1; index < top->end; index = body->nodes[index].end) {
        const struct json_node *member = &body->nodes[index];
        if (!is_one_of(member->key, error_members))
            continue;
        if (slice_is(member->key, "error") || slice_is(member->key, "errors"))
            body->has_error |= !is_empty(member);
        if (body->code.len == 0)
            body->code = find_code(body, index);
        add_texts(body, index, slice_make("", 0), &body->text);
    }
    if (body->code.len == 0)
        body->code = word_of_error(body);
}

void reply_body_read(struct reply_body *body, struct slice text)
{
    struct json_fault fault;
    *body = (struct reply_body){.reader = json_reader_new(), .code = slice_make("", 0)};
    buffer_init_wiped(&body->text, TEXT_MAX);
    body->nodes = json_reader_parse(body->reader, text, &body->node_count, &fault);
    if (body->nodes && body->nodes[0].kind == JSON_OBJECT)
        read_object(body);
    else if (body->nodes)
        add_texts(body, 0, slice_make("", 0), &body->text);
    if (body->text.len == 0)
        buffer_append(&body->text, slice_make(text.data, text.len < TEXT_MAX ? text.len : TEXT_MAX));
}

void reply_body_clear(struct reply_body *body)
{
    json_reader_wipe(body->reader); /* a reply to a login holds a token */
    json_reader_free(body->reader);
    buffer_clear(&body->text);
}

size_t reply_body_find_path(const struct json_node *nodes, size_t index, const char *path)
{
    while (*path != '\0') {
        char part[PATH_PART_MAX];
        size_t len = strcspn(path, ".");
        if (len >= sizeof part)
            return 0;
        memcpy(part, path, len);
        part[len] = '\0';
        index = json_member(nodes, index, part);
        if (index == 0)
            return 0;
        path += path[len] == '.' ? len + 1 : len;
    }
    return index;
}

struct slice reply_body_value(const struct reply_body *body, const char *path)
{
    size_t index = body->nodes ? reply_body_find_path(body->nodes, 0, path) : 0;
    bool is_text =
        index != 0 && (body->nodes[index].kind == JSON_STRING || body->nodes[index].kind == JSON_NUMBER);
    return is_text ? body->nodes[index].text : slice_make("", 0);
}

struct slice reply_body_first(const struct reply_body *body, const char *const *paths, size_t min, size_t max)
{
    for (; *paths; paths++) {
        struct slice value = reply_body_value(body, *paths);
        if (value.len >= min && value.len <= max)
            return value;
    }
    return slice_make("", 0);
}

bool reply_body_mentions(const struct reply_body *body, const char *phrase)
{
    return body->text.len > 0 && strcasestr(body->text.data, phrase);
}

struct slice reply_body_field_path(const struct reply_body *body)
{
    size_t details = body->nodes ? json_member(body->nodes, 0, "details") : 0;
    if (details == 0 && body->nodes)
        details = json_member(body->nodes, json_member(body->nodes, 0, "error"), "details");
    for (size_t i = details; details != 0 && i < body->nodes[details].end; i++) {
        const struct json_node *node = &body->nodes[i];
        if (!slice_is(node->key, "path"))
            continue;
        if (node->kind == JSON_ARRAY && node->children > 0)
            node++;
        if (node->kind == JSON_STRING)
            return node->text;
    }
    return slice_make("", 0);
}

const char *const reply_body_wrappers[REPLY_BODY_WRAPPERS] = {"data", "result", "user"};

size_t reply_body_find_member(const struct json_node *nodes, const char *name)
{
    size_t index = json_member(nodes, 0, name);
    for (size_t i = 0; index == 0 && i < REPLY_BODY_WRAPPERS; i++) {
        size_t wrapper = json_member(nodes, 0, reply_body_wrappers[i]);
        index = wrapper == 0 ? 0 : json_member(nodes, wrapper, name);
    }
    return index;
}

bool reply_body_is_empty(const struct reply_body *body, size_t index)
{
    return is_empty(&body->nodes[index]);
}

size_t reply_body_warnings(const struct reply_body *body)
{
    size_t index = body->nodes ? reply_body_find_member(body->nodes, "warnings") : 0;
    return index == 0 || is_empty(&body->nodes[index]) ? 0 : index;
}

void reply_body_texts(const struct reply_body *body, size_t index, struct buffer *out)
{
    add_texts(body, index, slice_make("", 0), out);
}

bool reply_body_names_error(const struct reply_body *body)
{
    return body->nodes && body->nodes[0].kind == JSON_OBJECT && (body->has_error || body->code.len > 0);
}

bool reply_body_is_message(const struct reply_body *body, const char *message)
{
    return body->nodes && body->nodes[0].kind == JSON_OBJECT && body->nodes[0].children == 1 &&
           slice_is(body->nodes[1].key, "message") && slice_is(body->nodes[1].text, message);
}
