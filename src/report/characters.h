/* characters: the characters of a text that may hold any byte. Thread: any; pure. */
#ifndef KYC_REPORT_CHARACTERS_H
#define KYC_REPORT_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

struct character {
    uint32_t code; /* the code point, or the byte when it is broken */
    size_t len;    /* bytes */
    bool broken;   /* not of well-formed UTF-8 */
};

/* The character at the beginning of text, which is not empty. */
struct character character_first(struct slice text);

/* Control, zero-width, bidirectional control characters, and U+FFFD: a reader would not see them, or would be
 * misled. Line ends and tabs count. */
bool character_is_hidden(uint32_t code);

#endif
