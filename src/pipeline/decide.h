/* decide: what a valid record comes to, held against the ledger. The same for a dry run and a real one.
 *
 * Thread: the coordinator's.
 */
#ifndef KYC_PIPELINE_DECIDE_H
#define KYC_PIPELINE_DECIDE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/error.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "model/record.h"
#include "pipeline/changes.h"
#include "pipeline/customer_index.h"
#include "provider/provider.h"

enum decision_kind {
    DECISION_CREATE,
    DECISION_UPDATE,    /* the customer exists and his data changed: changes says how */
    DECISION_UNCHANGED, /* nothing to do */
    DECISION_REFUSED,   /* the provider refused just this earlier, or cannot take the change: not sent */
    DECISION_RECONCILE, /* a create is in doubt: settled before anything else is done for this customer */
    DECISION_HELD,      /* in doubt, and only a person can settle it */
};

struct decision {
    enum decision_kind kind;
    int64_t customer;            /* of the ledger; 0: new */
    const char *user_id;         /* UPDATE: in the arena */
    const char *former_key;      /* UPDATE: as ledger_customer.former_key, in the arena; NULL: none */
    bool is_known;               /* held against what the provider has */
    uint64_t first_sent_at;      /* SETTLE: of the journal; real ns */
    uint32_t refusals;           /* CREATE: creates of this customer that the provider finally refused */
    const char *idempotency_key; /* SETTLE: as journalled, in the arena; NULL: none */
    bool changed;                /* SETTLE: the row is not as it was journalled */
    int64_t journalled_run;      /* SETTLE: the run that journalled it, where no answer came to it; else 0 */
    struct changes changes;      /* UPDATE, or SETTLE and changed, where it is repeated with the
                                    new data; immutable is set also beside an UPDATE */
    enum field_id field;         /* REFUSED: under what it is reported, FIELD/RULE */
    const char *rule;
    struct slice message; /* REFUSED: in the arena, or constant */
    bool is_twin;         /* REFUSED: it would be created, and the same person is there under another key */
    bool twin_known;      /* is_twin: an earlier run refused it too */
    bool is_repeat;       /* UPDATE: of nothing but what the last update sent and the provider left out */
    bool lacks_identity;  /* the customer has a user, and the ledger no identity digest of it */
    bool agrees;          /* UNCHANGED: every member agrees, and the ledger lacks the digest of the whole */
};

struct decide_context {
    struct customer_index *index;
    struct ledger *ledger; /* NULL: a dry run without one; everybody is new */
    const struct job *job;
    const struct provider *provider;
    struct fingerprint *fingerprint; /* NULL without a ledger */
    bool retry_refused;
    bool is_dry; /* nothing is journalled: the roster holds who is to be created */
};

/* For a record that was not rejected, whose external_id was marked. May add warnings (FIELD/no_clear) to it.
 * 0, or -1 with ERROR_LEDGER. */
int decide(const struct decide_context *context, struct record *record, struct arena *arena,
           struct decision *decision, struct error *error);

#endif
