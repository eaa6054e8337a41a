/* success: warnings of a successful create or update, and members that an update left out.
 *
 * Replies use other names than requests (kira: `residential_address` for `address_street`
 * and its like), so names are mapped before they are compared. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_SUCCESS_H
#define KYC_PROVIDER_SUCCESS_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"
#include "provider/outcome_table.h"
#include "provider/reply_body.h"

/* Of the members that an UPDATE sent, those that the reply's list of what was updated does not name. 0 when
 * the reply has no such list. */
uint64_t success_left_out(const struct provider *provider, const struct reply_body *body, uint64_t sent);

/* What the reply's warnings are about, as outcome.warned, and their texts into out, not masked; 0: it has
 * none. */
uint64_t success_warned(const struct provider *provider, const struct reply_body *body, struct buffer *out);

#endif
