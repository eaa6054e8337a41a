/* custom_rule: the rules that a job defines (`rules`). Inside of src/rules.
 *
 * One row of the table in custom_rule.c is one kind of rule: its default name, how it is prepared and how a
 * record is validated.
 */
#ifndef KYC_RULES_CUSTOM_RULE_H
#define KYC_RULES_CUSTOM_RULE_H

#include "core/error.h"
#include "rules/record_context.h"

/* Compiles rule into *custom. 0, or -1 with ERROR_USAGE at the rule's place in the job file. */
int custom_rule_prepare(const struct rule_set *set, const struct job_rule *rule, struct custom_rule *custom,
                        struct error *error);
void custom_rule_clear(struct custom_rule *custom);

/* Adds the rule's verdict to a record whose values are all read, if its conditions hold. */
void custom_rule_validate(struct record_context *context, const struct custom_rule *custom);

#endif
