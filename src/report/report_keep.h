/* report_keep: keeps the report of each run in REPORT/history/TIME/, and an index page of the last ones.
 *
 *    .draft-TIME-PID ──complete──► TIME ──older than the last `report_keep`──► .removed-TIME ──► gone
 *
 * A folder is renamed only when it is complete, and taken out of the way before its files are removed: a run
 * that is killed at any step leaves whole kept runs, and leftovers under the two hidden names, which the next
 * run removes. Nothing else in history/ is ever touched (report_history.h). The index is written before old
 * runs are removed, so it names none that is gone.
 *
 * summary.json, rejects.* and broken.* are further names (hard links) of the files in REPORT, which a run
 * replaces and never changes: they need no space until then. Where a file system has no hard links they are
 * copied. report.html is written again, because its links differ. links.csv holds credentials, and is not
 * kept. Folders are 0700, files 0600.
 *
 * Thread: one.
 */
#ifndef KYC_REPORT_REPORT_KEEP_H
#define KYC_REPORT_REPORT_KEEP_H

#include "model/job.h"
#include "report/report_history.h"
#include "report/run_stats.h"

/* Keeps the report of a run, the first in history, whose files in REPORT are written, and removes those that
 * report_history_select has put behind the others. What fails is a warning in the log: the run and its own
 * report are whole. Without effect when the job's report_keep is 0. */
void report_keep_run(const struct run_stats *stats, const struct job *job, struct report_history *history);

#endif
