/* report_history: the reports of the last runs, as they are kept in REPORT/history/TIME/ (report_keep.h).
 *
 * TIME is the start of the run in UTC with `-` for `:`, so that names sort by time and are names everywhere:
 * `2026-11-21T08-09-10.123Z`. Such a folder with a summary.json of that start is a kept run; everything else
 * in history/ belongs to somebody else and is left alone. A kept run to whose folder a person has added a
 * file is pinned: it is shown and never removed. Thread: one. Owner: read, then clear.
 */
#ifndef KYC_REPORT_REPORT_HISTORY_H
#define KYC_REPORT_REPORT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/run_stats.h"

#define REPORT_HISTORY_FOLDER "history"
#define REPORT_HISTORY_INDEX  "index.html"

enum {
    REPORT_HISTORY_NAME_SIZE = 25,   /* of TIME, with the NUL */
    REPORT_HISTORY_REASON_SIZE = 256 /* why a run stopped, cut */
};

/* The files of a kept run, in the order in which they are removed. */
enum report_history_file {
    REPORT_HISTORY_PAGE,
    REPORT_HISTORY_REJECTS_CSV,
    REPORT_HISTORY_REJECTS_NDJSON,
    REPORT_HISTORY_BROKEN_CSV,
    REPORT_HISTORY_BROKEN_NDJSON,
    REPORT_HISTORY_SUMMARY,
    REPORT_HISTORY_FILES
};

struct report_history_run {
    char name[REPORT_HISTORY_NAME_SIZE]; /* TIME */
    bool has[REPORT_HISTORY_FILES];
    bool is_pinned;
    bool is_partial; /* --limit, or a reject file as input: not the whole export */
    int status;
    uint64_t read, skipped, created, updated, unchanged, rejected, refused, in_doubt, unsent;
    double seconds, rate_per_s;
    char stopped[REPORT_HISTORY_REASON_SIZE]; /* "": it was not */
};

/* Those that stay, newest first; then those that shall be removed (report_history_select), newest first. */
struct report_history {
    struct report_history_run *runs; /* owned */
    size_t kept, count, capacity;    /* kept: those that stay */
};

/* `report.html`, `rejects.csv.gz`, … */
const char *report_history_file(enum report_history_file file);
/* Whether name has the form of TIME. */
bool report_history_is_name(const char *name);
/* TIME of a start. */
void report_history_name(uint64_t started_ns, char name[REPORT_HISTORY_NAME_SIZE]);

/* Reads the kept runs of a report folder; none where there is no folder, or it cannot be read. A kept run
 * whose summary.json cannot be read is left out. */
void report_history_read(const char *report_folder, struct report_history *history);
/* Puts the run that ends now before the others. Its files are not known yet. */
void report_history_add(struct report_history *history, const struct run_stats *stats);
/* Of the runs that are not pinned the newest `keep` stay. */
void report_history_select(struct report_history *history, size_t keep);
void report_history_clear(struct report_history *history);

#endif
