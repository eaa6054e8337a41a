#include "provider/scrub_decode.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"

enum {
    ESCAPE_PASSES = 2,
    ENTITY_DIGITS_MAX = 7,
    CODE_MAX = 0x10ffff,
    SURROGATE_HIGH = 0xd800,
    SURROGATE_LOW = 0xdc00,
    SURROGATE_END = 0xe000,
    CHAR_REPLACEMENT = 0xfffd,
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* A number of at most max digits; 0 when there is none. */
static size_t read_number(struct slice text, unsigned base, size_t max, uint32_t *number)
{
    size_t len = 0;
    *number = 0;
    for (; len < text.len && len < max; len++) {
        int digit = hex_digit(text.data[len]);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        *number = *number * base + (uint32_t)digit;
    }
    return len;
}

/* A code that is not a character becomes `?`. The bytes written, never more than the shortest escape of code
 * has. */
static size_t write_code(uint32_t code, char *out)
{
    bool is_char = code <= CODE_MAX && (code < SURROGATE_HIGH || code >= SURROGATE_END);
    return utf8_encode(is_char ? code : '?', out);
}

/* `\u0040`, a pair of them for what is beyond U+FFFF, `\/`, `\"`, `\\`. */
static size_t read_backslash(struct slice text, char *out, size_t *written)
{
    uint32_t code, low;
    if (text.len >= 2 && strchr("/\"\\", text.data[1]) && text.data[1] != '\0') {
        out[0] = text.data[1];
        *written = 1;
        return 2;
    }
    if (text.len < 6 || text.data[1] != 'u' || read_number(slice_skip(text, 2), 16, 4, &code) != 4)
        return 0;
    size_t used = 6;
    if (code >= SURROGATE_HIGH && code < SURROGATE_LOW && slice_begins_with(slice_skip(text, 6), "\\u") &&
        read_number(slice_skip(text, 8), 16, 4, &low) == 4 && low >= SURROGATE_LOW && low < SURROGATE_END) {
        code = 0x10000 + ((code - SURROGATE_HIGH) << 10) + (low - SURROGATE_LOW);
        used = 12;
    }
    *written = write_code(code, out);
    return used;
}

/* `&#64;`, `&#x40;` and the five names that XML has. */
static size_t read_entity(struct slice text, char *out, size_t *written)
{
    static const struct {
        const char *name;
        char byte;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!slice_begins_with(text, names[i].name))
            continue;
        out[0] = names[i].byte;
        *written = 1;
        return strlen(names[i].name);
    }
    if (!slice_begins_with(text, "&#"))
        return 0;
    bool hex = text.len > 2 && (text.data[2] | 0x20) == 'x';
    size_t head = hex ? 3 : 2;
    uint32_t code;
    size_t digits = read_number(slice_skip(text, head), hex ? 16 : 10, ENTITY_DIGITS_MAX, &code);
    if (digits == 0 || text.len <= head + digits || text.data[head + digits] != ';')
        return 0;
    *written = write_code(code, out);
    return head + digits + 1;
}

/* The bytes of the escape at the start of text, or 0; its characters are appended to out. */
static size_t read_escape(struct slice text, char *out, size_t *written)
{
    uint32_t byte;
    switch (text.data[0]) {
    case '%':
        if (read_number(slice_skip(text, 1), 16, 2, &byte) != 2)
            return 0;
        out[0] = (char)byte;
        *written = 1;
        return 3;
    case '\\':
        return read_backslash(text, out, written);
    case '&':
        return read_entity(text, out, written);
    default:
        return 0;
    }
}

static struct slice read_escapes(struct slice text, struct arena *arena)
{
    char *out = arena_bytes(arena, text.len + 1);
    size_t len = 0;
    while (text.len > 0) {
        size_t written = 0, used = read_escape(text, out + len, &written);
        if (used == 0) {
            out[len] = text.data[0];
            used = written = 1;
        }
        len += written;
        text = slice_skip(text, used);
    }
    return slice_make(out, len);
}

/* The bytes of the UTF-8 character at the start; 0 when there is none, or only the one for a broken one. */
static size_t char_len(struct slice text)
{
    uint32_t code;
    size_t len = utf8_decode(text, &code);
    return len > 0 && code != CHAR_REPLACEMENT ? len : 0;
}

/* A blank or a control character, C1 (a terminal obeys these too) included. */
static bool is_blank(struct slice text)
{
    unsigned char first = (unsigned char)text.data[0];
    return first <= ' ' || first == 0x7f ||
           (first == 0xc2 && text.len > 1 && (unsigned char)text.data[1] >= 0x80 &&
            (unsigned char)text.data[1] < 0xa0);
}

/* text without control characters and broken bytes. */
static struct slice fold(struct slice text, struct arena *arena)
{
    char *out = arena_bytes(arena, text.len + 1);
    size_t len = 0;
    while (text.len > 0) {
        size_t used = 1;
        if (is_blank(text)) {
            used = text.data[0] == '\xc2' ? 2 : 1;
            if (len > 0 && out[len - 1] != ' ')
                out[len++] = ' ';
        } else if ((used = char_len(text)) == 0) {
            used = 1;
            out[len++] = '?';
        } else {
            memcpy(out + len, text.data, used);
            len += used;
        }
        text = slice_skip(text, used);
    }
    return slice_make(out, len);
}

struct slice scrub_decode_text(struct slice text, bool escapes, struct arena *arena)
{
    struct slice normal;
    for (unsigned pass = 0; escapes && pass < ESCAPE_PASSES; pass++)
        text = read_escapes(text, arena);
    text_normalize(fold(text, arena), arena, &normal);
    return normal;
}
