/* mask: the shape of a value, in place of the value.
 *
 * Letters become x or X, digits 9; what cannot be seen or is no text is named (‹U+200B›, ‹byte FF›), for it
 * is often what is wrong. ASCII punctuation and blanks stay. Thread: any; pure.
 */
#ifndef KYC_REPORT_MASK_H
#define KYC_REPORT_MASK_H

#include "core/buffer.h"
#include "core/encoding.h"
#include "core/slice.h"

enum {
    MASK_CHARACTERS = 40, /* shown of a value; a longer one ends in … */
    MASK_SIZE_MAX = 1024, /* bytes that a shape takes at most */
};

/* Appends the shape of source bytes in this encoding; nothing for none. */
void mask_append(struct buffer *out, struct slice source, enum encoding encoding);

#endif
