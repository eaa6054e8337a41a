#include "rules/rule_set.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/safe_open.h"
#include "core/text.h"
#include "model/column_names.h"
#include "model/job_setting.h"
#include "rules/custom_rule.h"
#include "rules/damage.h"
#include "rules/field_source.h"
#include "rules/mojibake.h"
#include "rules/ndjson_paths.h"
#include "rules/plan_values.h"
#include "rules/row_filter.h"
#include "rules/verifiable.h"

enum { SET_ARENA_CHUNK = 16 * 1024, AGE_MAX_YEARS = 120, KEY_MAX_CHARS = 128, NULL_LENGTHS = 63 };

/* The set under construction. */
struct builder {
    struct rule_set *set;
    const struct slice *columns;
    size_t column_count;
    struct error *error;
};

/* The provider's row of a field; NULL: it has no place for it. */
static const struct provider_field *find_row(const struct rule_set *set, enum field_id field)
{
    if (!set->is_birth_country_sent || (field != FIELD_BIRTH_COUNTRY && field != FIELD_NATIONALITIES))
        return provider_fields_find(set->fields, field);
    return field == FIELD_BIRTH_COUNTRY ? provider_fields_find(set->fields, FIELD_NATIONALITIES) : NULL;
}

/* True when a mapped field is read: the provider accepts it, or a rule or another field depends on it. */
static bool is_read(const struct rule_set *set, const struct job_mapping *mapping)
{
    enum field_id field = mapping->field;
    if (find_row(set, field))
        return true;
    if (set->is_birth_country_sent && field == FIELD_NATIONALITIES) {
        job_note(set->job, mapping->place,
                 "provider.nationality is birth_country: nationalities are not read, nor sent");
        return false;
    }
    bool is_dependency = field == FIELD_CUSTOMER_TYPE || field == FIELD_COUNTRY || field == FIELD_TAX_COUNTRY;
    bool is_next_part = field_entry(field) && field_entry(field - 1); /* one note for all of them */
    if (is_next_part && !job_rules_use(set->job, field))
        return false;
    if (!is_dependency)
        job_note(set->job, mapping->place, "provider %s does not accept %s: it is not sent",
                 set->job->provider.name, field_entry(field) ? "documents" : field_name(field));
    return is_dependency || job_rules_use(set->job, field) || field == FIELD_EXTERNAL_ID;
}

/* The hint for a value for all records that was written as the name of a column; NULL: it is none, or not
 * clearly. plan: the field's, or NULL. */
static const char *hint_constant(const struct builder *builder, const struct field_plan *plan,
                                 const struct job_column *column)
{
    static const enum field_type types[] = {FIELD_TYPE_ENUM,    FIELD_TYPE_BOOL,         FIELD_TYPE_INTEGER,
                                            FIELD_TYPE_COUNTRY, FIELD_TYPE_COUNTRY_LIST, FIELD_TYPE_URI};
    bool has_type = false, is_warned;
    struct error ignored;
    struct value value;
    for (size_t i = 0; plan && i < sizeof types / sizeof *types; i++)
        has_type |= plan->type == types[i];
    if (!has_type || plan_values_normalize(builder->set, plan, column->place, slice_from(column->name),
                                           &value, &is_warned, &ignored) != 0)
        return NULL;
    return is_warned ? NULL
                     : arena_printf(&builder->set->arena, "a value for all records is written {value: %s}",
                                    column->name)
                           .data;
}

static int fail_missing_column(const struct builder *builder, const struct field_plan *plan,
                               const struct job_column *column)
{
    struct arena *arena = &builder->set->arena;
    const char **names = arena_alloc(arena, (builder->column_count + 1) * sizeof *names);
    for (size_t i = 0; i < builder->column_count; i++)
        names[i] = arena_copy(arena, builder->columns[i]).data;
    names[builder->column_count] = NULL;
    const char *hint, *nearest = text_nearest(slice_from(column->name), names);
    struct slice header = column_names_describe(builder->columns, builder->column_count, arena, &hint);
    if (builder->columns == builder->set->job->input.header)
        header = SLICE_LITERAL("; input.csv.header names its columns");
    if (nearest && !column_names_are_values(builder->columns, builder->column_count))
        hint = arena_printf(arena, "did you mean \"%s\"?", nearest).data;
    const char *constant = hint_constant(builder, plan, column);
    if (constant)
        hint = constant;
    job_fail(builder->set->job, column->place, builder->error, "the input has no column \"%s\"%.*s\nhint: %s",
             column->name, (int)header.len, header.data,
             hint ? hint : "write a name of the header, as it is there");
    builder->error->quotes_input = true;
    return -1;
}

/* What can be no path may still be the whole name of a member: the first records show whether it is. */
static int find_path(const struct builder *builder, const struct job_column *column, size_t *index)
{
    const char *fault = ndjson_paths_fault(column->name);
    *index = ndjson_paths_add(builder->set->paths, column->name);
    for (size_t i = 0; fault && i < builder->column_count; i++)
        if (slice_is(builder->columns[i], column->name))
            return 0;
    if (!fault)
        return 0;
    return job_fail(
        builder->set->job, column->place, builder->error,
        "\"%s\" can match nothing: %s, and the first records have no member of this whole name\nhint: a path is NAME, NAME.NAME, NAME[0].NAME or NAME[*].NAME",
        column->name, fault);
}

/* plan: of the field that the column is for; NULL: a condition. */
static int find_column(const struct builder *builder, const struct field_plan *plan,
                       const struct job_column *column, size_t *index)
{
    size_t found = 0;
    if (builder->set->paths)
        return find_path(builder, column, index);
    for (size_t i = 0; i < builder->column_count; i++) {
        if (!slice_is(builder->columns[i], column->name))
            continue;
        if (found++)
            return job_fail(
                builder->set->job, column->place, builder->error,
                "the input has the column \"%s\" twice\nhint: rename one of them where the file is exported",
                column->name);
        *index = i;
    }
    return found ? 0 : fail_missing_column(builder, plan, column);
}

static int fail_single(const struct builder *builder, const struct field_plan *plan,
                       const struct job_column *column)
{
    size_t head = (size_t)(strstr(column->name, "[*]") - column->name);
    return job_fail(
        builder->set->job, column->place, builder->error,
        "\"%s\" gives a list, and %s is a single value\nhint: map one element, such as \"%.*s[0]%s\", or give `columns` and `join`",
        column->name, field_name(plan->field), (int)head, column->name, column->name + head + 3);
}

/* A path with `[*]` gives several values: only a list takes them, or `join`. Those of tax_id and tax_country
 * are paired by their places in one array. */
static int check_collecting(const struct builder *builder, struct field_plan *plan,
                            const struct job_column *column)
{
    if (!builder->set->paths || !ndjson_paths_collects(column->name))
        return 0;
    bool is_paired = plan->field == FIELD_TAX_ID || plan->field == FIELD_TAX_COUNTRY;
    if (plan->mapping->join && !is_paired)
        return 0;
    if (plan->type != FIELD_TYPE_COUNTRY_LIST && plan->type != FIELD_TYPE_TEXT_LIST)
        return fail_single(builder, plan, column);
    if (plan->mapping->join)
        return job_fail(builder->set->job, column->place, builder->error,
                        "\"%s\" gives a list, and `join` would make one value of it\nhint: leave out `join`",
                        column->name);
    if (plan->collects && is_paired)
        return job_fail(
            builder->set->job, column->place, builder->error,
            "two paths of %s have [*]: an element of one array could be paired with one of another\nhint: map one array",
            field_name(plan->field));
    plan->collects = true;
    return 0;
}

static int find_columns(const struct builder *builder, struct field_plan *plan)
{
    const struct job_mapping *mapping = plan->mapping;
    size_t *columns = arena_alloc(&builder->set->arena, mapping->column_count * sizeof *columns);
    for (size_t i = 0; i < mapping->column_count; i++)
        if (find_column(builder, plan, &mapping->columns[i], &columns[i]) != 0 ||
            check_collecting(builder, plan, &mapping->columns[i]) != 0)
            return -1;
    plan->columns = columns;
    plan->column = columns[0];
    return 0;
}

static int build_filter(const struct builder *builder)
{
    struct rule_set *set = builder->set;
    const struct job_input *input = &set->job->input;
    set->conditions = memory_new(input->where_count, sizeof *set->conditions);
    for (size_t i = 0; i < input->where_count; i++) {
        const struct job_column *column = &input->where[i].column;
        struct row_condition *condition = &set->conditions[set->condition_count++];
        if (row_filter_prepare(set->job, &input->where[i], condition, builder->error) != 0 ||
            find_column(builder, NULL, column, &condition->column) != 0)
            return -1;
        if (set->paths && ndjson_paths_collects(column->name))
            return job_fail(
                set->job, column->place, builder->error,
                "\"%s\" is a list, and a condition of input.where is on a single value\nhint: name one element, such as tags[0]",
                column->name);
    }
    return 0;
}

static int build_source(const struct builder *builder, struct field_plan *plan)
{
    const struct job_mapping *mapping = plan->mapping;
    if (find_columns(builder, plan) != 0 || field_source_prepare(builder->set, plan, builder->error) != 0 ||
        plan_values_build_fallback(builder->set, plan, builder->error) != 0)
        return -1;
    plan->damage = (uint8_t)damage_kinds(plan->field); /* not of the job's own texts, read until here */
    plan->checks_form = true;
    plan->checks_mojibake = mojibake_is_checked(plan->field);
    plan->has_source = mapping->column_count > 1 || mapping->join || plan->pattern || plan->fallback_plan;
    plan->is_cell = !plan->has_source && !builder->set->paths;
    if (!plan->has_source)
        return 0;
    plan->first_source = builder->set->source_count;
    builder->set->source_count += mapping->column_count;
    return 0;
}

static int build_format(const struct builder *builder, struct field_plan *plan)
{
    if (plan->mapping->zone && !plan->mapping->drops_time)
        plan->zone = time_zone_new(plan->mapping->zone, &builder->set->arena);
    if (plan->mapping->format_count == 0)
        return 0;
    const struct date_settings settings = {.formats = plan->mapping->formats,
                                           .format_count = plan->mapping->format_count,
                                           .locale = plan->mapping->locale,
                                           .century = plan->mapping->century,
                                           .drops_time = plan->mapping->drops_time};
    size_t at;
    const char *fault;
    plan->dates = date_forms_new(&settings, &builder->set->arena, &at, &fault);
    if (plan->dates)
        return 0;
    return job_fail(builder->set->job, plan->mapping->place, builder->error, "`%s` cannot be read: %s",
                    settings.formats[at], fault);
}

static size_t max_chars_of(const struct field_plan *plan)
{
    if (plan->provider && plan->provider->max_chars)
        return plan->provider->max_chars;
    return plan->field == FIELD_EXTERNAL_ID ? KEY_MAX_CHARS : SIZE_MAX;
}

static int build_plan(const struct builder *builder, const struct job_mapping *mapping,
                      struct field_plan *plan)
{
    const struct rule_set *set = builder->set;
    plan->field = mapping->field;
    plan->type = field_type(mapping->field);
    plan->mapping = mapping;
    plan->provider = find_row(set, mapping->field);
    plan->max_chars = max_chars_of(plan);
    if (plan->provider && plan->provider->yes_no)
        plan->type = FIELD_TYPE_YES_NO;
    if (plan->provider) {
        plan->min_chars = plan->provider->min_chars;
        plan->checks_countries = plan->provider->refused_countries || plan->provider->warned_countries ||
                                 plan->provider->iso_countries;
    }
    if (build_format(builder, plan) != 0 || plan_values_build(builder->set, plan, builder->error) != 0)
        return -1;
    if (!mapping->constant)
        return build_source(builder, plan);
    plan->is_constant = plan_values_is_context_free(plan);
    if (mapping->is_auto)
        return 0;
    if (!plan->is_constant)
        return 0;
    return plan_values_normalize(builder->set, plan, mapping->place, slice_from(mapping->constant),
                                 &plan->constant, NULL, builder->error);
}

/* In field-table order, after customer_type and country, on which others depend. */
static int build_plans(const struct builder *builder)
{
    struct rule_set *set = builder->set;
    const struct job *job = set->job;
    set->plans = memory_new(job->mapping_count + 1, sizeof *set->plans);
    for (size_t i = 0; i < field_count() + 2; i++) {
        enum field_id field = i == 0 ? FIELD_CUSTOMER_TYPE : i == 1 ? FIELD_COUNTRY : (enum field_id)(i - 2);
        const struct job_mapping *mapping = job_mapping_of(job, field);
        if (!mapping || set->plan_of[field] || !is_read(set, mapping))
            continue;
        struct field_plan *plan = &set->plans[set->plan_count++];
        set->plain_count += !field_entry(field);
        set->plan_of[field] = plan;
        set->computes_client_id |= mapping->is_auto;
        set->has_documents |= field_type(field) == FIELD_TYPE_DOCUMENT;
        if (build_plan(builder, mapping, plan) != 0)
            return -1;
    }
    return 0;
}

/* True when a field is the text of a column as it is. */
static bool is_unchanged(const struct field_plan *plan)
{
    const struct job_mapping *mapping = plan->mapping;
    return mapping->column_count == 1 && !plan->pattern && mapping->value_count == 0 && !mapping->split;
}

/* Documents are often of the country in which the customer lives. */
static bool is_country_of_document(const struct field_plan *plan)
{
    const struct field_entry *entry = field_entry(plan->field);
    return entry && entry->part == ENTRY_COUNTRY;
}

/* A full name that is mapped to the first and to the last name looks right in every check. */
static void warn_of_shared_columns(const struct rule_set *set)
{
    for (size_t i = 0; i < set->plan_count; i++) {
        const struct field_plan *plan = &set->plans[i];
        for (size_t k = 0; k < i; k++) {
            const struct field_plan *other = &set->plans[k];
            if (!is_unchanged(plan) || !is_unchanged(other) || plan->column != other->column ||
                is_country_of_document(plan))
                continue;
            job_warn(
                set->job, plan->mapping->place,
                "%s and %s are both the column \"%s\" as it is\nhint: a part of it is taken by `match`, as in {column: A, match: '(.+) \\S+', replace: '$1'}; if both are right, match: '.*' says so",
                field_name(other->field), field_name(plan->field), plan->mapping->columns->name);
            break;
        }
    }
}

static int open_documents(const struct builder *builder)
{
    struct rule_set *set = builder->set;
    const struct job_provider *provider = &set->job->provider;
    const char *folder = job_setting_text(provider, SETTING_DOCUMENTS);
    set->documents = -1;
    if (!folder)
        return 0;
    set->documents = safe_open_folder(folder);
    if (set->documents >= 0) {
        set->document_cache = document_cache_new();
        return 0;
    }
    return job_fail(set->job, job_setting_place(provider, SETTING_DOCUMENTS), builder->error,
                    "the folder provider.documents, %s, cannot be opened: %s", folder, strerror(errno));
}

/* How far rules `required: false` of the job relax a requirement of the provider. */
enum relaxation { RELAXED_NEVER, RELAXED_SOMETIMES, RELAXED_ALWAYS };

/* *rule: the one that relaxes most; unchanged with RELAXED_NEVER. */
static enum relaxation relaxation_of(const struct job *job, enum field_id field, const struct job_rule **rule)
{
    enum relaxation max = RELAXED_NEVER;
    for (size_t i = 0; i < job->rule_count; i++) {
        const struct job_rule *other = &job->rules[i];
        if (other->kind != JOB_RULE_REQUIRED || other->required || other->field != field)
            continue;
        enum relaxation this = other->condition_count ? RELAXED_SOMETIMES : RELAXED_ALWAYS;
        if (this > max) {
            max = this;
            *rule = other;
        }
    }
    return max;
}

/* Which records a requirement applies to, as far as that is known before the first is read. */
enum applicability { APPLIES_TO_NONE, APPLIES_TO_SOME, APPLIES_TO_ALL };

static enum applicability applicability_of(const struct rule_set *set, enum provider_audience applies_to)
{
    const struct field_plan *type = set->plan_of[FIELD_CUSTOMER_TYPE];
    if (applies_to == PROVIDER_EVERYBODY)
        return APPLIES_TO_ALL;
    if (type && !type->is_constant)
        return APPLIES_TO_SOME;
    bool business = type && slice_is(type->constant.text, "business");
    if (applies_to == PROVIDER_NOT_FOREIGN)
        return business ? APPLIES_TO_ALL : APPLIES_TO_SOME;
    return business == (applies_to == PROVIDER_BUSINESSES) ? APPLIES_TO_ALL : APPLIES_TO_NONE;
}

static void note_relaxation(const struct rule_set *set, enum field_id field, const struct job_rule *rule)
{
    job_note(set->job, rule->place, "provider %s requires %s; %s it is sent all the same, and may be refused",
             set->job->provider.name, field_name(field),
             rule->condition_count ? "where this rule applies, a record without" : "a record without");
}

/* The other fields of the member whose type a field gives (heads_member); 0 for other fields. */
static uint64_t siblings_of(const struct provider_fields *fields, const struct provider_field *head)
{
    static_assert(FIELD_COUNT <= 64, "a bit a field of the table");
    uint64_t siblings = 0;
    for (size_t i = 0; head->heads_member && i < fields->field_count; i++)
        if (fields->fields[i].slot == head->slot && fields->fields[i].field != head->field &&
            fields->fields[i].key)
            siblings |= UINT64_C(1) << fields->fields[i].field;
    return siblings;
}

/* missing: collects the names of required fields without a mapping. */
static void build_requirement(struct rule_set *set, enum field_id field, struct slice *missing)
{
    static const struct provider_field key = {.field = FIELD_EXTERNAL_ID, .required = true};
    const struct provider_field *provider = field == FIELD_EXTERNAL_ID ? &key : find_row(set, field);
    bool is_recommended = provider && provider->recommended && provider->verifies == VERIFIES_NOBODY;
    if (!provider || !(provider->required || is_recommended || provider->heads_member) ||
        field == FIELD_CUSTOMER_TYPE)
        return;
    enum applicability applicability = applicability_of(set, provider->applies_to);
    const struct job_rule *rule = NULL;
    enum relaxation relaxation = relaxation_of(set->job, field, &rule);
    if (rule && provider->required && applicability != APPLIES_TO_NONE)
        note_relaxation(set, field, rule);
    if (applicability == APPLIES_TO_NONE || relaxation == RELAXED_ALWAYS)
        return;
    bool is_certain = provider->required && applicability == APPLIES_TO_ALL && relaxation == RELAXED_NEVER;
    if (is_certain && !set->plan_of[field])
        *missing =
            arena_printf(&set->arena, "%.*s%s%s", (int)missing->len, missing->data ? missing->data : "",
                         missing->len ? ", " : "", field_name(field));
    set->requirements[set->requirement_count++] = (struct requirement){
        .field = field,
        .applies_to = provider->applies_to,
        .level = provider->required || provider->heads_member ? VERDICT_REJECT : VERDICT_WARN,
        .warns_others = provider->required && provider->recommended,
        .may_be_relaxed = relaxation == RELAXED_SOMETIMES,
        .siblings = siblings_of(set->fields, provider)};
    set->country_is_required |= field == FIELD_COUNTRY && is_certain;
}

static int build_requirements(const struct builder *builder)
{
    struct rule_set *set = builder->set;
    set->requirements = memory_new(FIELD_COUNT, sizeof *set->requirements);
    struct slice missing = {NULL, 0};
    verifiable_prepare(set);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        build_requirement(set, (enum field_id)i, &missing);
    if (missing.len == 0)
        return 0;
    return job_fail(
        set->job, (struct job_place){0, 0}, builder->error,
        "provider %s requires %.*s, and `fields` does not map them\nhint: map a column, or add a rule such as {field: NAME, required: false}",
        set->job->provider.name, (int)missing.len, missing.data);
}

/* Conditions compare normal forms: any other form would never match. */
static int check_conditions(const struct builder *builder, const struct job_rule *rule)
{
    const struct rule_set *set = builder->set;
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct job_condition *condition = &rule->conditions[i];
        const struct field_plan *plan = set->plan_of[condition->field];
        if (!plan && condition->field != FIELD_CUSTOMER_TYPE && condition->field != FIELD_TAX_COUNTRY)
            job_note(set->job, rule->place, "this rule never applies: `fields` does not map %s",
                     field_name(condition->field));
        if (!plan || !plan_values_is_context_free(plan))
            continue;
        struct value value;
        if (plan_values_normalize(builder->set, plan, rule->place, condition->value, &value, NULL,
                                  builder->error) != 0)
            return -1;
        if (!slice_equal(value.text, condition->value))
            return job_fail(set->job, rule->place, builder->error,
                            "a condition compares the normal form: write %.*s instead of %.*s for %s",
                            (int)value.text.len, value.text.data ? value.text.data : "",
                            (int)condition->value.len, condition->value.data, field_name(condition->field));
    }
    return 0;
}

static int build_custom_rules(const struct builder *builder)
{
    struct rule_set *set = builder->set;
    const struct job *job = set->job;
    set->custom_rules = memory_new(job->rule_count + 1, sizeof *set->custom_rules);
    for (int uniqueness = 1; uniqueness >= 0; uniqueness--) {
        for (size_t i = 0; i < job->rule_count; i++) {
            const struct job_rule *rule = &job->rules[i];
            if ((rule->kind == JOB_RULE_UNIQUE) != uniqueness)
                continue;
            if (check_conditions(builder, rule) != 0 ||
                custom_rule_prepare(set, rule, &set->custom_rules[set->custom_rule_count], builder->error) !=
                    0)
                return -1;
            set->custom_rule_count++;
        }
    }
    return 0;
}

static void set_dates(struct rule_set *set, int32_t today)
{
    set->today = date_of_days(today);
    set->today_number = date_number(set->today);
    struct date oldest = set->today;
    oldest.year -= AGE_MAX_YEARS;
    set->oldest_number = date_number(oldest);
}

struct rule_set *rule_set_new(const struct job *job, const struct provider_fields *fields,
                              const struct slice *columns, size_t column_count, int32_t today,
                              struct error *error)
{
    struct rule_set *set = memory_new(1, sizeof *set);
    set->job = job;
    set->fields = fields;
    set->encoding = &job->input.encoding;
    set->is_decoded = !encoding_is_utf8(set->encoding);
    arena_init(&set->arena, SET_ARENA_CHUNK);
    set->is_birth_country_sent =
        job_setting_number(&job->provider, SETTING_NATIONALITY) == JOB_NATIONALITY_BIRTH_COUNTRY;
    if (job->input.format == JOB_FORMAT_NDJSON)
        set->paths = ndjson_paths_new();
    set_dates(set, today);
    for (size_t i = 0; i < job->input.null_count; i++) {
        size_t len = job->input.null_values[i].len;
        set->null_lengths |= UINT64_C(1) << (len < NULL_LENGTHS ? len : NULL_LENGTHS);
    }

    struct builder builder = {set, columns, column_count, error};
    if (open_documents(&builder) != 0 || build_filter(&builder) != 0 || build_plans(&builder) != 0 ||
        build_requirements(&builder) != 0 || build_custom_rules(&builder) != 0) {
        rule_set_free(set);
        return NULL;
    }
    warn_of_shared_columns(set);
    return set;
}

const struct job_mapping *rule_set_source(const struct rule_set *set, enum field_id field,
                                          const size_t **columns)
{
    const struct field_plan *plan = set->plan_of[field];
    if (!plan)
        return NULL;
    *columns = plan->columns;
    return plan->mapping;
}

size_t rule_set_where_column(const struct rule_set *set, size_t condition)
{
    return set->conditions[condition].column;
}

size_t rule_set_first_source(const struct rule_set *set, enum field_id field)
{
    const struct field_plan *plan = set->plan_of[field];
    return plan && plan->has_source ? plan->first_source : SIZE_MAX;
}

void rule_set_free(struct rule_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->plan_count; i++) {
        plan_values_clear(&set->plans[i]);
        field_source_clear(&set->plans[i]);
    }
    for (size_t i = 0; i < set->custom_rule_count; i++)
        custom_rule_clear(&set->custom_rules[i]);
    for (size_t i = 0; i < set->condition_count; i++)
        row_filter_clear(&set->conditions[i]);
    ndjson_paths_free(set->paths);
    free(set->plans);
    free(set->requirements);
    if (set->documents >= 0)
        close(set->documents);
    document_cache_free(set->document_cache);
    free(set->custom_rules);
    free(set->conditions);
    arena_clear(&set->arena);
    free(set);
}
