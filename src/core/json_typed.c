#include "core/json_typed.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>

#include "core/ascii.h"

enum { MS_DIGITS_MAX = 18, DOUBLE_CHARS_MAX = 40, UUID_BASE64 = 24, UUID_BYTES = 16 };

/* The kinds of node that a wrapper's value may have, as bits. */
#define KIND(kind) (1U << (kind))

struct wrapper {
    struct slice name;
    unsigned kinds;
    enum json_typed_form form;
};

static const struct wrapper mongo_wrappers[] = {
    {SLICE_LITERAL("$oid"), KIND(JSON_STRING), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("$date"), KIND(JSON_STRING), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("$numberLong"), KIND(JSON_STRING) | KIND(JSON_NUMBER), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("$numberInt"), KIND(JSON_STRING) | KIND(JSON_NUMBER), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("$numberDouble"), KIND(JSON_STRING) | KIND(JSON_NUMBER), JSON_TYPED_DOUBLE},
    {SLICE_LITERAL("$numberDecimal"), KIND(JSON_STRING), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("$symbol"), KIND(JSON_STRING), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("$uuid"), KIND(JSON_STRING), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("$undefined"), KIND(JSON_BOOL), JSON_TYPED_NOTHING},
};

static const struct wrapper dynamodb_wrappers[] = {
    {SLICE_LITERAL("S"), KIND(JSON_STRING), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("N"), KIND(JSON_STRING), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("BOOL"), KIND(JSON_BOOL), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("NULL"), KIND(JSON_BOOL), JSON_TYPED_NOTHING},
    {SLICE_LITERAL("SS"), KIND(JSON_ARRAY), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("NS"), KIND(JSON_ARRAY), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("BS"), KIND(JSON_ARRAY), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("L"), KIND(JSON_ARRAY), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("M"), KIND(JSON_OBJECT), JSON_TYPED_PLAIN},
    {SLICE_LITERAL("B"), KIND(JSON_STRING), JSON_TYPED_PLAIN},
};

/* The wrapper that the object at index is; NULL: none. */
static const struct wrapper *find_wrapper(const struct wrapper *wrappers, size_t count,
                                          const struct json_node *nodes, size_t index)
{
    const struct json_node *member = &nodes[index + 1];
    if (nodes[index].kind != JSON_OBJECT || nodes[index].children != 1)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (slice_equal(wrappers[i].name, member->key))
            return wrappers[i].kinds & KIND(member->kind) ? &wrappers[i] : NULL;
    return NULL;
}

static const struct wrapper *find_mongo(const struct json_node *nodes, size_t index)
{
    return find_wrapper(mongo_wrappers, sizeof mongo_wrappers / sizeof *mongo_wrappers, nodes, index);
}

static const struct wrapper *find_dynamodb(const struct json_node *nodes, size_t index)
{
    return find_wrapper(dynamodb_wrappers, sizeof dynamodb_wrappers / sizeof *dynamodb_wrappers, nodes,
                        index);
}

/* The members that a reject file adds to a record. */
static bool is_added(struct slice name)
{
    return slice_begins_with(name, "kyc_");
}

static bool has_attributes(const struct json_node *nodes, size_t object)
{
    if (nodes[object].kind != JSON_OBJECT || nodes[object].children == 0)
        return false;
    for (size_t child = object + 1; child < nodes[object].end; child = nodes[child].end)
        if (!find_dynamodb(nodes, child) && !is_added(nodes[child].key))
            return false;
    return true;
}

static bool is_image(struct slice name)
{
    return slice_is(name, "Item") || slice_is(name, "Keys") || slice_is(name, "NewImage") ||
           slice_is(name, "OldImage") || slice_is(name, "Metadata");
}

bool json_typed_is_dynamodb(const struct json_node *nodes)
{
    /* The first member alone shows it of nearly every other record. */
    if (nodes[0].kind != JSON_OBJECT || nodes[0].children == 0 || nodes[1].kind != JSON_OBJECT)
        return false;
    if (!is_image(nodes[1].key))
        return has_attributes(nodes, 0);
    for (size_t child = 1; child < nodes[0].end; child = nodes[child].end)
        if (!is_added(nodes[child].key) && (!is_image(nodes[child].key) || !has_attributes(nodes, child)))
            return has_attributes(nodes, 0);
    return true;
}

/* Milliseconds as an integer; false: the text is not one, or is too long. */
static bool read_ms(struct slice text, int64_t *ms)
{
    bool is_negative = text.len > 0 && text.data[0] == '-';
    struct slice digits = is_negative ? slice_skip(text, 1) : text;
    *ms = 0;
    if (digits.len == 0 || digits.len > MS_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (!ascii_is_digit(digits.data[i]))
            return false;
        *ms = *ms * 10 + (digits.data[i] - '0');
    }
    if (is_negative)
        *ms = -*ms;
    return true;
}

/* The index of the milliseconds that `$date` holds, at which it is itself; 0: it holds none. */
static size_t find_instant(const struct json_node *nodes, size_t index)
{
    int64_t ms;
    if (!slice_is(nodes[index].key, "$date"))
        return 0;
    const struct wrapper *wrapper = find_mongo(nodes, index);
    if (wrapper && slice_is(wrapper->name, "$numberLong"))
        index++;
    else if (nodes[index].kind != JSON_NUMBER)
        return 0;
    return read_ms(nodes[index].text, &ms) ? index : 0;
}

/* `{"$binary":{"base64":"…","subType":"04"}}`, in v1 `{"$binary":"…","$type":"04"}`. Subtype 4 alone has one
 * byte order; of 3 the drivers have three. 0: not a UUID. */
static size_t find_uuid(const struct json_node *nodes, size_t index)
{
    size_t binary = json_member(nodes, index, "$binary"), type;
    if (!binary)
        return 0;
    if (nodes[binary].kind == JSON_OBJECT && nodes[index].children == 1 && nodes[binary].children == 2) {
        type = json_member(nodes, binary, "subType");
        binary = json_member(nodes, binary, "base64");
    } else {
        type = nodes[index].children == 2 ? json_member(nodes, index, "$type") : 0;
    }
    bool is_uuid = type && binary && nodes[type].kind == JSON_STRING &&
                   (slice_is(nodes[type].text, "04") || slice_is(nodes[type].text, "4")) &&
                   nodes[binary].kind == JSON_STRING && nodes[binary].text.len == UUID_BASE64;
    return is_uuid ? binary : 0;
}

struct json_typed json_typed_unwrap(const struct json_node *nodes, size_t index, bool is_dynamodb)
{
    size_t inner = find_instant(nodes, index);
    if (inner)
        return (struct json_typed){inner, JSON_TYPED_INSTANT};
    if (nodes[index].kind != JSON_OBJECT || nodes[index].children == 0)
        return (struct json_typed){index, JSON_TYPED_PLAIN};
    if (nodes[index].children == 1 && (inner = find_instant(nodes, index + 1)) != 0)
        return (struct json_typed){inner, JSON_TYPED_INSTANT};
    if ((inner = find_uuid(nodes, index)) != 0)
        return (struct json_typed){inner, JSON_TYPED_UUID};
    const struct wrapper *wrapper = find_mongo(nodes, index);
    if (!wrapper && is_dynamodb)
        wrapper = find_dynamodb(nodes, index);
    return wrapper ? (struct json_typed){index + 1, wrapper->form}
                   : (struct json_typed){index, JSON_TYPED_PLAIN};
}

static struct slice write_instant(struct slice text, struct arena *arena)
{
    int64_t ms;
    struct tm tm;
    if (!read_ms(text, &ms))
        return text;
    int64_t second = ms / 1000, rest = ms % 1000;
    if (rest < 0) { /* an instant before 1970 counts from the second before it */
        second--;
        rest += 1000;
    }
    time_t time = (time_t)second;
    if (!gmtime_r(&time, &tm) || tm.tm_year < 1 - 1900 || tm.tm_year > 9999 - 1900)
        return text;
    char fraction[8] = "";
    if (rest)
        snprintf(fraction, sizeof fraction, ".%03d", (int)rest);
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900, tm.tm_mon + 1,
                        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
}

static struct slice write_double(struct slice text, struct arena *arena)
{
    char copy[DOUBLE_CHARS_MAX];
    if (text.len == 0 || text.len >= sizeof copy)
        return text;
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]) && !memchr("+-.eE", text.data[i], 5))
            return text;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    char *end;
    double number = strtod(copy, &end);
    if (*end || !(fabs(number) < 0x1p53) || number != trunc(number))
        return text;
    return arena_printf(arena, "%.0f", number + 0.0); /* -0.0 is 0 */
}

static struct slice write_uuid(struct slice text, struct arena *arena)
{
    unsigned char bytes[UUID_BASE64 / 4 * 3];
    char hex[2 * UUID_BYTES + 1];
    if (EVP_DecodeBlock(bytes, (const unsigned char *)text.data, UUID_BASE64) != sizeof bytes ||
        text.data[UUID_BASE64 - 2] != '=')
        return text;
    for (size_t i = 0; i < UUID_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

struct slice json_typed_text(const struct json_node *nodes, struct json_typed typed, struct arena *arena)
{
    struct slice text = nodes[typed.index].text;
    switch (typed.form) {
    case JSON_TYPED_NOTHING:
        return slice_make(NULL, 0);
    case JSON_TYPED_INSTANT:
        return write_instant(text, arena);
    case JSON_TYPED_DOUBLE:
        return write_double(text, arena);
    case JSON_TYPED_UUID:
        return write_uuid(text, arena);
    case JSON_TYPED_PLAIN:
        break;
    }
    return text;
}
