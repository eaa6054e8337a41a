/* html_history: REPORT/history/index.html, a row for each kept run. No script, no network, no value of a
 * record. Thread: one. */
#ifndef KYC_REPORT_HTML_HISTORY_H
#define KYC_REPORT_HTML_HISTORY_H

#include "core/buffer.h"
#include "model/job.h"
#include "report/report_history.h"

/* The whole page into out. At least one run. */
void html_history_write(const struct report_history *history, const struct job *job, struct buffer *out);

#endif
