/* html_report: report.html, one self-contained page for people.
 *
 * No script, no network, no value of a record: examples are shapes (mask.h). Each value of summary.json that
 * is shown has its path in the attribute data-figure. Thread: one. Mode 0600: shapes are still about people.
 */
#ifndef KYC_REPORT_HTML_REPORT_H
#define KYC_REPORT_HTML_REPORT_H

#include "core/buffer.h"
#include "core/error.h"
#include "model/job.h"
#include "report/run_stats.h"

#define HTML_REPORT_FILE_NAME "report.html"

/* The whole page into out. After run_stats_finish. */
void html_report_write(const struct run_stats *stats, const struct job *job, struct buffer *out);

/* Replaces REPORT/report.html, REPORT being the job's report folder. 0, or -1 as report_file_fail. */
int html_report_save(const struct run_stats *stats, const struct job *job, struct error *error);

#endif
