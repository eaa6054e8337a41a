/* job_sources: the keys of a field that say where its value comes from, before `values` and `format`. Inside
 * of src/job.
 *
 * The readers are rows of the table of job_fields.c; their target is the struct job_mapping. Patterns,
 * replacements and defaults are tried when the rules are compiled (rule_set_new). Thread: one at a time.
 */
#ifndef KYC_JOB_JOB_SOURCES_H
#define KYC_JOB_JOB_SOURCES_H

#include "job/job_keys.h"

job_key_read job_sources_read_column;    /* column; also a field that is only a column's name */
job_key_read job_sources_read_columns;   /* columns: a list of names */
job_key_read job_sources_read_join;      /* join: may be empty */
job_key_read job_sources_read_match;     /* match */
job_key_read job_sources_read_replace;   /* replace: may be empty */
job_key_read job_sources_read_unmatched; /* unmatched: reject, keep, empty */
job_key_read job_sources_read_default;   /* default */
job_key_read job_sources_read_country;   /* country, of a phone */

/* Once all keys of a field are read: the combinations of these keys. 0, or -1 with the reader's error.
 * Notes (by job_note) a match without effect. */
int job_sources_check(struct job_reader *reader, const struct job_node *field,
                      const struct job_mapping *mapping);

#endif
