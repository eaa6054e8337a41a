/* job_paths: the inputs that a path or a pattern of paths names.
 *
 * Thread: one at a time.
 */
#ifndef KYC_JOB_JOB_PATHS_H
#define KYC_JOB_JOB_PATHS_H

#include "model/job.h"

/* Adds to job->input.paths what path names: itself, or, when it is a pattern (`*`, `?`, `[…]`) and no file of
 * that very name is there, the files that match, in the order of their bytes. A pattern that nothing matches
 * is added itself: a missing file is reported when it is opened, so that a command which reads no
 * input does not mind. Copies into the job's arena. */
void job_paths_add(struct job *job, const char *path);

#endif
