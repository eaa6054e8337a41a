/* ascii: classes of ASCII characters, whatever the locale. Thread: any; pure. */
#ifndef KYC_CORE_ASCII_H
#define KYC_CORE_ASCII_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/slice.h"

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* An ASCII letter in lower case; any other byte unchanged. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* True when text is word, which is in lower case, with ASCII letters of either case. */
static inline bool ascii_is_word(struct slice text, const char *word)
{
    for (size_t i = 0; i < text.len; i++)
        if (ascii_lower(text.data[i]) != word[i] || word[i] == '\0')
            return false;
    return word[text.len] == '\0';
}

/* True when all bytes are below 0x80. Eight bytes at a time. */
static inline bool ascii_only(struct slice text)
{
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        uint64_t bytes;
        memcpy(&bytes, text.data + i, sizeof bytes);
        if (bytes & UINT64_C(0x8080808080808080))
            return false;
    }
    for (; i < text.len; i++)
        if ((unsigned char)text.data[i] & 0x80)
            return false;
    return true;
}

#endif
