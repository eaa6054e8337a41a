#include "report/mask.h"

#include "core/utf8.h"

static void mask_character(struct buffer *out, struct slice text, const struct utf8_char *character)
{
    uint32_t code = character->code;
    if (character->broken || utf8_is_hidden(code))
        utf8_append_escape(out, *character);
    else if (code >= '0' && code <= '9')
        buffer_append_char(out, '9');
    else if (code >= 'A' && code <= 'Z')
        buffer_append_char(out, 'X');
    else if (code == 0xA0)
        buffer_append_char(out, ' ');
    else if (code >= 0x80 || (code >= 'a' && code <= 'z'))
        buffer_append_char(out, 'x');
    else
        buffer_append(out, slice_make(text.data, 1));
}

/* Of a text that is not of the encoding, the bytes are shown. A cut in the middle of a character does not
 * make it one. */
static void decode(const struct encoding *encoding, bool is_cut, struct arena *arena, struct slice *text)
{
    size_t most = is_cut ? UTF8_CHAR_MAX : 0;
    for (size_t less = 0; less <= most; less++)
        if (encoding_decode(encoding, slice_make(text->data, text->len - less), arena, text))
            return;
}

void mask_append(struct buffer *out, struct slice source, const struct encoding *encoding)
{
    enum { BYTES_MAX = 4 * (MASK_CHARACTERS + 1), CHUNK = 1024 };
    struct arena arena;
    struct slice text = slice_make(source.data, source.len < BYTES_MAX ? source.len : BYTES_MAX);
    bool is_cut = text.len < source.len;

    arena_init(&arena, CHUNK);
    if (!encoding_is_utf8(encoding))
        decode(encoding, is_cut, &arena, &text);
    size_t shown = 0;
    for (; text.len && shown < MASK_CHARACTERS; shown++) {
        struct utf8_char character = utf8_first(text);
        mask_character(out, text, &character);
        text = slice_skip(text, character.len);
    }
    if (is_cut || text.len)
        buffer_append_text(out, "…");
    arena_clear(&arena);
}
