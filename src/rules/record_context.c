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
