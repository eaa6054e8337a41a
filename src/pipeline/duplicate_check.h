/* duplicate_check: the verdicts that need all the records before one. The same for check, run and explain.
 *
 * Thread: the coordinator's, in input order.
 */
#ifndef KYC_PIPELINE_DUPLICATE_CHECK_H
#define KYC_PIPELINE_DUPLICATE_CHECK_H

#include "core/arena.h"
#include "model/job.h"
#include "model/record.h"
#include "pipeline/customer_index.h"

/* Marks the record's unique values and adds a verdict for each that was seen before. Once for every record.
 */
void duplicate_check_validate(const struct job *job, struct customer_index *customer_index,
                              struct record *record, struct arena *arena);

#endif
