/* ledger_continuity: the guard against a ledger that is missing, or older than it was at its last run.
 *
 * With such a ledger every customer that it does not know would be created again. So each run (and resolve)
 * leaves a witness: the chain's head and the run's number and start, which only the ledger of that run and
 * its successors hold. It is kept twice, LEDGER.head beside the ledger and ledger-*.head in the job's own
 * report folder (wherever --report puts the reports), so that neither a lost report folder nor a folder that
 * was restored from a backup takes the guard down. The second is named by a digest of the job, the provider,
 * the base URL and the ledger's path: jobs, and ledgers of one job, may share a report folder.
 *
 * A witness is written only after what it names is committed, so it is never ahead of its ledger; a crash
 * before it is written leaves the older one, which the ledger holds too. Only a run that sends writes one: a
 * dry run changes nothing here, and only reports what a run would say. Where there is no witness yet, the
 * chain_head of summary.json is one (version 0.1 kept no other). LEDGER.key without its ledger is a witness
 * as well. Thread: any. Owner: load/free.
 */
#ifndef KYC_PIPELINE_LEDGER_CONTINUITY_H
#define KYC_PIPELINE_LEDGER_CONTINUITY_H

#include "core/error.h"
#include "ledger/ledger.h"
#include "model/job.h"

struct ledger_continuity;

/* Reads all that speaks of this job's ledger. NULL with ERROR_LEDGER when a witness cannot be read: it might
 * name a ledger that is missing. */
struct ledger_continuity *ledger_continuity_load(const struct job *job,
                                                 const struct ledger_identity *identity, struct error *error);
void ledger_continuity_free(struct ledger_continuity *history);

/* Before the ledger is made: 0, or -1 with ERROR_LEDGER when it is missing although there was one. */
int ledger_continuity_check_exists(const struct ledger_continuity *history, struct error *error);
/* There is no ledger, or an empty file in its place: as ledger_continuity_check_exists. */
int ledger_continuity_check_empty(const struct ledger_continuity *history, struct error *error);
/* On an open ledger: 0, or -1 with ERROR_LEDGER when it lacks what a witness names: it is older, or another.
 */
int ledger_continuity_check_ledger(const struct ledger_continuity *history, struct ledger *ledger,
                                   struct error *error);

/* A head that the ledger must hold, for status --verify: the first that it lacks, else any; "": none is
 * known. 0, or -1. */
int ledger_continuity_head(const struct ledger_continuity *history, struct ledger *ledger,
                           char head[LEDGER_HEAD_SIZE], struct error *error);

/* Opens the ledger to be written, behind the guard; new_ledger: without it. NULL with ERROR_LEDGER or
 * ERROR_BUSY. */
struct ledger *ledger_continuity_open(const struct job *job, const struct ledger_identity *identity,
                                      bool new_ledger, struct error *error);

/* Leaves the witness of what is committed; the ledger has a run. 0; also, with a line in the log, when it
 * could be written in one of the two places alone. -1 with ERROR_LEDGER when in neither. */
int ledger_continuity_record(const struct job *job, const struct ledger_identity *identity,
                             const struct ledger *ledger, struct error *error);

#endif
