/* job_provider: the settings of `provider`, one row of one table each.
 *
 * All that must hold for a setting is in the table: a new setting is a new row, and a row names the function
 * that writes its value again (job_key.write). Thread: any; pure.
 */
#ifndef KYC_JOB_JOB_PROVIDER_H
#define KYC_JOB_JOB_PROVIDER_H

#include "core/buffer.h"
#include "job/job_keys.h"
#include "model/job.h"

/* All settings; the row without a name ends them. */
const struct job_key *job_provider_keys(void);

/* Appends every setting but the credentials, one line each, so that two jobs of which one differs in any
 * setting (a setting that is absent differs from one that is empty) give different text. For a digest: paths
 * and the like are written as they are used, not as the file has them. */
void job_provider_write(const struct job_provider *provider, struct buffer *out);

#endif
