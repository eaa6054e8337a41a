/* figures: counts and times as people read them. Thread: any; pure. */
#ifndef KYC_REPORT_FIGURES_H
#define KYC_REPORT_FIGURES_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

enum { FIGURES_SIZE = 32 };

/* `1,234,567` into text; returns text. */
char *figures_count(uint64_t count, char text[FIGURES_SIZE]);
/* `0.4 s`, `12 s`, `3 m 07 s`, `2 h 15 m`; returns text. */
char *figures_seconds(double seconds, char text[FIGURES_SIZE]);

/* Appends text, cut between two words to at most so many columns (the last one a `…`; a long word is cut
 * too). One character is one column; what is not UTF-8 or would steer the terminal becomes `?`. Returns the
 * columns used. */
unsigned figures_append_cut(struct buffer *out, struct slice text, unsigned columns);

#endif
