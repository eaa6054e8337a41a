/* reconcile_look_up: which user one create has made, at a provider that returns users by e-mail or by id.
 *
 * Requests the pages of users with the row's e-mail until one is empty, and the same with the e-mail in lower
 * case where that is another spelling; then each of these users by its id. The customer's is the user with
 * its external_id (metadata.external_id), unless a compared member in the answer differs. A listed user that
 * cannot be fetched (a gateway's 404 looks like that) may be the customer's, so its absence is not proven
 * then; nor where the provider announces more users than it listed. Thread: the coordinator's, but the sink
 * is the sender's while the delivery is submitted. Owner: new/free.
 */
#ifndef KYC_DISPATCH_RECONCILE_LOOK_UP_H
#define KYC_DISPATCH_RECONCILE_LOOK_UP_H

#include <stdbool.h>
#include <stdint.h>

#include "delivery/sender.h"
#include "dispatch/reconcile.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger.h"

enum {
    QUESTION_BODY_MAX = 4 * 1024 * 1024, /* of one answer */
    QUESTION_HITS_MAX = 200,             /* users with one e-mail; more are left to a person */
};

struct question;

/* Copies what it needs of the customer; borrows what the parts have. */
struct question *question_new(const struct reconcile_parts *parts, const struct ledger_customer *customer);
/* Before the first request: adds a user that the provider named as the customer's; alone: only this one is
 * fetched. */
void question_add_named(struct question *question, const char *user_id, bool alone);
/* NULL is allowed. */
void question_free(struct question *question);

/* Turns delivery (with its record) into the next request. */
void question_ask(struct question *question, struct delivery *delivery);
/* Reads an answer with OUTCOME_DONE, or for a FETCH with OUTCOME_REFUSED: the provider does not return that
 * user. */
enum reconcile_answer question_receive(struct question *question, const struct delivery *delivery);

struct question_counts {
    uint32_t ours, differing; /* our external_id: every compared member in the answer agrees, or not */
    uint32_t unnamed;         /* users without an external_id */
    uint32_t not_fetched;     /* users that are listed and were not returned */
    bool too_many;
    bool incomplete; /* the provider announces more than it listed */
};

/* After RECONCILE_FOUND: OURS, NOBODY or UNCLEAR. Strings are valid until question_free. */
void question_find(const struct question *question, struct reconcile_finding *finding);

/* The decision itself. *code: why UNCLEAR; else "". */
enum task_finding question_decide(const struct question_counts *counts, const char **code);

#endif
