/* characters: the characters of a text that may hold any byte. Thread: any; pure. */
#ifndef KYC_CORE_CHARACTERS_H
#define KYC_CORE_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
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

/* Appends text as it is, but for what a terminal must not be sent and a reader would not see: `‹U+009B›`,
 * `‹byte FF›`. No line end is left in it. */
void character_append_plain(struct buffer *out, struct slice text);

#endif
