/* provider_table: all providers, by name. Thread: any; constant. */
#ifndef KYC_PROVIDER_PROVIDER_TABLE_H
#define KYC_PROVIDER_PROVIDER_TABLE_H

#include <stdbool.h>

#include "core/error.h"
#include "model/job.h"
#include "provider/provider.h"

/* NULL when there is no provider of this name. */
const struct provider *provider_find(const char *name);
/* All names, NULL-terminated. Thread: the main one. */
const char *const *provider_names(void);

/* The provider that the job names, with the job's settings and credentials checked by its rows, and the
 * values of the settings filled in (model/job_setting.h). NULL with ERROR_USAGE at the place in the job file:
 * no name, an unknown one (with the nearest), a ca_file that cannot be read, or what the rows refuse
 * (provider_settings_read, provider_credentials_check). No message holds a secret. */
const struct provider *provider_of_job(struct job *job, bool with_secrets, struct error *error);

#endif
