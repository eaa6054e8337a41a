/* scan_input: every record of the input, validated, without a ledger: for commands that count what it holds.
 *
 * The input is read by the threads of a run. Nothing is sent or written. Thread: the calling one, which all
 * functions of the visitor are called on.
 */
#ifndef KYC_PIPELINE_SCAN_INPUT_H
#define KYC_PIPELINE_SCAN_INPUT_H

#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "model/job.h"
#include "model/record.h"
#include "provider/provider.h"
#include "rules/rule_set.h"

struct scan_visitor {
    /* Once, before the first record. 0, or -1 with an error, which ends the scan. */
    int (*begin)(void *context, const struct rule_set *rules, struct error *error);
    /* Each record, in input order, the skipped and malformed ones too; arena: of its batch. */
    void (*record)(void *context, const struct record *record, struct arena *arena);
    /* Once, after the last record of an input that was read to its end. */
    void (*end)(void *context);
    void *context;
};

/* limit: records; 0: all. 0, or -1 with an error: of the job, of begin, or because the input broke off. */
int scan_input(struct job *job, const struct provider *provider, uint64_t limit,
               const struct scan_visitor *visitor, struct error *error);

#endif
