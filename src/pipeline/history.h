/* history: what the last report says of the ledger, so that a ledger that went missing is noticed
 * (4-ledger.md).
 *
 * Without it everybody would be made again: a run that finds no ledger although the last report names one, or
 * a ledger that does not contain the head that it names, stops. A dry run carries the head over into its own
 * report. Thread: any.
 */
#ifndef KYC_PIPELINE_HISTORY_H
#define KYC_PIPELINE_HISTORY_H

#include "core/error.h"
#include "ledger/ledger.h"

/* `chain_head` of FOLDER/summary.json; "" when there is no report, or none of a sent request. 0, or -1 with
 * ERROR_LEDGER when there is one that cannot be read: it might name a ledger that is missing. */
int history_head(const char *folder, char head[LEDGER_HEAD_SIZE], struct error *error);

/* The guard, before the ledger is made: 0, or -1 with ERROR_LEDGER when head names a ledger and there is
 * none. */
int history_check_exists(const char *head, const char *ledger_path, const char *folder, struct error *error);
/* The guard, on an open ledger: 0, or -1 with ERROR_LEDGER when it does not hold that head. */
int history_check_head(const char *head, struct ledger *ledger, const char *ledger_path, const char *folder,
                       struct error *error);

#endif
