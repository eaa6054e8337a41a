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

/* What a line shows. */
struct progress_figures {
    uint64_t records, rejected, in_doubt, done, requests;
    double share; /* of the input that is done, 0–1; below 0: not known */
    bool is_run;
};

/* auto: shown when standard error is a terminal. */
void progress_start(struct progress *progress, enum progress_mode mode, uint64_t now_ns);
/* Redraws at most 5 times a second. Returns the monotonic time of the next redraw, 0 when nothing is shown.
 */
uint64_t progress_update(struct progress *progress, const struct progress_figures *figures, uint64_t now_ns);
void progress_end(struct progress *progress);

/* The line's text, for tests: `123,456 records  41 % …  8,000/s  ETA 0:12  17 rejected  0 in doubt`. Returns
 * text. */
char *progress_text(const struct progress_figures *figures, double seconds, char *text, unsigned size);

#endif
