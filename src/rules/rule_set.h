/* rule_set: how a job reads and validates records, compiled from the job, the provider's fields and the
 * header.
 *
 * Built once, then constant and shared by all rule workers (rule_worker.h). Thread: constant once built.
 */
#ifndef KYC_RULES_RULE_SET_H
#define KYC_RULES_RULE_SET_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "model/provider_fields.h"

struct rule_set;

/* columns: the header; of NDJSON, the names of reader_header.names. today: days since 1970-01-01, UTC, at the
 * run's start. Borrows job and fields. Opens the folder provider.documents. NULL with ERROR_USAGE (by
 * job_fail): a column that is missing in the header or appears twice, a path that can match nothing, a
 * pattern that PCRE2 or its JIT does not compile, a value in `values`, `otherwise` or `{value: …}` that the
 * provider does not accept, a required field without a mapping. Notes (by job_note): a mapped field that the
 * provider does not have, a requirement that the job relaxes, a condition on a field without a mapping. */
struct rule_set *rule_set_new(const struct job *job, const struct provider_fields *fields,
                              const struct slice *columns, size_t column_count, int32_t today,
                              struct error *error);
void rule_set_free(struct rule_set *set);

/* The mapping of a field; *columns: where its column_count columns are in a record's cells. NULL: the field
 * is not read. */
const struct job_mapping *rule_set_source(const struct rule_set *set, enum field_id field,
                                          const size_t **columns);

/* Of a field whose columns are counted apart, since it can have a value without them: the bit of its first
 * column in record.sources (bits from 64 on are not kept). SIZE_MAX: of other fields. */
size_t rule_set_first_source(const struct rule_set *set, enum field_id field);

/* Where the column of a condition of input.where (from 0) is in a record's cells. */
size_t rule_set_where_column(const struct rule_set *set, size_t condition);

#endif
