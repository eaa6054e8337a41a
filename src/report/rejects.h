/* rejects: the files of rejected and refused records: rejects.* (to be corrected and used as input) and
 * broken.* (raw bytes).
 *
 * rejects.csv.gz: all source columns unchanged, in the input's delimiter, quote and encoding, then kyc_input,
 * kyc_row, kyc_line, kyc_verdicts, kyc_message; source columns named kyc_* are left out (the input is a
 * reject file). Rejected records in input order, then those that the provider refused. broken.csv.gz: the
 * header, then the raw bytes of records that could not be split into columns. NDJSON: rejects.ndjson.gz has
 * the source objects with members of these names at the end (they replace those of an earlier run),
 * broken.ndjson.gz the raw lines. Of an input in UTF-16 or UTF-32, all are UTF-8 with its byte order mark.
 * Files of the other format from an earlier run are removed.
 *
 * Both are 0600 in a folder of 0700, written to drafts and renamed at the end, so the input of a run may be
 * the file that it replaces. Nothing is masked: these files contain personal data. Memory does not grow with
 * the records. Thread: one (the coordinator). Owner: open, then commit or drop.
 */
#ifndef KYC_REPORT_REJECTS_H
#define KYC_REPORT_REJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "model/record.h"

#define REJECTS_FILE_NAME        "rejects.csv.gz"
#define BROKEN_FILE_NAME         "broken.csv.gz"
#define REJECTS_NDJSON_FILE_NAME "rejects.ndjson.gz"
#define BROKEN_NDJSON_FILE_NAME  "broken.ndjson.gz"

static inline const char *rejects_file_name(enum job_format format)
{
    return format == JOB_FORMAT_NDJSON ? REJECTS_NDJSON_FILE_NAME : REJECTS_FILE_NAME;
}

static inline const char *rejects_broken_name(enum job_format format)
{
    return format == JOB_FORMAT_NDJSON ? BROKEN_NDJSON_FILE_NAME : BROKEN_FILE_NAME;
}

struct rejects;

/* The header of all inputs: the column names in source bytes; no columns for NDJSON. */
struct rejects_header {
    const struct slice *columns;
    size_t column_count;
    struct slice raw;
    bool is_given; /* by the job: the names are UTF-8, and raw is not a line */
};

/* Creates the folder (0700) when missing. Borrows input; copies from the header. NULL with an error as
 * report_file_fail. */
struct rejects *rejects_open(const char *folder, const struct job_input *input,
                             const struct rejects_header *header, struct error *error);

/* Adds a rejected record with its verdicts of level reject, or a record with a fault to broken.*. 0, or -1 as
 * report_file_fail (a full disk). */
int rejects_add(struct rejects *rejects, const struct record *record, struct error *error);
/* Adds a record that the provider refused, with one verdict. 0, or -1 as rejects_add. */
int rejects_add_refused(struct rejects *rejects, const struct record *record, const struct verdict *verdict,
                        struct error *error);

/* The gzip members of a divided file, in its order: one of the header (its length alone), one of each input
 * that has records in it. */
struct rejects_part {
    uint32_t input;
    uint64_t offset, len, records;
};
struct rejects_parts {
    uint64_t header_len; /* 0: there is no file */
    struct rejects_part *parts;
    size_t count;
};
void rejects_parts_clear(struct rejects_parts *parts);

/* Before the first record: the records of each input become a gzip member of their own, so that the files of
 * several processes can be joined in the order of the inputs. Filled in by rejects_commit; borrowed. 0, or -1
 * as report_file_fail. */
int rejects_divide(struct rejects *rejects, struct rejects_parts *rejected, struct rejects_parts *broken,
                   struct error *error);

/* Renames both files into place; removes a file without records. 0, or -1 as report_file_fail. Frees in any
 * case. */
int rejects_commit(struct rejects *rejects, struct error *error);
void rejects_drop(struct rejects *rejects);

#endif
