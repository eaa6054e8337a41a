#include "job/job_parts.h"
#include "job/job_scalar.h"

/* One condition while it is read. */
struct draft {
    struct job_where *where;
    const struct job_node *column, *match, *not_match; /* NULL: not given */
};

static int read_column(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice name;
    draft->column = value;
    if (job_scalar_read(reader, value, &name) != 0)
        return -1;
    draft->where->column = (struct job_column){name.data, value->place};
    return 0;
}

static int read_pattern(struct job_reader *reader, const struct job_node *value, struct job_where *where)
{
    struct slice pattern;
    if (job_scalar_read(reader, value, &pattern) != 0)
        return -1;
    where->pattern = pattern.data;
    where->pattern_place = value->place;
    return 0;
}

static int read_match(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    (void)key;
    struct draft *draft = target;
    draft->match = value;
    draft->where->must_match = true;
    return read_pattern(reader, value, draft->where);
}

static int read_not_match(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct draft *draft = target;
    draft->not_match = value;
    return read_pattern(reader, value, draft->where);
}

const struct job_key job_where_keys[] = {
    {"column", .read = read_column, .form = "name of a column, or path of an NDJSON object",
     .absent = "required", .help = "the column of the export, mapped or not",
     .example = "{column: status, must_match: '^active$'}"},
    {"must_match", .read = read_match, .form = "pattern (PCRE2)", .absent = "one of both is required",
     .help = "the condition holds if this is found in the trimmed value; a null value is the empty text",
     .example = "{column: deleted_at, must_match: '^$'}"},
    {"must_not_match", .read = read_not_match, .form = "pattern (PCRE2)", .absent = "one of both is required",
     .help = "the condition holds if this is not found in it",
     .example = "{column: email, must_not_match: '@example\\.com$'}"},
    {0},
};

static int check_draft(struct job_reader *reader, const struct job_node *item, const struct draft *draft)
{
    if (!draft->column)
        return job_keys_fail(
            reader, item,
            "this condition needs a `column`\nhint: as in {column: status, must_match: '^active$'}");
    if (draft->match && draft->not_match)
        return job_keys_fail(
            reader, item,
            "a condition has one of `must_match` and `must_not_match`, not both\nhint: write two conditions; both must hold");
    if (!draft->match && !draft->not_match)
        return job_keys_fail(
            reader, item,
            "this condition needs `must_match` or `must_not_match`\nhint: as in {column: status, must_match: '^active$'}");
    return 0;
}

int job_where_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                   void *target)
{
    (void)key;
    struct job_input *input = target;
    if (value->kind != JOB_NODE_LIST)
        return job_keys_fail_kind(reader, value, JOB_NODE_LIST);
    if (value->count == 0)
        return job_keys_fail(reader, value,
                             "`where` is an empty list\nhint: leave it out to import every record");
    input->where = arena_alloc(&reader->job->arena, value->count * sizeof *input->where);
    input->where_count = 0;
    for (const struct job_node *item = value->first; item; item = item->next) {
        struct job_where *where = &input->where[input->where_count++];
        *where = (struct job_where){.pattern = NULL};
        struct draft draft = {.where = where};
        if (job_keys_read(reader, item, job_where_keys, "where", &draft) != 0 ||
            check_draft(reader, item, &draft) != 0)
            return -1;
    }
    return 0;
}
