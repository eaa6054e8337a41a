/* help_provider: what the providers and the customer fields are, for a person who writes a job file.
 *
 * All of it comes from the field rows and the providers' descriptors. Lines have at most 100 columns.
 * Thread: the main one.
 */
#ifndef KYC_CMD_HELP_PROVIDER_H
#define KYC_CMD_HELP_PROVIDER_H

#include "cmd/help_page.h"
#include "provider/provider.h"

/* Every provider, in short. */
void help_provider_list(struct help_page *page);

/* All of one provider: credentials, settings, fields, words. */
void help_provider(const struct provider *provider, struct help_page *page);

/* Every customer field: its normal form, what it means, and which providers take it. */
void help_provider_fields(struct help_page *page);

/* One customer field, and what each provider makes of it. False: there is no such field. */
bool help_provider_field(const char *name, struct help_page *page);

#endif
