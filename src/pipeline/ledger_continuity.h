/* ledger_continuity: proof that a ledger is the one that the last run left.
 *
 * With a ledger that is missing or older, every customer that it lacks would be created again. So each
 * command that changes the ledger (adopt: once it is complete) records the head of the ledger's chain and the
 * run's number and start, which only the ledger of that run and its successors hold. The record is kept in
 * ledger-*.head in the job's own report folder (whatever --report is) and, of a file, in LEDGER.head beside
 * it, so that neither a lost report folder nor a folder restored from a backup disables the check. Another
 * record is kept in the folder `ledger_witness` of the job, where it has one: for machines that lose the
 * other places together. The names of ledger-*.head hold a digest of the job, provider and base URL and one
 * of the ledger's path or URL: several jobs, and several ledgers of one job, may share a folder.
 *
 * The record is written only after the commit of what it names, so it is never ahead of its ledger; a crash
 * in between leaves the older record, which the ledger holds too. A dry run does not write it. Without any
 * head file the chain_head of summary.json is used (version 0.1 wrote no other record). A LEDGER.key without
 * its ledger also proves that there was one. Thread: any.
 */
#ifndef KYC_PIPELINE_LEDGER_CONTINUITY_H
#define KYC_PIPELINE_LEDGER_CONTINUITY_H

#include "core/error.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* Compares an open ledger with every record. NULL: there is no ledger, or an empty file in its place. 0, or
 * -1 with ERROR_LEDGER: the ledger lacks what was recorded; it is missing although there was one; or a record
 * cannot be read (it may name a ledger that is missing). */
int ledger_continuity_check(const struct job *job, const struct provider *provider, struct ledger *ledger,
                            struct error *error);

/* A head that the ledger must hold, for status --verify: the first recorded one that it lacks, else any; "":
 * none is recorded. 0, or -1. */
int ledger_continuity_head(const struct job *job, const struct provider *provider, struct ledger *ledger,
                           char head[LEDGER_HEAD_SIZE], struct error *error);

/* The last record: its head ("": none is recorded) and its run (0: none). 0, or -1. */
int ledger_continuity_last(const struct job *job, const struct provider *provider,
                           char head[LEDGER_HEAD_SIZE], int64_t *run, struct error *error);

/* Records what is committed; the ledger has a run. 0, also (with a line in the log) when one of the places
 * could not be written; -1 with ERROR_LEDGER when none could. Warns of a `ledger_witness` without a record of
 * this job, although the ledger has had earlier runs: its storage may not be mounted. */
int ledger_continuity_record(const struct job *job, const struct provider *provider,
                             const struct ledger *ledger, struct error *error);

#endif
