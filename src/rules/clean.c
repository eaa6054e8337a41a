#include "rules/clean.h"

#include "core/utf8.h"
#include "rules/damage.h"
#include "rules/mojibake.h"

/* Names the damage so that a person can find it in an editor. source: decoded. */
static struct slice describe_damage(const struct encoding *encoding, struct slice source, struct arena *arena)
{
    uint32_t code = 0;
    size_t offset = text_find_damage(source, &code);
    if (code == 0)
        return SLICE_LITERAL("contains a NUL byte; remove it");
    if (code == TEXT_NO_CHAR)
        return arena_printf(arena, "byte %zu (0x%02x) is not %s; is input.encoding right?", offset + 1,
                            offset < source.len ? (unsigned)(unsigned char)source.data[offset] : 0U,
                            encoding_name(encoding));
    if (code < 0xa0 && !encoding_is_utf8(encoding))
        return arena_printf(arena,
                            "contains the byte 0x%02x, a control character in %s; is input.encoding right?",
                            (unsigned)code, encoding_name(encoding));
    if (code < 0xa0)
        return arena_printf(
            arena,
            "contains the control character U+%04X: the export was decoded with the wrong encoding; restore it at the source",
            (unsigned)code);
    if (code == 0xfffd)
        return SLICE_LITERAL(
            "contains U+FFFD: a character was lost before the export; restore it at the source");
    return arena_printf(
        arena,
        "contains the private-use character U+%04X, which only the program that wrote it can read; restore it at the source",
        (unsigned)code);
}

static void add_damage_verdict(struct record_context *context, const struct field_plan *plan,
                               struct slice source)
{
    struct slice damage = describe_damage(context->set->encoding, source, context->arena);
    record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_ENCODING, "%.*s", (int)damage.len,
                                damage.data);
}

bool clean_report_fault(struct record_context *context, const struct field_plan *plan, enum text_fault fault,
                        struct slice source, struct slice text)
{
    if (fault == TEXT_ENCODING)
        add_damage_verdict(context, plan, source);
    else
        record_context_add_verdictf(context, plan->field, VERDICT_WARN, RULE_INVISIBLE,
                                    "invisible characters were removed; it now reads %s",
                                    record_context_quote(context, text));
    return fault != TEXT_ENCODING;
}

bool clean_is_null_value(const struct rule_set *set, struct slice text)
{
    for (size_t i = 0; i < set->job->input.null_count; i++)
        if (slice_equal(set->job->input.null_values[i], text))
            return true;
    return false;
}

struct slice clean_map_value(const struct field_plan *plan, struct slice text)
{
    const struct slice *value = value_map_find(plan->exact, text);
    if (value)
        return *value;
    return plan->otherwise.data ? plan->otherwise : text;
}

bool clean_text(struct record_context *context, const struct field_plan *plan, struct slice source,
                struct slice *text)
{
    bool may_be_escaped;
    if (!clean_characters(context, plan, source, text, &may_be_escaped) ||
        clean_is_null(context->set, *text) || !damage_check(context, plan, *text) ||
        !mojibake_check(context, plan, source, *text, may_be_escaped))
        return false;
    if (plan->exact && plan->type != FIELD_TYPE_ENUM)
        *text = clean_map_value(plan, *text);
    return text->len > 0;
}

static __attribute__((noinline)) bool count_and_check(struct record_context *context,
                                                      const struct field_plan *plan, struct slice text)
{
    size_t count = utf8_count(text);
    if (count < plan->min_chars)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_TOO_SHORT,
                                    "%s has %zu characters; the minimum is %zu",
                                    record_context_quote(context, text), count, plan->min_chars);
    else if (count > plan->max_chars)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_TOO_LONG,
                                    "%s has %zu characters; the maximum is %zu",
                                    record_context_quote(context, text), count, plan->max_chars);
    else
        return true;
    return false;
}

bool clean_check_length(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    /* Bytes are never fewer than characters, so most texts need not be counted. */
    if (text.len <= plan->max_chars && plan->min_chars == 0)
        return true;
    return count_and_check(context, plan, text);
}
