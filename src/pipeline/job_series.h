/* job_series: what the commands have in common that send a series of requests for users that exist (links,
 * documents): the locked ledger with a run of the command in it, a queue, and signals.
 *
 * A ledger that is missing, or older than the last run left it, is refused: what it lacks would be sent
 * again. Thread: the main one. Owner: open/close.
 */
#ifndef KYC_PIPELINE_JOB_SERIES_H
#define KYC_PIPELINE_JOB_SERIES_H

#include "core/error.h"
#include "core/slice.h"
#include "dispatch/coordinator_queue.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "pipeline/signals.h"
#include "provider/provider.h"

struct job_series {
    struct job *job;
    const struct provider *provider;
    struct ledger *ledger;
    struct coordinator_queue *queue; /* of the requests alone */
    struct signals signals;
};

/* command: the run's, constant. 0, or -1 with an error; then nothing is open. */
int job_series_open(struct job_series *series, const char *command, struct job *job,
                    const struct provider *provider, struct error *error);
/* Records the end of the run; again when its status has changed since. counts: a JSON text. 0, or -1: the end
 * has the status of that error then, if it could be written all the same. */
int job_series_finish(struct job_series *series, int status, struct slice counts, struct error *error);
void job_series_close(struct job_series *series);

#endif
