/* kira_schema: what kira's requests may carry, as its page of POST /v1/users has it.
 *
 * Thread: constant.
 */
#ifndef KYC_SANDBOX_KIRA_SCHEMA_H
#define KYC_SANDBOX_KIRA_SCHEMA_H

#include "sandbox/schema.h"

/* Of a create; of an update with SCHEMA_FIXED members left out. Not known: `documents` (its page does not say
 * what stands in it). */
extern const struct schema kira_schema_user[];
/* Of POST /auth. */
extern const struct schema kira_schema_login[];

#endif
