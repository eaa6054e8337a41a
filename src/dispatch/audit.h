/* audit: compares the ledger with the provider, user by user, or by one listing where the provider offers
 * nothing else.
 *
 * Requests are sent as a run sends them, by a session. Nothing is changed on either side. A create in doubt
 * has no user to ask for: a run resolves it. Memory: a window of questions; for a listing 16 to 32 bytes a
 * user. Threads: the sender's; the calling thread is the ledger's.
 */
#ifndef KYC_DISPATCH_AUDIT_H
#define KYC_DISPATCH_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/json.h"
#include "dispatch/coordinator_queue.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/refresh_report.h"

enum audit_finding_kind {
    AUDIT_MISSING,   /* the provider has no such user */
    AUDIT_FOREIGN,   /* the provider has it for another customer */
    AUDIT_UNKNOWN,   /* a provider user that is not in the ledger; by a listing only */
    AUDIT_UNCLEAR,   /* the answer shows neither */
    AUDIT_NO_ANSWER, /* no answer, however often it was asked */
    AUDIT_KINDS
};

/* Valid during the call. external_id: empty for AUDIT_UNKNOWN. detail: what the provider has instead (the
 * external id of a foreign user; a code), or empty. */
struct audit_finding {
    enum audit_finding_kind kind;
    struct slice external_id, user_id, detail;
    int http_status;
    size_t number; /* of audit_question */
};

/* One user to ask for. */
struct audit_question {
    struct slice user_id;
    struct slice external_id, former_key; /* either may be the user's; former_key empty: none */
    size_t number;                        /* the caller's */
};

/* The user of a question exists and is not another customer's. Valid during the call. */
struct audit_user {
    size_t number;
    struct slice user_id; /* in the provider's spelling */
    bool is_named;        /* the answer has an external_id */
    const struct json_node *nodes;
};

struct audit_parts {
    struct job *job; /* with secrets: forgotten at the end */
    const struct provider *provider;
    struct ledger *ledger;           /* LEDGER_WRITE */
    struct coordinator_queue *queue; /* for this audit alone; an interrupt in it ends the audit */
    void (*each)(void *context, const struct audit_finding *finding);
    void *context;
    /* Questions instead of the ledger's users, each asked by its id even where the provider is listed as a
     * rule: 1 the next one (copied), 0 none at present, -1 with an error. Called again after each answer.
     * NULL: the ledger's users. */
    int (*next)(void *context, struct audit_question *question, struct error *error);
    void (*exists)(void *context, const struct audit_user *user); /* with next */
};

struct audit_counts {
    uint64_t asked;     /* of the ledger's users, those with an answer */
    uint64_t present;   /* of these, those that agree with the ledger */
    uint64_t not_named; /* of those present: the answer has no external_id */
    uint64_t findings[AUDIT_KINDS];
    /* Of the ledger's users that are present: their verification at the provider. */
    uint64_t states[REFRESH_STATES];
    uint64_t stale; /* of these, those for which the ledger has another state */
    uint64_t requests;
};

/* 0: all were compared. -1: not all, with ERROR_PROVIDER (it does not answer), ERROR_INTERRUPTED, ERROR_BUSY
 * (another run holds a key), ERROR_LEDGER or ERROR_USAGE; the counts cover what was compared until then. */
int audit_run(const struct audit_parts *parts, struct audit_counts *stats, struct error *error);

#endif
