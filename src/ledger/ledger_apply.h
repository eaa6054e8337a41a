/* ledger_apply: the life of a customer, as one pure function.
 *
 * Every write of a customer's row is ledger_apply(row, change), and is stored with an event that seals the
 * row after it. The states of a create, and the changes between them:
 *
 *                                JOURNAL
 *        UNSENT <---------------------------------------- REFUSED
 *      | ^  ^  ^       FORGET, CLEAR, RELEASE_KEY          ^   |
 *      | |  |  |                                           |   |
 *      | |  |  '-- ABANDON --.                .-- REFUSE --'   |
 *      | |  |                |                |                |
 *      | |  |            JOURNALLED ----------+                |
 *      | |  |   JOURNAL      |  ^             |                |
 *      '-+--+----------------'  '-------------+-- JOURNAL -----'
 *        |  |                |                |
 *        |  |                | REPEAT, SUPERSEDE, IN_DOUBT, RETRY of an attempt in doubt
 *        |  |                v                |
 *        |  '-- CLEAR --- IN_DOUBT -----------'
 *        |                   |
 *        |                   | ACKNOWLEDGE, ASSIGN, ADOPT (the last two also from every other state
 *        |                   |                             without a user)
 *        |                   v
 *        '---- CLEAR ---- CREATED   JOURNAL … ACKNOWLEDGE, REFUSE, IN_DOUBT, ABANDON of its updates
 *
 * REFUSE_TWIN and STOP_TWIN keep a create that was never sent REFUSED, and HOLD one whose user may be there
 * already; IDENTIFY and REKEY leave the state;
 * ERASE ends in ERASED. A new customer is UNSENT, with nothing but its id and key.
 *
 * What holds in every row:
 *   - a user_id is there if and only if the state is CREATED;
 *   - an open operation (first_sent_at) has its pending digests; JOURNALLED and IN_DOUBT are open creates;
 *   - a create is never journalled for a customer with a user, nor over an open create (never twice);
 *   - a create that may have been sent stays open until an answer or a person resolves it (never lost);
 *   - what the provider has (digest, member_digests, email_digest) changes only by ACKNOWLEDGE, ADOPT,
 *     ASSIGN, CLEAR, IDENTIFY, REKEY and ERASE; an update that may have landed makes it unknown, never wrong;
 *   - a refused or stopped twin is REFUSED, and was never sent.
 *
 * A pair of row and change that is not in the table (ledger_apply_allows) is a bug of the caller: an
 * assertion. Thread: any.
 */
#ifndef KYC_LEDGER_LEDGER_APPLY_H
#define KYC_LEDGER_LEDGER_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "ledger/ledger_row.h"
#include "model/outcome.h"

/* Every byte of a member digest: the provider's value is not known; it equals no digest, so the member is
 * sent again. */
enum { LEDGER_MEMBER_UNKNOWN = 0xff };

enum ledger_change_kind {
    LEDGER_CHANGE_JOURNAL,     /* before the first attempt: of a create, or of an update */
    LEDGER_CHANGE_REPEAT,      /* the open operation is sent again with the same data: it may have been sent
                                  before, so a create is in doubt and an update may have landed */
    LEDGER_CHANGE_SUPERSEDE,   /* the open create is sent again with other data: the user may have either */
    LEDGER_CHANGE_RETRY,       /* an attempt failed, and the operation continues */
    LEDGER_CHANGE_ACKNOWLEDGE, /* an answer: pending becomes what the provider has */
    LEDGER_CHANGE_REFUSE,      /* finally refused; by the provider, or (nothing sent) by us */
    LEDGER_CHANGE_IN_DOUBT,    /* the run gives the operation up, and it may have happened */
    LEDGER_CHANGE_ABANDON, /* the run gives the operation up, and its last attempt did not happen: it stays
                              in doubt where an earlier one may have */
    LEDGER_CHANGE_FORGET,  /* a refusal is not final */
    LEDGER_CHANGE_ASSIGN,  /* a person: this is its user */
    LEDGER_CHANGE_ADOPT,   /* the provider had this user before, and its data are the row's */
    LEDGER_CHANGE_HOLD,    /* the provider may have its user, and which one is not clear: a create that is
                              refused, unsent, until a person decides */
    LEDGER_CHANGE_CLEAR,   /* a person: it has no user; or a twin is another person */
    LEDGER_CHANGE_REFUSE_TWIN,  /* a create that is refused, unsent, because of its twin */
    LEDGER_CHANGE_STOP_TWIN,    /* the run stopped because of its twins */
    LEDGER_CHANGE_IDENTIFY,     /* digests that the row in the input provides */
    LEDGER_CHANGE_VERIFICATION, /* of the user, as the provider reports it: it has changed */
    LEDGER_CHANGE_LINK,         /* a verification link was made for the user */
    LEDGER_CHANGE_REKEY,        /* another key */
    LEDGER_CHANGE_RELEASE_KEY,  /* it was never sent, and another customer gets its key:
                                   as ERASE, but for the state */
    LEDGER_CHANGE_ERASE,        /* everything but id, runs and times is removed */
    LEDGER_CHANGE_KINDS
};

struct ledger_change {
    enum ledger_change_kind kind;
    int64_t run;    /* 0: none */
    uint64_t at_ns; /* real ns */

    enum operation operation; /* JOURNAL: the operation; of an attempt: that of the request */

    /* JOURNAL, SUPERSEDE, REFUSE_TWIN, ADOPT, HOLD, IDENTIFY. Empty identity, or empty digest of IDENTIFY:
     * the row's stays; empty digest of ADOPT: some member of the user differs from the row. */
    struct slice digest, member_digests, email_digest, idempotency_key, identity;

    /* RETRY, ACKNOWLEDGE, REFUSE, IN_DOUBT, ABANDON: outcome NULL: no attempt, and the row keeps the last
     * one. is_sent: it left; else the outcome is ours (a request that cannot be built) and counts no attempt.
     * An outcome is that of the open operation, or of a question about an open create.
     * left_out: of an ACKNOWLEDGE of an update: bit i: the provider left out member i. */
    const struct outcome *outcome;
    bool is_sent;
    uint32_t attempt; /* 1, 2, … of this operation */
    uint64_t left_out;

    struct slice user_id;           /* ACKNOWLEDGE of a create, ADOPT, ASSIGN */
    int64_t verdict;                /* ASSIGN: this event, if it changes the user; 0: the row's stays */
    bool is_digest_unknown;         /* ASSIGN, REKEY: what the provider has is not known from the row */
    enum verification verification; /* VERIFICATION, as the next two; an ACKNOWLEDGE has them in outcome */
    struct slice verification_word, verification_reason;
    struct slice message;     /* REFUSE_TWIN, HOLD */
    struct slice key;         /* REKEY: the new one; ERASE: what is stored in its place */
    struct slice key_digests; /* REKEY: member digests of the new key alone, zeros for every other member */
};

/* The code of an acknowledged update of which the provider left members out. */
#define LEDGER_LEFT_OUT "left_out"

/* outcome.kept of an answer that removes the last kept member. */
#define LEDGER_KEPT_NOTHING "{}"

/* Whether the row has this state, word and reason. */
bool ledger_apply_same_verification(const struct ledger_customer *row, enum verification verification,
                                    struct slice word, struct slice reason);

/* Whether a row may change so; the table of legal pairs. */
bool ledger_apply_allows(const struct ledger_customer *row, const struct ledger_change *change);
/* The row after the change. Slices borrow from before, change and change->outcome, or are in the arena. */
struct ledger_customer ledger_apply(const struct ledger_customer *before, const struct ledger_change *change,
                                    struct arena *arena);
/* The operation and outcome of the event of this change of the row before it: constant words. */
const char *ledger_change_operation(const struct ledger_customer *row, const struct ledger_change *change);
const char *ledger_change_outcome(const struct ledger_change *change);

#endif
