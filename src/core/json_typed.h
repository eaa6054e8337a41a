/* json_typed: values that an export wraps in an object of one member, to keep their type.
 *
 * MongoDB Extended JSON, v2 (canonical and relaxed) and v1: `{"$oid":"…"}`, `{"$date":…}`,
 * `{"$numberLong":"…"}` and so on. A name with `$` is MongoDB's own, so such an object is unwrapped wherever
 * it is met. `$date` holds a text in ISO 8601, or milliseconds since 1970-01-01T00:00:00Z (v1: a number; v2:
 * `{"$numberLong":"…"}`, which relaxed output has before 1970 too).
 *   https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md
 *   https://www.mongodb.com/docs/manual/reference/mongodb-extended-json-v1/
 *
 * DynamoDB: `{"S":"…"}`, `{"N":"…"}`, `{"BOOL":…}`, `{"NULL":true}`, the sets SS, NS and BS, the list L, the
 * map M, and B. A customer's own object can have one member `S`, so these are unwrapped only in a record of
 * DynamoDB: each of its members is wrapped in this way, or each is one of Item (a full export), Keys,
 * NewImage, OldImage and Metadata (an incremental export), whose members are. One plain member among them,
 * and nothing is unwrapped.
 *   https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
 *   https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
 *
 * A wrapper counts only with a value of the kind that its name asks for.
 * Thread: any. Owner: texts are slices of the nodes' or in the arena.
 */
#ifndef KYC_CORE_JSON_TYPED_H
#define KYC_CORE_JSON_TYPED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/json.h"

enum json_typed_form {
    JSON_TYPED_PLAIN,   /* the node at index as it is: any kind, an object and an array too */
    JSON_TYPED_NOTHING, /* a wrapped null */
    JSON_TYPED_INSTANT, /* milliseconds since 1970-01-01T00:00:00Z */
    JSON_TYPED_DOUBLE,  /* a floating-point number as written */
    JSON_TYPED_UUID,    /* 16 bytes in base64 */
};

struct json_typed {
    size_t index; /* of the node with the value */
    enum json_typed_form form;
};

/* True for a record of DynamoDB, whose top is nodes[0]. */
bool json_typed_is_dynamodb(const struct json_node *nodes);

/* What the node at index holds: itself without a wrapper. is_dynamodb: of the record. A number or
 * `{"$numberLong":…}` that is itself named `$date` is an instant, so a path may name the wrapper. */
struct json_typed json_typed_unwrap(const struct json_node *nodes, size_t index, bool is_dynamodb);

/* The text of a value that is neither an array nor an object: an instant as `1980-02-03T00:00:00Z`, with
 * milliseconds where it has any; a double that is a whole number below 2^53 without point and exponent, which
 * are its notation and no damage; a UUID with hyphens. What cannot be written so stays as it is. */
struct slice json_typed_text(const struct json_node *nodes, struct json_typed typed, struct arena *arena);

#endif
