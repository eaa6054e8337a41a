/* infer_shape: the settings by which the bytes of a CSV become records: delimiter, quote, escape, title
 * lines, footer, records that are short, guards of spreadsheets.
 *
 * What a setting is worth is tried out: the bytes are read by the reader of a run, and records that it cannot
 * read count. Thread: one at a time.
 */
#ifndef KYC_CMD_INFER_SHAPE_H
#define KYC_CMD_INFER_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/job.h"

struct infer_shape {
    size_t ragged;  /* records with more or fewer cells than the header */
    size_t records; /* of them all, as far as was looked */
    size_t guards;  /* cells with one */
    bool has_no_header;
};

/* Fills in the settings of input.csv, and spreadsheet_guards; encoding and null_values are already there.
 * bytes: from the beginning of the file, with its byte order mark. is_whole: to its end. */
void infer_shape_find(struct slice bytes, bool is_whole, struct job_input *input, struct infer_shape *shape);

#endif
