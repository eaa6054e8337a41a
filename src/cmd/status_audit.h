/* status_audit: the section of `status --against-provider`: the ledger compared with the provider.
 *
 * Thread: the main one, and those of audit.h.
 */
#ifndef KYC_CMD_STATUS_AUDIT_H
#define KYC_CMD_STATUS_AUDIT_H

#include "core/buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* Requests every user of the ledger (opened LEDGER_WRITE) and appends the findings to out: as text, or (json
 * not NULL) as the member `provider` of the object that json has open. Returns the exit status: 0; 1 there
 * are findings; that of the error, which is logged here, if not every user was requested. */
int status_audit_write(struct ledger *ledger, struct job *job, const struct provider *provider,
                       struct buffer *out, struct json_writer *json);

#endif
