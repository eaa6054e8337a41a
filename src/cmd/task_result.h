/* task_result: how links and documents end: the counts as the summary of the run, then on standard output
 * with the tasks that the provider refused or that are in doubt.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_TASK_RESULT_H
#define KYC_CMD_TASK_RESULT_H

#include <stdint.h>

#include "cmd/options.h"
#include "core/buffer.h"
#include "core/json.h"
#include "ledger/ledger_task.h"
#include "pipeline/job_series.h"

/* All borrowed. */
struct task_result {
    const struct options *options;
    struct job_series *series;
    enum ledger_task_kind kind;
    uint64_t started_ns; /* real */
    const void *counts;
    const char *file; /* that was written, for the result as JSON; NULL: none */
    /* The counts as members of an open object, and as lines of text. */
    void (*write_members)(const void *counts, struct json_writer *json);
    void (*describe)(const struct task_result *result, struct buffer *out);
};

/* Records the end of the run, prints the result, and appends the counts to summary, an empty buffer, as a
 * JSON object. status: of the work. Returns the exit status. */
int task_result_finish(const struct task_result *result, int status, struct buffer *summary);

#endif
