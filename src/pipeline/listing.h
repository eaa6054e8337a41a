/* listing: one listing of all users, against all creates that wait to be settled.
 *
 * It is read as a stream on the sender's thread, one user at a time, and compared by the ledger's keyed
 * member digests; what it holds is bounded by the creates that wait and by 32 bytes a user that the ledger
 * knows of. Between listing_start and the delivery's return everything belongs to the sender's thread; at any
 * other time to the coordinator's. Owner: new/free.
 */
#ifndef KYC_PIPELINE_LISTING_H
#define KYC_PIPELINE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/json.h"
#include "core/json_split.h"
#include "delivery/sender.h"
#include "ledger/ledger.h"
#include "pipeline/match.h"
#include "provider/provider.h"

enum { LISTING_CANDIDATES_MAX = 16, LISTING_USER_MAX = 1024 * 1024 };

/* A create that waits, and the users that may be his. */
struct listing_case {
    void *owner;                     /* the caller's */
    struct match_digests journalled; /* in the listing's arena */
    size_t count;                    /* of candidates */
    bool more[MATCH_KINDS];          /* there were more of this match than there is room for */
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

/* A new one, without cases: reads every user_id that the ledger knows of. 0, or -1. */
int listing_prepare(struct listing *listing, struct ledger *ledger, struct error *error);
/* What was journalled for the customer is copied. */
void listing_add(struct listing *listing, void *owner, const struct ledger_customer *customer);
/* The question to submit, operation LIST. */
struct delivery *listing_start(struct listing *listing);

/* After OUTCOME_DONE: the whole list was read. False: no usable answer. */
bool listing_is_whole(const struct listing *listing);
/* Whether the list held every user that the ledger knew of, each of its users could be read, and it does not
 * say of itself that there are more. */
bool listing_is_certain(const struct listing *listing);

/* Whether a list of count users does not say of itself, in its members or its headers, that there are more;
 * split: of the whole answer. */
bool listing_has_all(const struct json_split *split, struct json_reader *reader,
                     const struct provider *provider, uint64_t count, const struct response_list *headers);

size_t listing_count(const struct listing *listing);
const struct listing_case *listing_at(const struct listing *listing, size_t index);

#endif
