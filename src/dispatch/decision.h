/* decision: what is to be done for one customer, as pipeline/decide.h decides it and the dispatcher does it.
 *
 * Plain data; text is in the arena of the record's batch. Thread: the coordinator's.
 */
#ifndef KYC_DISPATCH_DECISION_H
#define KYC_DISPATCH_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"
#include "dispatch/changes.h"
#include "model/field.h"

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
    bool exists;            /* RECONCILE: the provider replied that such a user exists, and an earlier run
                               did not find it */
    bool changed;           /* RECONCILE: the row has changed since it was journalled */
    int64_t journalled_run; /* RECONCILE: the run that journalled it, where it has no answer; else 0 */
    struct changes changes; /* UPDATE, or RECONCILE and changed, where it is repeated with the
                               new data; immutable may be set beside an UPDATE */
    enum field_id field;    /* REFUSED: reported as FIELD/RULE */
    const char *rule;
    struct slice message; /* REFUSED: in the arena, or constant */
    bool is_twin;         /* REFUSED: it would be created, but the same person exists under another key */
    bool twin_known;      /* is_twin: an earlier run refused it too */
    bool is_repeat; /* UPDATE: of nothing but members that the last update had and the provider left out */
    bool lacks_identity; /* the customer has a user, but no identity digest in the ledger */
    bool agrees;         /* UNCHANGED: every member agrees, but the ledger lacks the digest of the whole */
};

#endif
