/* merge: applies the members of an update to the stored body of a user.
 *
 * Thread: any; pure.
 */
#ifndef KYC_SANDBOX_MERGE_H
#define KYC_SANDBOX_MERGE_H

#include <stdbool.h>

#include "core/buffer.h"
#include "core/json.h"
#include "core/slice.h"

/* An object as text and as parsed by json_reader_parse. */
struct merge_side {
    struct slice text;
    const struct json_node *nodes;
};

/* Appends old with the members of change in place of its own of these names; a null removes a member.
 * Values are copied as they are. left_out: the name of a member of change that is not applied; empty: none.
 */
void merge_write(struct buffer *out, struct merge_side old, struct merge_side change, struct slice left_out);

/* True unless old has the member change.nodes[index] with the same value. */
bool merge_changes(struct merge_side old, struct merge_side change, size_t index);

#endif
