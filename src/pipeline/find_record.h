/* find_record: finds one record of the input, validated and decided as a run would do it.
 *
 * The input is read from its start, by the threads of a run, so that `unique` and the comparison with the
 * ledger give the verdicts of a run. Nothing is sent or written. Thread: the calling one is the coordinator.
 */
#ifndef KYC_PIPELINE_FIND_RECORD_H
#define KYC_PIPELINE_FIND_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "input/reader.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "model/record.h"
#include "pipeline/decide.h"
#include "provider/provider.h"
#include "rules/rule_set.h"

struct record_search {
    struct job *job;
    const struct provider *provider;
    uint64_t row;    /* in the first input, from 1; 0: by key */
    const char *key; /* the external_id of the first record that has it, valid or not */
};

/* The record that was found; valid during the call. */
struct found_record {
    const struct record *record;
    const struct reader_header *header;
    const struct rule_set *rules;
    struct arena *arena; /* the record's */
    bool has_ledger;
    struct decision decision;               /* of a record that was not rejected or skipped */
    const struct ledger_customer *customer; /* in the ledger; NULL: it is not */
};

/* Calls found for the record. 1: found; 0: not found, and *rows is how many were read; -1: an error, also
 * when the input breaks off before the record. */
int find_record(const struct record_search *search,
                void (*found)(void *context, const struct found_record *found), void *context, uint64_t *rows,
                struct error *error);

#endif
