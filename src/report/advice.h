/* advice: what a rule's verdict means and what to do about it; what an exit status means and what comes next.
 *
 * Whole sentences for report.html; the table on standard output has tally_meaning. Constant texts without a
 * value. Thread: any; pure.
 */
#ifndef KYC_REPORT_ADVICE_H
#define KYC_REPORT_ADVICE_H

#include <stdbool.h>

#include "model/field.h"

struct advice {
    const char *meaning, *todo;
};

struct advice advice_of_rule(enum field_id field, const char *rule);

/* of a check (is_dry) or a run that ended with this status (1-product.md, Exit statuses). */
struct advice advice_of_status(int status, bool is_dry);

#endif
