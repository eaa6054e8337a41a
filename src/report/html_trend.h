/* html_trend: the kept runs side by side: records created and rejected, and the time each took.
 *
 * One bar for each run, oldest first, over a scale that begins at 0 and ends at the largest value, which is
 * written beside it. A run that ended early or read only a part of the input is an outline, because its
 * numbers are not those of a night. Each chart has its values as text for those who cannot see it. Thread:
 * one.
 */
#ifndef KYC_REPORT_HTML_TREND_H
#define KYC_REPORT_HTML_TREND_H

#include "core/buffer.h"
#include "report/report_history.h"

enum { HTML_TREND_RUNS = 30 /* the newest ones */ };

/* The charts, of at least two runs. */
void html_trend_write_charts(const struct report_history *history, struct buffer *out);
/* The same as a table. */
void html_trend_write_table(const struct report_history *history, struct buffer *out);

/* `2026-11-21 08:09` of a run's name, for an element time. */
void html_trend_time(struct buffer *out, const struct report_history_run *run);
/* The class of a status's colour. */
const char *html_trend_tone(const struct report_history_run *run);

#endif
