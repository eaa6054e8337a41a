/* format_number: counts and times as people read them. Thread: any; pure. */
#ifndef KYC_REPORT_FORMAT_NUMBER_H
#define KYC_REPORT_FORMAT_NUMBER_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

enum { FORMAT_NUMBER_SIZE = 32 };

/* `1,234,567` into text; returns text. */
char *format_number_count(uint64_t count, char text[FORMAT_NUMBER_SIZE]);
/* `0.4 s`, `12 s`, `3 m 07 s`, `2 h 15 m`; returns text. */
char *format_number_seconds(double seconds, char text[FORMAT_NUMBER_SIZE]);

/* Appends text, cut between two words to at most so many columns (the last one a `…`; a long word is cut
 * too). One character is one column; what is not UTF-8 or would steer the terminal becomes `?`. Returns the
 * columns used. */
unsigned format_number_append_cut(struct buffer *out, struct slice text, unsigned columns);

#endif
