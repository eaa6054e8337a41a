/* kira_schema: the members of kira's requests, as its page of POST /v1/users lists them.
 *
 * Thread: constant.
 */
#ifndef KYC_SANDBOX_KIRA_SCHEMA_H
#define KYC_SANDBOX_KIRA_SCHEMA_H

#include "sandbox/schema.h"

/* Of a create; of an update without the SCHEMA_FIXED members. Without `documents`: the page does not describe
 * it. */
extern const struct schema kira_schema_user[];
/* Of POST /auth. */
extern const struct schema kira_schema_verification[];
extern const struct schema kira_schema_login[];

#endif
