#include "core/characters.h"

#include <inttypes.h>

#include "core/text.h"

struct character character_first(struct slice text)
{
    static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    unsigned char lead = (unsigned char)text.at[0];
    size_t len = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (text.len < len || text_utf8_len(slice_make(text.at, len)) != len)
        return (struct character){lead, 1, true};
    uint32_t code = lead & lead_bits[len];
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)text.at[i] & 0x3Fu);
    return (struct character){code, len, false};
}

bool character_is_hidden(uint32_t code)
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

void character_append_plain(struct buffer *out, struct slice text)
{
    while (text.len) {
        struct character character = character_first(text);
        if (character.broken)
            buffer_printf(out, "‹byte %02X›", (unsigned)character.code);
        else if (character_is_hidden(character.code))
            buffer_printf(out, "‹U+%04" PRIX32 "›", character.code);
        else
            buffer_append(out, slice_make(text.at, character.len));
        text = slice_make(text.at + character.len, text.len - character.len);
    }
}
