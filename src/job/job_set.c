#include "job/job_parts.h"

/* One --set, taken apart. */
struct setting {
    struct slice path, value; /* `delivery.rate`, `5/s` */
    const char
        *origin; /* `--set delivery.rate`: never the value, which may be a secret put in the wrong place */
};

static void mark_origin(struct job_node *node, const char *origin)
{
    for (; node; node = node->next) {
        node->origin = origin;
        node->place = node->key_place = (struct job_place){0, 0};
        mark_origin(node->first, origin);
    }
}

static bool split_setting(struct job_reader *reader, const char *text, struct setting *setting)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        /* Without `=` all of it may be a value. */
        error_set(reader->error, ERROR_USAGE, "--set needs KEY=VALUE\nhint: as in --set delivery.rate=5/s");
        return false;
    }
    setting->path = slice_make(text, (size_t)(equals - text));
    setting->value = slice_from(equals + 1);
    setting->origin = arena_printf(&reader->job->arena, "--set %.*s", (int)setting->path.len, text).data;
    return true;
}

/* Secrets on a command line can be read by every user of the machine. */
static bool holds_credentials(struct slice path, const struct job_node *value)
{
    static const struct slice whole = SLICE_LITERAL("provider.credentials"), part = SLICE_LITERAL("provider");
    if (path.len >= whole.len && memcmp(path.data, whole.data, whole.len) == 0 &&
        (path.len == whole.len || path.data[whole.len] == '.' || path.data[whole.len] == '['))
        return true;
    return slice_equal(path, part) && value->kind == JOB_NODE_MAPPING &&
           job_yaml_member(value, SLICE_LITERAL("credentials"));
}

/* The mapping that holds the last name of a path; what is missing on the way is made. NULL: an error. */
static struct job_node *walk(struct job_reader *reader, struct job_node *top, const struct setting *setting,
                             struct slice *last)
{
    struct job_node *item = top;
    struct slice rest = setting->path;
    for (;;) {
        const char *dot = memchr(rest.data, '.', rest.len);
        struct slice name = slice_make(rest.data, dot ? (size_t)(dot - rest.data) : rest.len);
        if (name.len == 0) {
            error_set(reader->error, ERROR_USAGE, "%s: a name is missing next to a dot", setting->origin);
            return NULL;
        }
        name = arena_copy(&reader->job->arena, name);
        if (!dot) {
            *last = name;
            return item;
        }
        struct job_node *next = job_yaml_member(item, name);
        if (!next || job_yaml_is_null(next)) {
            next = job_yaml_mapping(&reader->job->arena);
            next->origin = setting->origin;
            job_yaml_put(item, name, next);
        } else if (next->kind != JOB_NODE_MAPPING) {
            error_set(reader->error, ERROR_USAGE, "%s: `%s` is %s in the job file, not a mapping",
                      setting->origin, name.data, job_yaml_kind_name(next->kind));
            return NULL;
        }
        item = next;
        rest = slice_make(dot + 1, rest.len - name.len - 1);
    }
}

static int apply(struct job_reader *reader, struct job_node *top, const char *text)
{
    struct setting setting;
    if (!split_setting(reader, text, &setting))
        return -1;
    struct job_yaml_fault fault;
    struct job_node *value = job_yaml_parse(setting.value, &reader->job->arena, &fault);
    if (!value)
        return error_set(reader->error, ERROR_USAGE, "%s: %s", setting.origin, fault.text);
    if (holds_credentials(setting.path, value))
        return error_set(
            reader->error, ERROR_USAGE,
            "--set provider.credentials: credentials are not for the command line, where others can read them\nhint: write env:NAME or file:PATH in the job file");
    mark_origin(value, setting.origin);
    struct slice name;
    struct job_node *parent = walk(reader, top, &setting, &name);
    if (!parent)
        return -1;
    job_yaml_put(parent, name, value);
    return 0;
}

int job_set_apply(struct job_reader *reader, struct job_node *top)
{
    for (size_t index = 0; index < reader->overrides->set_count; index++)
        if (apply(reader, top, reader->overrides->sets[index]) != 0)
            return -1;
    return 0;
}
