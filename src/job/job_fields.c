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
        if (member->kind == JOB_NODE_SCALAR && !job_yaml_is_null(member) && member->text.len == 0)
            return job_keys_fail(
                reader, member,
                "`%s` has no value\nhint: write the value to send, or name a word that means none in input.null_values",
                member->key.data);
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
    if (value->kind == JOB_NODE_SCALAR && !job_yaml_is_null(value) && value->text.len == 0)
        return job_keys_fail(
            reader, value,
            "`otherwise` is empty\nhint: to send no value for other words, use `match: 'WORD|WORD', unmatched: empty` in its place");
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

/* Examples: lines of `fields`. */
const struct job_key job_mapping_keys[] = {
    {"column", .read = job_sources_read_column, .form = "name of a column, or path of an NDJSON object",
     .absent = "a source has column, columns or value",
     .help = "the column that has the value; `email: mail` is short for `email: {column: mail}`",
     .example = "email: {column: mail}"},
    {"columns", .read = job_sources_read_columns, .form = "list of columns", .absent = "none",
     .help = "the first of these columns that has a value; with join all their values",
     .example = "phone: {columns: [mobile, landline]}"},
    {"join", .read = job_sources_read_join, .form = "text, which may be empty", .absent = "none",
     .help = "the text between the values of columns",
     .example = "address_line1: {columns: [street, number], join: \" \"}"},
    {"match", .read = job_sources_read_match, .form = "pattern (PCRE2)", .absent = "none",
     .help = "what the trimmed value must match, from its first to its last character",
     .example = "first_name: {column: full_name, match: '(.+) (\\S+)', replace: '$1'}"},
    {"replace", .read = job_sources_read_replace, .form = "text, which may be empty", .absent = "none",
     .help =
         "the new value of what matched: $1 or ${name} a group, $$ a dollar sign, ${2:-x} with a default, \\U$1 in capitals",
     .example = "last_name: {column: full_name, match: '(.+) (\\S+)', replace: '$2'}"},
    {"unmatched", .read = job_sources_read_unmatched, .form = "reject, keep or empty", .standard = "reject",
     .help =
         "what becomes of a value that match does not match: FIELD/match, the value as it is, or no value",
     .example =
         "middle_name: {column: full_name, match: '\\S+ (\\S+) \\S+', replace: '$1', unmatched: empty}"},
    {"default", .read = job_sources_read_default, .form = "text", .absent = "none",
     .help = "the value of records without one; it is mapped by values like a cell",
     .example = "country: {column: country, default: DE}"},
    {"country", .read = job_sources_read_country, .form = "country", .absent = "the record's",
     .help = "of a phone: the country whose national numbers the column has",
     .example = "phone: {column: mobile, country: DE}"},
    {"format", .read = job_dates_read_format, .form = "date form, or list of them", .absent = "ISO 8601 only",
     .help = "of a date: the forms in which it is read, beside those of ISO 8601",
     .example = "date_of_birth: {column: dob, format: [DD/MM/YYYY, 'MMM D, YYYY', excel]}"},
    {"century", .read = job_dates_read_century, .min = JOB_CENTURY_MIN, .max = JOB_CENTURY_MAX,
     .form = "year", .absent = "required by YY",
     .help = "of a date with YY: the first of the 100 years that two digits mean",
     .example = "date_of_birth: {column: dob, format: DD.MM.YY, century: 1930}"},
    {"locale", .read = job_dates_read_locale, .form = "locale, such as de or fr-CA", .absent = "English",
     .help = "of a date with MMM or MMMM: the language of the names of months, beside English",
     .example = "date_of_birth: {column: geboren, format: D. MMMM YYYY, locale: de}"},
    {"zone", .read = job_dates_read_zone, .form = "time zone, such as Europe/Berlin", .absent = "none",
     .help = "of a date with a time: the zone in which the time must be the start of a day",
     .example = "date_of_birth: {column: created, format: unix_ms, zone: Europe/Berlin}"},
    {"time", .read = job_dates_read_time, .form = "drop", .absent = "a time must be the start of a day",
     .help = "of a date: drop takes the day as it is written, whatever time is behind it",
     .example = "date_of_birth: {column: dob, time: drop}"},
    {"split", .read = read_split, .form = "text", .absent = "one item",
     .help = "of a list: the text between its items",
     .example = "nationalities: {column: nats, split: \"|\"}"},
    {"values", .read = read_values, .form = "mapping of words and values", .absent = "none",
     .help =
         "the value to send for each word of the export, as written there; \"\" is for records without a value",
     .example = "occupation: {column: job_title, values: {Engineer: computers_and_it, Nurse: healthcare}}"},
    {"otherwise", .read = read_otherwise, .form = "text", .absent = "other words stay as they are",
     .help =
         "the value for all words that values lacks; of an enumeration only for those that the provider does not accept",
     .example = "occupation: {column: job_title, values: {Engineer: computers_and_it}, otherwise: other}"},
    {"value", .read = read_constant, .form = "text", .absent = "none",
     .help = "the same value for every record, instead of a column", .example = "language: {value: en}"},
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
    job_keys_defaults(reader, job_mapping_keys, mapping);
    if (source->kind == JOB_NODE_MAPPING) {
        if (job_keys_read(reader, source, job_mapping_keys, field_name(field), mapping) != 0 ||
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
