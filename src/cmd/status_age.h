/* status_age: whether the last complete run is recent enough (status --max-age).
 *
 * Complete, as in the metrics: status 0 or 1, the input read to its end, nothing unsent; a run of a part
 * (--limit, a reject file) is not. Thread: the main one.
 */
#ifndef KYC_CMD_STATUS_AGE_H
#define KYC_CMD_STATUS_AGE_H

#include <stdint.h>

#include "cmd/options.h"
#include "core/error.h"
#include "core/json.h"
#include "ledger/ledger.h"
#include "model/job.h"

/* Reads --max-age, before anything is opened; 0: not given. 0, or -1 with ERROR_USAGE. */
int status_age_read(const struct options *options, uint64_t *max_ns, struct error *error);

/* Logs a warning when the last complete run ended more than max_ns ago, or there was none. json, unless NULL:
 * the open object, which gets last_complete_run and max_age_exceeded. Returns 0, 1 when it is too old, or -1.
 */
int status_age_check(struct ledger *ledger, const struct job *job, const struct options *options,
                     uint64_t max_ns, struct json_writer *json, struct error *error);

#endif
