/* html_refresh: refresh.html, the page of the last refresh, for people: the states of the users, what has
 * changed, and why customers need action.
 *
 * As report.html it has no script and no network, and names no customer; reasons are the provider's, masked.
 * Each value of refresh.json that is shown has its path in the attribute data-figure. Thread: one.
 */
#ifndef KYC_REPORT_HTML_REFRESH_H
#define KYC_REPORT_HTML_REFRESH_H

#include "core/buffer.h"
#include "core/error.h"
#include "model/job.h"
#include "report/refresh_report.h"

/* The whole page into out. */
void html_refresh_write(const struct refresh_stats *stats, const struct job *job, struct buffer *out);

/* Replaces refresh.html (0600) in the job's report folder. 0, or -1 as report_file_fail. */
int html_refresh_save(const struct refresh_stats *stats, const struct job *job, struct error *error);

#endif
