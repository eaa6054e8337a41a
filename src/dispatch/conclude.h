/* conclude: turns the outcome of an attempt into the next action of its task: one pure function.
 *
 * Thread: any; no state, no clock.
 */
#ifndef KYC_DISPATCH_CONCLUDE_H
#define KYC_DISPATCH_CONCLUDE_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatch/match.h"
#include "ledger/ledger.h"
#include "model/field.h"
#include "model/job.h"
#include "model/outcome.h"
#include "provider/provider.h"

struct task;

enum conclusion_kind {
    CONCLUSION_AGAIN, /* wait for a backoff and try again */
    CONCLUSION_CREATED,
    CONCLUSION_UPDATED,
    CONCLUSION_ASK,         /* look up or list what became of it */
    CONCLUSION_UPDATE_NEXT, /* the create in doubt exists, its row has changed since: update it now */
    CONCLUSION_REFUSED,     /* reported as FIELD/RULE */
    CONCLUSION_IN_DOUBT,    /* not resolved in this run */
    CONCLUSION_UNSENT,      /* certainly not executed, given up in this run */
};

struct conclusion {
    enum conclusion_kind kind;
    bool write;                    /* to the ledger: */
    enum ledger_conclusion ledger; /* this */
    bool event;                    /* with an event */
    enum field_id field;           /* of REFUSED */
    const char *rule;
};

struct conclude_limits {
    uint32_t attempts; /* per record in one run; also of look-ups or listings */
    uint64_t retry_for_ns;
    bool settle; /* in_doubt: settle, else hold */
    enum provider_recovery doubt;
    bool stopping; /* no further attempt, whatever the outcome */
};

enum { CONCLUDE_BAD_NONCES_MAX = 3, CONCLUDE_BAD_TOKENS_MAX = 3 };

/* For a create or an update, and for a question without a usable answer. task: as before the attempt, but
 * attempts, spared and bad_nonces count it. now_ns: monotonic. wait_ns: the backoff that would come before
 * another attempt. */
struct conclusion conclude(const struct task *task, const struct outcome *outcome, bool left,
                           const struct conclude_limits *limits, uint64_t now_ns, uint64_t wait_ns);

/* True for the last 401 that a record may get: the login's tokens work for other records. It is left unsent;
 * a record is never refused for a 401. */
bool conclude_is_unauthorized(const struct task *task, const struct outcome *outcome);

/* For a task that is given up while it waits. */
struct conclusion conclude_given_up(const struct task *task);

/* For a create in doubt once it is resolved: SETTLED_ABSENT is AGAIN. */
struct conclusion conclude_settled(const struct task *task, enum settled settled, bool can_update);

#endif
