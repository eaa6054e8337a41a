#include "report/figures.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/text.h"

char *figures_count(uint64_t count, char text[FIGURES_SIZE])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *at = text;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return text;
}

char *figures_seconds(double seconds, char text[FIGURES_SIZE])
{
    uint64_t whole = seconds > 0 && seconds < 1e12 ? (uint64_t)seconds : 0;
    if (seconds < 10)
        snprintf(text, FIGURES_SIZE, "%.1f s", seconds < 0 ? 0 : seconds);
    else if (whole < 60)
        snprintf(text, FIGURES_SIZE, "%u s", (unsigned)whole);
    else if (whole < 3600)
        snprintf(text, FIGURES_SIZE, "%u m %02u s", (unsigned)(whole / 60), (unsigned)(whole % 60));
    else
        snprintf(text, FIGURES_SIZE, "%" PRIu64 " h %02u m", whole / 3600, (unsigned)(whole / 60 % 60));
    return text;
}

static size_t figures_char_len(char lead)
{
    unsigned char byte = (unsigned char)lead;
    return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

/* The bytes of so many columns less one, which is the ellipsis's. */
static size_t figures_bytes(struct slice text, bool utf8, unsigned columns)
{
    size_t len = 0;
    for (unsigned i = 1; i < columns && len < text.len; i++)
        len += utf8 ? figures_char_len(text.at[len]) : 1;
    return len;
}

unsigned figures_append_cut(struct buffer *out, struct slice text, unsigned columns)
{
    bool utf8 = text_is_utf8(text);
    size_t chars = utf8 ? text_count_chars(text) : text.len;
    bool cut = chars > columns;
    unsigned used = 0;
    size_t end = text.len;
    if (cut)
        end = text_shorten_words(text, figures_bytes(text, utf8, columns)).len;
    for (size_t i = 0, step; i < end && used + cut < columns; i += step, used++) {
        unsigned char byte = (unsigned char)text.at[i];
        step = utf8 ? figures_char_len(text.at[i]) : 1;
        if (byte < 0x20 || byte == 0x7F || (!utf8 && byte >= 0x80))
            buffer_append_char(out, '?');
        else
            buffer_append(out, slice_make(text.at + i, step));
    }
    if (cut && columns) {
        buffer_append_text(out, "…");
        used++;
    }
    return used;
}
