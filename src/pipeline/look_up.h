/* look_up: the questions that settle one create in doubt, where the provider finds users by e-mail.
 *
 * Pages of users with the row's e-mail until one is empty, and the same with the e-mail in lower case where
 * that is another spelling; then each of them by its id: the user whose metadata.external_id is the
 * customer's is the customer's, unless a compared member that the answer has says otherwise. A user that is
 * listed and cannot be fetched (a gateway's 404 looks like that) may be anybody's, so nobody is absent then;
 * nor where the provider says that its list goes on. Thread: the coordinator's, but the sink is the sender's
 * while the delivery is submitted. Owner: new/free.
 */
#ifndef KYC_PIPELINE_LOOK_UP_H
#define KYC_PIPELINE_LOOK_UP_H

#include <stdbool.h>
#include <stdint.h>

#include "delivery/sender.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger.h"
#include "pipeline/match.h"
#include "provider/provider.h"

enum {
    LOOK_UP_BODY_MAX = 4 * 1024 * 1024, /* of one answer */
    LOOK_UP_HITS_MAX = 200,             /* users with one e-mail; more are for a person */
};

struct look_up;

/* What is needed of the customer is copied; the rest is borrowed. */
struct look_up *look_up_new(const struct provider *provider, const struct job *job,
                            struct fingerprint *fingerprint, const struct ledger_customer *customer);
/* Before the first question: a user that the provider has named as the customer's is fetched too; alone: no
 * list is asked for. */
void look_up_first(struct look_up *look_up, const char *user_id, bool alone);
/* NULL is allowed. */
void look_up_free(struct look_up *look_up);

/* Makes delivery (with its record) the next question. */
void look_up_ask(struct look_up *look_up, struct delivery *delivery);

enum look_up_step {
    LOOK_UP_MORE,       /* ask again */
    LOOK_UP_ENDED,      /* look_up_settle knows */
    LOOK_UP_UNREADABLE, /* no usable answer: the same question again */
};

/* Reads what came back, OUTCOME_DONE; of a FETCH also OUTCOME_REFUSED: the provider does not give that user.
 */
enum look_up_step look_up_receive(struct look_up *look_up, const struct delivery *delivery);

struct look_up_counts {
    uint32_t ours, differing; /* our external_id: every compared member that is given agrees, or not */
    uint32_t unnamed;         /* users without an external_id */
    uint32_t not_fetched;     /* users that are listed and were not given */
    bool too_many;
    bool incomplete; /* the provider says that there are more than it listed */
};

/* SETTLED_OURS (*user_id is set, valid until look_up_free), SETTLED_ABSENT or SETTLED_UNCLEAR (*code). */
enum settled look_up_settle(const struct look_up *look_up, const char **user_id, const char **code);

/* The decision itself. */
enum settled look_up_decide(const struct look_up_counts *stats, const char **code);

#endif
