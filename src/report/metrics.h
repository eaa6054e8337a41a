/* metrics: the counts of a run for the textfile collector of the Prometheus node exporter.
 *
 * The text exposition format: HELP and TYPE before each name, labels `import` (the job; Prometheus itself has
 * a label `job`) and `command`, no timestamps, no personal data. A run replaces the job's file when it
 * begins, every minute, and at its end; what describes the last run that ended (its status, the times of the
 * last success, …) is kept until then. A run that is killed leaves run_in_progress at 1 and stops updating
 * updated_timestamp_seconds, by which an alert can tell. A check writes to its own report folder: a collector
 * must not mistake a check for a run, nor a check silence an alert on the last success. jobs/README.md lists
 * all names. Thread: one.
 */
#ifndef KYC_REPORT_METRICS_H
#define KYC_REPORT_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"
#include "report/run_stats.h"

#define METRICS_FILE_NAME "metrics.prom"

/* The file of one run. */
struct metrics;

/* Owner: metrics_free. job is borrowed. */
struct metrics *metrics_new(const struct job *job);
void metrics_free(struct metrics *metrics);

/* Of a run that has not ended. */
struct metrics_progress {
    double share;      /* of the input that is done, 0–1; negative: unknown */
    uint64_t in_doubt; /* records in doubt whose attempts continue */
};

/* Whether metrics_update is to be called: at first, then every minute. */
bool metrics_is_due(const struct metrics *metrics, uint64_t mono_ns);
/* Replaces the file; only with the ledger's lock, since another run may be writing it. A failure is logged as
 * a warning, once, and changes nothing else: the run continues, and metrics_save fails in its turn. */
void metrics_update(struct metrics *metrics, const struct run_stats *stats,
                    const struct metrics_progress *progress, uint64_t mono_ns);

/* True once metrics_update was called: the file is this run's, and must get its end. */
bool metrics_is_begun(const struct metrics *metrics);

/* Replaces the job's file at the end; that of a check is REPORT/metrics.prom. Without an end time the command
 * could not begin: the file has its status and the current time, and counts of zero. 0, or -1 with
 * ERROR_USAGE. */
int metrics_save(struct metrics *metrics, const struct run_stats *stats, struct error *error);

/* before: the content of the file to be replaced; empty: none. progress: NULL at the end. */
void metrics_write(const struct run_stats *stats, struct slice before,
                   const struct metrics_progress *progress, struct buffer *out);

#endif
