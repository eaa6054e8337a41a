/* warning: what the provider's own words about a success make of its record.
 *
 * A create or an update that went well may come back with warnings, and an update with a list of what it
 * updated that leaves out a member that was sent. The record counts as created or updated with the warning
 * FIELD/provider_warning. A member that was left out keeps its old digest, so that the next run sends it once
 * more; left out again with the same value it counts as taken. What may have landed already, by an update in
 * doubt, is not missed in an answer (changes_weigh_left_out). Thread: the coordinator's.
 */
#ifndef KYC_PIPELINE_WARNING_H
#define KYC_PIPELINE_WARNING_H

#include "core/error.h"
#include "pipeline/conclude.h"

struct item;
struct sending;

/* Before the conclusion of an attempt is written: item.left_out for the ledger, item.warned for the report;
 * the outcome gets code and message of what was left out. Without effect where the provider did not say yes.
 * 0, or -1 with ERROR_LEDGER. */
int warning_evaluate(struct sending *sending, struct item *item, const struct conclusion *conclusion,
                     struct error *error);

/* What was durably written is counted: the record as warned, each field under its rule. */
void warning_count(struct sending *sending, const struct item *item);

#endif
