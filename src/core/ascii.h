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

/* True when all bytes are below 0x80. Words that may overlap, so that a short text takes no loop. */
static inline bool ascii_only(struct slice text)
{
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    uint64_t word = 0, last = 0;
    if (text.len >= 8) {
        for (size_t i = 0; i + 8 < text.len; i += 8) {
            memcpy(&word, text.data + i, sizeof word);
            if (word & high_bits)
                return false;
        }
        memcpy(&last, text.data + text.len - 8, 8);
    } else if (text.len >= 4) {
        memcpy(&word, text.data, 4);
        memcpy(&last, text.data + text.len - 4, 4);
    } else if (text.len > 0) {
        word = (unsigned char)text.data[0] | (unsigned char)text.data[text.len / 2];
        last = (unsigned char)text.data[text.len - 1];
    }
    return ((word | last) & high_bits) == 0;
}

#endif
