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
    struct slice external_id, user_id, told;
    int http_status;
};

struct audit_parts {
    struct job *job; /* with secrets: forgotten at the end */
    const struct provider *provider;
    struct ledger *ledger; /* LEDGER_WRITE */
    void (*each)(void *context, const struct audit_finding *finding);
    void *context;
};

struct audit_counts {
    uint64_t asked;     /* of the ledger's users, that an answer came to */
    uint64_t there;     /* as the ledger has them */
    uint64_t not_named; /* of these: the answer does not say whose they are */
    uint64_t findings[AUDIT_KINDS];
    uint64_t requests;
};

/* 0: all were asked for, -1: not all, and error says why (ERROR_PROVIDER it stopped, ERROR_INTERRUPTED,
 * ERROR_BUSY a key is held, ERROR_LEDGER, ERROR_USAGE); counts are of what was asked till then. */
int audit_run(const struct audit_parts *parts, struct audit_counts *counts, struct error *error);

#endif
