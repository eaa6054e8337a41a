/* progress_line: what a progress line states, and its text for a terminal and for the log.
 *
 * All text is ASCII, so that it is right in every locale. Thread: any; pure. */
#ifndef KYC_REPORT_PROGRESS_LINE_H
#define KYC_REPORT_PROGRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/json.h"

enum { PROGRESS_LINE_SIZE = 256 };

/* What is going on; most states are the reason why nothing is sent. The time in those up to PROGRESS_LOOK_UP
 * is working time, of which the rate is made. */
enum progress_state {
    PROGRESS_ACTIVE,
    PROGRESS_READING,   /* of a run: records are read, and none of them needed a request lately */
    PROGRESS_SLOWED,    /* below the rate, after HTTP 429 */
    PROGRESS_REPLIES,   /* count: requests in flight, and nothing else can be sent */
    PROGRESS_LOOK_UP,   /* count: users that are looked up */
    PROGRESS_INPUT,     /* the input (a pipe) gives nothing */
    PROGRESS_CANARY,    /* count: requests that are still sent one at a time */
    PROGRESS_RETRY,     /* all that is left waits for its next attempt, at until_ns */
    PROGRESS_LIST_SOON, /* at until_ns users are listed, to resolve count creates in doubt */
    PROGRESS_LIST,      /* under way, for count creates in doubt; 0: for another reason */
    PROGRESS_LOGIN,
    PROGRESS_CARRY_OVER,  /* until until_ns the requests of the run before count against the rate */
    PROGRESS_RETRY_AFTER, /* until until_ns, as the provider asked */
    PROGRESS_PAUSED,      /* the breaker is open; until_ns: its next probe, 0: one is in flight */
    PROGRESS_LEASE,       /* for the right to send; until_ns: until it begins, 0: not known */
    PROGRESS_STOPPING,    /* count: requests in flight that the end waits for */
    PROGRESS_DROPPING,    /* as before, but they are not waited for */
};

struct progress_counts {
    const char *noun; /* plural, with an s: `records` */
    uint64_t done;    /* finished, whatever became of them */
    uint64_t total;   /* 0: not known */
    bool is_estimate; /* total */
    uint64_t retrying, in_doubt, rejected;
    enum progress_state state;
    uint64_t until_ns; /* monotonic; 0: not known */
    uint64_t count;    /* of the state */
    /* For the time left: */
    uint64_t sent;          /* of done, those that needed a request */
    uint64_t open;          /* begun, and not done */
    double sends_left;      /* expected number that need a request, the open ones included */
    double plain_left;      /* expected number that need none */
    uint64_t not_before_ns; /* monotonic: the end comes after it; 0: no matter */
    double limit_per_s;     /* how fast requests may be sent; 0: not known */
};

/* What is computed from the counts over time. */
struct progress_figures {
    int percent;       /* 0 to 100; below 0: not known */
    double rate_per_s; /* done; below 0: not known */
    double left_s;     /* below 0: not known */
    uint64_t now_ns;
};

/* `1,234 of 5,000 (24 %)  52/s  1 m 12 s left  3 being retried  REASON`, in at most `columns` columns: the
 * parts of least weight are left out as a whole, and the reason is shortened last. Returns text. */
char *progress_line_live(const struct progress_counts *counts, const struct progress_figures *figures,
                         unsigned columns, char text[PROGRESS_LINE_SIZE]);
/* `1,234 of 5,000 records (24 %), 52/s, 1 m 12 s left, 3 being retried; REASON`. Returns text. */
char *progress_line_log(const struct progress_counts *counts, const struct progress_figures *figures,
                        char text[PROGRESS_LINE_SIZE]);
/* The same as members of a JSON object: records, total, total_is_estimate, percent, rate_per_s, seconds_left,
 * retrying, in_doubt, rejected, state, reason, wait_seconds; those that are not known are left out. */
void progress_line_members(const struct progress_counts *counts, const struct progress_figures *figures,
                           struct json_writer *json);

#endif
