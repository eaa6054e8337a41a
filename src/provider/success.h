/* success: warnings of a successful create or update, members that an update left out, and what a create
 * says of the verification.
 *
 * Replies use other names than requests (kira: `residential_address` for `address_street`
 * and its like), so names are mapped before they are compared. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_SUCCESS_H
#define KYC_PROVIDER_SUCCESS_H

#include <stdbool.h>
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

/* True for a link that can be opened as it is: an https URL without blanks that fits into an outcome. */
bool success_is_link(struct slice text);
/* The link of a reply to a CREATE; empty: it has none, or one that cannot be opened. */
struct slice success_link(const struct provider *provider, const struct reply_body *body);

/* True when the create of this record asks for a link. */
bool success_wants_link(const struct provider *provider, const struct record *record);

/* Of a reply to a CREATE: OUTCOME_WARNED_LINK and OUTCOME_WARNED_NOT_TRIGGERED, and their texts into out, not
 * masked. mode: the record's verification_mode, or empty; the reply's own counts first. */
uint64_t success_unverified(const struct provider *provider, const struct reply_body *body, struct slice mode,
                            struct buffer *out);

#endif
