#include "core/characters.h"

#include <inttypes.h>

#include "core/text.h"

struct character character_first(struct slice text)
{
    struct character first;
    first.len = text_first_char(text, &first.code);
    first.broken = first.len == 0;
    return first.broken ? (struct character){(unsigned char)text.data[0], 1, true} : first;
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
            buffer_append(out, slice_make(text.data, character.len));
        text = slice_make(text.data + character.len, text.len - character.len);
    }
}
