/* reader: blocks of bytes into batches of records.
 *
 * A malformed record costs its first physical line and never harms its neighbours; a record in progress where
 * the input broke off is rejected as record/cut, even when it looks complete: after a cut at a random place
 * every third one does. A clean end without a newline ends a record. Thread: one at a time. Owner: new/free;
 * borrows the input's settings and the feed.
 */
#ifndef KYC_INPUT_READER_H
#define KYC_INPUT_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "model/record.h"

/* Where a reader's bytes come from. next gives a block that stays valid until it is called again: 1 a block
 * (never empty), 0 the clean end, -1 the input broke off (the owner of the feed has the reason). */
struct reader_feed {
    int (*next)(void *context, struct slice *block);
    void *context;
};

struct reader;

/* input_index: what record.input becomes. */
struct reader *reader_new(const struct job_input *input, uint32_t input_index, struct reader_feed feed);
void reader_free(struct reader *reader);

/* The header of CSV: column names decoded to UTF-8, outer blanks and a BOM gone. */
struct reader_header {
    const struct slice *columns;
    const struct slice *source_columns; /* the bytes of their cells, not decoded, blanks included */
    size_t column_count;                /* at least 1; 0: NDJSON, which has no header */
    struct slice raw; /* all that comes before the first record, as in the input, without the last line end */
    bool is_given;    /* by input.csv.header: source_columns are UTF-8, and raw is not a line */
    bool is_reject_file; /* it has a column kyc_row: min_records does not apply */
    bool is_empty;       /* the input holds nothing; of CSV that needs a header, nothing but blank lines */
    const struct slice *names; /* the columns; of NDJSON, the members of its first records whose name has a
                                  dot or a bracket and so could be meant as a path */
    size_t name_count;
};

/* Reads the header; must come first, once. A separator line of spreadsheets (`sep=;`) is passed over. Valid
 * as long as the reader. 0, or -1 with ERROR_INPUT: an input without its header
 * (header->is_empty, and reader_fill would give READER_END), a header that is malformed or not of the
 * encoding, one JSON text (json_head.h), or the feed broke off within it (error left with scope ERROR_NONE
 * then: the feed has the reason). `name` is for the message. */
int reader_header(struct reader *reader, const char *name, struct reader_header *header, struct error *error);

enum reader_result {
    READER_MORE, /* the batch is full */
    READER_END,  /* the clean end; the batch holds what was left, perhaps nothing */
    READER_CUT,  /* the feed broke off; the batch holds what was left, the cut record included */
};

/* Fills an empty batch: record, row, line, and cells (CSV) or raw, the line that a rule worker makes cells of
 * (NDJSON; JSON_PADDING bytes follow it); fault and raw of those that are no record; is_footer. */
enum reader_result reader_fill(struct reader *reader, struct batch *batch);

/* Bytes that the feed gave and that are no part of a record or header yet, for progress. */
size_t reader_unread(const struct reader *reader);

#endif
