/* csv_flaw: why a record is not CSV, in words that lead to its repair. Thread: any; pure. */
#ifndef KYC_INPUT_CSV_FLAW_H
#define KYC_INPUT_CSV_FLAW_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/job.h"

enum csv_flaw_kind {
    CSV_FLAW_SYNTAX,
    CSV_FLAW_OPEN_AT_END,   /* the input ends within the record */
    CSV_FLAW_OPEN_TOO_LONG, /* the record has not ended within max_record */
};

struct csv_flaw {
    enum csv_flaw_kind kind;
    struct slice first; /* the record's first line */
    uint64_t first_number;
    /* of CSV_FLAW_SYNTAX: where, in the record's last line */
    struct slice line;
    uint64_t number;
    size_t offset;
};

/* One line of text, in the arena. */
struct slice csv_flaw_explain(const struct job_input *input, const struct csv_flaw *flaw,
                              struct arena *arena);

/* The delimiter that a flaw shows instead of the job's: it follows a closing quote. NUL: none. */
char csv_flaw_delimiter(const struct job_input *input, const struct csv_flaw *flaw);

#endif
