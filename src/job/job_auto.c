#include "job/job_auto.h"

#include <string.h>

#include "core/log.h"
#include "model/column_names.h"
#include "model/synonyms.h"

static bool is_wanted(const struct job *job, const struct provider_fields *fields, enum field_id field)
{
    return field == FIELD_EXTERNAL_ID || field == FIELD_CUSTOMER_TYPE || field == FIELD_COUNTRY ||
           provider_fields_find(fields, field) || job_rules_use(job, field);
}

static int fail_rivals(const struct job *job, enum field_id field, const struct slice *columns,
                       const struct synonym_match *match, struct error *error)
{
    struct slice first = columns[match->column], second = columns[match->rival];

    return job_fail(
        job, job->fields_place, error,
        "the columns \"%.*s\" (number %zu) and \"%.*s\" (number %zu) fit %s equally well\nhint: write `fields` out and name one of them; kyc-import guess writes the rest",
        (int)first.len, first.data, match->column + 1, (int)second.len, second.data, match->rival + 1,
        field_name(field));
}

static int fail_without_key(struct job *job, const struct slice *columns, size_t column_count,
                            struct error *error)
{
    const char *hint;
    struct slice header = column_names_describe(columns, column_count, &job->arena, &hint);
    job_fail(job, job->fields_place, error, "no column fits external_id, the key of a customer%.*s\nhint: %s",
             (int)header.len, header.data, hint ? hint : "write `fields` out");
    error->quotes_input = true;
    return -1;
}

int job_auto_match(struct job *job, const struct provider_fields *fields, const struct slice *columns,
                   size_t column_count, struct error *error)
{
    struct synonym_match matches[FIELD_COUNT];

    if (!job->fields_auto)
        return 0;
    if (column_count == 0)
        return job_fail(
            job, job->fields_place, error,
            "`fields: auto` matches a header, and NDJSON has none\nhint: `kyc-import guess %s --provider %s` writes the fields out from the objects themselves",
            job->input.paths[0], job->provider.name);
    synonyms_match(columns, column_count, matches);
    if (matches[FIELD_EXTERNAL_ID].column == SYNONYMS_NO_COLUMN)
        return fail_without_key(job, columns, column_count, error);
    job->mappings = arena_alloc(&job->arena, FIELD_COUNT * sizeof *job->mappings);
    job->mapping_count = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct synonym_match *match = &matches[i];
        enum field_id field = (enum field_id)i;
        const struct provider_field *item = provider_fields_find(fields, field);
        bool needed = field == FIELD_EXTERNAL_ID || (item && item->required);
        if (match->column == SYNONYMS_NO_COLUMN || !is_wanted(job, fields, field) ||
            (match->fit == SYNONYM_WEAK && !needed))
            continue;
        if (match->rival != SYNONYMS_NO_COLUMN)
            return fail_rivals(job, field, columns, match, error);
        struct job_column *column = arena_alloc(&job->arena, sizeof *column);
        *column =
            (struct job_column){arena_copy(&job->arena, columns[match->column]).data, job->fields_place};
        job->mappings[job->mapping_count++] = (struct job_mapping){
            .field = field, .place = job->fields_place, .columns = column, .column_count = 1};
        log_info("fields: auto: %s from column \"%s\"", field_name(field), column->name);
    }
    return 0;
}
