/* html: the pieces of a page: escaped text, figures, bars.
 *
 * Everything that did not come from this program's own constants goes through html_text. Thread: any; pure.
 */
#ifndef KYC_REPORT_HTML_H
#define KYC_REPORT_HTML_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

/* Escaped for an element's content and for an attribute in double quotes. Any bytes: what is no UTF-8, and
 * characters that would not be seen or would turn the text around, are named (‹U+202E›). */
void html_text(struct buffer *out, struct slice text);

/* `<data value="1234" data-figure="rejects_by_rule.phone/format">1,234</data>`: a count that a program finds
 * by the path that it has in summary.json. path, and member behind a dot (NULL: none). */
void html_count(struct buffer *out, const char *path, const char *member, uint64_t count);
/* The same with one decimal, and what stands behind the number. */
void html_decimal(struct buffer *out, const char *path, const char *member, double number, const char *unit);

/* A share as people read it: `12.5 %`, `< 0.1 %`, `100 %` only for all of it. */
void html_share(struct buffer *out, uint64_t part, uint64_t whole);

/* A thin bar, part of whole; tone: a class of html_style (bad, warn, good, info). title: constant words after
 * the share. */
void html_bar(struct buffer *out, uint64_t part, uint64_t whole, const char *tone, const char *title);

/* A section's begin, with its heading; id is constant. */
void html_section(struct buffer *out, const char *id, const char *heading);

#endif
