/* html_report: report.html: one self-contained page for people (1-product.md, Files of a run).
 *
 * No script, no network, no value of a record: examples are shapes (mask.h). Each figure that summary.json
 * has stands in a <data data-figure="PATH">. Thread: one. Mode 0600: even shapes are about people.
 */
#ifndef KYC_REPORT_HTML_REPORT_H
#define KYC_REPORT_HTML_REPORT_H

#include "core/buffer.h"
#include "core/error.h"
#include "model/job.h"
#include "report/run_stats.h"

#define HTML_REPORT_FILE_NAME "report.html"

/* The whole page into out. tally was settled. */
void html_report_write(const struct run_stats *stats, const struct job *job, struct buffer *out);

/* `FOLDER/report.html`, replaced whole. 0, or -1 with ERROR_USAGE, naming the path. */
int html_report_save(const struct run_stats *stats, const struct job *job, struct error *error);

#endif
