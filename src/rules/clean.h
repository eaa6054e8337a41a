/* clean: the steps that all field types share, before and after a type's own. Inside of src/rules.
 *
 * A cleaned text is valid UTF-8 in normal form C, has no invisible characters, single blanks inside and none
 * at its ends, is not one of the job's null values, and is mapped by the job's `values` (but for
 * enumerations, which look up `values` together with the provider's words).
 */
#ifndef KYC_RULES_CLEAN_H
#define KYC_RULES_CLEAN_H

#include "core/text.h"
#include "rules/record_context.h"

/* Cleans a source. False when it has no value: it is empty, null, mapped to nothing, or damaged (verdict
 * `encoding`). */
bool clean_text(struct record_context *context, const struct field_plan *plan, struct slice source,
                struct slice *text);

/* For clean_characters: the verdict about a fault. False when source has no text. */
bool clean_report_fault(struct record_context *context, const struct field_plan *plan, enum text_fault fault,
                        struct slice source, struct slice text);

/* The first of these steps alone: UTF-8, blanks and invisible characters. *may_be_escaped: of the text
 * (text_may_be_escaped). False, with a verdict, when source is damaged. Inline, as it runs for every cell. */
static inline bool clean_characters(struct record_context *context, const struct field_plan *plan,
                                    struct slice source, struct slice *text, bool *may_be_escaped)
{
    enum text_fault fault = text_normalize_and_look(source, context->arena, text, may_be_escaped);
    return fault == TEXT_OK || clean_report_fault(context, plan, fault, source, *text);
}

/* For clean_is_null: true when text is one of the job's input.null_values. */
bool clean_is_null_value(const struct rule_set *set, struct slice text);

/* True for an empty text and for the job's input.null_values. Inline, as it runs for every cell. */
static inline bool clean_is_null(const struct rule_set *set, struct slice text)
{
    if (text.len == 0)
        return true;
    return set->null_lengths >> (text.len < 63 ? text.len : 63) & 1 && clean_is_null_value(set, text);
}

/* The value that the job's `values` map text to, else its `otherwise`, else text itself. plan->exact is not
 * NULL. */
struct slice clean_map_value(const struct field_plan *plan, struct slice text);

/* False, with a verdict, when text has fewer or more characters than the provider accepts. */
bool clean_check_length(struct record_context *context, const struct field_plan *plan, struct slice text);

#endif
