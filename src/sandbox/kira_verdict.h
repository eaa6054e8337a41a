/* kira_verdict: what an answer of Kira's says of its own success: what it updated, and warnings.
 *
 * Thread: any; pure.
 */
#ifndef KYC_SANDBOX_KIRA_VERDICT_H
#define KYC_SANDBOX_KIRA_VERDICT_H

#include <stdint.h>

#include "core/json.h"
#include "sandbox/merge.h"

/* The members of an update that change the user: bit i, the i-th of the request. left_out: one that is not
 * taken; empty: none. */
uint64_t kira_verdict_changed(struct merge_side user, struct merge_side change, struct slice left_out);

/* `updated_fields` into an open object: the names of these members of the request as the answer has them, the
 * whole address as `residential_address`. A repeat of what the user has already changes nothing: []. */
void kira_verdict_write_updated(struct json_writer *writer, const struct json_node *nodes, uint64_t changed);

/* `warnings` into an open object: one, of the request's first text but `type`, whose value it quotes. */
void kira_verdict_write_warning(struct json_writer *writer, const struct json_node *nodes);

#endif
