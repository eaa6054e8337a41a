/* input_snapshot: detects that an input of --strict changed between its two passes (the first validates every
 * row, the second sends).
 *
 * A change shows in the file's metadata: device, inode, size, mtime, and ctime, which no program can set
 * back. A digest of the bytes would be known only after the second pass has read them all, which is too late:
 * so the second pass validates each row again, and one that is not valid any more stops the run before it is
 * sent. Thread: one at a time. Owner: new/free.
 */
#ifndef KYC_PIPELINE_INPUT_SNAPSHOT_H
#define KYC_PIPELINE_INPUT_SNAPSHOT_H

#include "core/error.h"
#include "model/job.h"

struct input_snapshot;

/* Records the state of every input. NULL with ERROR_USAGE (standard input or a pipe, which cannot be read
 * twice) or ERROR_INPUT (missing). Borrows input. */
struct input_snapshot *input_snapshot_new(const struct job_input *input, struct error *error);
void input_snapshot_free(struct input_snapshot *snapshot);

/* Compares every input with its record. 0, or -1 with ERROR_INPUT. */
int input_snapshot_check(const struct input_snapshot *snapshot, struct error *error);

#endif
