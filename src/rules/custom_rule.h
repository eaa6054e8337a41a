/* custom_rule: the job's own rules (2-job.md, rules).
 *
 * One row of the table in check.c is one kind of rule: how it is made ready, and how it judges. The inside of
 * src/rules.
 */
#ifndef KYC_RULES_CUSTOM_RULE_H
#define KYC_RULES_CUSTOM_RULE_H

#include "core/error.h"
#include "rules/field_plan.h"

/* Makes a rule ready. 0, or -1 with ERROR_USAGE at the rule's place. */
int custom_rule_prepare(const struct rule_set *set, const struct job_rule *rule, struct custom_rule *check,
                        struct error *error);
void custom_rule_clear(struct custom_rule *check);

/* Judges a record whose values are all known. */
void custom_rule_validate(struct record_context *context, const struct custom_rule *check);

#endif
