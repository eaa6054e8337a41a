#include "rules/custom_rule.h"

#include <assert.h>

#include "core/hash_table.h"
#include "rules/phone_number.h"

static int prepare_pattern(const struct rule_set *set, struct custom_rule *check, struct error *error)
{
    char message[PATTERN_MESSAGE_SIZE];
    check->pattern = pattern_new(check->rule->pattern, message);
    return check->pattern ? 0 : job_fail(set->job, check->rule->pattern_place, error, "%s", message);
}

static int prepare_min_age(const struct rule_set *set, struct custom_rule *check, struct error *error)
{
    if (check->rule->years >= set->today.year)
        return job_fail(set->job, check->rule->place, error, "%u years are more than there are",
                        check->rule->years);
    struct date last = set->today;
    last.year -= check->rule->years;
    check->number = date_number(last);
    return 0;
}

static int prepare_required(const struct rule_set *set, struct custom_rule *check, struct error *error)
{
    enum field_id field = check->rule->field;
    if (!check->rule->required || set->plan_of[field])
        return 0;
    return job_fail(set->job, check->rule->place, error,
                    "%s is required here, but `fields` maps no column to it", field_name(field));
}

static void judge_required(struct record_context *context, const struct custom_rule *check)
{
    enum field_id field = check->rule->field;
    if (check->rule->required && context->values[field].state == VALUE_ABSENT)
        record_context_add_verdictf(context, field, check->rule->level, check->name, "%s",
                                    check->rule->message ? check->rule->message
                                                         : "is empty, and the job requires it");
}

static void say_no_match(struct record_context *context, const struct custom_rule *check, struct slice text,
                         enum pattern_result found)
{
    const struct job_rule *rule = check->rule;
    const char *quoted = record_context_quote(context, text);
    if (found == PATTERN_EXPENSIVE)
        record_context_add_verdictf(
            context, rule->field, rule->level, RULE_EXPENSIVE,
            "%s could not be judged: the pattern %s takes too many steps on it; write it without nested repeats",
            quoted, rule->pattern);
    else if (rule->message)
        record_context_add_verdictf(context, rule->field, rule->level, check->name, "%s: %s", quoted,
                                    rule->message);
    else
        record_context_add_verdictf(
            context, rule->field, rule->level, check->name, "%s %s the job's pattern %s", quoted,
            rule->kind == JOB_RULE_MATCH ? "does not match" : "matches", rule->pattern);
}

/* Of a list, every item is judged, and the first bad one is told. */
static void judge_pattern(struct record_context *context, const struct custom_rule *check)
{
    const struct value *value = &context->values[check->rule->field];
    if (value->state != VALUE_PRESENT)
        return;
    enum pattern_result good = check->rule->kind == JOB_RULE_MATCH ? PATTERN_FOUND : PATTERN_ABSENT;
    struct slice rest = value->text, item;
    while (record_context_next_item(&rest, VALUE_SEPARATOR, &item)) {
        enum pattern_result found = pattern_search(check->pattern, context->worker->matcher, item);
        if (found == good)
            continue;
        say_no_match(context, check, item, found);
        return;
    }
}

static unsigned read_number(struct slice date)
{
    unsigned number = 0;
    for (size_t i = 0; i < date.len; i++)
        if (date.data[i] != '-')
            number = number * 10 + (unsigned)(date.data[i] - '0');
    return number;
}

/* A customer whose type is not known is not judged: he may be a business. */
static void judge_min_age(struct record_context *context, const struct custom_rule *check)
{
    const struct value *birth = &context->values[FIELD_DATE_OF_BIRTH];
    const struct value *type = &context->values[FIELD_CUSTOMER_TYPE];
    if (birth->state != VALUE_PRESENT || type->state == VALUE_FAILED || slice_is(type->text, "business") ||
        read_number(birth->text) <= check->number)
        return;
    if (check->rule->message)
        record_context_add_verdictf(context, FIELD_DATE_OF_BIRTH, check->rule->level, check->name, "%s: %s",
                                    record_context_quote(context, birth->text), check->rule->message);
    else
        record_context_add_verdictf(context, FIELD_DATE_OF_BIRTH, check->rule->level, check->name,
                                    "born on %.*s, so not %u years old yet", (int)birth->text.len,
                                    birth->text.data, check->rule->years);
}

static void judge_valid(struct record_context *context, const struct custom_rule *check)
{
    const struct value *phone = &context->values[FIELD_PHONE];
    if (phone->state != VALUE_PRESENT)
        return;
    if (context->phone_validity == PHONE_NOT_ASKED)
        context->phone_validity =
            phone_number_is_valid(phone->text.data, phone->text.len) ? PHONE_VALID : PHONE_NOT_VALID;
    context->phone_was_checked = true;
    if (context->phone_validity == PHONE_NOT_VALID)
        record_context_add_verdictf(context, FIELD_PHONE, check->rule->level, check->name, "%s: %s",
                                    record_context_quote(context, phone->text),
                                    check->rule->message
                                        ? check->rule->message
                                        : "a number that its country's number plan does not know");
}

/* Only the hash is given: whether it was seen before is known where all records come by. */
static void judge_unique(struct record_context *context, const struct custom_rule *check)
{
    const struct value *value = &context->values[check->rule->field];
    uint16_t index = check->rule->unique_index;
    assert(index < RECORD_UNIQUE_MAX);
    if (value->state != VALUE_PRESENT || index == 0)
        return;
    context->record->unique_hash[index] = hash_table_hash(value->text);
    context->record->unique_known |= UINT32_C(1) << index;
}

static const struct {
    const char *name; /* when the job gives none */
    int (*prepare)(const struct rule_set *set, struct custom_rule *check, struct error *error); /* or NULL */
    void (*judge)(struct record_context *judging, const struct custom_rule *check);             /* or NULL */
} kinds[] = {
    [JOB_RULE_MATCH] = {RULE_FORMAT, prepare_pattern, judge_pattern},
    [JOB_RULE_NOT_MATCH] = {RULE_FORMAT, prepare_pattern, judge_pattern},
    [JOB_RULE_REQUIRED] = {RULE_REQUIRED, prepare_required, judge_required},
    [JOB_RULE_MIN_AGE] = {RULE_MIN_AGE, prepare_min_age, judge_min_age},
    [JOB_RULE_VALID] = {RULE_VALID, NULL, judge_valid},
    [JOB_RULE_UNIQUE] = {RULE_UNIQUE, NULL, judge_unique},
    [JOB_RULE_TIME] = {RULE_TIME, NULL, NULL}, /* by normalize_odd_times */
};

int custom_rule_prepare(const struct rule_set *set, const struct job_rule *rule, struct custom_rule *check,
                        struct error *error)
{
    *check = (struct custom_rule){.rule = rule, .name = rule->name ? rule->name : kinds[rule->kind].name};
    return kinds[rule->kind].prepare ? kinds[rule->kind].prepare(set, check, error) : 0;
}

void custom_rule_clear(struct custom_rule *check)
{
    pattern_free(check->pattern);
}

void custom_rule_validate(struct record_context *context, const struct custom_rule *check)
{
    if (!kinds[check->rule->kind].judge)
        return;
    if (check->rule->condition_count == 0 || record_context_conditions_hold(context, check->rule))
        kinds[check->rule->kind].judge(context, check);
}
