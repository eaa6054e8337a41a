/* merge: the members of an update put into the body of a user.
 *
 * Thread: any; pure.
 */
#ifndef KYC_SANDBOX_MERGE_H
#define KYC_SANDBOX_MERGE_H

#include <stdbool.h>

#include "core/buffer.h"
#include "core/json.h"
#include "core/slice.h"

/* An object as text and as what json_reader_parse made of it. */
struct merge_side {
    struct slice text;
    const struct json_node *nodes;
};

/* Appends old with the members of change in place of its own of these names; a null takes a member away.
 * Values are copied as they are. left_out: the name of a member of change that is passed over; empty: none.
 */
void merge_write(struct buffer *out, struct merge_side old, struct merge_side change, struct slice left_out);

/* Whether the member of change at node at is not in old with the same value. */
bool merge_changes(struct merge_side old, struct merge_side change, size_t index);

#endif
