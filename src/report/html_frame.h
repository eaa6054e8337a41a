/* html_frame: what report.html and refresh.html have in common: the head with the style sheet, the exit
 * status, the facts below the heading, the links to the sections, the end. Thread: one.
 */
#ifndef KYC_REPORT_HTML_FRAME_H
#define KYC_REPORT_HTML_FRAME_H

#include <stdint.h>

#include "core/buffer.h"

/* From the document type to the beginning of the body. kind: constant, after the job in the title. */
void html_frame_begin(struct buffer *out, const char *job, const char *kind);

/* Begins the box of the exit status, with its first paragraph; the caller adds others and `</div>`. meaning:
 * constant. */
void html_frame_begin_status(struct buffer *out, int status, const char *meaning);

/* Rows of `<dl class="facts">`. label: constant; figure: a path in the JSON file. */
void html_frame_fact(struct buffer *out, const char *label, const char *figure, const char *text);
/* 2026-11-21 08:09:10 UTC */
void html_frame_time(struct buffer *out, const char *label, const char *figure, uint64_t real_ns);

/* A row of `<nav>`'s list, to a section of html_section. Constants. */
void html_frame_link(struct buffer *out, const char *id, const char *label);

/* From the end of `<main>`. note: constant, below the page. */
void html_frame_end(struct buffer *out, const char *note);

#endif
