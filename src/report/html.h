/* html: elements of report.html and refresh.html: escaped text, counts, bars.
 *
 * Every text that is not a constant of this program is written by html_text. Thread: any; pure.
 */
#ifndef KYC_REPORT_HTML_H
#define KYC_REPORT_HTML_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

/* Escaped for the content of an element and for an attribute in double quotes. Bytes that are not UTF-8 and
 * characters that cannot be seen or change the text direction are written as ‹byte FF› and ‹U+202E›. */
void html_text(struct buffer *out, struct slice text);

/* The same of a sentence, in which `…` is code. */
void html_prose(struct buffer *out, struct slice text);

/* `<data value="1234" data-figure="rejects_by_rule.phone/format">1,234</data>`: a count with its path in
 * summary.json: path, then a dot and member (NULL: path alone). */
void html_count(struct buffer *out, const char *path, const char *member, uint64_t count);
/* The same with one decimal and a unit. */
void html_decimal(struct buffer *out, const char *path, const char *member, double number, const char *unit);

/* Begins a command line to be copied: `<code>kyc-import COMMAND JOB`, JOB as the user named it; the caller
 * adds the rest and `</code>`. */
void html_command_begin(struct buffer *out, const char *command, const char *job_path);
/* Adds a blank, option and a blank (NULL: nothing), and one word. */
void html_command_word(struct buffer *out, const char *option, struct slice word);

/* A share: `12.5 %`, `< 0.1 %`; `100 %` only for the whole. */
void html_share(struct buffer *out, uint64_t part, uint64_t whole);

/* A thin bar for part of whole. tone: a class of html_style (bad, warn, good, info). title: constant text,
 * after the share. */
void html_bar(struct buffer *out, uint64_t part, uint64_t whole, const char *tone, const char *title);

/* Opens a section with its heading. id and heading: constant. */
void html_section(struct buffer *out, const char *id, const char *heading);

#endif
