/* shard_json: reads members of the JSON of a shard; what is missing or of another kind marks it as damaged.
 *
 * Thread: one at a time.
 */
#ifndef KYC_REPORT_SHARD_JSON_H
#define KYC_REPORT_SHARD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/json.h"
#include "core/slice.h"

struct shard_json {
    const struct json_node *nodes;
    bool is_damaged;
};

/* A member of the object nodes[node]; 0, false, "" or, of a node, 0 where it is damaged. */
uint64_t shard_json_number(struct shard_json *json, size_t node, const char *key);
bool shard_json_bool(struct shard_json *json, size_t node, const char *key);
struct slice shard_json_text(struct shard_json *json, size_t node, const char *key);
size_t shard_json_array(struct shard_json *json, size_t node, const char *key);
size_t shard_json_object(struct shard_json *json, size_t node, const char *key);
/* Hexadecimal, exactly len bytes. */
void shard_json_bytes(struct shard_json *json, size_t node, const char *key, uint8_t *out, size_t len);
/* A text of less than size bytes, with its NUL. */
void shard_json_copy(struct shard_json *json, size_t node, const char *key, char *out, size_t size);

#endif
