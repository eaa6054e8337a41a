/* run_report: the report of a check or a run: its files, and the result on standard output.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_RUN_REPORT_H
#define KYC_CMD_RUN_REPORT_H

#include "cmd/adopt_report.h"
#include "cmd/options.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/metrics.h"
#include "report/report_history.h"
#include "report/run_stats.h"

/* Empty counts, with the job's names and inputs. is_check: the command; is_dry: nothing is sent. Owner:
 * run_stats_free. */
struct run_stats *run_report_new(const struct job *job, bool is_check, bool is_dry);

/* How long a run would take, from the plan of a check. */
void run_report_estimate(const struct job *job, const struct provider *provider, struct run_stats *stats);

/* Logs the error of a failed call. Returns the exit status that counts. */
int run_report_merge_status(int result, const struct error *error, int status);

/* Writes the files of the report folder. history: of a run, else NULL. Returns the exit status. */
int run_report_save(const struct job *job, struct run_stats *stats, struct metrics *metrics,
                    const struct report_history *history, int status);

/* Writes the result to standard output, as the options say. plan: of --against-provider, else NULL. Returns
 * the exit status. */
int run_report_print(const struct options *options, const struct job *job, const struct run_stats *stats,
                     const struct adopt_report *plan, int status);

#endif
