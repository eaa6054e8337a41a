/* mask: the shape of a value, in place of the value.
 *
 * Letters become x or X, digits 9. Invisible characters and bytes that are not text are written as ‹U+200B›
 * and ‹byte FF›, because they are often the error. ASCII punctuation and blanks stay. Thread: any; pure.
 */
#ifndef KYC_REPORT_MASK_H
#define KYC_REPORT_MASK_H

#include "core/buffer.h"
#include "core/encoding.h"
#include "core/slice.h"

enum {
    MASK_CHARACTERS = 40, /* of a value; a longer one ends in … */
    MASK_SIZE_MAX = 1024, /* bytes of a shape */
};

/* Appends the shape of a source text in this encoding. */
void mask_append(struct buffer *out, struct slice source, const struct encoding *encoding);

#endif
