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

/* Copies text with its ASCII letters in lower case; eight bytes at a time. */
static inline void ascii_lower_copy(struct slice text, char *out)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high_bits = 0x80 * ones;
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= text.len; i += sizeof word) {
        memcpy(&word, text.data + i, sizeof word);
        uint64_t low_bits = word & ~high_bits; /* so that no sum carries into its neighbour */
        uint64_t from_a = low_bits + (0x80 - 'A') * ones, behind_z = low_bits + (0x80 - 'Z' - 1) * ones;
        word |= (from_a & ~behind_z & ~word & high_bits) >> 2;
        memcpy(out + i, &word, sizeof word);
    }
    for (; i < text.len; i++)
        out[i] = ascii_lower(text.data[i]);
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
