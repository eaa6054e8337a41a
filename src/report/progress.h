/* progress: how far a command is: a live line on a terminal, else one log line a minute.
 *
 * The first log line comes after a minute of work; the end is the command's own summary. Both are computed
 * from counts that the caller has anyway; nothing is computed between two lines but the rate, once a second.
 *
 * Thread: the coordinator's. Owner: start/end. */
#ifndef KYC_REPORT_PROGRESS_H
#define KYC_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "report/progress_line.h"
#include "report/progress_rate.h"

/* AUTO: live when standard error is a terminal that can erase a line, else by log lines. ALWAYS: live. */
enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct progress {
    bool is_live, is_logged;
    uint64_t next_ns, next_log_ns; /* monotonic */
    int percent;                   /* the highest so far; below 0: none */
    struct progress_rate rate;
};

/* Of the process, before the first progress_start. */
void progress_setup(enum progress_mode mode);

void progress_start(struct progress *progress, uint64_t now_ns);
/* The monotonic time from which on progress_update has something to do; UINT64_MAX: never. */
uint64_t progress_next_ns(const struct progress *progress);
/* Shows the counts, at most 5 times a second. */
void progress_update(struct progress *progress, const struct progress_counts *counts, uint64_t now_ns);
/* Removes the live line. */
void progress_end(struct progress *progress);

/* The share of the total that is done, in whole percent: below 0 without a total; 100 only when all is done
 * and the total is no estimate. */
int progress_percent(const struct progress_counts *counts);

#endif
