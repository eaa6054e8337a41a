#include "rules/plan_values.h"

#include "core/text.h"
#include "model/language.h"
#include "rules/clean.h"
#include "rules/read_field.h"

static const char *const *choices_of(const struct field_plan *plan)
{
    if (plan->type != FIELD_TYPE_ENUM)
        return NULL;
    if (plan->provider && plan->provider->values)
        return plan->provider->values;
    return field_words(plan->field);
}

bool plan_values_is_context_free(const struct field_plan *plan)
{
    return plan->type != FIELD_TYPE_PHONE && plan->type != FIELD_TYPE_STATE &&
           plan->type != FIELD_TYPE_NATIONAL_ID && plan->field != FIELD_TAX_ID &&
           plan->field != FIELD_TAX_COUNTRY && plan->field != FIELD_DATE_OF_BIRTH;
}

static void add_choices(struct field_plan *plan)
{
    for (size_t i = 0; plan->choices && plan->choices[i]; i++) {
        struct slice value = slice_from(plan->choices[i]);
        value_map_add(plan->exact, value, value);
        if (!value_map_find(plan->folded, value))
            value_map_add(plan->folded, value, value);
    }
}

void plan_values_clear(struct field_plan *plan)
{
    value_map_free(plan->exact);
    value_map_free(plan->folded);
    plan->exact = plan->folded = NULL;
}

static void new_value_maps(struct field_plan *plan)
{
    plan->exact = value_map_new(false);
    plan->folded = plan->choices ? value_map_new(true) : NULL;
}

/* The error of a text of the job file that is none of the field's words, with the nearest, or all of them. */
static int fail_word(struct rule_set *set, const struct field_plan *plan, struct job_place place,
                     struct slice text, struct error *error)
{
    const char *nearest = text_nearest_value(text, plan->choices);
    char all[TEXT_HINT_SIZE];
    if (!nearest)
        nearest = text_nearest(text, plan->choices);
    text_join_names(plan->choices, ", ", all);
    return job_fail(set->job, place, error, "%s: \"%.*s\" is not one of the provider's values\nhint: %s%s%s",
                    field_name(plan->field), (int)text.len, text.data,
                    nearest ? "did you mean `" : "they are ", nearest ? nearest : all, nearest ? "`?" : "");
}

/* Normalizes a text of the job file as a cell of this field. *warned, unless NULL: records with it get a
 * warning. */
static int read_job_text(struct rule_set *set, const struct field_plan *plan, struct job_place place,
                         struct slice text, struct value *value, bool *warned, struct error *error)
{
    struct arena *arena = &set->arena;
    struct value *values = arena_alloc(arena, field_count() * sizeof *values);
    memset(values, 0, field_count() * sizeof *values);
    struct record record = {.values = values};
    struct record_context context = {.set = set, .record = &record, .values = values, .arena = arena};
    read_field_text(&context, plan, text);
    record_context_settle(&context);
    *value = values[plan->field];
    if (warned)
        *warned = record.verdict_count > 0;
    if (!record.rejected)
        return 0;
    if (plan->choices && plan->choices != language_codes)
        return fail_word(set, plan, place, text, error);
    struct slice message = record.verdicts[record.verdict_count - 1].message;
    const char *expected = memmem(message.data, message.len, "; expected ", strlen("; expected "));
    size_t len = expected ? (size_t)(expected - message.data) : message.len;
    if (!expected)
        return job_fail(set->job, place, error, "%s: %.*s", field_name(plan->field), (int)len, message.data);
    return job_fail(set->job, place, error, "%s: %.*s\nhint: %.*s", field_name(plan->field), (int)len,
                    message.data, (int)(message.len - len - strlen("; ")), expected + strlen("; "));
}

int plan_values_normalize(struct rule_set *set, const struct field_plan *plan, struct job_place place,
                          struct slice text, struct value *value, bool *warned, struct error *error)
{
    struct field_plan plain = *plan;
    plain.damage = 0;
    plain.checks_form = plain.checks_mojibake = false;
    plain.exact = plain.folded = NULL;
    plain.otherwise = slice_make(NULL, 0);
    if (plain.choices) {
        new_value_maps(&plain);
        add_choices(&plain);
    }
    int status = read_job_text(set, &plain, place, text, value, warned, error);
    plan_values_clear(&plain);
    return status;
}

/* A target of `values` or `otherwise`. Of an enumeration it becomes the provider's spelling; else it is
 * checked and stays as it is, for it is normalized in each record. */
static int read_target(struct rule_set *set, const struct field_plan *plan, struct job_place place,
                       struct slice text, struct slice *target, struct error *error)
{
    *target = text;
    struct value value;
    if (!plan_values_is_context_free(plan) || text.len == 0)
        return 0;
    if (plan_values_normalize(set, plan, place, text, &value, NULL, error) != 0)
        return -1;
    if (plan->choices)
        *target = value.text;
    return 0;
}

static int build_maps(struct rule_set *set, struct field_plan *plan, struct error *error)
{
    const struct job_mapping *mapping = plan->mapping;
    if (!plan->choices && mapping->value_count == 0 && !mapping->otherwise)
        return 0;
    new_value_maps(plan);
    for (size_t i = 0; i < mapping->value_count; i++) {
        struct slice value;
        if (read_target(set, plan, mapping->values[i].place, mapping->values[i].to, &value, error) != 0)
            return -1;
        if (mapping->values[i].from.len > 0 && clean_is_null(set, mapping->values[i].from))
            job_note(
                set->job, mapping->place,
                "\"%s\" in the `values` of %s has no effect: input.null_values makes it no value\nhint: the key \"\" is for records without a value",
                mapping->values[i].from.data, field_name(plan->field));
        value_map_add(plan->exact, mapping->values[i].from, value);
        if (plan->folded)
            value_map_add(plan->folded, mapping->values[i].from, value);
    }
    add_choices(plan);
    return mapping->otherwise ? read_target(set, plan, mapping->otherwise_place,
                                            slice_from(mapping->otherwise), &plan->otherwise, error)
                              : 0;
}

int plan_values_build(struct rule_set *set, struct field_plan *plan, struct error *error)
{
    plan->choices = choices_of(plan);
    if (plan->type == FIELD_TYPE_ENUM && !plan->choices)
        plan->type = FIELD_TYPE_TEXT;
    return build_maps(set, plan, error);
}

/* The value for "" in `values`; NULL: none. */
static const struct job_value_map *find_empty_value(const struct job_mapping *mapping)
{
    for (size_t i = 0; i < mapping->value_count; i++)
        if (mapping->values[i].from.len == 0)
            return &mapping->values[i];
    return NULL;
}

/* True if what stands for no value can be tried before the first record: whether it is good does not depend
 * on other fields. */
static bool can_be_tried(const struct field_plan *plan, struct slice text)
{
    bool is_whole_phone = plan->type == FIELD_TYPE_PHONE &&
                          (plan->mapping->phone_country || slice_begins(text, SLICE_LITERAL("+")));
    return plan_values_is_context_free(plan) || is_whole_phone || plan->field == FIELD_DATE_OF_BIRTH;
}

/* What stands for no value: `default`, which is read like a cell, or the "" of `values`, which is not mapped
 * again. It is normalized here, or in each record where it depends on other fields or gives a warning. */
int plan_values_build_fallback(struct rule_set *set, struct field_plan *plan, struct error *error)
{
    const struct job_mapping *mapping = plan->mapping;
    const struct job_value_map *empty = find_empty_value(mapping);
    if (!mapping->fallback && !empty)
        return 0;
    struct slice text = empty ? empty->to : slice_from(mapping->fallback);
    struct job_place place = empty ? mapping->place : mapping->fallback_place;
    if (clean_is_null(set, text))
        return job_fail(
            set->job, place, error,
            "%s: \"%s\" is one of input.null_values, so it is not a value for records without one\nhint: write another value, or take it off input.null_values",
            field_name(plan->field), text.data);
    struct field_plan *reader = arena_alloc(&set->arena, sizeof *reader);
    *reader = *plan;
    if (empty) {
        reader->exact = NULL;
        reader->otherwise = slice_make(NULL, 0);
    }
    plan->fallback_plan = reader;
    plan->fallback.text = text;
    if (!can_be_tried(plan, text))
        return 0;
    struct value value;
    bool warned;
    int status = empty ? plan_values_normalize(set, plan, place, text, &value, &warned, error)
                       : read_job_text(set, plan, place, text, &value, &warned, error);
    if (status == 0 && !warned && plan_values_is_context_free(plan))
        plan->fallback = value;
    return status;
}
