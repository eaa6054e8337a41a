/* summary_table: the counts of a run as a table on standard output. Thread: one. */
#ifndef KYC_REPORT_SUMMARY_TABLE_H
#define KYC_REPORT_SUMMARY_TABLE_H

#include "core/buffer.h"
#include "model/job.h"
#include "report/run_stats.h"

/* Appends at most 23 lines of 100 columns, a screen without the prompt: the most frequent rules have a line
 * each, the others are listed by name and count. Only a path may be wider. */
void summary_table_write(const struct run_stats *stats, const struct job *job, struct buffer *out);

#endif
