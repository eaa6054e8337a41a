/* refresh_record: writes what one answer says about the verification of a user to the ledger, and counts it.
 *
 * Of listings and of requests by id, for refresh and audit. Thread: the ledger's, but refresh_record_read
 * any one at a time.
 */
#ifndef KYC_DISPATCH_REFRESH_RECORD_H
#define KYC_DISPATCH_REFRESH_RECORD_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/json.h"
#include "ledger/ledger.h"
#include "ledger/ledger_verification.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/refresh_report.h"

/* What an answer says, masked: it may be stored. */
struct refresh_answer {
    enum verification state;
    struct slice word, reason; /* in the arena */
    bool is_unknown_word;
};

/* From the user nodes[0]. False: it has no state. */
bool refresh_record_read(const struct provider *provider, const struct job *job,
                         const struct json_node *nodes, struct arena *arena, struct refresh_answer *answer);

/* The same of a user that the provider does not have any more. */
struct refresh_answer refresh_record_deleted(void);

/* Of the customer as the ledger has it: `deleted` is a state of its own. */
unsigned refresh_record_state(const struct ledger_customer *customer);

/* Between ledger_begin and ledger_commit. 0, or -1 with ERROR_LEDGER. */
int refresh_record_write(struct ledger *ledger, const struct ledger_customer *customer,
                         const struct refresh_answer *answer, struct refresh_reading *reading,
                         struct error *error);

#endif
