/* clean: the steps that all field types share, before and after a type's own. Inside of src/rules.
 *
 * A cleaned text is valid UTF-8 in normal form C, has no invisible characters, single blanks inside and none
 * at its ends, is not one of the job's null values, and is mapped by the job's `values` (but for
 * enumerations, which look up `values` together with the provider's words).
 */
#ifndef KYC_RULES_CLEAN_H
#define KYC_RULES_CLEAN_H

#include "rules/record_context.h"

/* Cleans a source. False when it has no value: it is empty, null, mapped to nothing, or damaged (verdict
 * `encoding`). */
bool clean_text(struct record_context *context, const struct field_plan *plan, struct slice source,
                struct slice *text);

/* The first of these steps alone: UTF-8, blanks and invisible characters. False, with a verdict, when source
 * is damaged. */
bool clean_characters(struct record_context *context, const struct field_plan *plan, struct slice source,
                      struct slice *text);

/* True for an empty text and for the job's input.null_values. */
bool clean_is_null(const struct rule_set *set, struct slice text);

/* The value that the job's `values` map text to, else its `otherwise`, else text itself. plan->exact is not
 * NULL. */
struct slice clean_map_value(const struct field_plan *plan, struct slice text);

/* False, with a verdict, when text has fewer or more characters than the provider accepts. */
bool clean_check_length(struct record_context *context, const struct field_plan *plan, struct slice text);

#endif
