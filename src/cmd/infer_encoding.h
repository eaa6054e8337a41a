/* infer_encoding: the encoding of a sample, and what its letters become by it.
 *
 * UTF-8 is proven by the bytes. Of any other encoding nothing is: the one that makes the most plausible text
 * is proposed with a CHECK and the letters that result. Thread: one at a time.
 */
#ifndef KYC_CMD_INFER_ENCODING_H
#define KYC_CMD_INFER_ENCODING_H

#include <stdbool.h>

#include "cmd/infer_sample.h"
#include "core/buffer.h"

/* Fills in encoding (utf-8 before, or what source.h has converted bytes from), other_lines and candidates.
 * is_marked: a byte order mark of UTF-8 was before bytes. */
void infer_encoding_find(struct infer_sample *sample, struct slice bytes, bool is_marked);

/* Appends `encoding: …` with its remarks: letters and their counts, never words. */
void infer_encoding_write(const struct infer_sample *sample, struct buffer *out);

/* The name of the most plausible encoding, for a command; `ENCODING` when nothing was ranked. */
const char *infer_encoding_best(const struct infer_sample *sample);

#endif
