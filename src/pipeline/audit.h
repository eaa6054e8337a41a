/* audit: the ledger held against the provider, user by user, or by one listing where it has no other way.
 *
 * It asks as a run would: under the job's limiter, with the locks of its keys, the nonces reserved in the
 * ledger. Nothing is changed, there or here. A doubt has no user that could be asked for: a run settles it.
 * Memory: a window of questions; for a listing 16 to 32 bytes a user. Threads: sender, signals; the calling
 * thread is the ledger's.
 */
#ifndef KYC_PIPELINE_AUDIT_H
#define KYC_PIPELINE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/json.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

enum audit_finding_kind {
    AUDIT_MISSING,   /* the provider has no such user */
    AUDIT_FOREIGN,   /* the provider has him for another customer */
    AUDIT_UNKNOWN,   /* a user there whom the ledger does not know; by a listing alone */
    AUDIT_UNCLEAR,   /* an answer that tells neither */
    AUDIT_NO_ANSWER, /* none, however often it was asked */
    AUDIT_KINDS
};

/* Valid during the call. external_id: of AUDIT_UNKNOWN empty. told: what the provider says instead (the
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
    struct slice external_id, former_key; /* whose it is to be: under either; former_key empty: none */
    size_t number;                        /* the caller's */
};

/* The user of a question is there, and is not said to be of another customer. Valid during the call. */
struct audit_user {
    size_t number;
    struct slice user_id; /* as the provider writes it */
    bool is_named;        /* the answer says whose it is */
    const struct json_node *nodes;
};

struct audit_parts {
    struct job *job; /* with secrets: forgotten at the end */
    const struct provider *provider;
    struct ledger *ledger; /* LEDGER_WRITE */
    void (*each)(void *context, const struct audit_finding *finding);
    void *context;
    /* Other questions than the ledger's users, each asked for by its id, also where a listing is the rule:
     * 1 the next one (copied), 0 there is none now, -1 with an error. Asked again after each answer. NULL:
     * the ledger's. */
    int (*next)(void *context, struct audit_question *question, struct error *error);
    void (*exists)(void *context, const struct audit_user *user); /* with next */
};

struct audit_counts {
    uint64_t asked;     /* of the ledger's users, that an answer came to */
    uint64_t present;   /* as the ledger has them */
    uint64_t not_named; /* of these: the answer does not say whose they are */
    uint64_t findings[AUDIT_KINDS];
    uint64_t requests;
};

/* 0: all were asked for, -1: not all, and error says why (ERROR_PROVIDER it stopped, ERROR_INTERRUPTED,
 * ERROR_BUSY a key is held, ERROR_LEDGER, ERROR_USAGE); counts are of what was asked till then. */
int audit_run(const struct audit_parts *parts, struct audit_counts *stats, struct error *error);

#endif
