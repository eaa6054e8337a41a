#include "job/job_keys.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/text.h"

enum { KEYS_MAX = 32, MESSAGE_MAX = 1024 };

static int fail_va(struct job_reader *reader, const struct job_node *node, struct job_place place,
                   const char *format, va_list arguments) __attribute__((format(printf, 4, 0)));

static int fail_va(struct job_reader *reader, const struct job_node *node, struct job_place place,
                   const char *format, va_list arguments)
{
    char message[MESSAGE_MAX];
    text_format_va(message, sizeof message, format, arguments);
    if (node->origin)
        return error_set(reader->error, ERROR_USAGE, "%s: %s", node->origin, message);
    if (reader->hide_lines)
        return error_set(reader->error, ERROR_USAGE, "%s:%u:%u: %s", reader->job->path, place.line,
                         place.column, message);
    return job_fail(reader->job, place, reader->error, "%s", message);
}

int job_keys_fail(struct job_reader *reader, const struct job_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = fail_va(reader, node, node->place, format, arguments);
    va_end(arguments);
    return result;
}

int job_keys_fail_at_key(struct job_reader *reader, const struct job_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = fail_va(reader, node, node->key.data ? node->key_place : node->place, format, arguments);
    va_end(arguments);
    return result;
}

int job_keys_fail_kind(struct job_reader *reader, const struct job_node *node, enum job_node_kind wanted)
{
    static const char *const hints[] = {
        [JOB_NODE_SCALAR] = "write one value, without [ ], { } and dashes",
        [JOB_NODE_LIST] = "write a list: each item in a line behind a dash, or all of them in [ ]",
        [JOB_NODE_MAPPING] = "write a mapping: lines of KEY: VALUE, or all of them in { }",
    };
    bool is_null = job_yaml_is_null(node);
    const char *found = is_null ? "nothing" : job_yaml_kind_name(node->kind);
    const char *hint = is_null ? "write a value, or leave the key out" : hints[wanted];
    if (!node->key.data)
        return job_keys_fail(reader, node, "this should be %s, and is %s\nhint: %s",
                             job_yaml_kind_name(wanted), found, hint);
    return job_keys_fail(reader, node, "`%s` should be %s, and is %s\nhint: %s", node->key.data,
                         job_yaml_kind_name(wanted), found, hint);
}

int job_keys_fail_name(struct job_reader *reader, const struct job_node *node, bool at_key,
                       const char *message, struct slice name, const char *const *words)
{
    char hint[TEXT_HINT_SIZE];
    text_hint_names(name, words, hint);
    return at_key ? job_keys_fail_at_key(reader, node, "%s\nhint: %s", message, hint)
                  : job_keys_fail(reader, node, "%s\nhint: %s", message, hint);
}

int job_keys_fail_key(struct job_reader *reader, const struct job_node *node, bool at_key,
                      const char *message, const struct job_key *keys)
{
    const char *words[KEYS_MAX + 1];
    size_t count = 0;
    for (; keys[count].name; count++) {
        assert(count < KEYS_MAX);
        words[count] = keys[count].name;
    }
    words[count] = NULL;
    return job_keys_fail_name(reader, node, at_key, message, at_key ? node->key : node->text, words);
}

/* The key that other tools call by this name, or NULL. */
static const char *name_of_hint(const struct job_key *keys, struct slice name)
{
    for (; keys->name; keys++)
        for (const char *const *hint = keys->hints; hint && *hint; hint++)
            if (slice_is(name, *hint))
                return keys->name;
    return NULL;
}

static int fail_unknown(struct job_reader *reader, const struct job_node *member, const struct job_key *keys,
                        const char *name)
{
    struct slice message = arena_printf(
        &reader->job->arena, *name ? "unknown key `%s` in `%s`" : "unknown key `%s`", member->key.data, name);
    const char *meant = name_of_hint(keys, member->key);
    if (meant)
        return job_keys_fail_at_key(reader, member, "%s\nhint: did you mean `%s`?", message.data, meant);
    return job_keys_fail_key(reader, member, true, message.data, keys);
}

const struct job_key *job_keys_find(const struct job_key *keys, struct slice name)
{
    for (; keys->name; keys++)
        if (slice_is(name, keys->name))
            return keys;
    return NULL;
}

int job_keys_read(struct job_reader *reader, const struct job_node *mapping, const struct job_key *keys,
                  const char *name, void *target)
{
    if (mapping->kind != JOB_NODE_MAPPING)
        return job_keys_fail_kind(reader, mapping, JOB_NODE_MAPPING);
    for (const struct job_node *member = mapping->first; member; member = member->next) {
        const struct job_key *key = job_keys_find(keys, member->key);
        if (!key)
            return fail_unknown(reader, member, keys, name);
        if (key->read(reader, member, key, target) != 0)
            return -1;
    }
    return 0;
}

int job_keys_read_table(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                        void *target)
{
    return job_keys_read(reader, value, key->keys, key->name, (char *)target + key->offset);
}

/* A default that its own reader refuses is a bug: the unit tests read all of them. */
static void read_default(struct job_reader *reader, const struct job_key *key, void *target)
{
    struct job_yaml_fault fault;
    struct job_node *value = job_yaml_parse(slice_from(key->standard), &reader->job->arena, &fault);
    assert(value);
    value->key = slice_from(key->name);
    int result = key->read(reader, value, key, target);
    assert(result == 0);
    (void)result;
}

void job_keys_defaults(struct job_reader *reader, const struct job_key *keys, void *target)
{
    for (; keys->name; keys++) {
        if (keys->standard)
            read_default(reader, keys, target);
        if (keys->keys)
            job_keys_defaults(reader, keys->keys, (char *)target + keys->offset);
    }
}
