#include "rules/record_context.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/memory.h"
#include "core/utf8.h"

enum { QUOTE_MAX = 60 };

void record_context_add_verdictf(struct record_context *context, enum field_id field,
                                 enum verdict_level level, const char *rule, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    size_t size = len < 0 ? 1 : (size_t)len + 1;
    char *text = arena_bytes(context->arena, size);
    vsnprintf(text, size, format, again);
    va_end(again);
    va_end(arguments);

    struct verdict verdict = {field, level, rule, slice_make(text, size - 1)};
    record_add_verdict(context->record, context->arena, verdict);
    if (level == VERDICT_REJECT)
        context->values[field].state = VALUE_FAILED;
}

const char *record_context_quote(struct record_context *context, struct slice text)
{
    struct slice start = utf8_shorten(text, QUOTE_MAX);
    const char *rest = start.len < text.len ? "…" : "";
    char *out = arena_bytes(context->arena, start.len + 8);
    snprintf(out, start.len + 8, "\"%.*s%s\"", (int)start.len, start.data, rest);
    for (char *cursor = out; *cursor; cursor++)
        if (*cursor == VALUE_SEPARATOR)
            *cursor = ' ';
    return out;
}

bool record_context_conditions_hold(const struct record_context *context, const struct job_rule *rule)
{
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct value *value = &context->values[rule->conditions[i].field];
        if (value->state != VALUE_PRESENT || !slice_equal(value->text, rule->conditions[i].value))
            return false;
    }
    return true;
}

void record_context_defer(struct record_context *context, enum field_id field, enum verdict_level level,
                          const char *rule, const char *message)
{
    for (const struct deferred_verdict *other = context->deferred; other; other = other->next)
        if (other->field == field && strcmp(other->rule, rule) == 0)
            return;
    struct deferred_verdict *verdict = arena_alloc(context->arena, sizeof *verdict);
    *verdict = (struct deferred_verdict){field, level, rule, message, context->deferred};
    context->deferred = verdict;
}

static bool sets_level(const struct job_rule *rule, enum field_id field, const char *name)
{
    return rule->kind == JOB_RULE_LEVEL && rule->field == field && strcmp(rule->name, name) == 0;
}

bool record_context_has_level(const struct record_context *context, enum field_id field, const char *rule)
{
    for (size_t i = 0; i < context->set->custom_rule_count; i++)
        if (sets_level(context->set->custom_rules[i].rule, field, rule))
            return true;
    return false;
}

bool record_context_judge(struct record_context *context, enum field_id field, enum verdict_level level,
                          const char *rule, const char *message)
{
    if (record_context_has_level(context, field, rule)) {
        record_context_defer(context, field, level, rule, message);
        return true;
    }
    record_context_add_verdictf(context, field, level, rule, "%s", message);
    return level != VERDICT_REJECT;
}

bool record_context_is_relaxed(const struct record_context *context, enum field_id field)
{
    for (size_t i = 0; i < context->set->custom_rule_count; i++) {
        const struct job_rule *rule = context->set->custom_rules[i].rule;
        if (rule->kind == JOB_RULE_REQUIRED && !rule->required && rule->field == field &&
            record_context_conditions_hold(context, rule))
            return true;
    }
    return false;
}

/* The job's rule that sets the level in this record; NULL: none. */
static const struct job_rule *find_level(const struct record_context *context,
                                         const struct deferred_verdict *verdict)
{
    for (size_t i = 0; i < context->set->custom_rule_count; i++) {
        const struct job_rule *rule = context->set->custom_rules[i].rule;
        if (sets_level(rule, verdict->field, verdict->rule) && record_context_conditions_hold(context, rule))
            return rule;
    }
    return NULL;
}

void record_context_settle(struct record_context *context)
{
    for (const struct deferred_verdict *verdict = context->deferred; verdict; verdict = verdict->next) {
        const struct job_rule *rule = find_level(context, verdict);
        record_context_add_verdictf(
            context, verdict->field, rule ? rule->level : verdict->level, verdict->rule, "%s%s%s",
            verdict->message, rule && rule->message ? ": " : "", rule && rule->message ? rule->message : "");
    }
}

enum record_context_country record_context_country(const struct record_context *context, struct slice *code)
{
    const struct value *country = &context->values[FIELD_COUNTRY];
    *code = slice_make(NULL, 0);
    if (country->state == VALUE_PRESENT) {
        *code = country->text;
        return RECORD_CONTEXT_COUNTRY_KNOWN;
    }
    bool has_verdict = country->state == VALUE_FAILED || context->set->country_is_required;
    return has_verdict ? RECORD_CONTEXT_COUNTRY_FAILED : RECORD_CONTEXT_COUNTRY_ABSENT;
}
