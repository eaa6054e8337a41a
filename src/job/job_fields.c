#include <stdlib.h>
#include <string.h>

#include "job/job_dates.h"
#include "job/job_documents.h"
#include "job/job_parts.h"
#include "job/job_scalar.h"
#include "job/job_sources.h"

static bool is_list(enum field_id field)
{
    enum field_type type = field_type(field);
    return type == FIELD_TYPE_COUNTRY_LIST || type == FIELD_TYPE_TEXT_LIST;
}

static int read_split(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice split;
    if (job_scalar_read(reader, value, &split) != 0)
        return -1;
    if (!is_list(mapping->field))
        return job_keys_fail_at_key(
            reader, value,
            "`%s` has one value, so it has no `split`\nhint: a part of a value is taken by `match` and `replace`",
            field_name(mapping->field));
    mapping->split = split.data;
    return 0;
}

static int read_values(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    if (value->kind != JOB_NODE_MAPPING)
        return job_keys_fail_kind(reader, value, JOB_NODE_MAPPING);
    mapping->values = arena_alloc(&reader->job->arena, (value->count + 1) * sizeof *mapping->values);
    for (const struct job_node *member = value->first; member; member = member->next) {
        struct slice to;
        if (job_scalar_read(reader, member, &to) != 0)
            return -1;
        mapping->values[mapping->value_count++] = (struct job_value_map){member->key, to, member->place};
    }
    return 0;
}

static int read_otherwise(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice otherwise;
    if (job_scalar_read(reader, value, &otherwise) != 0)
        return -1;
    mapping->otherwise = otherwise.data;
    mapping->otherwise_place = value->place;
    return 0;
}

static int read_constant(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                         void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice constant;
    if (job_scalar_read(reader, value, &constant) != 0)
        return -1;
    mapping->constant = constant.data;
    return 0;
}

static const struct job_key mapping_keys[] = {
    {"column", .read = job_sources_read_column},
    {"columns", .read = job_sources_read_columns},
    {"join", .read = job_sources_read_join},
    {"match", .read = job_sources_read_match},
    {"replace", .read = job_sources_read_replace},
    {"unmatched", .read = job_sources_read_unmatched},
    {"default", .read = job_sources_read_default},
    {"country", .read = job_sources_read_country},
    {"format", .read = job_dates_read_format},
    {"century", .read = job_dates_read_century, .min = JOB_CENTURY_MIN, .max = JOB_CENTURY_MAX},
    {"locale", .read = job_dates_read_locale},
    {"zone", .read = job_dates_read_zone},
    {"time", .read = job_dates_read_time},
    {"split", .read = read_split},
    {"values", .read = read_values},
    {"otherwise", .read = read_otherwise},
    {"value", .read = read_constant},
    {0},
};

/* The keys that go together. field: the mapping's node. */
static int check_keys(struct job_reader *reader, const struct job_node *field,
                      const struct job_mapping *mapping)
{
    const char *name = field_name(mapping->field);
    const struct job_node *constant = job_yaml_member(field, SLICE_LITERAL("value"));
    if (mapping->column_count == 0 && !constant)
        return job_keys_fail(
            reader, field,
            "`%s` needs a `column` or a `value`\nhint: as in {column: A}, or {value: X} for all records",
            name);
    if (mapping->column_count && constant)
        return job_keys_fail_at_key(
            reader, constant,
            "`%s` has %s, so it has no `value`\nhint: the value of records without one is `default`", name,
            job_yaml_member(field, SLICE_LITERAL("columns")) ? "`columns`" : "a `column`");
    for (const struct job_node *beside = constant ? field->first : NULL; beside; beside = beside->next)
        if (beside != constant)
            return job_keys_fail_at_key(
                reader, beside,
                "`%s` has a `value`, the same for every record, so it has no `%s`\nhint: remove `%s`, or name a `column` in place of `value`",
                name, beside->key.data, beside->key.data);
    const struct job_node *otherwise = job_yaml_member(field, SLICE_LITERAL("otherwise"));
    if (otherwise && !mapping->values)
        return job_keys_fail_at_key(
            reader, otherwise,
            "`otherwise` needs `values` beside it\nhint: as in {column: A, values: {X: Y}, otherwise: Z}");
    if (job_sources_check(reader, field, mapping) != 0)
        return -1;
    return job_dates_check(reader, field, mapping);
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

/* Adds the mapping of a field whose source is this node. */
static int read_source(struct job_reader *reader, const struct job_node *source, enum field_id field)
{
    struct job_mapping *mapping = &reader->job->mappings[reader->job->mapping_count];
    *mapping =
        (struct job_mapping){.field = field, .place = source->origin ? source->place : source->key_place};
    if (source->kind == JOB_NODE_MAPPING) {
        if (job_keys_read(reader, source, mapping_keys, field_name(field), mapping) != 0 ||
            check_keys(reader, source, mapping) != 0)
            return -1;
        mapping->is_auto =
            field == FIELD_CLIENT_IDENTIFIER && mapping->constant && strcmp(mapping->constant, "auto") == 0;
    } else if (field == FIELD_CLIENT_IDENTIFIER && source->kind == JOB_NODE_SCALAR &&
               slice_is(source->text, "auto")) {
        mapping->constant = "auto";
        mapping->is_auto = true;
    } else if (job_sources_read_column(reader, source, NULL, mapping) != 0) {
        return -1;
    }
    reader->job->mapping_count++;
    return 0;
}

static int read_member(struct job_reader *reader, const struct job_node *member)
{
    enum field_id field;
    if (slice_is(member->key, JOB_DOCUMENTS_KEY))
        return job_documents_each(reader, member, read_source);
    if (field_group_of_name(member->key) == FIELD_GROUP_DOCUMENTS)
        return job_keys_fail_at_key(
            reader, member,
            "`%s` is a part of an entry of `documents`\nhint: as in documents: [{type: {value: passport}, number: A}]",
            member->key.data);
    return find_field(reader, member, &field) != 0 ? -1 : read_source(reader, member, field);
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
        enum field_group group = member->key.data ? field_group_of_name(member->key) : FIELD_GROUP_NONE;
        if (group == FIELD_GROUP_NONE || group == FIELD_GROUP_DOCUMENTS)
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
    const struct job_node *documents = part && part->kind == JOB_NODE_MAPPING
                                           ? job_yaml_member(part, SLICE_LITERAL(JOB_DOCUMENTS_KEY))
                                           : NULL;
    return job_documents_define(reader, documents);
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
    job->mappings =
        arena_alloc(&job->arena, (value->count + field_count() - FIELD_COUNT) * sizeof *job->mappings);
    for (const struct job_node *member = value->first; member; member = member->next)
        if (read_member(reader, member) != 0)
            return -1;
    if (!job_mapping_of(job, FIELD_EXTERNAL_ID))
        return job_keys_fail_at_key(
            reader, value, "`external_id` is not mapped: it is the key by which a customer is known");
    return 0;
}
