/* ledger_transfer: copies a whole ledger from one database into another, row by row.
 *
 * Rows of customer, task, run and event go over as they are stored, in the order of their ids, and then what
 * is outside the proof. No value is interpreted, so seals, chains and the head of the copy are those of its
 * source. Thread: the ledger's.
 */
#ifndef KYC_LEDGER_LEDGER_TRANSFER_H
#define KYC_LEDGER_LEDGER_TRANSFER_H

#include "core/error.h"
#include "ledger/ledger_store.h"

/* to: with tables and no rows, and without an open transaction. Between store_begin_read and store_end_read
 * of `from`. 0 when it is committed; -1 with ERROR_LEDGER. */
int ledger_transfer(struct store *from, struct store *to, struct error *error);

#endif
