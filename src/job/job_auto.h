/* job_auto: `fields: auto`: the columns of a header become the job's mappings, by name and known synonyms.
 *
 * Thread: one at a time, before anybody else has the job.
 */
#ifndef KYC_JOB_JOB_AUTO_H
#define KYC_JOB_JOB_AUTO_H

#include <stddef.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "model/provider_fields.h"

/* Fills in the mappings of a job with `fields: auto`; does nothing to another. columns: the header. Only
 * fields of the provider, fields that others depend on and fields that the job's rules name are matched; by a
 * weak name only fields that the provider requires. 0, or -1 with ERROR_USAGE at `auto`: two columns that fit
 * one field equally well (it names both), none for external_id, no header (NDJSON). */
int job_auto_match(struct job *job, const struct provider_fields *fields, const struct slice *columns,
                   size_t column_count, struct error *error);

#endif
