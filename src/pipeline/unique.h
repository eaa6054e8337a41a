/* unique: the verdicts that need all the records before one. The same for check, run and explain.
 *
 * Thread: the coordinator's, in input order.
 */
#ifndef KYC_PIPELINE_UNIQUE_H
#define KYC_PIPELINE_UNIQUE_H

#include "core/arena.h"
#include "model/job.h"
#include "model/record.h"
#include "pipeline/roster.h"

/* Marks the record's unique values and adds a verdict for each that was seen before. Once for every record.
 */
void unique_judge(const struct job *job, struct roster *roster, struct record *record, struct arena *arena);

#endif
