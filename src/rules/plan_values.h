/* plan_values: the texts of the job file that are values of a field: the targets of `values` and `otherwise`,
 * constants, conditions, and what stands for no value. Inside of src/rules.
 *
 * Each is normalized like a cell before the first record, so that a wrong one is an error at its place, and
 * one that depends on no other field costs nothing later. Functions that return int give 0, or -1 with
 * ERROR_USAGE by job_fail. Thread: one at a time, while a rule set is built.
 */
#ifndef KYC_RULES_PLAN_VALUES_H
#define KYC_RULES_PLAN_VALUES_H

#include "core/error.h"
#include "rules/record_context.h"

/* True if a value depends on its own text alone, so that a constant can be normalized once at start-up. */
bool plan_values_is_context_free(const struct field_plan *plan);

/* Sets plan->choices, exact, folded and otherwise; an enumeration without fixed words becomes a text. */
int plan_values_build(struct rule_set *set, struct field_plan *plan, struct error *error);
void plan_values_clear(struct field_plan *plan);

/* Sets plan->fallback and fallback_plan, once the rest of the plan is built. */
int plan_values_build_fallback(struct rule_set *set, struct field_plan *plan, struct error *error);

/* Normalizes a text of the job file as a cell of this field, but without `values` and `otherwise`. place: of
 * the text. *warned, unless NULL: records with it get a warning. */
int plan_values_normalize(struct rule_set *set, const struct field_plan *plan, struct job_place place,
                          struct slice text, struct value *value, bool *warned, struct error *error);

#endif
