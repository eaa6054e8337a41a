/* absent_columns: warns of mapped columns and paths in which no record had a value.
 *
 * A path of NDJSON that is misspelt, and a column that the export no longer fills, are no error of any
 * record. Thread: the coordinator's, once all records are counted.
 */
#ifndef KYC_PIPELINE_ABSENT_COLUMNS_H
#define KYC_PIPELINE_ABSENT_COLUMNS_H

#include "model/job.h"
#include "report/run_stats.h"
#include "rules/rule_set.h"

/* One warning in the log, with the first of them and their fields; none with `fields: auto`, which names no
 * column, and without a well-formed record. In a run of few records a note. */
void absent_columns_warn(const struct job *job, const struct rule_set *rules, const struct run_stats *stats);

/* For NDJSON a note in the log for each path of input.where at which no record had a value: a misspelt one
 * decides about every record alike, but so does one that exports write only for some records. */
void absent_columns_note_conditions(const struct job *job, const struct run_stats *stats);

#endif
