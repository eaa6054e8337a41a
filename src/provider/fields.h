/* fields: the customer fields of each provider, as data (3-providers.md, Field tables).
 *
 * One file a provider. A member's index is its place in the table's members, which is the order of the
 * member digests. Thread: constant.
 */
#ifndef KYC_PROVIDER_FIELDS_H
#define KYC_PROVIDER_FIELDS_H

#include "model/provider_fields.h"

extern const struct provider_fields payward_fields;
extern const struct provider_fields kraken_embed_fields;
extern const struct provider_fields kira_fields;
extern const struct provider_fields payso_fields;

/* Words that Payward's two APIs share. */
extern const char *const payward_occupations[];
/* Codes taken in nationalities beside the 249 of ISO 3166-1. */
extern const char *const payward_also_nationalities[];

/* `individual` alone, for the providers that take no businesses. */
extern const char *const provider_individuals_only[];

#endif
