/* The messages of text.h, in a file that needs nothing else: error.c formats with it, and what text.c needs
 * (arena.c, secret.c, file.c) needs error.c. */
#include "core/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

struct slice text_shorten_words(struct slice text, size_t max)
{
    enum { WORD_MAX = 40 }; /* a longer one, as of a URL, is cut in itself */
    static const char trimmed[] = " \n\t,;:.(-";
    if (text.len <= max)
        return text;
    size_t len = max, offset = max, continuation = 0, min = max > WORD_MAX ? max - WORD_MAX : 0;
    while (len > 0 && continuation < 3 && utf8_is_continuation(text.data[len]))
        len--, continuation++;
    while (offset > min && text.data[offset] != ' ' && text.data[offset] != '\n')
        offset--;
    if (offset == min)
        return slice_make(text.data, len);
    while (offset > 0 && memchr(trimmed, text.data[offset - 1], sizeof trimmed - 1))
        offset--;
    return slice_make(text.data, offset);
}

static const char hint_start[] = "\nhint: ";

size_t text_find_hint(struct slice text)
{
    size_t len = sizeof hint_start - 1;
    for (size_t end = text.len; end >= len; end--)
        if (memcmp(text.data + end - len, hint_start, len) == 0)
            return end - len;
    return text.len;
}

/* The offset at which the text of a format has its hint. Where the format has none, but ends in an argument
 * that may be a message with its hint: the offset of that argument, and *is_message is true. Else SIZE_MAX.
 */
static __attribute__((format(printf, 1, 0))) size_t hint_offset(const char *format, va_list arguments,
                                                                bool *is_message)
{
    enum { FORMAT_MAX = 1024 };
    char before[FORMAT_MAX];
    const char *last = strrchr(format, '%');
    size_t len = strlen(format), before_len = text_find_hint(slice_make(format, len));
    *is_message = before_len == len && last && (strcmp(last, "%s") == 0 || strcmp(last, "%.*s") == 0);
    if (*is_message)
        before_len = (size_t)(last - format);
    if (before_len >= sizeof before || (before_len == len && !*is_message))
        return SIZE_MAX;
    memcpy(before, format, before_len);
    before[before_len] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the beginning of a format that was checked */
    int offset = vsnprintf(NULL, 0, before, arguments);
#pragma GCC diagnostic pop
    return offset >= 0 ? (size_t)offset : SIZE_MAX;
}

/* A file's name, or any other argument, must not pass for our hint: its line end becomes a blank. */
static __attribute__((format(printf, 3, 0))) void break_false_hints(char *text, size_t len,
                                                                    const char *format, va_list arguments)
{
    size_t found = text_find_hint(slice_make(text, len));
    if (found == len)
        return;
    bool is_message;
    size_t own = hint_offset(format, arguments, &is_message);
    for (; found < len && found != own && !(is_message && found > own);
         found = text_find_hint(slice_make(text, len)))
        text[found] = ' ';
}

static const char ellipsis[] = "…";

/* Puts the beginning of fact into out, and the whole hint behind it. */
static size_t cut(char *out, size_t size, struct slice fact, struct slice hint)
{
    struct slice kept = text_shorten_words(fact, size - sizeof ellipsis - hint.len);
    memcpy(out, kept.data, kept.len);
    memcpy(out + kept.len, ellipsis, sizeof ellipsis - 1);
    kept.len += sizeof ellipsis - 1;
    memcpy(out + kept.len, hint.data, hint.len);
    kept.len += hint.len;
    out[kept.len] = '\0';
    return kept.len;
}

/* Kept apart for its large frame. */
static __attribute__((noinline, format(printf, 3, 0))) size_t
format_cut(char *out, size_t size, const char *format, va_list arguments)
{
    enum { WHOLE_MAX = 16384 };
    char whole[WHOLE_MAX];
    va_list again;
    va_copy(again, arguments);
    int wanted = vsnprintf(whole, sizeof whole, format, arguments);
    struct slice text = slice_make(whole, (size_t)wanted < sizeof whole ? (size_t)wanted : sizeof whole - 1);
    break_false_hints(whole, text.len, format, again);
    va_end(again);
    struct slice fact = slice_make(whole, text_find_hint(text));
    struct slice hint = slice_make(whole + fact.len, text.len - fact.len);
    if (text.len < (size_t)wanted || hint.len > size - size / 4 || hint.len > size - sizeof ellipsis)
        hint.len = 0;
    return cut(out, size, fact, hint);
}

size_t text_format_va(char *out, size_t size, const char *format, va_list arguments)
{
    assert(size >= sizeof ellipsis);
    va_list again;
    va_copy(again, arguments);
    int wanted = vsnprintf(out, size, format, arguments);
    assert(wanted >= 0);
    size_t len = wanted > 0 ? (size_t)wanted : 0;
    if (len >= size)
        len = format_cut(out, size, format, again);
    else
        break_false_hints(out, len, format, again);
    va_end(again);
    return len;
}

size_t text_format(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t len = text_format_va(out, size, format, arguments);
    va_end(arguments);
    return len;
}
