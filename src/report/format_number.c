#include "report/format_number.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/characters.h"
#include "core/text.h"

char *format_number_count(uint64_t count, char text[FORMAT_NUMBER_SIZE])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *cursor = text;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *cursor++ = ',';
        *cursor++ = digits[i];
    }
    *cursor = '\0';
    return text;
}

char *format_number_seconds(double seconds, char text[FORMAT_NUMBER_SIZE])
{
    uint64_t whole = seconds > 0 && seconds < 1e12 ? (uint64_t)seconds : 0;
    if (seconds < 10)
        snprintf(text, FORMAT_NUMBER_SIZE, "%.1f s", seconds < 0 ? 0 : seconds);
    else if (whole < 60)
        snprintf(text, FORMAT_NUMBER_SIZE, "%u s", (unsigned)whole);
    else if (whole < 3600)
        snprintf(text, FORMAT_NUMBER_SIZE, "%u m %02u s", (unsigned)(whole / 60), (unsigned)(whole % 60));
    else
        snprintf(text, FORMAT_NUMBER_SIZE, "%" PRIu64 " h %02u m", whole / 3600, (unsigned)(whole / 60 % 60));
    return text;
}

static struct character format_number_character(struct slice text, size_t i)
{
    return character_first(slice_make(text.data + i, text.len - i));
}

/* The bytes of so many columns less one, which is the ellipsis's. */
static size_t format_number_bytes(struct slice text, unsigned columns)
{
    size_t len = 0;
    for (unsigned i = 1; i < columns && len < text.len; i++)
        len += format_number_character(text, len).len;
    return len;
}

unsigned format_number_append_cut(struct buffer *out, struct slice text, unsigned columns)
{
    size_t chars = 0;
    for (size_t i = 0; i < text.len; chars++)
        i += format_number_character(text, i).len;
    bool cut = chars > columns;
    unsigned used = 0;
    size_t end = text.len;
    if (cut)
        end = text_shorten_words(text, format_number_bytes(text, columns)).len;
    for (size_t i = 0; i < end && used + cut < columns; used++) {
        struct character character = format_number_character(text, i);
        if (character.broken || character_is_hidden(character.code))
            buffer_append_char(out, '?');
        else
            buffer_append(out, slice_make(text.data + i, character.len));
        i += character.len;
    }
    if (cut && columns) {
        buffer_append_text(out, "…");
        used++;
    }
    return used;
}
