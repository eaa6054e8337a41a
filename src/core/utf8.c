#include "core/utf8.h"

#include <inttypes.h>

static const uint64_t high_bits = UINT64_C(0x8080808080808080);

/* True when text holds at least eight more bytes and they are ASCII. */
static bool begins_with_ascii(struct slice text)
{
    uint64_t word;
    if (text.len < sizeof word)
        return false;
    memcpy(&word, text.data, sizeof word);
    return (word & high_bits) == 0;
}

size_t utf8_valid_len(struct slice text)
{
    struct slice rest = text;
    while (rest.len > 0) {
        uint32_t code;
        size_t len = begins_with_ascii(rest) ? sizeof(uint64_t) : utf8_decode(rest, &code);
        if (len == 0)
            break;
        rest = slice_skip(rest, len);
    }
    return text.len - rest.len;
}

bool utf8_is_valid(struct slice text)
{
    return utf8_valid_len(text) == text.len;
}

size_t utf8_count(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += !utf8_is_continuation(text.data[i]);
    return count;
}

struct slice utf8_shorten(struct slice text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && utf8_is_continuation(text.data[max]))
        max--;
    return slice_make(text.data, max);
}

struct utf8_char utf8_first(struct slice text)
{
    struct utf8_char first = {.broken = false};
    first.len = utf8_decode(text, &first.code);
    return first.len ? first : (struct utf8_char){(uint8_t)text.data[0], 1, true};
}

bool utf8_is_hidden(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},       {0x61C, 0x61C},
        {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},
        {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFD}, {0xE0000, 0xE007F},
    };
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return true;
    return false;
}

void utf8_append_escape(struct buffer *out, struct utf8_char character)
{
    if (character.broken)
        buffer_printf(out, "‹byte %02X›", (unsigned)character.code);
    else
        buffer_printf(out, "‹U+%04" PRIX32 "›", character.code);
}

void utf8_append_escaped(struct buffer *out, struct slice text)
{
    while (text.len) {
        struct utf8_char character = utf8_first(text);
        if (character.broken || utf8_is_hidden(character.code))
            utf8_append_escape(out, character);
        else
            buffer_append(out, slice_make(text.data, character.len));
        text = slice_skip(text, character.len);
    }
}
