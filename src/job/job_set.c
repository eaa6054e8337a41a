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

/* What --set may not give, and why, for a message. Secrets on a command line can be read by every user of the
 * machine; and who may choose settings, through a script or sudo, must not so choose a program that runs. */
static const struct refused_setting {
    const char *part, *member, *why;
} refused_settings[] = {
    {"provider", "credentials",
     "credentials are not for the command line, where others can read them\nhint: write env:NAME or file:PATH in the job file"},
    {"notify", "url",
     "a webhook is not for the command line, where others can read it\nhint: write it in the job file; --set notify.on=[] notifies nobody"},
    {"notify", "token",
     "a token is not for the command line, where others can read it\nhint: write env:NAME or file:PATH in the job file"},
    {"notify", "command",
     "a program that is run is chosen in the job file alone\nhint: write it there; --set notify.on=[] notifies nobody"},
};

static bool is_refused(const struct refused_setting *refused, struct slice path, const struct job_node *value)
{
    size_t part_len = strlen(refused->part), len = part_len + 1 + strlen(refused->member);
    if (slice_is(path, refused->part))
        return value->kind == JOB_NODE_MAPPING && job_yaml_member(value, slice_from(refused->member));
    return path.len >= len && slice_begins_with(path, refused->part) && path.data[part_len] == '.' &&
           memcmp(path.data + part_len + 1, refused->member, len - part_len - 1) == 0 &&
           (path.len == len || path.data[len] == '.' || path.data[len] == '[');
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
    for (size_t i = 0; i < sizeof refused_settings / sizeof *refused_settings; i++)
        if (is_refused(&refused_settings[i], setting.path, value))
            return error_set(reader->error, ERROR_USAGE, "--set %s.%s: %s", refused_settings[i].part,
                             refused_settings[i].member, refused_settings[i].why);
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
