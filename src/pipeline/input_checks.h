/* input_checks: what holds of the whole input: for a check or run of it, and for shards that are merged.
 *
 * Thread: the coordinator's.
 */
#ifndef KYC_PIPELINE_INPUT_CHECKS_H
#define KYC_PIPELINE_INPUT_CHECKS_H

#include "core/error.h"
#include "model/job.h"
#include "report/run_stats.h"
#include "rules/rule_set.h"

/* Notes in stats which columns each field is read from. */
void input_checks_map_fields(const struct rule_set *rules, struct run_stats *stats);

/* Whether there were input.min_records records, those that are skipped aside. 0, or -1 with ERROR_INPUT. */
int input_checks_min_records(const struct job *job, const struct run_stats *stats, struct error *error);

#endif
