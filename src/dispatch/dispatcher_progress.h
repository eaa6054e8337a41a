/* dispatcher_progress: what a run's progress line shows of the dispatcher. Changes nothing else. Thread: the
 * coordinator's. */
#ifndef KYC_DISPATCH_DISPATCHER_PROGRESS_H
#define KYC_DISPATCH_DISPATCHER_PROGRESS_H

#include <stdint.h>

#include "dispatch/dispatcher.h"
#include "report/progress_line.h"

/* Sets open, sent, retrying (those that wait for a listing too), limit_per_s; and the state with its time and
 * count to why nothing is sent at now_ns (monotonic), while something waits to be sent or answered. */
void dispatcher_progress(struct dispatcher *dispatcher, uint64_t now_ns, struct progress_counts *counts);

#endif
