/* status_verify: the section of `status --verify`: whether the ledger can be trusted.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_STATUS_VERIFY_H
#define KYC_CMD_STATUS_VERIFY_H

#include <stdbool.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "ledger/ledger.h"
#include "ledger/ledger_verify.h"
#include "model/job.h"
#include "provider/provider.h"

/* Verifies the ledger, also against the head of the job's last run, and appends the findings to out: as text,
 * or (json not NULL) as the member `verify` of the object that json has open. 0 without findings, 5 with
 * findings, -1 the ledger could not be read. */
int status_verify_write(struct ledger *ledger, const struct job *job, const struct provider *provider,
                        struct buffer *out, struct json_writer *json, struct error *error);

/* Appends `23 events, 4 customers, 1 run`. */
void status_verify_write_counts(const struct ledger_verified *verified, struct buffer *out);

#endif
