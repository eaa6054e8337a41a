#include "job/job_sources.h"

#include <string.h>

#include "job/job_scalar.h"
#include "model/country.h"

enum { COLUMNS_MAX = 64 };

int job_sources_read_column(struct job_reader *reader, const struct job_node *value,
                            const struct job_key *key, void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice column;
    if (value->kind == JOB_NODE_LIST)
        return job_keys_fail(
            reader, value,
            "`%s` should be a value, and is a list\nhint: {columns: [A, B]} is the first of them with a value; with join: \" \" it is all of them",
            value->key.data);
    if (job_scalar_read(reader, value, &column) != 0)
        return -1;
    mapping->columns = arena_alloc(&reader->job->arena, sizeof *mapping->columns);
    *mapping->columns = (struct job_column){column.data, value->place};
    mapping->column_count = 1;
    return 0;
}

int job_sources_read_columns(struct job_reader *reader, const struct job_node *value,
                             const struct job_key *key, void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    if (value->kind != JOB_NODE_LIST || value->count == 0)
        return job_keys_fail(
            reader, value,
            "`columns` is a list of column names\nhint: as in {columns: [A, B]}; a single one is {column: A}");
    if (value->count > COLUMNS_MAX)
        return job_keys_fail(reader, value, "`columns` has %zu names; the maximum is %d\nhint: remove some",
                             value->count, COLUMNS_MAX);
    struct job_column *columns = arena_alloc(&reader->job->arena, value->count * sizeof *columns);
    size_t count = 0;
    for (const struct job_node *item = value->first; item; item = item->next) {
        struct slice name;
        if (job_scalar_read(reader, item, &name) != 0)
            return -1;
        for (size_t i = 0; i < count; i++)
            if (strcmp(columns[i].name, name.data) == 0)
                return job_keys_fail(reader, item, "`columns` names \"%s\" twice\nhint: remove one of them",
                                     name.data);
        columns[count++] = (struct job_column){name.data, item->place};
    }
    mapping->columns = columns;
    mapping->column_count = count;
    return 0;
}

/* A text that may be empty; then it is written in quotes. */
static int read_any_text(struct job_reader *reader, const struct job_node *value, const char **text)
{
    if (value->kind != JOB_NODE_SCALAR || job_yaml_is_null(value))
        return job_keys_fail_kind(reader, value, JOB_NODE_SCALAR);
    *text = value->text.data;
    return 0;
}

int job_sources_read_join(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    return read_any_text(reader, value, &mapping->join);
}

int job_sources_read_match(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                           void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice pattern;
    if (job_scalar_read(reader, value, &pattern) != 0)
        return -1;
    mapping->match = pattern.data;
    mapping->match_place = value->place;
    return 0;
}

int job_sources_read_replace(struct job_reader *reader, const struct job_node *value,
                             const struct job_key *key, void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    mapping->replace_place = value->place;
    return read_any_text(reader, value, &mapping->replace);
}

int job_sources_read_unmatched(struct job_reader *reader, const struct job_node *value,
                               const struct job_key *key, void *target)
{
    static const char *const words[] = {[JOB_UNMATCHED_REJECT] = "reject",
                                        [JOB_UNMATCHED_KEEP] = "keep",
                                        [JOB_UNMATCHED_EMPTY] = "empty",
                                        NULL};
    struct job_mapping *mapping = target;
    int word = 0;
    const struct job_key row = {.name = key->name, .words = words};
    if (job_scalar_word(reader, value, &row, &word) != 0)
        return -1;
    mapping->unmatched = (enum job_unmatched)word;
    return 0;
}

int job_sources_read_default(struct job_reader *reader, const struct job_node *value,
                             const struct job_key *key, void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice text;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    mapping->fallback = text.data;
    mapping->fallback_place = value->place;
    return 0;
}

int job_sources_read_country(struct job_reader *reader, const struct job_node *value,
                             const struct job_key *key, void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    const struct country *country;
    const char *names;
    struct slice text;
    if (job_scalar_read(reader, value, &text) != 0)
        return -1;
    if (field_type(mapping->field) != FIELD_TYPE_PHONE)
        return job_keys_fail_at_key(
            reader, value,
            "`%s` is not a phone number, so it has no `country`\nhint: a value for records without one is `default: …`",
            field_name(mapping->field));
    if (country_read(text, &reader->job->arena, &country, &names) != COUNTRY_FOUND)
        return job_keys_fail(
            reader, value,
            "`%s` is not a country\nhint: write its code of ISO 3166-1, as in {column: mobile, country: DE}",
            text.data);
    mapping->phone_country = country->alpha2;
    return 0;
}

/* A key that has no effect without another. hint: how both are written. */
static int need_beside(struct job_reader *reader, const struct job_node *field, struct slice key,
                       const char *other, const char *hint)
{
    const struct job_node *node = job_yaml_member(field, key);
    if (!node || job_yaml_member(field, slice_from(other)))
        return 0;
    return job_keys_fail_at_key(reader, node, "`%s` needs `%s` beside it\nhint: as in %s", key.data, other,
                                hint);
}

/* Where there is no value, one setting alone says what is sent. */
static int check_absence(struct job_reader *reader, const struct job_node *field,
                         const struct job_mapping *mapping)
{
    const struct job_node *fallback = job_yaml_member(field, SLICE_LITERAL("default"));
    const struct job_node *values = job_yaml_member(field, SLICE_LITERAL("values"));
    const struct job_node *empty = values ? job_yaml_member(values, SLICE_LITERAL("")) : NULL;
    if (fallback && empty)
        return job_keys_fail_at_key(
            reader, empty,
            "`%s` has a `default`, so its `values` have no \"\": both are for records without a value\nhint: remove one of them",
            field_name(mapping->field));
    if (mapping->field == FIELD_EXTERNAL_ID && (fallback || empty))
        return job_keys_fail_at_key(
            reader, fallback ? fallback : empty,
            "`external_id` is the key of one customer, so there is no value for records without one\nhint: remove it; a record without a key is rejected");
    return 0;
}

int job_sources_check(struct job_reader *reader, const struct job_node *field,
                      const struct job_mapping *mapping)
{
    const struct job_node *columns = job_yaml_member(field, SLICE_LITERAL("columns"));
    if (columns && job_yaml_member(field, SLICE_LITERAL("column")))
        return job_keys_fail_at_key(
            reader, columns,
            "`%s` has a `column`, so it has no `columns`\nhint: write all names in `columns`",
            field_name(mapping->field));
    if (need_beside(reader, field, SLICE_LITERAL("join"), "columns", "{columns: [A, B], join: \" \"}") != 0 ||
        need_beside(reader, field, SLICE_LITERAL("replace"), "match",
                    "{column: A, match: '(\\S+) .*', replace: '$1'}") != 0 ||
        need_beside(reader, field, SLICE_LITERAL("unmatched"), "match",
                    "{column: A, match: '\\d+', unmatched: empty}") != 0)
        return -1;
    const struct job_node *unmatched = job_yaml_member(field, SLICE_LITERAL("unmatched"));
    if (unmatched && mapping->unmatched == JOB_UNMATCHED_KEEP && !mapping->replace)
        job_note(
            reader->job, unmatched->place,
            "`match` of `%s` has no effect: `unmatched: keep` takes every value, and there is no `replace`",
            field_name(mapping->field));
    return check_absence(reader, field, mapping);
}
