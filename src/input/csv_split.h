/* csv_split: one record's cells where the job asks for more than strict CSV, which libcsv reads.
 *
 * With input.csv.escape, inside and outside of quotes:
 * - the escape character before punctuation, a blank or a tab stands for that character: `\"`, `\\`, `\,`.
 *   So Spark writes quotes and backslashes in quoted cells, and MySQL (ESCAPED BY), Hive and Redshift
 *   (ESCAPE) delimiters, quotes and backslashes.
 * - before a line end it stands for the line end, which is data then: MySQL and Redshift.
 * - `\n`, `\r` and `\t` are a line end and a tab, as Hive, PostgreSQL and `mysql --batch` write them; `\0` is
 * a NUL, which no value may hold.
 * - before anything else both stay: `\N`, which is a null value unless the job lists others.
 * A doubled quote in a quoted cell is a quote, as without escape.
 *
 * With input.spreadsheet_guards: strip, a cell may be `="…"` without quotes around it, as programs write for
 * spreadsheets: it keeps all of that text, and may hold delimiters.
 *
 * Everything else is as strict as in csv_cells: a quote inside an unquoted cell and text after a closing
 * quote are errors, and no blank is stripped. Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_INPUT_CSV_SPLIT_H
#define KYC_INPUT_CSV_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buffer.h"
#include "core/slice.h"
#include "model/job.h"

enum csv_split_state {
    CSV_SPLIT_START,    /* at the start of a cell */
    CSV_SPLIT_UNQUOTED, /* in a cell without quotes */
    CSV_SPLIT_QUOTED,
    CSV_SPLIT_GUARDED, /* in a cell that began with `="` */
    CSV_SPLIT_CLOSED,  /* behind a closing quote */
};

struct csv_split {
    char delimiter, quote, escape; /* escape NUL: none */
    bool reads_guards;             /* whose quotes are those of cells */
    enum csv_split_state state;
    struct buffer cell; /* the one in progress */
};

/* True when the job asks for it. */
static inline bool csv_split_is_needed(const struct job_input *input)
{
    return input->escape || input->strips_guards;
}

void csv_split_init(struct csv_split *split, const struct job_input *input);
void csv_split_clear(struct csv_split *split);

/* Begins a record. */
void csv_split_begin(struct csv_split *split);

typedef void csv_split_add_cell(void *context, struct slice cell);

/* Adds the next physical line of the record with its line end, and passes on each cell that is complete; its
 * bytes are valid during the call. *ended: the record is complete. False: *bad_offset is the place in the
 * line that is not CSV. */
bool csv_split_add(struct csv_split *split, struct slice line, csv_split_add_cell *add_cell, void *context,
                   bool *ended, size_t *bad_offset);

/* After the last line of the input, when the record has not ended: passes its last cell on; false when a
 * quote is open. */
bool csv_split_end(struct csv_split *split, csv_split_add_cell *add_cell, void *context);

#endif
