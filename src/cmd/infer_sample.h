/* infer_sample: the first rows of an export without a job file.
 *
 * The format is found first: CSV or NDJSON by the first character, the encoding by the bytes
 * (infer_encoding), the shape of a CSV by what can be read (infer_shape). A CSV is then read by the reader of
 * a run. Thread: one at a time. Owner: read/clear.
 */
#ifndef KYC_CMD_INFER_SAMPLE_H
#define KYC_CMD_INFER_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/infer_shape.h"
#include "core/arena.h"
#include "core/encoding.h"
#include "core/encoding_detect.h"
#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"

struct infer_row {
    struct slice *cells; /* UTF-8, trimmed; the items of a JSON array are separated by VALUE_SEPARATOR */
    size_t count;        /* may be fewer than there are columns */
};

struct infer_sample {
    enum job_format format;
    struct encoding encoding;
    struct job_input input;   /* of CSV: the settings by which it was read */
    struct infer_shape shape; /* of CSV: what they rest on */
    struct slice *columns;    /* of NDJSON: dotted paths, in the order of their first occurrence */
    size_t column_count;
    bool *is_list; /* [column_count] of NDJSON: an array was seen */
    struct infer_row *rows;
    size_t row_count;
    size_t broken;      /* records that cannot be put into columns */
    bool is_not_utf8;   /* of NDJSON, which must be UTF-8 */
    size_t other_lines; /* that are not of the encoding */
    struct encoding_candidate
        *candidates; /* the most plausible encodings of what is not UTF-8, the best first */
    size_t candidate_count;
    size_t damaged;         /* cells with bytes of another encoding, or characters that show damage */
    size_t skipped_members; /* of NDJSON, whose names cannot be written in a path */
    const char *read_error; /* why the input ended early; NULL: it did not */
    struct arena arena;
};

/* path: a file, gzipped or not, or `-`. rows: the maximum. 0, or -1 with ERROR_INPUT: the input cannot be
 * read, is empty, or is neither CSV nor NDJSON. Clear it in both cases. */
int infer_sample_read(struct infer_sample *sample, const char *path, uint64_t rows, struct error *error);
void infer_sample_clear(struct infer_sample *sample);

/* Empty where the row has no such cell. */
struct slice infer_sample_cell(const struct infer_sample *sample, size_t row, size_t column);
/* The first item of a list: what a field of one value is mapped to. */
struct slice infer_sample_first(const struct infer_sample *sample, size_t row, size_t column);

/* True when a job can name the column: its name is not empty, no other column has it, and it holds no control
 * character. */
bool infer_sample_is_named(const struct infer_sample *sample, size_t column);

#endif
