/* row_filter: which records of the input a job is about (`input.where`). Inside of src/rules.
 *
 * A condition searches the trimmed source value of a column: decoded, without a spreadsheet's guard
 * where the job strips them, without blanks at its ends, and empty for a null value. It is judged before any
 * field is read, so a skipped record has no values and no verdicts. A column that cannot be read (damaged
 * text, an array or an object of NDJSON, a pattern beyond the match limit) rejects the record: whether it is
 * one of the job's is not known, and skipping it would lose it.
 *
 * Thread: constant once prepared; a record is one worker's.
 */
#ifndef KYC_RULES_ROW_FILTER_H
#define KYC_RULES_ROW_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "rules/record_context.h"

/* A condition of input.where, prepared. */
struct row_condition {
    const struct job_where *where;
    struct pattern *pattern;
    size_t column;                  /* of a record's cells; the rule set finds it */
    enum pattern_result of_nothing; /* of the empty string */
};

/* Compiles the pattern. 0, or -1 with ERROR_USAGE at its place in the job file: PCRE2 or its JIT does not
 * compile it, or it backtracks without end. */
int row_filter_prepare(const struct job *job, const struct job_where *where, struct row_condition *condition,
                       struct error *error);
void row_filter_clear(struct row_condition *condition);

/* Judges a record whose cells are read. False: it is skipped, and record->skipped and skipped_by are set.
 * True else, with a verdict for each column that cannot be read. */
bool row_filter_keeps(struct rule_worker *worker, struct record *record, struct arena *arena);

#endif
