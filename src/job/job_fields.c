#include <stdlib.h>
#include <string.h>

#include "core/time_zone.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"
#include "model/date_format.h"

/* One field while its mapping is read: its keys, to check their combination. */
struct draft {
    struct job_mapping *mapping;
    const struct job_node *format, *zone, *time, *split, *values, *otherwise, *constant;
};

static bool is_list(enum field_id field)
{
    enum field_type type = field_type(field);
    return type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_TEXT_LIST;
}

static int read_column(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice column;
    if (job_scalar_read(reader, value, &column) != 0)
        return -1;
    draft->mapping->column = column.data;
    draft->mapping->column_place = value->place;
    return 0;
}

/* Keys that are about dates alone. */
static int refuse_of_no_date(struct job_reader *reader, const struct job_node *value,
                             const struct draft *draft)
{
    if (field_type(draft->mapping->field) == FIELD_TYPE_DATE)
        return 0;
    return job_keys_fail_at_key(reader, value, "`%s` is not a date, so it has no `%s`",
                                field_name(draft->mapping->field), value->key.data);
}

static int read_date_format(struct job_reader *reader, const struct job_node *value,
                            const struct job_key *key, void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice format;
    draft->format = value;
    if (job_scalar_read(reader, value, &format) != 0)
        return -1;
    if (refuse_of_no_date(reader, value, draft) != 0)
        return -1;
    struct date_format read;
    const char *fault = date_format_read(&read, format.data);
    if (fault)
        return job_keys_fail(reader, value, "`%s` is not a date format: %s\nhint: an example is `DD/MM/YYYY`",
                             format.data, fault);
    draft->mapping->format = format.data;
    return 0;
}

static int read_zone(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice zone;
    draft->zone = value;
    if (job_scalar_read(reader, value, &zone) != 0 || refuse_of_no_date(reader, value, draft) != 0)
        return -1;
    if (!time_zone_is_known(zone.data)) {
        const char *nearest = time_zone_nearest(zone, &reader->job->arena);
        return job_keys_fail(
            reader, value,
            nearest
                ? "`%s` is not a time zone\nhint: did you mean `%s`?"
                : "`%s` is not a time zone\nhint: write AREA/CITY of the tz database, as in `Europe/Berlin`, or `UTC`",
            zone.data, nearest);
    }
    draft->mapping->zone = zone.data;
    return 0;
}

static int read_time(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice time;
    draft->time = value;
    if (job_scalar_read(reader, value, &time) != 0 || refuse_of_no_date(reader, value, draft) != 0)
        return -1;
    if (!slice_is(time, "drop"))
        return job_keys_fail(
            reader, value,
            "`time` is `drop`, to take the date as it is written, or is left out: then a time of day must be the start of a day");
    draft->mapping->drops_time = true;
    return 0;
}

static int read_split(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice split;
    draft->split = value;
    if (job_scalar_read(reader, value, &split) != 0)
        return -1;
    if (!is_list(draft->mapping->field))
        return job_keys_fail_at_key(reader, value, "`%s` has one value, so it has no `split`",
                                    field_name(draft->mapping->field));
    draft->mapping->split = split.data;
    return 0;
}

static int read_values(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    (void)key;
    struct draft *draft = target;
    struct job_mapping *mapping = draft->mapping;
    draft->values = value;
    if (value->kind != JOB_NODE_MAPPING)
        return job_keys_fail_kind(reader, value, JOB_NODE_MAPPING);
    mapping->values = arena_alloc(&reader->job->arena, (value->count + 1) * sizeof *mapping->values);
    for (const struct job_node *member = value->first; member; member = member->next) {
        struct slice to;
        if (job_scalar_read(reader, member, &to) != 0)
            return -1;
        mapping->values[mapping->value_count++] = (struct job_value_map){.from = member->key, .to = to};
    }
    return 0;
}

static int read_otherwise(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice otherwise;
    draft->otherwise = value;
    if (job_scalar_read(reader, value, &otherwise) != 0)
        return -1;
    draft->mapping->otherwise = otherwise.data;
    return 0;
}

static int read_constant(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                         void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice constant;
    draft->constant = value;
    if (job_scalar_read(reader, value, &constant) != 0)
        return -1;
    draft->mapping->constant = constant.data;
    return 0;
}

static const struct job_key mapping_keys[] = {
    {"column", .read = read_column},
    {"format", .read = read_date_format},
    {"zone", .read = read_zone},
    {"time", .read = read_time},
    {"split", .read = read_split},
    {"values", .read = read_values},
    {"otherwise", .read = read_otherwise},
    {"value", .read = read_constant},
    {0},
};

/* The keys that go together. */
static int check_draft(struct job_reader *reader, const struct job_node *member, const struct draft *draft)
{
    const struct job_mapping *mapping = draft->mapping;
    const char *name = field_name(mapping->field);
    if (!mapping->column && !mapping->constant)
        return job_keys_fail(reader, member, "`%s` needs a `column` or a `value`", name);
    if (mapping->column && mapping->constant)
        return job_keys_fail_at_key(reader, draft->constant, "`%s` has a `column`, so it has no `value`",
                                    name);
    const struct job_node *beside[] = {draft->format, draft->zone,   draft->time,
                                       draft->split,  draft->values, draft->otherwise};
    for (size_t offset = 0; mapping->constant && offset < sizeof beside / sizeof beside[0]; offset++)
        if (beside[offset])
            return job_keys_fail_at_key(reader, beside[offset],
                                        "`%s` has a `value`, the same for every record, so it has no `%s`",
                                        name, beside[offset]->key.data);
    if (draft->zone && mapping->drops_time)
        job_note(reader->job, draft->zone->place,
                 "`zone` of `%s` has no effect beside `time: drop`: the date is taken as it is written",
                 name);
    if (draft->otherwise && !draft->values)
        return job_keys_fail_at_key(reader, draft->otherwise, "`otherwise` needs `values` beside it");
    return 0;
}

static int find_field(struct job_reader *reader, const struct job_node *member, enum field_id *field)
{
    *field = field_by_name(member->key);
    if (*field != FIELD_NONE)
        return 0;
    struct slice message =
        arena_printf(&reader->job->arena, "there is no customer field `%s`", member->key.data);
    return job_keys_fail_name(reader, member, true, message.data, member->key, field_names());
}

static int read_mapping(struct job_reader *reader, const struct job_node *member, struct job_mapping *mapping)
{
    struct draft draft = {.mapping = mapping};
    if (find_field(reader, member, &mapping->field) != 0)
        return -1;
    mapping->place = member->origin ? member->place : member->key_place;
    if (member->kind == JOB_NODE_MAPPING) {
        if (job_keys_read(reader, member, mapping_keys, field_name(mapping->field), &draft) != 0 ||
            check_draft(reader, member, &draft) != 0)
            return -1;
        mapping->is_auto = mapping->field == FIELD_CLIENT_IDENTIFIER && mapping->constant &&
                           strcmp(mapping->constant, "auto") == 0;
    } else if (mapping->field == FIELD_CLIENT_IDENTIFIER && member->kind == JOB_NODE_SCALAR &&
               slice_is(member->text, "auto")) {
        mapping->constant = "auto";
        mapping->is_auto = true;
    } else if (read_column(reader, member, NULL, &draft) != 0) {
        return -1;
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    const struct slice *first = a, *second = b;
    return strcmp(first->data, second->data);
}

static int check_own_name(struct job_reader *reader, const struct job_node *member)
{
    if (slice_is(member->key, "metadata.external_id"))
        return job_keys_fail_at_key(
            reader, member, "`metadata.external_id` always holds the external_id\nhint: choose another name");
    if (member->key.len >= FIELD_OWN_NAME_SIZE)
        return job_keys_fail_at_key(reader, member, "`%s` is too long: at most %d bytes", member->key.data,
                                    FIELD_OWN_NAME_SIZE - 1);
    return 0;
}

int job_fields_define(struct job_reader *reader, const struct job_node *top)
{
    struct slice names[FIELD_OWN_MAX];
    size_t count = 0;
    const struct job_node *part = job_yaml_member(top, SLICE_LITERAL("fields"));
    for (const struct job_node *member = part ? part->first : NULL; member; member = member->next) {
        if (!member->key.data || field_group_of_name(member->key) == FIELD_GROUP_NONE)
            continue;
        if (check_own_name(reader, member) != 0)
            return -1;
        if (count == FIELD_OWN_MAX)
            return job_keys_fail_at_key(reader, member,
                                        "at most %d fields of metadata.* and additional_info.* together",
                                        FIELD_OWN_MAX);
        names[count++] = member->key;
    }
    /* cppcheck-suppress uninitvar ; only the first count */
    qsort(names, count, sizeof *names, compare_names);
    field_define(names, count);
    return 0;
}

int job_fields_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                    void *target)
{
    (void)key;
    struct job *job = target;
    job->fields_place = value->place;
    job->fields_auto = value->kind == JOB_NODE_SCALAR && slice_is(value->text, "auto");
    if (job->fields_auto)
        return 0;
    if (value->kind != JOB_NODE_MAPPING)
        return job_keys_fail_kind(reader, value, JOB_NODE_MAPPING);
    job->mappings = arena_alloc(&job->arena, (value->count + 1) * sizeof *job->mappings);
    for (const struct job_node *member = value->first; member; member = member->next) {
        struct job_mapping *mapping = &job->mappings[job->mapping_count];
        *mapping = (struct job_mapping){0};
        if (read_mapping(reader, member, mapping) != 0)
            return -1;
        job->mapping_count++;
    }
    if (!job_mapping_of(job, FIELD_EXTERNAL_ID))
        return job_keys_fail_at_key(
            reader, value, "`external_id` is not mapped: it is the key by which a customer is known");
    return 0;
}
