/* rejects: the files of what was turned down: rejects.* (fix it, feed it back) and broken.* (raw bytes).
 *
 * rejects.csv.gz: all source columns as they were, in the input's own delimiter, quote and encoding, then
 * kyc_input, kyc_row, kyc_line, kyc_verdicts, kyc_message; source columns named kyc_* are left out (a reject
 * file fed back). Rejected records stand in input order; those that the provider refused follow.
 * broken.csv.gz: the header, then the raw bytes of records that cannot be put into columns. For NDJSON they
 * are rejects.ndjson.gz, the source objects with members of those names at their end (an earlier run's are
 * replaced), and broken.ndjson.gz, the raw lines; the other format's files of an earlier run are removed.
 * Both are 0600 in a folder of 0700, written aside and renamed at the end, so one may be the input of the run
 * that replaces it. Nothing is masked: these files hold personal data. Constant memory. Thread: one (the
 * coordinator). Owner: open, then commit or drop.
 */
#ifndef KYC_REPORT_REJECTS_H
#define KYC_REPORT_REJECTS_H

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

/* The header of the inputs (the same for all): its column names as in the source bytes; no columns for
 * NDJSON.
 */
struct rejects_header {
    const struct slice *columns;
    size_t column_count;
    struct slice raw;
};

/* Makes the folder (0700) when missing. Borrows input (its paths become kyc_input); copies what it needs of
 * the header. NULL with ERROR_USAGE naming the path. */
struct rejects *rejects_open(const char *folder, const struct job_input *input,
                             const struct rejects_header *header, struct error *error);

/* A record that our rules stopped, with its verdicts of level reject; one with a fault goes to broken.*. 0,
 * or -1 with ERROR_USAGE naming the path (a full disk). */
int rejects_add(struct rejects *rejects, const struct record *record, struct error *error);
/* A record that the provider refused: verdict FIELD/RULE and message. */
int rejects_add_refused(struct rejects *rejects, const struct record *record, const struct verdict *verdict,
                        struct error *error);

/* Renames both into place (a file without records is removed instead). 0, or -1. Then as drop. */
int rejects_commit(struct rejects *rejects, struct error *error);
void rejects_drop(struct rejects *rejects);

#endif
