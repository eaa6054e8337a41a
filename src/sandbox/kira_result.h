/* kira_result: what kira's answer reports about a success: the fields it updated, and warnings.
 *
 * Thread: any; pure.
 */
#ifndef KYC_SANDBOX_KIRA_RESULT_H
#define KYC_SANDBOX_KIRA_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/json.h"
#include "sandbox/merge.h"

/* The members of an update that change the user: bit i for member i of the request. left_out: a member that
 * is not applied; empty: none. */
uint64_t kira_result_changed_members(struct merge_side user, struct merge_side change, struct slice left_out);

/* Writes `updated_fields` into an open object: the names of the changed members as the answer has them, the
 * whole address as `residential_address`. Repeating what the user has already changes nothing: []. */
void kira_result_write_updated_fields(struct json_writer *writer, const struct json_node *nodes,
                                      uint64_t changed);

/* Writes `warnings` into an open object: one, about the request's first string but `type`; it quotes the
 * value. */
void kira_result_write_warning(struct json_writer *writer, const struct json_node *nodes);

/* True when the member of that name is among the changed ones. */
bool kira_result_has_changed(const struct json_node *nodes, uint64_t changed, const char *member);

/* Writes `missing_fields` into an open object: the members that automatic verification asks for and the user
 * does not have. */
void kira_result_write_missing_fields(struct json_writer *writer, const struct json_node *nodes);

#endif
