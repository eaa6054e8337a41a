/* metrics: the counts of a run for the textfile collector of the Prometheus node exporter.
 *
 * The text exposition format: HELP and TYPE before each name, labels `job` and `command`, no timestamps, no
 * personal data. Each run replaces the file, but keeps the times of the last success and the last end. A
 * check writes to its own report folder, never to the job's `metrics`: a collector must not mistake a check
 * for a run, nor a check silence an alert on the last success. Mode 0644: the exporter is another user.
 * Thread: one.
 */
#ifndef KYC_REPORT_METRICS_H
#define KYC_REPORT_METRICS_H

#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "report/run_stats.h"

#define METRICS_FILE_NAME "metrics.prom"

/* before: the content of the file to be replaced; empty: none. */
void metrics_write(const struct run_stats *stats, struct slice before, struct buffer *out);

/* Replaces the job's `metrics`, else REPORT/metrics.prom. Without an end time the command could not begin:
 * the file has its status and the current time, and counts of zero. 0, or -1 as report_file_fail. */
int metrics_save(const struct run_stats *stats, const struct job *job, struct error *error);

#endif
