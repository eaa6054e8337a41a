/* look_up: the questions that settle one create in doubt, where the provider finds users by e-mail.
 *
 * Pages of users with the row's e-mail until one is empty, then each of them by its id: whose
 * metadata.external_id is the customer's is his (3-providers.md, Doubts). Thread: the coordinator's, but the
 * sink is the sender's while the delivery is submitted. Owner: new/free.
 */
#ifndef KYC_PIPELINE_LOOK_UP_H
#define KYC_PIPELINE_LOOK_UP_H

#include <stdbool.h>
#include <stdint.h>

#include "delivery/sender.h"
#include "ledger/fingerprint.h"
#include "pipeline/match.h"
#include "provider/provider.h"

enum {
    LOOK_UP_BODY_MAX = 4 * 1024 * 1024, /* of one answer */
    LOOK_UP_HITS_MAX = 200,             /* users with one e-mail; more are for a person */
};

struct look_up;

/* external_id, journalled (the member digests that were tried) are copied; the rest is borrowed. */
struct look_up *look_up_new(const struct provider *provider, const struct job *job,
                            struct fingerprint *fingerprint, struct slice external_id,
                            struct slice journalled);
/* NULL is allowed. */
void look_up_free(struct look_up *look_up);

/* Makes delivery (with its record) the next question. */
void look_up_ask(struct look_up *look_up, struct delivery *delivery);

enum look_up_step {
    LOOK_UP_MORE,       /* ask again */
    LOOK_UP_ENDED,      /* look_up_settle knows */
    LOOK_UP_UNREADABLE, /* no usable answer: the same question again */
};

/* Reads what came back, OUTCOME_DONE; of a FETCH also OUTCOME_REFUSED: that user is gone. */
enum look_up_step look_up_take(struct look_up *look_up, const struct delivery *delivery);

struct look_up_counts {
    uint32_t ours, differing; /* our external_id: every compared member agrees, or not */
    uint32_t unnamed;         /* users without an external_id */
    bool too_many;
};

/* SETTLED_OURS (*user_id is set, valid until look_up_free), SETTLED_ABSENT or SETTLED_UNCLEAR (*code). */
enum settled look_up_settle(const struct look_up *look_up, const char **user_id, const char **code);

/* The decision itself. */
enum settled look_up_decide(const struct look_up_counts *counts, const char **code);

#endif
