/* signed_schema: the parts that the bodies of payward and kraken-embed share.
 *
 * Thread: constant.
 */
#ifndef KYC_SANDBOX_SIGNED_SCHEMA_H
#define KYC_SANDBOX_SIGNED_SCHEMA_H

#include "sandbox/schema.h"

extern const char *const signed_schema_occupations[];
extern const struct schema signed_schema_full_name[];
extern const struct schema signed_schema_residence[];
extern const struct schema signed_schema_client_identifier[];
/* elements */
extern const struct schema signed_schema_nationality[];
extern const struct schema signed_schema_tax_id[];

#endif
