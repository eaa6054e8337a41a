/* The messages of text.h, in a file that needs nothing else: error.c formats with it, and what text.c needs
 * (arena.c, secret.c, file.c) needs error.c. */
#include "core/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct slice text_shorten_words(struct slice text, size_t max)
{
    enum { WORD_MAX = 40 }; /* a longer one, as of a URL, is cut in itself */
    static const char trimmed[] = " \n\t,;:.(-";
    if (text.len <= max)
        return text;
    size_t len = max, offset = max, continuation = 0, min = max > WORD_MAX ? max - WORD_MAX : 0;
    while (len > 0 && continuation < 3 && ((uint8_t)text.data[len] & 0xc0) == 0x80)
        len--, continuation++;
    while (offset > min && text.data[offset] != ' ' && text.data[offset] != '\n')
        offset--;
    if (offset == min)
        return slice_make(text.data, len);
    while (offset > 0 && memchr(trimmed, text.data[offset - 1], sizeof trimmed - 1))
        offset--;
    return slice_make(text.data, offset);
}

size_t text_format_va(char *out, size_t size, const char *format, va_list arguments)
{
    static const char ellipsis[] = "…";
    assert(size >= sizeof ellipsis);
    int wanted = vsnprintf(out, size, format, arguments);
    assert(wanted >= 0);
    if (wanted < 0) {
        out[0] = '\0';
        return 0;
    }
    if ((size_t)wanted < size)
        return (size_t)wanted;
    struct slice kept = text_shorten_words(slice_make(out, size - 1), size - sizeof ellipsis);
    memcpy(out + kept.len, ellipsis, sizeof ellipsis);
    return kept.len + sizeof ellipsis - 1;
}

size_t text_format(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t len = text_format_va(out, size, format, arguments);
    va_end(arguments);
    return len;
}
