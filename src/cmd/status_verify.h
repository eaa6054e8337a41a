/* status_verify: `status --verify`: whether the ledger can be trusted, as a section of the status.
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
#include "model/job.h"
#include "provider/provider.h"

/* Verifies the ledger, against the head that the job's last run left too, and appends what was found to out
 * as text, or (json not NULL) as the member `verify` of the object that json has open. 0 it is whole, 5 it is
 * not, -1 it could not be read. */
int status_verify_list(struct ledger *ledger, const struct job *job, const struct provider *provider,
                       struct buffer *out, struct json_writer *json, struct error *error);

#endif
