/* csv_cells: one record's cells, by libcsv with tight control, or by csv_split where the job asks for more.
 *
 * libcsv is strict and strips no blanks. After a fault its state is of no use (it gives altered records), so
 * csv_cells_begin makes it anew whenever the record before did not end well. It is fed physical lines. A line
 * that is a whole record without any quote is split at its delimiters and not shown to libcsv at all.
 * Thread: one at a time. Owner: new/free; cells are in the arena of csv_cells_begin.
 */
#ifndef KYC_INPUT_CSV_CELLS_H
#define KYC_INPUT_CSV_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/job.h"

struct csv_cells;

enum csv_cells_result {
    CSV_CELLS_OPEN, /* a quote is open, or the line had no line end */
    CSV_CELLS_DONE, /* the record is complete */
    CSV_CELLS_BAD,  /* not strict CSV */
};

struct csv_cells *csv_cells_new(const struct job_input *input);
void csv_cells_free(struct csv_cells *cells);

/* Begins a record. Cells beyond capacity are counted, not kept. */
void csv_cells_begin(struct csv_cells *cells, struct arena *arena, size_t capacity);

/* Adds the next physical line of the record with its line end; not a blank one at the record's start. BAD:
 * *bad_offset is the place in the line that libcsv took offence at. */
enum csv_cells_result csv_cells_add(struct csv_cells *cells, struct slice line, size_t *bad_offset);

/* After an OPEN line at the end of the input: DONE, or BAD when a quote is open. */
enum csv_cells_result csv_cells_end(struct csv_cells *cells);

/* Of a complete record: the cells, and how many it has (more than capacity: the rest was not kept). */
struct slice *csv_cells_list(const struct csv_cells *cells);
size_t csv_cells_count(const struct csv_cells *cells);

/* Whether a complete record can have exactly `capacity` cells without loss: those beyond hold nothing but
 * blanks. */
bool csv_cells_can_pad(const struct csv_cells *cells);
/* Makes it so: cells beyond are dropped, and empty ones added. */
void csv_cells_pad(struct csv_cells *cells);

#endif
