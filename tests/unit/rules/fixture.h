/* fixture: a job, a provider and a row in memory, for the tests of the rules. */
#ifndef TESTS_RULES_FIXTURE_H
#define TESTS_RULES_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "rules/rule_worker.h"
#include "unit/job_parts.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { FIXTURE_MAX = 24, TODAY = 20454 }; /* 2026-01-01 */

static const char *const fixture_occupations[] = {"computers_and_it", "healthcare", "other", "self_employed",
                                                  NULL};
static const char *const fixture_also[] = {"XK", "0C", NULL};
static const char *const fixture_refused[] = {"KP", NULL};

/* A provider that asks for little, so that a row of a test holds what it is about. */
static const struct provider_field fixture_fields[] = {
    {.field = FIELD_EXTERNAL_ID, .slot = 0, .required = true, .max_chars = 128},
    {.field = FIELD_CUSTOMER_TYPE, .slot = 1, .values = provider_fields_individuals},
    {.field = FIELD_EMAIL, .slot = 1},
    {.field = FIELD_PHONE, .slot = 2},
    {.field = FIELD_FIRST_NAME, .slot = 3, .max_chars = 10},
    {.field = FIELD_LAST_NAME, .slot = 3, .required = true},
    {.field = FIELD_DATE_OF_BIRTH, .slot = 4},
    {.field = FIELD_CITY, .slot = 5},
    {.field = FIELD_STATE, .slot = 5},
    {.field = FIELD_POSTAL_CODE, .slot = 5},
    {.field = FIELD_COUNTRY, .slot = 5, .refused_countries = fixture_refused},
    {.field = FIELD_NATIONALITIES, .slot = 6, .extra_countries = fixture_also},
    {.field = FIELD_TAX_ID, .slot = 7, .max_chars = 10},
    {.field = FIELD_TAX_COUNTRY, .slot = 7},
    {.field = FIELD_LANGUAGE, .slot = 8},
    {.field = FIELD_OCCUPATION, .slot = 9, .values = fixture_occupations},
    {.field = FIELD_EMPLOYER_NAME, .slot = 10},
    {.field = FIELD_PEP_STATUS, .slot = 11},
    {.field = FIELD_TOS_VERSION, .slot = 12},
    {.field = FIELD_NATIONAL_ID, .slot = 13},
    {.field = FIELD_DOCUMENT_EXPIRY, .slot = 13},
    {.field = FIELD_DOCUMENT_FRONT, .slot = 13},
    {.field = FIELD_CLIENT_IDENTIFIER, .slot = 13},
    {.field = FIELD_CLIENT_IDENTIFIER_CALCULATED_AT, .slot = 13},
};
static const struct provider_fields fixture_provider = {
    .fields = fixture_fields, .field_count = COUNT(fixture_fields), .slot_count = 14};

struct fixture {
    struct job job;
    const struct provider_fields *provider; /* fixture_provider, unless a test says otherwise */
    struct job_mapping mappings[FIXTURE_MAX];
    struct job_column sources[FIXTURE_MAX];
    struct job_rule rules[FIXTURE_MAX];
    struct job_condition condition;
    struct slice nulls[2];
    struct slice columns[FIXTURE_MAX], cells[FIXTURE_MAX];
    size_t column_count;
    struct arena arena;
    struct rule_set *set;
    struct job_setting_value settings[JOB_PARTS_MAX];
    struct rule_worker *worker;
    struct record record;
    struct error error;
};

/* external_id and last_name are always there and good. */
static inline struct fixture *fixture_new(void)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->provider = &fixture_provider;
    fixture->job.path = "test.yaml";
    fixture->job.provider.name = "fixture";
    fixture->job.mappings = fixture->mappings;
    fixture->job.rules = fixture->rules;
    fixture->job.unique_count = 1;
    fixture->nulls[0] = slice_from("");
    fixture->nulls[1] = slice_from("N/A");
    fixture->job.input.null_values = fixture->nulls;
    fixture->job.input.null_count = 2;
    arena_init(&fixture->arena, 65536);
    return fixture;
}

static inline void fixture_free(struct fixture *fixture)
{
    rule_worker_free(fixture->worker);
    rule_set_free(fixture->set);
    arena_clear(&fixture->arena);
    free(fixture);
}

/* Maps a field to a column of its own name that holds cell. */
static inline struct job_mapping *fixture_map(struct fixture *fixture, enum field_id field, const char *cell)
{
    for (size_t i = 0; i < fixture->job.mapping_count; i++) {
        if (fixture->mappings[i].field == field) {
            fixture->cells[i] = slice_from(cell);
            return &fixture->mappings[i];
        }
    }
    size_t index = fixture->job.mapping_count++;
    fixture->sources[index] = (struct job_column){.name = field_name(field)};
    fixture->mappings[index] =
        (struct job_mapping){.field = field, .columns = &fixture->sources[index], .column_count = 1};
    fixture->columns[fixture->column_count] = slice_from(field_name(field));
    fixture->cells[fixture->column_count++] = slice_from(cell);
    return &fixture->mappings[index];
}

static inline struct job_rule *fixture_rule(struct fixture *fixture, enum job_rule_kind kind,
                                            enum field_id field)
{
    struct job_rule *rule = &fixture->rules[fixture->job.rule_count++];
    *rule = (struct job_rule){.kind = kind, .field = field, .level = VERDICT_REJECT};
    return rule;
}

static inline void fixture_when(struct fixture *fixture, struct job_rule *rule, enum field_id field,
                                const char *value)
{
    fixture->condition = (struct job_condition){field, slice_from(value)};
    rule->conditions = &fixture->condition;
    rule->condition_count = 1;
}

static inline bool fixture_build(struct fixture *fixture)
{
    if (!job_mapping_of(&fixture->job, FIELD_EXTERNAL_ID))
        fixture_map(fixture, FIELD_EXTERNAL_ID, "C-1");
    if (!job_mapping_of(&fixture->job, FIELD_LAST_NAME))
        fixture_map(fixture, FIELD_LAST_NAME, "Example");
    rule_worker_free(fixture->worker);
    rule_set_free(fixture->set);
    fixture->worker = NULL;
    fixture->set = rule_set_new(&fixture->job, fixture->provider, fixture->columns, fixture->column_count,
                                TODAY, &fixture->error);
    if (fixture->set)
        fixture->worker = rule_worker_new(fixture->set);
    return fixture->set != NULL;
}

/* The verdicts of the row as `phone/format email/required(warn)`, in order; in the arena. */
static inline const char *fixture_verdicts(struct fixture *fixture)
{
    struct slice text = slice_from("");
    for (size_t i = 0; i < fixture->record.verdict_count; i++) {
        const struct verdict *verdict = &fixture->record.verdicts[i];
        text = arena_printf(&fixture->arena, "%s%s%s/%s%s", text.data, text.len ? " " : "",
                            field_name(verdict->field), verdict->rule,
                            verdict->level == VERDICT_WARN ? "(warn)" : "");
    }
    return text.data;
}

/* Validates the row. Returns its verdicts. */
static inline const char *fixture_validate(struct fixture *fixture)
{
    if (!fixture->set && !fixture_build(fixture))
        fail_msg("%s", fixture->error.text);
    memset(&fixture->record, 0, sizeof fixture->record);
    fixture->record.cells = fixture->cells;
    fixture->record.cell_count = fixture->column_count;
    rule_worker_validate(fixture->worker, &fixture->record, &fixture->arena);
    return fixture_verdicts(fixture);
}

/* A field's normal form, separators as `|`; `-` when absent, `!` when failed. */
static inline const char *fixture_value(struct fixture *fixture, enum field_id field)
{
    const struct value *value = &fixture->record.values[field];
    if (value->state != VALUE_PRESENT)
        return value->state == VALUE_ABSENT ? "-" : "!";
    struct slice text = arena_copy(&fixture->arena, value->text);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == VALUE_SEPARATOR)
            ((char *)(uintptr_t)text.data)[i] = '|';
    return text.data;
}

#endif
