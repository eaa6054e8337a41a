/* input_snapshot: the inputs of a run that reads them twice: first to see that every row is valid, then to
 * send.
 *
 * Between the passes nobody may change them. What tells a change is what the system itself keeps of a file:
 * device, inode, size, time of its content, and the time of its last change of any kind, which no program can
 * set back. A digest of the bytes would tell no more before the second pass has read them all, which is too
 * late: so in the second pass each row is judged again, and one that is not valid any more stops the run
 * before it is sent. Thread: one at a time. Owner: new/free.
 */
#ifndef KYC_PIPELINE_INPUT_SNAPSHOT_H
#define KYC_PIPELINE_INPUT_SNAPSHOT_H

#include "core/error.h"
#include "model/job.h"

struct input_snapshot;

/* Notes every input as it is. NULL with ERROR_USAGE (standard input or a pipe, which cannot be read twice) or
 * ERROR_INPUT (missing). Borrows input. */
struct input_snapshot *input_snapshot_new(const struct job_input *input, struct error *error);
void input_snapshot_free(struct input_snapshot *snapshot);

/* Whether every input still is what was noted: 0, or -1 with ERROR_INPUT. */
int input_snapshot_check(const struct input_snapshot *snapshot, struct error *error);

#endif
