/* json_merge: writes values that were read, as they are or merged (RFC 7396, JSON Merge Patch): a member of
 * the patch replaces that of the target, objects member by member, and null removes it. Thread: any.
 */
#ifndef KYC_CORE_JSON_MERGE_H
#define KYC_CORE_JSON_MERGE_H

#include <stddef.h>

#include "core/buffer.h"
#include "core/json.h"

/* Appends nodes[index] and all below it (as of json_reader_parse), without blanks, numbers as they were
 * written. Of an object, members for which is_left_out (may be NULL) is true are left out at any depth. */
void json_merge_copy(struct buffer *out, const struct json_node *nodes, size_t index,
                     bool (*is_left_out)(struct slice key));

/* Appends patch[p], which is not null, merged into target[t]; target NULL: into nothing. */
void json_merge_write(struct buffer *out, const struct json_node *target, size_t t,
                      const struct json_node *patch, size_t p);

/* A text of one object of a bounded size, of which no member is cut. */
struct json_bounded {
    char *out;
    size_t size, len;     /* of out, with the NUL; so far */
    struct buffer member; /* scratch: `"name":value` */
};

/* Owner: begin/end. */
void json_bounded_begin(struct json_bounded *object, char *out, size_t size);
/* Begins a member, whose value is appended to object->member. */
void json_bounded_key(struct json_bounded *object, struct slice key);
/* Adds the member; false: it does not fit, and is left out. */
bool json_bounded_add(struct json_bounded *object);
/* Closes the object; "" without a member. */
void json_bounded_end(struct json_bounded *object);

#endif
