/* check: the job's own rules (2-job.md, rules).
 *
 * One row of the table in check.c is one kind of rule: how it is made ready, and how it judges. The inside of
 * src/rules.
 */
#ifndef KYC_RULES_CHECK_H
#define KYC_RULES_CHECK_H

#include "core/error.h"
#include "rules/slot.h"

/* Makes a rule ready. 0, or -1 with ERROR_USAGE at the rule's place. */
int check_prepare(const struct rule_set *set, const struct job_rule *rule, struct check *check,
                  struct error *error);
void check_clear(struct check *check);

/* Judges a record whose values are all known. */
void check_judge(struct judging *judging, const struct check *check);

#endif
