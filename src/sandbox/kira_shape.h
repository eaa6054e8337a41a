/* kira_shape: what kira's requests may carry, as its page of POST /v1/users has it.
 *
 * Thread: constant.
 */
#ifndef KYC_SANDBOX_KIRA_SHAPE_H
#define KYC_SANDBOX_KIRA_SHAPE_H

#include "sandbox/shape.h"

/* Of a create; of an update with SHAPE_FIXED members left out. Not known: `documents` (its page does not say
 * what stands in it). */
extern const struct shape kira_shape_user[];
/* Of POST /auth. */
extern const struct shape kira_shape_login[];

#endif
