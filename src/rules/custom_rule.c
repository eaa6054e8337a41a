#include "rules/custom_rule.h"

#include <assert.h>

#include "core/hash_table.h"
#include "rules/mojibake.h"
#include "rules/phone_number.h"

static int prepare_pattern(const struct rule_set *set, struct custom_rule *custom, struct error *error)
{
    char message[PATTERN_MESSAGE_SIZE];
    custom->pattern = pattern_new(custom->rule->pattern, message);
    return custom->pattern ? 0 : job_fail(set->job, custom->rule->pattern_place, error, "%s", message);
}

static int prepare_min_age(const struct rule_set *set, struct custom_rule *custom, struct error *error)
{
    if (custom->rule->years >= set->today.year)
        return job_fail(set->job, custom->rule->place, error, "%u years ago is before the year 1",
                        custom->rule->years);
    struct date last = set->today;
    last.year -= custom->rule->years;
    date_write(last, custom->latest_birthdate);
    return 0;
}

static int prepare_required(const struct rule_set *set, struct custom_rule *custom, struct error *error)
{
    enum field_id field = custom->rule->field;
    if (!custom->rule->required || set->plan_of[field])
        return 0;
    return job_fail(set->job, custom->rule->place, error,
                    "this rule requires %s, and `fields` does not map it", field_name(field));
}

/* The level of a built-in rule that cannot apply. */
static int prepare_level(const struct rule_set *set, struct custom_rule *custom, struct error *error)
{
    enum field_id field = custom->rule->field;
    const struct field_plan *plan = set->plan_of[field];
    const char *why = NULL;
    if (!plan)
        return 0;
    if (strcmp(custom->name, RULE_MATCH) == 0 && !plan->pattern)
        why = "has no `match` in `fields`\nhint: remove this rule, or add a `match`";
    else if (strcmp(custom->name, RULE_MOJIBAKE) == 0 && !mojibake_is_checked(field))
        why = "is not a name or a text\nhint: remove this rule";
    else if (strcmp(custom->name, RULE_FORMAT) == 0 && plan->type != FIELD_TYPE_POSTAL)
        why = "has no form whose level can be set\nhint: remove this rule; only postal_code has one";
    else if (strcmp(custom->name, RULE_DAMAGED) == 0 && custom->rule->level == VERDICT_WARN &&
             (plan->type == FIELD_TYPE_PHONE || plan->type == FIELD_TYPE_DATE))
        why =
            "has no value that could be sent if it is damaged\nhint: repair it by `match`, as in {column: A, match: '(\\d+)\\.0', replace: '$1', unmatched: keep}";
    return why ? job_fail(set->job, custom->rule->place, error, "this rule has no effect: %s %s",
                          field_name(field), why)
               : 0;
}

static void validate_required(struct record_context *context, const struct custom_rule *custom)
{
    enum field_id field = custom->rule->field;
    if (custom->rule->required && context->values[field].state == VALUE_ABSENT)
        record_context_add_verdictf(context, field, custom->rule->level, custom->name, "%s",
                                    custom->rule->message ? custom->rule->message
                                                          : "is empty, and the job requires it");
}

static void add_pattern_verdict(struct record_context *context, const struct custom_rule *custom,
                                struct slice text, enum pattern_result found)
{
    const struct job_rule *rule = custom->rule;
    const char *quoted = record_context_quote(context, text);
    if (found == PATTERN_EXPENSIVE)
        record_context_add_verdictf(
            context, rule->field, rule->level, RULE_EXPENSIVE,
            "%s was not checked: the pattern %s exceeded the match limit; write it without nested repeats",
            quoted, rule->pattern);
    else if (rule->message)
        record_context_add_verdictf(context, rule->field, rule->level, custom->name, "%s: %s", quoted,
                                    rule->message);
    else
        record_context_add_verdictf(
            context, rule->field, rule->level, custom->name, "%s %s the job's pattern %s", quoted,
            rule->kind == JOB_RULE_MATCH ? "does not match" : "matches", rule->pattern);
}

/* Of a list each item is checked; the first that fails gives the verdict. */
static void validate_pattern(struct record_context *context, const struct custom_rule *custom)
{
    const struct value *value = &context->values[custom->rule->field];
    if (value->state != VALUE_PRESENT)
        return;
    enum pattern_result good = custom->rule->kind == JOB_RULE_MATCH ? PATTERN_FOUND : PATTERN_ABSENT;
    struct slice rest = value->text, item;
    while (record_next_item(&rest, &item)) {
        enum pattern_result found = pattern_search(custom->pattern, context->worker->matcher, item);
        if (found == good)
            continue;
        add_pattern_verdict(context, custom, item, found);
        return;
    }
}

/* True for a birth date behind the latest that is allowed. In normal form the order of dates is that of their
 * texts. */
static bool is_too_young(const struct custom_rule *custom, struct slice date)
{
    assert(date.len == sizeof custom->latest_birthdate);
    return memcmp(date.data, custom->latest_birthdate, sizeof custom->latest_birthdate) > 0;
}

/* A record whose customer_type failed is skipped: it may be a business. */
static void validate_min_age(struct record_context *context, const struct custom_rule *custom)
{
    const struct value *birth = &context->values[FIELD_DATE_OF_BIRTH];
    const struct value *type = &context->values[FIELD_CUSTOMER_TYPE];
    if (birth->state != VALUE_PRESENT || type->state == VALUE_FAILED || slice_is(type->text, "business") ||
        !is_too_young(custom, birth->text))
        return;
    if (custom->rule->message)
        record_context_add_verdictf(context, FIELD_DATE_OF_BIRTH, custom->rule->level, custom->name, "%s: %s",
                                    record_context_quote(context, birth->text), custom->rule->message);
    else
        record_context_add_verdictf(context, FIELD_DATE_OF_BIRTH, custom->rule->level, custom->name,
                                    "born on \"%.*s\", younger than %u years", (int)birth->text.len,
                                    birth->text.data, custom->rule->years);
}

static void validate_number_plan(struct record_context *context, const struct custom_rule *custom)
{
    const struct value *phone = &context->values[FIELD_PHONE];
    if (phone->state != VALUE_PRESENT)
        return;
    if (context->phone_validity == PHONE_UNCHECKED)
        context->phone_validity =
            phone_number_is_valid(phone->text.data, phone->text.len) ? PHONE_VALID : PHONE_NOT_VALID;
    context->phone_was_checked = true;
    if (context->phone_validity == PHONE_NOT_VALID)
        record_context_add_verdictf(context, FIELD_PHONE, custom->rule->level, custom->name, "%s: %s",
                                    record_context_quote(context, phone->text),
                                    custom->rule->message ? custom->rule->message
                                                          : "not in the number plan of its country");
}

/* The coordinator, which sees all records, finds repeated hashes. */
static void hash_unique(struct record_context *context, const struct custom_rule *custom)
{
    const struct value *value = &context->values[custom->rule->field];
    uint16_t index = custom->rule->unique_index;
    assert(index < RECORD_UNIQUE_MAX);
    if (value->state != VALUE_PRESENT || index == 0)
        return;
    context->record->unique_hash[index] = hash_table_hash(value->text);
    context->record->unique_known |= UINT32_C(1) << index;
}

static const struct {
    const char *name; /* when the job gives none */
    int (*prepare)(const struct rule_set *set, struct custom_rule *custom, struct error *error); /* or NULL */
    void (*validate)(struct record_context *context, const struct custom_rule *custom);          /* or NULL */
} kinds[] = {
    [JOB_RULE_MATCH] = {RULE_FORMAT, prepare_pattern, validate_pattern},
    [JOB_RULE_NOT_MATCH] = {RULE_FORMAT, prepare_pattern, validate_pattern},
    [JOB_RULE_REQUIRED] = {RULE_REQUIRED, prepare_required, validate_required},
    [JOB_RULE_MIN_AGE] = {RULE_MIN_AGE, prepare_min_age, validate_min_age},
    [JOB_RULE_VALID] = {RULE_VALID, NULL, validate_number_plan},
    [JOB_RULE_UNIQUE] = {RULE_UNIQUE, NULL, hash_unique},
    [JOB_RULE_LEVEL] = {NULL, prepare_level, NULL}, /* by record_context_settle */
};

int custom_rule_prepare(const struct rule_set *set, const struct job_rule *rule, struct custom_rule *custom,
                        struct error *error)
{
    static_assert(sizeof kinds / sizeof *kinds == JOB_RULE_KINDS, "a row for each kind of rule");
    *custom = (struct custom_rule){.rule = rule, .name = rule->name ? rule->name : kinds[rule->kind].name};
    return kinds[rule->kind].prepare ? kinds[rule->kind].prepare(set, custom, error) : 0;
}

void custom_rule_clear(struct custom_rule *custom)
{
    pattern_free(custom->pattern);
}

void custom_rule_validate(struct record_context *context, const struct custom_rule *custom)
{
    if (!kinds[custom->rule->kind].validate)
        return;
    if (custom->rule->condition_count == 0 || record_context_conditions_hold(context, custom->rule))
        kinds[custom->rule->kind].validate(context, custom);
}
