/* Any bytes as text in any encoding: what is accepted is UTF-8, splitting before decoding gives the same text
 * as decoding before splitting, characters are encoded as they are decoded, and UTF-16 and UTF-32 do not
 * depend on the sizes of the pieces read. The first byte chooses the encoding, the second the size of pieces.
 */
#include <assert.h>
#include <stdint.h>

#include "core/ascii.h"
#include "core/buffer.h"
#include "core/encoding.h"
#include "core/text.h"
#include "core/utf8.h"
#include "input/file_kind.h"
#include "input/unicode_stream.h"

enum { CHOICES = 2, OUT_MAX = 1 << 24, PIECE_OUT = 64 };

static const char *const names[] = {
    "utf-8",        "latin1",      "windows-1252", "windows-1250", "windows-1251", "windows-1253",
    "windows-1255", "iso-8859-2",  "iso-8859-8",   "koi8-r",       "cp437",        "cp850",
    "macintosh",    "us-ascii",    "shift_jis",    "euc-jp",       "gb2312",       "gbk",
    "gb18030",      "big5",        "big5-hkscs",   "euc-kr",       "cp949",        "euc-tw",
    "cesu-8",       "windows-874",
};

enum { NAMES = sizeof names / sizeof *names };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Appends the parts between commas, decoded one by one, with the commas. False when one is not of the
 * encoding.
 */
static bool decode_parts(const struct encoding *encoding, struct slice source, struct arena *arena,
                         struct buffer *out)
{
    struct slice rest = source, part, text;
    bool is_first = true;

    while (slice_next_item(&rest, SLICE_LITERAL(","), &part)) {
        if (!encoding_decode(encoding, part, arena, &text))
            return false;
        if (!is_first)
            buffer_append_char(out, ',');
        buffer_append(out, text);
        is_first = false;
    }
    return true;
}

static void check_characters(const struct encoding *encoding, struct slice text, struct arena *arena)
{
    while (text.len) {
        uint32_t code = 0, damage;
        char bytes[ENCODING_CHAR_MAX];
        struct slice character = slice_make(text.data, utf8_decode(text, &code)), again;
        text = slice_skip(text, character.len);
        if (code < 0x80 || text_find_damage(character, &damage) < character.len)
            continue;
        size_t encoded = encoding_encode(encoding, code, bytes);
        assert(encoded <= sizeof bytes);
        if (encoded == 0)
            continue;
        assert(encoding_decode(encoding, slice_make(bytes, encoded), arena, &again));
        assert(slice_equal(again, character));
    }
}

static void check_decoding(const struct encoding *encoding, struct slice source, struct arena *arena)
{
    struct slice text;
    struct buffer parts;

    assert(!encoding_has_trail(encoding, ','));
    buffer_init(&parts, OUT_MAX);
    bool is_text = encoding_decode(encoding, source, arena, &text);
    assert(is_text == decode_parts(encoding, source, arena, &parts));
    /* IBM's tables exchange three control characters, but ASCII is not decoded at all */
    bool is_exchanged = false;
    for (size_t i = 0; i < source.len; i++)
        is_exchanged |= memchr("\x1a\x1c\x7f", source.data[i], 3) != NULL;
    if (is_text) {
        assert(utf8_is_valid(text) && (text.len > 0) == (source.len > 0));
        assert(!ascii_only(source) || text.data == source.data);
        assert(is_exchanged || slice_equal(text, buffer_slice(&parts)));
        check_characters(encoding, text, arena);
    }
    buffer_clear(&parts);
}

static struct unicode_stream convert(enum encoding_kind kind, enum encoding_order order, struct slice all,
                                     size_t piece_len, size_t capacity, struct buffer *out)
{
    struct unicode_stream stream;
    char text[4096];

    unicode_stream_init(&stream, kind, order);
    while (all.len && !stream.fault) {
        struct slice piece = slice_make(all.data, all.len < piece_len ? all.len : piece_len);
        all = slice_skip(all, piece.len);
        while (piece.len && !stream.fault) {
            size_t before = piece.len, len = unicode_stream_convert(&stream, &piece, text, capacity);
            assert(len <= capacity && (piece.len < before || len > 0));
            buffer_append(out, slice_make(text, len));
        }
    }
    unicode_stream_end(&stream);
    return stream;
}

static void check_stream(struct slice source, size_t piece_len)
{
    static const enum encoding_kind kinds[] = {ENCODING_UTF16, ENCODING_UTF32};
    static const enum encoding_order orders[] = {ENCODING_ORDER_LITTLE, ENCODING_ORDER_BIG};
    struct buffer whole, pieces;

    buffer_init(&whole, OUT_MAX);
    buffer_init(&pieces, OUT_MAX);
    for (size_t i = 0; i < 4; i++) {
        enum encoding_kind kind = kinds[i / 2];
        enum encoding_order order = orders[i % 2];
        buffer_reset(&whole);
        buffer_reset(&pieces);
        struct unicode_stream one = convert(kind, order, source, source.len, 4096, &whole);
        struct unicode_stream many = convert(kind, order, source, piece_len, PIECE_OUT, &pieces);
        assert(utf8_is_valid(buffer_slice(&whole)));
        assert(slice_equal(buffer_slice(&whole), buffer_slice(&pieces)));
        assert(!one.fault == !many.fault && one.offset == many.offset && one.offset <= source.len);
        unicode_form_order(kind, source);
    }
    buffer_clear(&whole);
    buffer_clear(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct encoding encodings[NAMES];
    static struct arena kept, arena;

    if (!encodings[0].name) {
        arena_init(&kept, 1 << 16);
        arena_init(&arena, 1 << 16);
        for (size_t i = 0; i < NAMES; i++) {
            enum encoding_found found = encoding_find(names[i], &kept, &encodings[i]);
            assert(found == ENCODING_FOUND);
        }
    }
    if (len < CHOICES)
        return 0;
    struct slice source = slice_make((const char *)data + CHOICES, len - CHOICES);
    arena_reset(&arena);
    check_decoding(&encodings[data[0] % NAMES], source, &arena);
    check_stream(source, 1 + (size_t)data[1]);
    file_kind_find(source, data[1] & 1);
    unicode_form_find(source);
    return 0;
}
