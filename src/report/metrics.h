/* metrics: the counts of a run for the Prometheus node exporter's textfile collector.
 *
 * The text exposition format: HELP and TYPE before each name, labels `job` and `command`, no timestamps, no
 * personal data. Each run replaces the file; of the file before only the times of the last success and the
 * last end are taken over. A check has a file of its own, below the run's and never the job's `metrics`: a
 * collector that watches the runs must not take a check for one, and an alert on the last success must not be
 * silenced by it. Mode 0644: the exporter is another user. Thread: one.
 */
#ifndef KYC_REPORT_METRICS_H
#define KYC_REPORT_METRICS_H

#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "report/run_stats.h"

#define METRICS_FILE_NAME "metrics.prom"

/* before: the file that is replaced (empty: none). */
void metrics_write(const struct run_stats *stats, struct slice before, struct buffer *out);

/* The job's `metrics`, else `FOLDER/metrics.prom`, replaced whole. A tally without an end time is of a
 * command that could not begin: its status and time are told, its counts are zero. 0, or -1 with ERROR_USAGE,
 * naming the path. */
int metrics_save(const struct run_stats *stats, const struct job *job, struct error *error);

#endif
