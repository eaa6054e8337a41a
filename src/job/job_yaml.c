#include "job/job_yaml.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include <libfyaml.h>

#include "core/memory.h"
#include "core/text.h"
#include "core/utf8.h"

enum { CHAR_MARK = 0xfeff };

struct builder {
    struct fy_parser *parser;
    struct fy_diag *diag;
    struct arena *arena;
    struct job_yaml_fault *fault;
};

static void fault_set(struct job_yaml_fault *fault, struct job_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fault_set(struct job_yaml_fault *fault, struct job_place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_format_va(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    fault->place = place;
}

static struct job_place place_of_mark(const struct fy_mark *mark)
{
    struct job_place place = {0, 0};
    if (mark) {
        place.line = (unsigned)mark->line + 1;
        place.column = (unsigned)mark->column + 1;
    }
    return place;
}

static struct job_place place_of_token(struct fy_token *token)
{
    return place_of_mark(token ? fy_token_start_mark(token) : NULL);
}

/* The library's first error; the ones after it follow from it. */
static void fault_from_library(struct builder *builder)
{
    void *iterator = NULL;
    const struct fy_diag_error *found = fy_diag_errors_iterate(builder->diag, &iterator);
    if (!found) {
        fault_set(builder->fault, (struct job_place){1, 1}, "this is not YAML");
        return;
    }
    struct job_place place = {(unsigned)(found->line > 0 ? found->line : 1),
                              (unsigned)(found->column > 0 ? found->column : 1)};
    fault_set(
        builder->fault, place,
        "not YAML: %s\nhint: check the indentation and quotes of this line and of those before it; a line without its # may need the one above without it too, such as `# rules:` or `# values:`",
        found->msg);
}

static struct fy_event *next_event(struct builder *builder)
{
    struct fy_event *event = fy_parser_parse(builder->parser);
    if (!event)
        fault_from_library(builder);
    return event;
}

/* Anchors and tags change what a value means without being seen where it is used: refused. */
static bool is_plain_data(struct builder *builder, struct fy_token *anchor, struct fy_token *tag)
{
    if (anchor)
        fault_set(builder->fault, place_of_token(anchor), "a job file may not have anchors");
    else if (tag)
        fault_set(builder->fault, place_of_token(tag), "a job file may not have tags");
    return !anchor && !tag;
}

static struct job_node *node_new(struct builder *builder, enum job_node_kind kind, struct fy_token *token)
{
    struct job_node *node = arena_alloc(builder->arena, sizeof *node);
    *node = (struct job_node){.kind = kind, .place = place_of_token(token), .plain = kind == JOB_NODE_SCALAR};
    node->text = SLICE_LITERAL("");
    return node;
}

static bool is_unfit(uint32_t code)
{
    bool is_c0 = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
    return is_c0 || (code >= 0x7f && code < 0xa0) || code == CHAR_MARK;
}

static struct job_node *read_scalar(struct builder *builder, const struct fy_event *event)
{
    size_t len = 0;
    const char *text = fy_token_get_text(event->scalar.value, &len);
    struct job_node *node = node_new(builder, JOB_NODE_SCALAR, event->scalar.value);
    enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    node->plain = style == FYSS_PLAIN;
    /* The library's mark is behind the quote. */
    if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
        node->place.column--;
    uint32_t code;
    struct slice rest = slice_make(text ? text : "", text ? len : 0);
    /* By an escape (\0, \e): the file itself holds none. */
    for (size_t used; rest.len > 0 && (used = utf8_decode(rest, &code)) > 0; rest = slice_skip(rest, used)) {
        if (!is_unfit(code))
            continue;
        if (code == 0)
            fault_set(builder->fault, node->place, "a value may not hold a NUL byte");
        else
            fault_set(builder->fault, node->place, "a value may not hold the control character U+%04X",
                      (unsigned)code);
        return NULL;
    }
    node->text = arena_copy(builder->arena, slice_make(text ? text : "", text ? len : 0));
    return node;
}

static struct job_node *read_node(struct builder *builder, struct fy_event *event, unsigned depth);

static void append(struct job_node *parent, struct job_node **last, struct job_node *child)
{
    if (*last)
        (*last)->next = child;
    else
        parent->first = child;
    *last = child;
    parent->count++;
}

static struct job_node *read_list(struct builder *builder, struct fy_event *start, unsigned depth)
{
    struct job_node *list = node_new(builder, JOB_NODE_LIST, start->sequence_start.sequence_start);
    fy_parser_event_free(builder->parser, start);
    struct job_node *last = NULL;
    struct fy_event *event;
    while ((event = next_event(builder))) {
        if (event->type == FYET_SEQUENCE_END) {
            fy_parser_event_free(builder->parser, event);
            return list;
        }
        struct job_node *item = read_node(builder, event, depth + 1);
        if (!item)
            return NULL;
        append(list, &last, item);
    }
    return NULL;
}

/* A member's key: a scalar that the mapping does not have yet. */
static struct job_node *read_key(struct builder *builder, const struct job_node *mapping,
                                 struct fy_event *event, unsigned depth)
{
    struct job_node *key = read_node(builder, event, depth + 1);
    if (!key)
        return NULL;
    if (key->kind != JOB_NODE_SCALAR) {
        fault_set(builder->fault, key->place, "a key must be a name");
        return NULL;
    }
    const struct job_node *before = job_yaml_member(mapping, key->text);
    if (before) {
        fault_set(builder->fault, key->place, "`%s` is given twice, first in line %u", key->text.data,
                  before->key_place.line);
        return NULL;
    }
    return key;
}

static struct job_node *read_mapping(struct builder *builder, struct fy_event *start, unsigned depth)
{
    struct job_node *mapping = node_new(builder, JOB_NODE_MAPPING, start->mapping_start.mapping_start);
    fy_parser_event_free(builder->parser, start);
    struct job_node *last = NULL;
    struct fy_event *event;
    while ((event = next_event(builder))) {
        if (event->type == FYET_MAPPING_END) {
            fy_parser_event_free(builder->parser, event);
            return mapping;
        }
        struct job_node *key = read_key(builder, mapping, event, depth);
        if (!key || !(event = next_event(builder)))
            return NULL;
        struct job_node *value = read_node(builder, event, depth + 1);
        if (!value)
            return NULL;
        value->key = key->text;
        value->key_place = key->place;
        if (value->place.line == 0)
            value->place = key->place;
        append(mapping, &last, value);
    }
    return NULL;
}

/* Takes the event, and frees it. */
static struct job_node *read_node(struct builder *builder, struct fy_event *event, unsigned depth)
{
    struct job_node *node = NULL;
    switch (event->type) {
    case FYET_SCALAR:
        if (is_plain_data(builder, event->scalar.anchor, event->scalar.tag))
            node = read_scalar(builder, event);
        break;
    case FYET_SEQUENCE_START:
        if (!is_plain_data(builder, event->sequence_start.anchor, event->sequence_start.tag))
            break;
        if (depth < JOB_YAML_DEPTH_MAX)
            return read_list(builder, event, depth);
        fault_set(builder->fault, place_of_token(event->sequence_start.sequence_start), "nested too deeply");
        break;
    case FYET_MAPPING_START:
        if (!is_plain_data(builder, event->mapping_start.anchor, event->mapping_start.tag))
            break;
        if (depth < JOB_YAML_DEPTH_MAX)
            return read_mapping(builder, event, depth);
        fault_set(builder->fault, place_of_token(event->mapping_start.mapping_start), "nested too deeply");
        break;
    case FYET_ALIAS:
        fault_set(builder->fault, place_of_token(event->alias.anchor), "a job file may not have aliases");
        break;
    default:
        fault_set(builder->fault, (struct job_place){1, 1}, "this is not YAML");
        break;
    }
    fy_parser_event_free(builder->parser, event);
    return node;
}

/* The place of an event of a second document: an implicit start has no token of its own. */
static struct job_place place_of_event(const struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return place_of_token(event->document_start.document_start);
    case FYET_SCALAR:
        return place_of_token(event->scalar.value);
    case FYET_SEQUENCE_START:
        return place_of_token(event->sequence_start.sequence_start);
    case FYET_MAPPING_START:
        return place_of_token(event->mapping_start.mapping_start);
    default:
        return (struct job_place){0, 0};
    }
}

/* One document and the end of the stream. */
static struct job_node *read_stream(struct builder *builder)
{
    struct job_node *top = NULL;
    struct job_place second = {0, 0};
    struct fy_event *event;
    while ((event = next_event(builder))) {
        enum fy_event_type type = event->type;
        if (type == FYET_DOCUMENT_START && top)
            second = place_of_event(event);
        if (type == FYET_STREAM_START || type == FYET_DOCUMENT_START || type == FYET_DOCUMENT_END ||
            type == FYET_STREAM_END) {
            fy_parser_event_free(builder->parser, event);
            if (type != FYET_STREAM_END)
                continue;
            return top ? top : node_new(builder, JOB_NODE_SCALAR, NULL);
        }
        if (top) {
            if (second.line == 0)
                second = place_of_event(event);
            fault_set(builder->fault, second, "a job file is one document; a second one begins here");
            fy_parser_event_free(builder->parser, event);
            return NULL;
        }
        top = read_node(builder, event, 0);
        if (!top)
            return NULL;
    }
    return NULL;
}

static void discard_message(struct fy_diag *diag, void *user, const char *text, size_t len)
{
    (void)diag, (void)user, (void)text, (void)len;
}

/* What a person would not see in a line, and the library stops at or takes for something else: behind a NUL
 * it reads nothing, and the settings there would be ignored. */
static void describe_unfit(struct job_yaml_fault *fault, struct job_place place, uint32_t code)
{
    if (code == 0)
        fault_set(fault, place, "this line holds a NUL byte, as UTF-16 does\nhint: save the file as UTF-8");
    else if (code == CHAR_MARK)
        fault_set(fault, place, "this line holds a byte order mark inside the file\nhint: remove it");
    else
        fault_set(fault, place, "this line holds the control character U+%04X\nhint: remove it",
                  (unsigned)code);
}

/* False, with the first character that a job file may not hold, or the first line that is not UTF-8. */
static bool check_characters(struct slice text, struct job_yaml_fault *fault)
{
    struct job_place place = {1, 1};
    struct slice rest = text;
    while (rest.len > 0) {
        uint32_t code;
        size_t len = utf8_decode(rest, &code);
        if (len == 0) {
            fault_set(fault, (struct job_place){place.line, 1}, "this line is not UTF-8");
            return false;
        }
        if (is_unfit(code)) {
            describe_unfit(fault, place, code);
            return false;
        }
        place.column++;
        if (code == '\n' || (code == '\r' && (rest.len == 1 || rest.data[1] != '\n')))
            place = (struct job_place){place.line + 1, 1};
        rest = slice_skip(rest, len);
    }
    return true;
}

/* Without the byte order mark that editors put first. */
static bool check_encoding(struct slice *text, struct job_yaml_fault *fault)
{
    static const struct slice mark = SLICE_LITERAL("\xef\xbb\xbf");
    if (slice_begins(*text, SLICE_LITERAL("\xff\xfe")) || slice_begins(*text, SLICE_LITERAL("\xfe\xff"))) {
        fault_set(fault, (struct job_place){1, 1}, "this file is UTF-16\nhint: save it as UTF-8");
        return false;
    }
    if (slice_begins(*text, mark))
        *text = slice_skip(*text, mark.len);
    return check_characters(*text, fault);
}

struct job_node *job_yaml_parse(struct slice text, struct arena *arena, struct job_yaml_fault *fault)
{
    if (!check_encoding(&text, fault))
        return NULL;
    struct fy_diag_cfg diag_setup = {.output_fn = discard_message, .level = FYET_ERROR, .module_mask = ~0U};
    struct builder builder = {.arena = arena, .fault = fault, .diag = fy_diag_create(&diag_setup)};
    if (!builder.diag)
        memory_out();
    fy_diag_set_collect_errors(builder.diag, true);
    struct fy_parse_cfg setup = {.flags = FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
                                 .diag = builder.diag};
    builder.parser = fy_parser_create(&setup);
    if (!builder.parser)
        memory_out();

    struct job_node *top = NULL;
    if (text.len > JOB_YAML_MAX)
        fault_set(fault, (struct job_place){0, 0}, "the file is over %d MiB", JOB_YAML_MAX >> 20);
    else if (fy_parser_set_string(builder.parser, text.data ? text.data : "", text.len) != 0)
        fault_from_library(&builder);
    else
        top = read_stream(&builder);
    fy_parser_destroy(builder.parser);
    fy_diag_destroy(builder.diag);
    return top;
}

bool job_yaml_is_null(const struct job_node *node)
{
    return node->kind == JOB_NODE_SCALAR && node->plain &&
           (node->text.len == 0 || slice_is(node->text, "~") || slice_is(node->text, "null") ||
            slice_is(node->text, "Null") || slice_is(node->text, "NULL"));
}

struct job_node *job_yaml_member(const struct job_node *mapping, struct slice key)
{
    assert(mapping->kind == JOB_NODE_MAPPING);
    for (struct job_node *member = mapping->first; member; member = member->next)
        if (slice_equal(member->key, key))
            return member;
    return NULL;
}

void job_yaml_put(struct job_node *mapping, struct slice key, struct job_node *value)
{
    assert(mapping->kind == JOB_NODE_MAPPING);
    struct job_node **item = &mapping->first;
    while (*item && !slice_equal((*item)->key, key))
        item = &(*item)->next;
    value->key = key;
    value->next = *item ? (*item)->next : NULL;
    if (!*item)
        mapping->count++;
    *item = value;
}

struct job_node *job_yaml_mapping(struct arena *arena)
{
    struct job_node *node = arena_alloc(arena, sizeof *node);
    *node = (struct job_node){.kind = JOB_NODE_MAPPING};
    return node;
}

const char *job_yaml_kind_name(enum job_node_kind kind)
{
    switch (kind) {
    case JOB_NODE_SCALAR:
        return "a value";
    case JOB_NODE_LIST:
        return "a list";
    case JOB_NODE_MAPPING:
        return "a mapping";
    }
    return "?";
}
