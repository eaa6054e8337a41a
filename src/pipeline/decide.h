/* decide: compares a valid record with the ledger and decides what is done. The same for a dry run and a run.
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
    DECISION_UPDATE,    /* the customer has a user, and its data changed: see changes */
    DECISION_UNCHANGED, /* nothing to do */
    DECISION_REFUSED,   /* refused with the same data before, or the change is not supported: not sent */
    DECISION_RECONCILE, /* a create is in doubt: resolved before anything else is done for this customer */
    DECISION_HELD,      /* in doubt, and only a person can resolve it */
};

struct decision {
    enum decision_kind kind;
    int64_t customer;       /* of the ledger; 0: new */
    const char *user_id;    /* UPDATE: in the arena */
    const char *former_key; /* UPDATE: as ledger_customer.former_key, in the arena; NULL: none */
    bool is_known;          /* was compared with what the provider has */
    uint64_t first_sent_at; /* RECONCILE: of the journal; real ns */
    uint32_t refusals;      /* CREATE: how often the provider finally refused a create of this customer */
    const char *idempotency_key; /* RECONCILE: as journalled, in the arena; NULL: none */
    bool changed;                /* RECONCILE: the row has changed since it was journalled */
    int64_t journalled_run;      /* RECONCILE: the run that journalled it, where it has no answer; else 0 */
    struct changes changes;      /* UPDATE, or RECONCILE and changed, where it is repeated with the
                                    new data; immutable may be set beside an UPDATE */
    enum field_id field;         /* REFUSED: reported as FIELD/RULE */
    const char *rule;
    struct slice message; /* REFUSED: in the arena, or constant */
    bool is_twin;         /* REFUSED: it would be created, but the same person exists under another key */
    bool twin_known;      /* is_twin: an earlier run refused it too */
    bool is_repeat; /* UPDATE: of nothing but members that the last update had and the provider left out */
    bool lacks_identity; /* the customer has a user, but no identity digest in the ledger */
    bool agrees;         /* UNCHANGED: every member agrees, but the ledger lacks the digest of the whole */
};

struct decide_context {
    struct customer_index *index;
    struct ledger *ledger; /* NULL: a dry run without one; every customer is new */
    const struct job *job;
    const struct provider *provider;
    struct fingerprint *fingerprint; /* NULL without a ledger */
    bool retry_refused;
    bool is_dry; /* nothing is journalled: the index marks the customers that would be created */
};

/* For a record that was not rejected, whose external_id was marked. May add warnings (FIELD/no_clear) to it.
 * 0, or -1 with ERROR_LEDGER. */
int decide(const struct decide_context *context, struct record *record, struct arena *arena,
           struct decision *decision, struct error *error);

#endif
