/* ellipsize: a text within a number of columns of a terminal. Thread: any; pure. */
#ifndef KYC_REPORT_ELLIPSIZE_H
#define KYC_REPORT_ELLIPSIZE_H

#include "core/buffer.h"
#include "core/slice.h"

/* Appends text. One that has more than columns characters is cut between two words (a long word is cut
 * itself) and ends in `…`. Bytes that are not UTF-8 and characters that would control the terminal or cannot
 * be seen become `?`. Returns the columns used, one per character. */
unsigned ellipsize_append(struct buffer *out, struct slice text, unsigned columns);

#endif
