/* rejects_row: one row of a CSV reject file, in the input's delimiter, quote and encoding.
 *
 * Source cells are copied; added texts are converted from UTF-8, and a character that the encoding lacks
 * becomes `?`. Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_REPORT_REJECTS_ROW_H
#define KYC_REPORT_REJECTS_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"
#include "model/job.h"

/* The maximum of buffers for rows: no bound, since the reader bounds the records (input.max_record). */
#define REJECTS_ROW_MAX ((size_t)1 << 40)

struct rejects_row {
    struct buffer *out;              /* borrowed */
    char delimiter, quote, escape;   /* escape NUL: none */
    const struct encoding *encoding; /* the job's */
    bool needs_quotes[256];
    bool begun;            /* the next cell needs a delimiter before it */
    struct buffer encoded; /* scratch */
};

void rejects_row_init(struct rejects_row *row, const struct job_input *input, struct buffer *out);
void rejects_row_clear(struct rejects_row *row);

/* Adds a source cell, quoted only when necessary: read again with the same settings it has the same bytes. */
void rejects_row_bytes(struct rejects_row *row, struct slice cell);
/* Adds a UTF-8 text. Control characters become blanks, so that it adds no line to the row. */
void rejects_row_text(struct rejects_row *row, struct slice text);
void rejects_row_number(struct rejects_row *row, uint64_t number);
/* Ends the line. */
void rejects_row_end(struct rejects_row *row);

#endif
