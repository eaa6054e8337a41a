/* look_up: resolves one create in doubt at a provider that finds users by e-mail.
 *
 * Requests the pages of users with the row's e-mail until one is empty, and the same with the e-mail in lower
 * case where that is another spelling; then each of these users by its id. The customer's is the user with
 * its external_id (metadata.external_id), unless a compared member in the answer differs. A listed user that
 * cannot be fetched (a gateway's 404 looks like that) may be the customer's, so its absence is not proven
 * then; nor where the provider announces more users than it listed. Thread: the coordinator's, but the sink
 * is the sender's while the delivery is submitted. Owner: new/free.
 */
#ifndef KYC_DISPATCH_LOOK_UP_H
#define KYC_DISPATCH_LOOK_UP_H

#include <stdbool.h>
#include <stdint.h>

#include "delivery/sender.h"
#include "dispatch/match.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger.h"
#include "provider/provider.h"

enum {
    LOOK_UP_BODY_MAX = 4 * 1024 * 1024, /* of one answer */
    LOOK_UP_HITS_MAX = 200,             /* users with one e-mail; more are left to a person */
};

struct look_up;

/* Copies what it needs of the customer; borrows the rest. */
struct look_up *look_up_new(const struct provider *provider, const struct job *job,
                            struct fingerprint *fingerprint, const struct ledger_customer *customer);
/* Before the first request: adds a user that the provider named as the customer's; alone: only this one is
 * fetched. */
void look_up_first(struct look_up *look_up, const char *user_id, bool alone);
/* NULL is allowed. */
void look_up_free(struct look_up *look_up);

/* Turns delivery (with its record) into the next request. */
void look_up_ask(struct look_up *look_up, struct delivery *delivery);

enum look_up_step {
    LOOK_UP_MORE,       /* ask again */
    LOOK_UP_ENDED,      /* see look_up_settle */
    LOOK_UP_UNREADABLE, /* no usable answer: the same request again */
};

/* Reads an answer with OUTCOME_DONE, or for a FETCH with OUTCOME_REFUSED: the provider does not return that
 * user. */
enum look_up_step look_up_receive(struct look_up *look_up, const struct delivery *delivery);

struct look_up_counts {
    uint32_t ours, differing; /* our external_id: every compared member in the answer agrees, or not */
    uint32_t unnamed;         /* users without an external_id */
    uint32_t not_fetched;     /* users that are listed and were not returned */
    bool too_many;
    bool incomplete; /* the provider announces more than it listed */
};

/* SETTLED_OURS (*user_id is set, valid until look_up_free), SETTLED_ABSENT or SETTLED_UNCLEAR (*code). */
enum settled look_up_settle(const struct look_up *look_up, const char **user_id, const char **code);

/* The decision itself. */
enum settled look_up_decide(const struct look_up_counts *stats, const char **code);

#endif
