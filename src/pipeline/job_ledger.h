/* job_ledger: opens the ledger of a job, the same way for every command.
 *
 * The mode is what the command does with the ledger; it decides what happens when there is none:
 *
 *   mode                  opened    locked   no ledger there                      last run compared
 *   JOB_LEDGER_CREATE     to write  yes      made, unless there was one before    yes
 *   JOB_LEDGER_RECREATE   to write  yes      made                                 no (--new-ledger)
 *   JOB_LEDGER_EXCLUSIVE  to write  yes      ERROR_LEDGER                         no
 *   JOB_LEDGER_READ       to read   no       ERROR_LEDGER                         no
 *   JOB_LEDGER_READ_ANY   to read   no       NULL with error->scope ERROR_NONE    no
 *
 * In a database CREATE makes none either (ERROR_LEDGER): an empty one must not look like a first night.
 * RECREATE does, for --new-ledger and for adopt, after which the provider's users are known.
 *
 * EXCLUSIVE creates no ledger and no customer, but sends requests: the lock keeps other runs of the job away,
 * which would together exceed the provider's rate limit and mix up the nonces of a key. Thread: any.
 */
#ifndef KYC_PIPELINE_JOB_LEDGER_H
#define KYC_PIPELINE_JOB_LEDGER_H

#include "core/error.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

enum job_ledger_mode {
    JOB_LEDGER_CREATE,
    JOB_LEDGER_RECREATE,
    JOB_LEDGER_EXCLUSIVE,
    JOB_LEDGER_READ,
    JOB_LEDGER_READ_ANY,
};

/* Borrowed from the job. */
struct ledger_place job_ledger_place(const struct job *job);

/* NULL with ERROR_LEDGER, with ERROR_BUSY when another run holds the lock, or with ERROR_INTERRUPTED because
 * of stop_fd (struct ledger_place; NULL: none). error->scope is set to ERROR_NONE by JOB_LEDGER_READ_ANY
 * alone. Owner: the caller closes it with ledger_close. */
struct ledger *job_ledger_open(const struct job *job, const struct provider *provider,
                               enum job_ledger_mode mode, const int *stop_fd, struct error *error);

#endif
