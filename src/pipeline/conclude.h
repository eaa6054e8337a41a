/* conclude: what the outcome of an attempt means for its item. One pure function holds the whole table.
 *
 * Thread: any; no state, no clock.
 */
#ifndef KYC_PIPELINE_CONCLUDE_H
#define KYC_PIPELINE_CONCLUDE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "model/field.h"
#include "model/job.h"
#include "model/outcome.h"
#include "pipeline/match.h"
#include "provider/provider.h"

struct item;

enum conclusion_kind {
    CONCLUSION_AGAIN, /* wait for a backoff and try again */
    CONCLUSION_CREATED,
    CONCLUSION_UPDATED,
    CONCLUSION_ASK,         /* the provider is asked what became of it: a look-up, a listing */
    CONCLUSION_UPDATE_NEXT, /* a changed doubt is settled: the user exists, and is now updated */
    CONCLUSION_REFUSED,     /* reported as FIELD/RULE */
    CONCLUSION_IN_DOUBT,    /* could not be settled in this run */
    CONCLUSION_UNSENT,      /* certainly not done, and given up in this run */
};

struct conclusion {
    enum conclusion_kind kind;
    bool write;                    /* the ledger is told: */
    enum ledger_conclusion ledger; /* what */
    bool event;                    /* with an event */
    enum field_id field;           /* of REFUSED */
    const char *rule;
};

struct conclude_limits {
    uint32_t attempts; /* per record in one run; as many times it is asked about, too */
    uint64_t retry_for_ns;
    bool settle; /* in_doubt: settle, else hold */
    enum provider_recovery doubt;
    bool stopping; /* no further attempt, whatever came back */
};

enum { CONCLUDE_BAD_NONCES_MAX = 3, CONCLUDE_BAD_TOKENS_MAX = 3 };

/* Of a create or an update, and of a question that got no usable answer. item: as before the attempt, but
 * attempts, spared and bad_nonces count it. now_ns: monotonic. wait_ns: the backoff that would come before
 * another attempt. */
struct conclusion conclude(const struct item *item, const struct outcome *outcome, bool left,
                           const struct conclude_limits *limits, uint64_t now_ns, uint64_t wait_ns);

/* Whether this outcome, a 401, was the last that the record may get: the login's tokens work for others. It
 * is then left unsent; a record is never refused for a 401. */
bool conclude_is_unauthorized(const struct item *item, const struct outcome *outcome);

/* Of an item that is given up while it waits. */
struct conclusion conclude_given_up(const struct item *item);

/* Of a create that was asked about, once that is decided: SETTLED_ABSENT is AGAIN. */
struct conclusion conclude_settled(const struct item *item, enum settled settled, bool can_update);

#endif
