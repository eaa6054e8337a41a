/* wrap: the lines of help texts, at most 100 columns wide. Thread: any. */
#ifndef KYC_CMD_WRAP_H
#define KYC_CMD_WRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buffer.h"

/* Appends a name behind `indent` blanks, then text from column indent + width on, broken at blanks, and a
 * line end. A name that reaches that column has the text below it; width 0: no column, the name is empty. */
void wrap_append(struct buffer *out, size_t indent, size_t width, const char *name, const char *text);

#endif
