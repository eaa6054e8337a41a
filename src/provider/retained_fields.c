#include "provider/retained_fields.h"

#include <string.h>
#include <strings.h>

#include "core/buffer.h"
#include "core/json.h"
#include "core/json_merge.h"
#include "provider/reply_body.h"

/* `verification_link`, `kyc.url`, `redirectUrl`. */
static bool is_link(struct slice name)
{
    static const struct slice ends[] = {SLICE_LITERAL("link"), SLICE_LITERAL("url")};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t len = ends[i].len, start = name.len < len ? 0 : name.len - len;
        if (name.len < len || strncasecmp(name.data + start, ends[i].data, len) != 0)
            continue;
        if (start == 0 || name.data[start - 1] == '_' || (name.data[start] >= 'A' && name.data[start] <= 'Z'))
            return true;
    }
    return false;
}

/* The next part of a path of names; empty: there is none left. */
static struct slice next_part(const char **path)
{
    size_t len = strcspn(*path, ".");
    struct slice part = slice_make(*path, len);
    *path += len + ((*path)[len] == '.');
    return part;
}

static bool is_wrapper(struct slice name)
{
    for (size_t i = 0; i < REPLY_BODY_WRAPPERS; i++)
        if (slice_is(name, reply_body_wrappers[i]))
            return true;
    return false;
}

/* True for a name that a create sends, or by which a reply returns what it sent. */
static bool is_of_person(const struct provider *provider, struct slice name)
{
    const struct provider_fields *fields = provider->fields;
    for (size_t i = 0; i < fields->field_count; i++) {
        const struct provider_field *row = &fields->fields[i];
        const char *path = row->reply_name ? row->reply_name : "";
        if ((row->member && slice_is(name, row->member)) || (row->key && slice_is(name, row->key)))
            return true;
        while (*path)
            if (slice_equal(next_part(&path), name))
                return true;
    }
    return false;
}

static int check_name(const struct job *job, const struct provider *provider, size_t index,
                      struct error *error)
{
    const char *name = job->provider.keep[index], *path = name;
    struct job_place place = job->provider.keep_places[index];
    bool is_whole = true;
    while (*path) {
        struct slice part = next_part(&path);
        if (is_link(part))
            return job_fail(
                job, place, error,
                "`keep` names `%s`, a link: links are credentials, which the ledger never holds\nhint: remove it; run writes the links of answers to links.csv in the report folder",
                name);
        if (is_of_person(provider, part))
            return job_fail(
                job, place, error,
                "`keep` names `%s`, of which `%.*s` is sent by the create: the ledger holds no data of the customer\nhint: remove it; results gives the external_id, by which the export has the rest",
                name, (int)part.len, part.data);
        is_whole = is_whole && is_wrapper(part);
    }
    if (!is_whole)
        return 0;
    return job_fail(
        job, place, error,
        "`keep` names `%s`, which may hold all data of the customer\nhint: name the member within it that you need, such as %s.accounts; results gives the user_id",
        name, name);
}

int retained_fields_set(struct job *job, const struct provider *provider, struct error *error)
{
    if (!job->provider.keep)
        job->provider.keep = provider->keep;
    else if (job->provider.keep != provider->keep) /* not checked before */
        for (size_t i = 0; job->provider.keep[i]; i++)
            if (check_name(job, provider, i, error) != 0)
                return -1;
    return 0;
}

/* From the top, else from within the first wrapper that has it. 0: there is none. */
static size_t find_path(const struct json_node *nodes, const char *path)
{
    size_t index = reply_body_find_path(nodes, 0, path);
    for (size_t i = 0; index == 0 && i < REPLY_BODY_WRAPPERS; i++) {
        size_t wrapper = json_member(nodes, 0, reply_body_wrappers[i]);
        index = wrapper == 0 ? 0 : reply_body_find_path(nodes, wrapper, path);
    }
    return index;
}

void retained_fields_copy(const char *const *names, struct slice body, char out[OUTCOME_KEPT_SIZE],
                          uint64_t *not_kept)
{
    struct json_reader *reader = json_reader_new();
    struct json_fault fault;
    struct json_bounded object;
    size_t count;
    const struct json_node *nodes = json_reader_parse(reader, body, &count, &fault);
    *not_kept = 0;
    json_bounded_begin(&object, out, OUTCOME_KEPT_SIZE);
    for (size_t i = 0; nodes && names[i]; i++) {
        size_t index = find_path(nodes, names[i]);
        if (index == 0)
            continue;
        json_bounded_key(&object, slice_from(names[i]));
        json_merge_copy(&object.member, nodes, index, is_link);
        if (!json_bounded_add(&object))
            *not_kept |= UINT64_C(1) << i;
    }
    json_bounded_end(&object);
    json_reader_free(reader);
}
