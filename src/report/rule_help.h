/* rule_help: what a rule's verdict means and what to do about it; what an exit status means and what comes
 * next.
 *
 * Whole sentences for report.html; the table on standard output has run_stats_meaning. Constant texts without
 * a value. Thread: any; pure.
 */
#ifndef KYC_REPORT_RULE_HELP_H
#define KYC_REPORT_RULE_HELP_H

#include <stdbool.h>

#include "model/field.h"

struct rule_help {
    const char *meaning, *todo;
};

struct rule_help rule_help_of_rule(enum field_id field, const char *rule);

/* of a check (is_dry) or a run that ended with this status (1-product.md, Exit statuses). */
struct rule_help rule_help_of_status(int status, bool is_dry);

#endif
