/* html_report: report.html, one self-contained page for people.
 *
 * No script, no network, no value of a record: examples and listed rows are shapes (mask.h). At most 8 MB:
 * 300 rules of a level, 5,000 listed rows, 30 kept runs. Each value of summary.json that
 * is shown has its path in the attribute data-figure. Thread: one. Mode 0600: shapes are still about people.
 */
#ifndef KYC_REPORT_HTML_REPORT_H
#define KYC_REPORT_HTML_REPORT_H

#include "core/buffer.h"
#include "core/error.h"
#include "model/job.h"
#include "report/report_history.h"
#include "report/run_stats.h"

#define HTML_REPORT_FILE_NAME "report.html"

/* Where the page is, and beside what. */
struct html_report_place {
    const struct report_history *history; /* this run first; NULL: of a check, or no report is kept */
    const char *kept; /* the name of the kept run that the page belongs to; NULL: it is in REPORT */
};

/* The whole page into out. After run_stats_finish. */
void html_report_write(const struct run_stats *stats, const struct job *job,
                       const struct html_report_place *place, struct buffer *out);

/* Replaces REPORT/report.html, REPORT being the job's report folder. history: as in html_report_place. 0, or
 * -1 as report_file_fail. */
int html_report_save(const struct run_stats *stats, const struct job *job,
                     const struct report_history *history, struct error *error);

#endif
