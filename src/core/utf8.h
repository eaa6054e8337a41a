/* utf8: UTF-8 (RFC 3629), character by character; also of a text that may hold any byte. Thread: any; pure.
 */
#ifndef KYC_CORE_UTF8_H
#define KYC_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

/* Decodes the first character of text, which is not empty. Returns its bytes; 0 when they are not well-formed
 * (no overlong forms, no surrogates, nothing above U+10FFFF): *code is then not set. */
static inline size_t utf8_decode(struct slice text, uint32_t *code)
{
    static const uint32_t min[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *bytes = (const uint8_t *)text.data;
    if (bytes[0] < 0x80) {
        *code = bytes[0];
        return 1;
    }
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
        return 0;
    size_t len = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (text.len < len)
        return 0;
    uint32_t decoded = bytes[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        decoded = decoded << 6 | (bytes[i] & 0x3f);
    }
    if (decoded < min[len] || decoded > 0x10ffff || (decoded >= 0xd800 && decoded <= 0xdfff))
        return 0;
    *code = decoded;
    return len;
}

enum { UTF8_CHAR_MAX = 4 };

/* Writes the character with a code point that is not a surrogate. Returns its bytes, at most UTF8_CHAR_MAX.
 */
static inline size_t utf8_encode(uint32_t code, char *out)
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(leads[len] | code);
    return len;
}

/* A byte after the first of a character. */
static inline bool utf8_is_continuation(char byte)
{
    return ((uint8_t)byte & 0xc0) == 0x80;
}

bool utf8_is_valid(struct slice text);
/* Bytes before the first that is not well-formed; text.len when all are. */
size_t utf8_valid_len(struct slice text);

/* Characters of well-formed text. */
size_t utf8_count(struct slice text);
/* text, shortened to at most max bytes between two characters; text must be well-formed. */
struct slice utf8_shorten(struct slice text, size_t max);

struct utf8_char {
    uint32_t code; /* the code point, or the byte when it is broken */
    size_t len;    /* bytes */
    bool broken;   /* not well-formed */
};

/* The first character of a text that is not empty and may hold any byte. */
struct utf8_char utf8_first(struct slice text);

/* Control, zero-width and bidirectional control characters, and U+FFFD: a reader would not see them, or would
 * be misled. Line ends and tabs count. */
bool utf8_is_hidden(uint32_t code);

/* Appends text; what a terminal must not be sent and a reader would not see is escaped: `‹U+009B›`,
 * `‹byte FF›`. No line end is left in it. */
void utf8_append_escaped(struct buffer *out, struct slice text);
/* One character, which is hidden or broken, escaped. */
void utf8_append_escape(struct buffer *out, struct utf8_char character);

#endif
