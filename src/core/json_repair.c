#include "core/json_repair.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/utf8.h"

static const struct slice replacement = SLICE_LITERAL("\xef\xbf\xbd");
static const struct slice escaped_replacement = SLICE_LITERAL("\\ufffd");

enum { JSON_ESCAPE_LEN = 6 }; /* \uXXXX */

/* The bytes at one place of a text. */
struct json_piece {
    size_t len;
    struct slice instead; /* at NULL: it stays */
};

/* The code unit of a \uXXXX at the start of text; -1: there is none. */
static int json_escape_unit(struct slice text)
{
    if (text.len < JSON_ESCAPE_LEN || text.data[0] != '\\' || text.data[1] != 'u')
        return -1;
    int unit = 0;
    for (size_t i = 2; i < JSON_ESCAPE_LEN; i++) {
        char c = text.data[i];
        int digit = c >= '0' && c <= '9'                                 ? c - '0'
                    : (char)(c | 0x20) >= 'a' && (char)(c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                         : -1;
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool json_is_high(int unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool json_is_low(int unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static struct json_piece json_escape(struct slice text)
{
    int unit = json_escape_unit(text);
    if (json_is_high(unit)) {
        struct slice rest = slice_skip(text, JSON_ESCAPE_LEN);
        if (json_is_low(json_escape_unit(rest)))
            return (struct json_piece){2 * JSON_ESCAPE_LEN, {NULL, 0}};
    }
    if (json_is_high(unit) || json_is_low(unit))
        return (struct json_piece){JSON_ESCAPE_LEN, escaped_replacement};
    bool pair = text.len > 1 && (text.data[1] == '\\' || text.data[1] == '"');
    return (struct json_piece){pair ? 2 : 1, {NULL, 0}};
}

static struct json_piece json_piece(struct slice text, bool in_string)
{
    if (in_string && text.data[0] == '\\')
        return json_escape(text);
    uint32_t code;
    size_t len = utf8_decode(text, &code);
    if (len == 0)
        return (struct json_piece){1, in_string ? replacement : slice_make(NULL, 0)};
    return (struct json_piece){len, {NULL, 0}};
}

/* Walks until `until` bytes are written; out NULL: counts only. Returns the bytes written, *at those read. */
static size_t json_walk(struct slice text, char *out, size_t until, size_t *index)
{
    bool in_string = false;
    size_t written = 0;
    for (*index = 0; *index < text.len && written < until;) {
        struct slice rest = slice_skip(text, *index);
        struct json_piece piece = json_piece(rest, in_string);
        in_string ^= *rest.data == '"';
        struct slice put = piece.instead.data ? piece.instead : slice_make(rest.data, piece.len);
        if (out)
            memcpy(out + written, put.data, put.len);
        written += put.len;
        *index += piece.len;
    }
    return written;
}

size_t json_repair(struct slice text, char *out)
{
    size_t index;
    return json_walk(text, out, SIZE_MAX, &index);
}

size_t json_repair_origin(struct slice text, size_t offset)
{
    size_t index;
    json_walk(text, NULL, offset, &index);
    return index;
}

size_t json_repair_find(struct slice text)
{
    bool in_string = false;
    size_t opened = 0;
    for (size_t offset = 0; offset < text.len;) {
        struct slice rest = slice_skip(text, offset);
        uint32_t code;
        if (utf8_decode(rest, &code) == 0 || (in_string && code < 0x20))
            return offset;
        if (*rest.data == '"') {
            in_string = !in_string;
            opened = offset;
        }
        offset += json_piece(rest, in_string).len;
    }
    return in_string ? opened : text.len;
}
