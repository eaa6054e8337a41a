/* progress: the live line of a run: records, rate, time left, rejects, in doubt.
 *
 * Thread: the coordinator's. */
#ifndef KYC_REPORT_PROGRESS_H
#define KYC_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct progress {
    bool shown;
    uint64_t started_ns, next_ns; /* monotonic */
};

/* The values of the line. */
struct progress_counts {
    uint64_t records, rejected, in_doubt, done, requests;
    double share; /* of the input read, 0–1; negative: unknown */
    bool is_run;
};

/* PROGRESS_AUTO: shown when standard error is a terminal. */
void progress_start(struct progress *progress, enum progress_mode mode, uint64_t now_ns);
/* Redraws at most 5 times per second. Returns the monotonic time of the next redraw; 0: nothing is shown. */
uint64_t progress_update(struct progress *progress, const struct progress_counts *counts, uint64_t now_ns);
void progress_end(struct progress *progress);

/* The text of the line: `123,456 records  41 % …  8,000/s  ETA 0:12  17 rejected  0 in doubt`. Returns text.
 * Public for tests. */
char *progress_text(const struct progress_counts *counts, double seconds, char *text, unsigned size);

#endif
