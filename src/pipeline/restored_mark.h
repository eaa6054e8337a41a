/* restored_mark: keeps runs away from a ledger that was restored from a backup, or is one that was put in its
 * place by hand, while no person has decided what became of customers that were created since; and from one
 * that was moved to another place. Thread: any.
 */
#ifndef KYC_PIPELINE_RESTORED_MARK_H
#define KYC_PIPELINE_RESTORED_MARK_H

#include <stddef.h>

#include "core/error.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* What a person may do about a ledger that may lack customers: a text that ends in a way to continue. */
void restored_mark_advice(const struct job *job, const struct provider *provider, char *out, size_t size);

/* 0, or -1 with ERROR_LEDGER while no person has decided, and of a ledger that was moved. */
int restored_mark_check(const struct job *job, const struct provider *provider, struct ledger *ledger,
                        struct error *error);

#endif
