/* rule_help: what a rule's verdict means and what to do about it, for reports. Thread: any; pure.
 *
 * Constant texts without a value of a record, so they may be shown where values are masked.
 */
#ifndef KYC_REPORT_RULE_HELP_H
#define KYC_REPORT_RULE_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "model/field.h"

struct rule_help {
    const char *summary; /* a few words, for one line of a table */
    const char *meaning; /* a sentence */
    const char *action;  /* what to do: sentences */
};

/* The rows, in the order in which they apply; NULL past the last one. *scope: the FIELD of the verdicts
 * FIELD/RULE that the row is for: a field, `record`, `DATE` (each date) or `FIELD` (each field for which no
 * row before it is). */
const struct rule_help *rule_help_row(size_t index, const char **scope, const char **rule, bool *is_warning);

/* The help for a verdict FIELD/RULE; for an unknown rule, which is the job's or a code of the provider, a
 * general one. */
const struct rule_help *rule_help_find(enum field_id field, const char *rule);

#endif
