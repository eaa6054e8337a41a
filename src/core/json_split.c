#include "core/json_split.h"

#include <assert.h>
#include <string.h>

void json_split_init(struct json_split *split, const char *member, size_t element_max,
                     bool (*each)(void *context, struct slice element), void *context)
{
    assert(strlen(member) < JSON_SPLIT_NAME_MAX);
    *split = (struct json_split){.member = member, .each = each, .context = context};
    buffer_init(&split->element, element_max);
    buffer_init(&split->name, JSON_SPLIT_NAME_MAX);
    buffer_init(&split->around, JSON_SPLIT_AROUND_MAX);
}

void json_split_clear(struct json_split *split)
{
    buffer_clear(&split->element);
    buffer_clear(&split->name);
    buffer_clear(&split->around);
}

void json_split_reset(struct json_split *split)
{
    struct buffer element = split->element, name = split->name, around = split->around;

    *split = (struct json_split){.member = split->member, .each = split->each, .context = split->context};
    split->element = element;
    split->name = name;
    split->around = around;
    buffer_reset(&split->around);
    buffer_reset(&split->element);
    buffer_reset(&split->name);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_in_array(const struct json_split *split)
{
    return split->array_depth > 0;
}

/* Between elements, or within one that has no brackets around it. */
static bool is_at_array(const struct json_split *split)
{
    return is_in_array(split) && split->depth == split->array_depth;
}

static bool is_at_top_object(const struct json_split *split)
{
    return split->depth == 1 && (split->is_object & 2);
}

static void keep(struct json_split *split, char byte)
{
    buffer_append_char(&split->element, byte);
    split->failed = split->failed || split->element.overflowed;
}

static bool is_named(const struct json_split *split)
{
    return slice_is(buffer_slice(&split->name), split->member);
}

/* An element is over: its trailing blanks are dropped. */
static bool pass_element(struct json_split *split)
{
    struct slice element = buffer_slice(&split->element);

    while (element.len > 0 && is_blank(element.data[element.len - 1]))
        element.len--;
    bool good = element.len > 0 && split->each(split->context, element);
    buffer_reset(&split->element);
    return good;
}

static bool open_bracket(struct json_split *split, char byte)
{
    bool looked_for =
        byte == '[' && !is_in_array(split) &&
        (split->depth == 0 || (is_at_top_object(split) && !split->wants_name && is_named(split)));

    if (split->depth == JSON_SPLIT_DEPTH_MAX - 1 || (looked_for && split->found))
        return false;
    if (is_in_array(split))
        keep(split, byte);
    split->depth++;
    uint64_t bit = UINT64_C(1) << split->depth;
    split->is_object = byte == '{' ? split->is_object | bit : split->is_object & ~bit;
    if (looked_for) {
        split->found = true;
        split->array_depth = split->depth;
        split->after_comma = false;
    }
    split->wants_name = is_at_top_object(split);
    return true;
}

static bool close_bracket(struct json_split *split, char byte)
{
    bool is_object = split->depth > 0 && (split->is_object >> split->depth & 1);

    if (split->depth == 0 || is_object != (byte == '}'))
        return false;
    if (is_at_array(split)) {
        bool is_empty = split->element.len == 0 && !split->after_comma;
        if (!is_empty && !pass_element(split))
            return false;
        split->array_depth = 0;
    } else if (is_in_array(split)) {
        keep(split, byte);
    }
    split->depth--;
    split->ended = split->depth == 0;
    return true;
}

static bool begin_string(struct json_split *split)
{
    split->in_string = true;
    if (is_at_top_object(split) && split->wants_name) {
        split->is_naming = true;
        buffer_reset(&split->name);
    }
    if (is_in_array(split))
        keep(split, '"');
    return split->depth > 0;
}

static void go_on_string(struct json_split *split, char byte)
{
    bool ends = byte == '"' && !split->escaped;

    split->escaped = byte == '\\' && !split->escaped;
    if (is_in_array(split))
        keep(split, byte);
    else if (split->is_naming && !ends)
        buffer_append_char(&split->name, byte); /* what does not fit is none that is looked for */
    if (ends)
        split->in_string = split->is_naming = false;
}

/* Outside of strings. */
static bool take(struct json_split *split, char byte)
{
    if (is_blank(byte)) {
        if (is_in_array(split) && split->element.len > 0)
            keep(split, byte);
        return true;
    }
    if (split->ended)
        return false;
    if (byte == '"')
        return begin_string(split);
    if (byte == '{' || byte == '[')
        return open_bracket(split, byte);
    if (byte == '}' || byte == ']')
        return close_bracket(split, byte);
    if (is_at_array(split) && byte == ',') {
        split->after_comma = true;
        return pass_element(split);
    }
    if (is_in_array(split))
        keep(split, byte);
    else if (is_at_top_object(split) && (byte == ':' || byte == ','))
        split->wants_name = byte == ',';
    return split->depth > 0;
}

/* A byte of the byte order mark at the very beginning. Half of one is a fault. */
static bool skip_mark(struct json_split *split, char byte)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (split->has_begun)
        return false;
    if (byte == mark[split->mark_len]) {
        split->has_begun = ++split->mark_len == sizeof mark - 1;
        return true;
    }
    split->has_begun = true;
    split->failed = split->mark_len > 0;
    return false;
}

bool json_split_add(struct json_split *split, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len && !split->failed; i++) {
        if (skip_mark(split, bytes.data[i]) || split->failed)
            continue;
        bool was_in_array = is_in_array(split);
        if (split->in_string)
            go_on_string(split, bytes.data[i]);
        else if (!take(split, bytes.data[i]))
            split->failed = true;
        if (!was_in_array || !is_in_array(split)) /* its brackets belong to what is around it */
            buffer_append_char(&split->around, bytes.data[i]);
    }
    return !split->failed;
}

bool json_split_is_complete(const struct json_split *split)
{
    return split->found && split->ended && !split->failed;
}

bool json_split_around(const struct json_split *split, struct slice *text)
{
    *text = buffer_slice(&split->around);
    return !split->around.overflowed;
}
