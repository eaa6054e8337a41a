/* adopt_job: adopts the provider's users for the records of a job: reads the export, compares, writes.
 *
 * A ledger that is missing, or older than at its last run, is completed: it counts as the right one again
 * only when every user was compared. Until then no run uses it, whatever interrupted this (ledger_adopting).
 * Threads: those of adopt_export.h and adopt.h.
 */
#ifndef KYC_PIPELINE_ADOPT_JOB_H
#define KYC_PIPELINE_ADOPT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/adopt.h"
#include "model/job.h"
#include "pipeline/adopt_export.h"
#include "provider/provider.h"

/* What was found. `create`, `adopt`, `unclear` and `in_doubt` are of the records without a user. */
struct adopt_job_result {
    uint64_t started_ns, finished_ns; /* real */
    struct adopt_export_counts records;
    struct adopt_counts users;
    uint64_t create, adopt, unclear, in_doubt;
    uint64_t update;    /* of `adopt`: the next run updates them */
    uint64_t not_shown; /* of `adopt`: of which some member is not shown, and counts as the export's */
    uint64_t by_member[PROVIDER_MEMBERS_MAX]; /* likewise, by slot */
    uint64_t others;                          /* users that are no record's */
    struct adopt_plan *plan;
};

struct adopt_job_settings {
    struct job *job; /* with secrets: forgotten at the end */
    const struct provider *provider;
    uint64_t limit; /* records of input; 0: all */
    bool is_dry;    /* asks the provider, and writes nothing */
    /* Writes the report, while the ledger is still held, and returns the exit status: this one, or a worse
     * one, which the ledger then has too. Called where finished_ns is set. NULL: the caller writes it. */
    int (*report)(void *context, const struct adopt_job_result *result, int status);
    void *report_context;
};

/* 0, or -1 with an error, ERROR_USAGE also where the provider cannot list its users. The result holds what
 * was found until then; owner: adopt_job_clear. */
int adopt_job_run(const struct adopt_job_settings *settings, struct adopt_job_result *result,
                  struct error *error);
void adopt_job_clear(struct adopt_job_result *result);

/* 1 when something is left to a person: records that are rejected or unclear, elements of the listing that
 * are no users; else 0. */
int adopt_job_status(const struct adopt_job_result *result);

#endif
