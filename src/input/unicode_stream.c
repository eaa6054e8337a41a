#include "input/unicode_stream.h"

#include <assert.h>

#include "core/utf8.h"

enum { UTF16_LEN = 2, UTF32_LEN = 4, BYTE_ORDER_MARK = 0xfeff, FIRST_HIGH = 0xd800, FIRST_LOW = 0xdc00 };
enum { AFTER_LOW = 0xe000, LAST_CHARACTER = 0x10ffff, FIRST_PAIRED = 0x10000 };

/* The first character of a text is no control character. */
static bool is_text_byte(char byte)
{
    return (unsigned char)byte >= ' ' || memchr("\t\r\n", byte, 3);
}

struct unicode_form unicode_form_find(struct slice start)
{
    static const struct {
        struct slice mark;
        enum encoding_kind kind;
        enum encoding_order order;
    } marks[] = {
        /* the mark of UTF-32 begins with that of UTF-16 */
        {SLICE_LITERAL("\xff\xfe\0\0"), ENCODING_UTF32, ENCODING_ORDER_LITTLE},
        {SLICE_LITERAL("\0\0\xfe\xff"), ENCODING_UTF32, ENCODING_ORDER_BIG},
        {SLICE_LITERAL("\xff\xfe"), ENCODING_UTF16, ENCODING_ORDER_LITTLE},
        {SLICE_LITERAL("\xfe\xff"), ENCODING_UTF16, ENCODING_ORDER_BIG},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (slice_begins(start, marks[i].mark))
            return (struct unicode_form){marks[i].kind, marks[i].order, true};

    bool zero[UTF32_LEN] = {false};
    for (size_t i = 0; i < UTF32_LEN && i < start.len; i++)
        zero[i] = start.data[i] == '\0';
    if (start.len >= UTF32_LEN && zero[0] && zero[1] && zero[2] && !zero[3])
        return (struct unicode_form){ENCODING_UTF32, ENCODING_ORDER_BIG, false};
    if (start.len >= UTF32_LEN && !zero[0] && zero[1] && zero[2] && zero[3])
        return (struct unicode_form){ENCODING_UTF32, ENCODING_ORDER_LITTLE, false};
    if (start.len >= UTF16_LEN && zero[0] != zero[1] && is_text_byte(start.data[zero[0]]))
        return (struct unicode_form){ENCODING_UTF16, zero[0] ? ENCODING_ORDER_BIG : ENCODING_ORDER_LITTLE,
                                     false};
    return (struct unicode_form){ENCODING_UTF8, ENCODING_ORDER_BY_CONTENT, false};
}

static uint32_t read_unit(const unsigned char *bytes, size_t len, bool is_big)
{
    uint32_t unit = 0;
    for (size_t i = 0; i < len; i++)
        unit = unit << 8 | bytes[is_big ? i : len - 1 - i];
    return unit;
}

enum encoding_order unicode_form_order(enum encoding_kind kind, struct slice start)
{
    size_t len = kind == ENCODING_UTF16 ? UTF16_LEN : UTF32_LEN, little = 0, big = 0;
    for (size_t i = 0; i + len <= start.len; i += len) {
        const unsigned char *bytes = (const unsigned char *)start.data + i;
        uint32_t as_little = read_unit(bytes, len, false), as_big = read_unit(bytes, len, true);
        little += as_little > 0 && as_little < 0x80;
        big += as_big > 0 && as_big < 0x80;
    }
    if (little == 0 && big == 0)
        return ENCODING_ORDER_BY_CONTENT;
    return little >= big ? ENCODING_ORDER_LITTLE : ENCODING_ORDER_BIG;
}

void unicode_stream_init(struct unicode_stream *stream, enum encoding_kind kind, enum encoding_order order)
{
    assert(order != ENCODING_ORDER_BY_CONTENT);
    *stream = (struct unicode_stream){.unit_len = kind == ENCODING_UTF16 ? UTF16_LEN : UTF32_LEN,
                                      .is_big = order == ENCODING_ORDER_BIG};
}

/* The character that a unit ends; 0xd800 when it needs its second half, with no fault set. */
static uint32_t take_unit(struct unicode_stream *stream, uint32_t unit)
{
    uint32_t high = stream->high;
    bool is_high = unit >= FIRST_HIGH && unit < FIRST_LOW, is_low = unit >= FIRST_LOW && unit < AFTER_LOW;
    bool is_utf16 = stream->unit_len == UTF16_LEN;
    if (unit > LAST_CHARACTER || (!is_utf16 && (is_high || is_low)))
        stream->fault = "a number that is not a character";
    else if (high ? !is_low : is_low)
        stream->fault = "half of a character without its other half (a surrogate)";
    stream->high = is_high ? unit : 0;
    if (high)
        return FIRST_PAIRED + ((high - FIRST_HIGH) << 10) + (unit - FIRST_LOW);
    return is_high ? FIRST_HIGH : unit;
}

/* False when in has no more whole one: its bytes are kept. */
static bool next_unit(struct unicode_stream *stream, struct slice *in, uint32_t *unit)
{
    size_t len = stream->unit_len;
    if (stream->have == 0 && in->len >= len) {
        *unit = read_unit((const unsigned char *)in->data, len, stream->is_big);
        *in = slice_skip(*in, len);
        return true;
    }
    while (in->len > 0 && stream->have < len) {
        stream->unit[stream->have++] = (unsigned char)in->data[0];
        *in = slice_skip(*in, 1);
    }
    if (stream->have < len)
        return false;
    *unit = read_unit(stream->unit, len, stream->is_big);
    stream->have = 0;
    return true;
}

size_t unicode_stream_convert(struct unicode_stream *stream, struct slice *in, char *out, size_t capacity)
{
    size_t len = 0;
    assert(capacity >= 2 * UTF8_CHAR_MAX);
    uint32_t unit;
    while (!stream->fault && capacity - len >= 2 * UTF8_CHAR_MAX && next_unit(stream, in, &unit)) {
        uint32_t code = take_unit(stream, unit);
        if (stream->fault)
            break;
        stream->offset += stream->unit_len;
        if (!stream->is_begun)
            len += utf8_encode(BYTE_ORDER_MARK, out + len);
        if (stream->high == 0 && (stream->is_begun || code != BYTE_ORDER_MARK))
            len += utf8_encode(code, out + len);
        stream->is_begun = true;
    }
    return len;
}

void unicode_stream_end(struct unicode_stream *stream)
{
    if (!stream->fault && (stream->have > 0 || stream->high))
        stream->fault = "the end is in the middle of a character";
}
