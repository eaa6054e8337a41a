/* provider_table: all providers, by name. Thread: any; constant. */
#ifndef KYC_PROVIDER_PROVIDER_TABLE_H
#define KYC_PROVIDER_PROVIDER_TABLE_H

#include <stdbool.h>

#include "core/error.h"
#include "model/job.h"
#include "provider/provider.h"

/* NULL when there is no provider of this name. */
const struct provider *provider_find(const char *name);
/* All names, NULL-terminated. */
const char *const *provider_names(void);

/* The provider that the job names, with the job's settings and credentials checked. NULL with ERROR_USAGE at
 * the place in the job file: an unknown name (with the nearest one), a ca_file that cannot be read, or what
 * the provider's check_job refuses. No message holds a secret. */
const struct provider *provider_of_job(const struct job *job, bool with_secrets, struct error *error);

#endif
