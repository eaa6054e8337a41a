/* status_audit: `status --against-provider`: the ledger held against the provider, as a section of the
 * status.
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

/* Asks for every user of the ledger (opened LEDGER_WRITE) and appends what was found to out as text, or (json
 * not NULL) as the member `provider` of the object that json has open. Returns the exit status: 0, 1 there
 * are findings, or why not everybody was asked for, which went to the log. */
int status_audit_list(struct ledger *ledger, struct job *job, const struct provider *provider,
                      struct buffer *out, struct json_writer *json);

#endif
