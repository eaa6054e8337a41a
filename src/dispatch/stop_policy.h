/* stop_policy: decides whether a reply must stop the whole run rather than fail one record.
 *
 * Four kinds of reasons: the provider's own (bad credentials, a redirect, a breaker that gave up: an outcome
 * that stops), nonces that it keeps rejecting, a Retry-After longer than delivery.retry_for, and refusals
 * before they become damage, by three rules over the final answers to creates and updates, in this order:
 *
 *   canary      the first requests of a new ledger, or since the provider's settings changed, are sent one at
 *               a time, and none of them may be refused
 *   in a row    delivery.stop_after.refused_in_a_row
 *   share       delivery.stop_after.refused_share, from STOP_POLICY_SHARE_MIN answers on
 *
 * Refusals by our own rules, and of updates that the provider does not support for this user, count neither
 * way. The refusals that stopped the run are not final: the caller makes the ledger forget them, so that the
 * next run sends them again.
 *
 * It returns reasons and changes nothing but itself. Thread: the coordinator's. Owner: init/clear.
 */
#ifndef KYC_DISPATCH_STOP_POLICY_H
#define KYC_DISPATCH_STOP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/sender.h"
#include "model/job.h"

enum {
    STOP_POLICY_SHARE_MIN = 100, /* answers before the share of refusals is meaningful */
    STOP_POLICY_TEXT_SIZE = 1024,
    STOP_POLICY_BRIEF_SIZE = 256,
};

enum stop_reason {
    STOP_NONE,
    STOP_PROVIDER,    /* the outcome stops the run */
    STOP_NONCES,      /* SENDER_BAD_NONCES_MAX of them were rejected */
    STOP_RETRY_AFTER, /* longer than delivery.retry_for */
    STOP_CANARY,      /* one of the first requests was refused */
    STOP_IN_A_ROW,
    STOP_SHARE,
};

struct stop_policy {
    const struct job_delivery *limits; /* borrowed */
    uint32_t canary;                   /* requests that must still succeed one at a time; 0: no canary */
    uint64_t answers;                  /* final ones: done or refused */
    uint32_t in_a_row;                 /* refused since the last success */
    uint32_t bad_nonces;
    int64_t *refused; /* the customers, in the order of the answers; owned */
    size_t refused_count, refused_capacity;
    enum stop_reason refusal_stop;      /* the first rule over refusals that stopped the run; it stays */
    char text[STOP_POLICY_TEXT_SIZE];   /* why, of the first reason: a fact line and a hint; "": none */
    char brief[STOP_POLICY_BRIEF_SIZE]; /* likewise, in our own words alone, without a hint */
};

/* canary: the requests that are to be sent one at a time; 0: none. Its start and end are logged. */
void stop_policy_init(struct stop_policy *policy, const struct job_delivery *limits, uint32_t canary);
void stop_policy_clear(struct stop_policy *policy);

/* True while requests are sent one at a time. */
bool stop_policy_is_canary(const struct stop_policy *policy);

/* After every attempt, a question's or listing's too. STOP_NONE, or why the run stops now. */
enum stop_reason stop_policy_add_reply(struct stop_policy *policy, const struct delivery *delivery);

/* The provider carried out a create or update. The rest of the canary (policy.canary) belongs to the ledger,
 * not to a run: where stop_policy_is_canary was true, the caller stores it. */
void stop_policy_add_done(struct stop_policy *policy);

/* The provider finally refused a create or update that was sent. STOP_NONE, with *count 0; or a reason:
 * *not_final are then the customers whose refusals are not final, *count of them, valid until the next call.
 * The first time these are all that the rule counted (the canary: one; in a row: these; a share: all of this
 * run), later (a refusal that was in flight) this one alone. */
enum stop_reason stop_policy_add_refused(struct stop_policy *policy, int64_t customer,
                                         const struct outcome *outcome, const int64_t **not_final,
                                         size_t *count);

/* NULL: nothing has stopped the run. */
const char *stop_policy_text(const struct stop_policy *policy);

/* The same without the provider's words, which may name customers: for third parties. "": nothing. */
const char *stop_policy_brief(const struct stop_policy *policy);

#endif
