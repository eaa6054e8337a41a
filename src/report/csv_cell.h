/* csv_cell: cells of the CSV that this program writes for people and programs (RFC 4180, UTF-8). Thread: any.
 */
#ifndef KYC_REPORT_CSV_CELL_H
#define KYC_REPORT_CSV_CELL_H

#include "core/buffer.h"
#include "core/slice.h"

/* Appends a cell, quoted only where needed. */
void csv_cell_write(struct buffer *out, struct slice text);
/* The same of a provider's text, with an apostrophe before what a spreadsheet would take for a formula. Not
 * for ids: programs read them. */
void csv_cell_write_guarded(struct buffer *out, struct slice text);

#endif
