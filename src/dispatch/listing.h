/* listing: compares one listing of all users with all creates that wait to be resolved.
 *
 * It is read as a stream on the sender's thread, one user at a time, and compared by the ledger's keyed
 * member digests; its memory is bounded by the creates that wait and by 32 bytes for each user in the ledger.
 * Between listing_start and the delivery's return everything belongs to the sender's thread; at any
 * other time to the coordinator's. Owner: new/free.
 */
#ifndef KYC_DISPATCH_LISTING_H
#define KYC_DISPATCH_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/json.h"
#include "core/json_split.h"
#include "delivery/sender.h"
#include "dispatch/match.h"
#include "ledger/ledger.h"
#include "provider/provider.h"

enum { LISTING_CANDIDATES_MAX = 16, LISTING_USER_MAX = 1024 * 1024 };

/* A create that waits, and its candidates. */
struct listing_case {
    void *owner;                     /* the caller's */
    struct match_digests journalled; /* in the listing's arena */
    size_t count;                    /* of candidates */
    bool more[MATCH_KINDS];          /* more users of this grade than candidates fit */
    struct {
        char user_id[OUTCOME_USER_ID_SIZE];
        enum match_grade match;
    } candidates[LISTING_CANDIDATES_MAX];
};

struct listing;

/* Borrows job and provider. */
struct listing *listing_new(const struct job *job, const struct provider *provider,
                            const uint8_t key[FINGERPRINT_KEY_LEN]);
/* NULL is allowed. */
void listing_free(struct listing *listing);

/* Starts anew without cases: reads every user_id of the ledger. 0, or -1. */
int listing_prepare(struct listing *listing, struct ledger *ledger, struct error *error);
/* Copies the journalled digests of the customer. */
void listing_add(struct listing *listing, void *owner, const struct ledger_customer *customer);
/* The delivery to submit, operation LIST. */
struct delivery *listing_start(struct listing *listing);

/* After OUTCOME_DONE: the whole list was read. False: no usable answer. */
bool listing_is_whole(const struct listing *listing);
/* True if the list had every user of the ledger, each of its users could be read, and it does not announce
 * more. Only then does a missing user not exist. */
bool listing_is_certain(const struct listing *listing);

/* True unless a list of count users announces more, in its members or its headers; split: of the whole
 * answer.
 */
bool listing_has_all(const struct json_split *split, struct json_reader *reader,
                     const struct provider *provider, uint64_t count, const struct response_list *headers);

size_t listing_count(const struct listing *listing);
const struct listing_case *listing_at(const struct listing *listing, size_t index);

#endif
