#include <stdlib.h>
#include <string.h>

#include "job/job_parts.h"
#include "job/job_scalar.h"

enum { DATE_FORMAT_MAX = 32 };

/* One field while its mapping is read: the keys that it had, to judge what goes together. */
struct draft {
    struct job_mapping *mapping;
    const struct job_node *format, *split, *values, *otherwise, *constant;
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
    draft->mapping->column = column.at;
    draft->mapping->column_place = value->place;
    return 0;
}

/* What stands at the start of a date format; the length, 0 when it is no part of a date. */
static size_t date_part(const char *at, unsigned *which)
{
    static const struct {
        const char *text;
        unsigned which;
    } parts[] = {{"YYYY", 4}, {"MM", 2}, {"M", 2}, {"DD", 1}, {"D", 1}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t len = strlen(parts[i].text);
        if (strncmp(at, parts[i].text, len) == 0) {
            *which = parts[i].which;
            return len;
        }
    }
    return 0;
}

static bool is_letter_or_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* Day, month and year once each, separators between; NULL when it is so, else what is wrong. */
static const char *date_format_fault(const char *format)
{
    unsigned seen = 0;
    bool after_open = false; /* right after a D or M, whose length is open */
    bool after_part = false;
    for (const char *at = format; *at;) {
        unsigned which = 0;
        size_t len = date_part(at, &which);
        if (len == 0) {
            if (is_letter_or_digit(*at))
                return "it is made of DD, MM, YYYY, D, M and separators";
            after_open = after_part = false;
            at++;
            continue;
        }
        if (seen & which)
            return "day, month and year stand in it once each, the year with four digits";
        if (after_open || (len == 1 && after_part))
            return "a D or M needs a separator on both sides: its length is open";
        seen |= which;
        after_open = len == 1;
        after_part = true;
        at += len;
    }
    return seen == 7 ? NULL : "day, month and year stand in it once each, the year with four digits";
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
    if (field_type(draft->mapping->field) != FIELD_TYPE_DATE)
        return job_keys_fail_at_key(reader, value, "`%s` is no date, so it has no `format`",
                                    field_name(draft->mapping->field));
    const char *fault = format.len > DATE_FORMAT_MAX ? "it is too long" : date_format_fault(format.at);
    if (fault)
        return job_keys_fail(reader, value, "`%s` is no date format: %s, as in `DD/MM/YYYY`", format.at,
                             fault);
    draft->mapping->format = format.at;
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
        return job_keys_fail_at_key(reader, value, "`%s` takes one value, so it has no `split`",
                                    field_name(draft->mapping->field));
    draft->mapping->split = split.at;
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
    draft->mapping->otherwise = otherwise.at;
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
    draft->mapping->constant = constant.at;
    return 0;
}

static const struct job_key mapping_keys[] = {
    {"column", .read = read_column},
    {"format", .read = read_date_format},
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
        return job_keys_fail_at_key(reader, draft->constant, "`%s` has a `column`, and so no `value`", name);
    const struct job_node *beside[] = {draft->format, draft->split, draft->values, draft->otherwise};
    for (size_t at = 0; mapping->constant && at < sizeof beside / sizeof beside[0]; at++)
        if (beside[at])
            return job_keys_fail_at_key(reader, beside[at],
                                        "`%s` has a `value`, the same for every record, and so no `%s`", name,
                                        beside[at]->key.at);
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
        arena_printf(&reader->job->arena, "there is no customer field `%s`", member->key.at);
    return job_keys_fail_name(reader, member, true, message.at, member->key, field_names());
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
    return strcmp(first->at, second->at);
}

static int check_own_name(struct job_reader *reader, const struct job_node *member)
{
    if (slice_is(member->key, "metadata.external_id"))
        return job_keys_fail_at_key(
            reader, member, "`metadata.external_id` is where the key goes by itself; name it otherwise");
    if (member->key.len >= FIELD_OWN_NAME_SIZE)
        return job_keys_fail_at_key(reader, member, "`%s` is too long: at most %d bytes", member->key.at,
                                    FIELD_OWN_NAME_SIZE - 1);
    return 0;
}

int job_fields_define(struct job_reader *reader, const struct job_node *top)
{
    struct slice names[FIELD_OWN_MAX];
    size_t count = 0;
    const struct job_node *part = job_yaml_member(top, SLICE_LITERAL("fields"));
    for (const struct job_node *member = part ? part->first : NULL; member; member = member->next) {
        if (!member->key.at || field_group_of_name(member->key) == FIELD_GROUP_NONE)
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
