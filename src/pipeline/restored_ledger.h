/* restored_ledger: puts a backup in the place of a job's ledger, and keeps runs away until a person has
 * decided what the backup lacks.
 *
 *   verify FILE and its key ─► copy it beside the ledger ─► take over what the present ledger knows
 *     ─► move the present ledger aside ─► rename the copy to the ledger's name
 *
 * All under the ledger's lease; how a file or a schema takes its place is in ledger_draft.h. A process that
 * is killed before the last step leaves no ledger or the present one, and is repeated: the present ledger is
 * found under the name that it was moved to.
 *
 * A customer that was created after the backup is missing in it, and would be created again. A backup that is
 * surely the newest (its head is that of the present ledger; or that of the last recorded run, which it has
 * with its end) is used as it is. Any other is marked as restored: no run sends from it before `adopt` has
 * completed it, or `run --new-ledger` says that it is complete (restored_mark.h). The check of the last run
 * (ledger_continuity.h) stays.
 *
 * Nonces: a provider rejects one that is not above the last. The floors of the present ledger are taken over.
 * Where it cannot be read, or lacks the last recorded run, every key starts above the clock and 60 s for each
 * run that the backup lacks (60 of them where that is not known): a start reserves 60 s above the clock or
 * the floor before it (nonce_reservation.h), so a lost floor is no higher, unless the clock was set back
 * since; then the provider rejects the nonces, and the run stops and names provider.nonce_floor.
 *
 * Rate: when a request left last, and a Retry-After, are those of the present ledger; where it cannot be
 * read, or lacks the last recorded run, requests count as being under way (rate_carryover.h). Thread: any.
 */
#ifndef KYC_PIPELINE_RESTORED_LEDGER_H
#define KYC_PIPELINE_RESTORED_LEDGER_H

#include "core/clock.h"
#include "core/error.h"
#include "ledger/ledger_backup.h"
#include "model/job.h"
#include "provider/provider.h"

struct restored_ledger {
    char at[CLOCK_RFC3339_SIZE];     /* of the last event in the backup */
    struct ledger_verified verified; /* of the backup */
    int64_t last_run;                /* of the backup; 0: none */
    int64_t lost_runs;               /* that the last record names and the backup lacks; -1: not known */
    bool is_newest;                  /* nothing is missing in it */
    char *moved_to;                  /* the present ledger's new name; NULL: there was none */
    bool took_over;                  /* it could be read; else why_not */
    bool took_over_newest;           /* and it had the last recorded run */
    struct error why_not;
    struct ledger_taken taken;
};

/* file: a backup that ledger_backup_make made, with its key beside it or the job's ledger_key. 0, or -1:
 * ERROR_USAGE (no such file), ERROR_LEDGER (it does not verify, another job's), ERROR_BUSY: then the present
 * ledger is as it was. Owner: restored_ledger_clear. */
int restored_ledger_make(const struct job *job, const struct provider *provider, const char *file,
                         struct restored_ledger *restored, struct error *error);
void restored_ledger_clear(struct restored_ledger *restored);

#endif
