#include "report/shard_json.h"

#include <stdlib.h>
#include <string.h>

#include "core/digest.h"

static size_t find_member(struct shard_json *json, size_t node, const char *key, enum json_kind kind)
{
    size_t member = json_member(json->nodes, node, key);

    if (member && json->nodes[member].kind == kind)
        return member;
    json->is_damaged = true;
    return 0;
}

uint64_t shard_json_number(struct shard_json *json, size_t node, const char *key)
{
    size_t member = find_member(json, node, key, JSON_NUMBER);

    return member ? strtoull(json->nodes[member].text.data, NULL, 10) : 0;
}

bool shard_json_bool(struct shard_json *json, size_t node, const char *key)
{
    size_t member = find_member(json, node, key, JSON_BOOL);

    return member && slice_is(json->nodes[member].text, "true");
}

struct slice shard_json_text(struct shard_json *json, size_t node, const char *key)
{
    size_t member = find_member(json, node, key, JSON_STRING);

    return member ? json->nodes[member].text : slice_make("", 0);
}

size_t shard_json_array(struct shard_json *json, size_t node, const char *key)
{
    return find_member(json, node, key, JSON_ARRAY);
}

size_t shard_json_object(struct shard_json *json, size_t node, const char *key)
{
    return find_member(json, node, key, JSON_OBJECT);
}

void shard_json_bytes(struct shard_json *json, size_t node, const char *key, uint8_t *out, size_t len)
{
    struct slice text = shard_json_text(json, node, key);

    if (text.len == 2 * len && digest_read_hex(text, out, len))
        return;
    memset(out, 0, len);
    json->is_damaged = true;
}

void shard_json_copy(struct shard_json *json, size_t node, const char *key, char *out, size_t size)
{
    struct slice text = shard_json_text(json, node, key);

    json->is_damaged = json->is_damaged || text.len >= size;
    if (text.len >= size)
        text.len = 0;
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}
