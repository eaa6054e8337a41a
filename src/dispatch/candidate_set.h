/* candidate_set: the creates that one listing is compared with, and for each the users that may be its own.
 *
 * Users are compared by the ledger's keyed member digests. Memory: about 2.5 KiB for each create. Thread: one
 * at a time; the fingerprint is the set's own. Owner: new/free.
 */
#ifndef KYC_DISPATCH_CANDIDATE_SET_H
#define KYC_DISPATCH_CANDIDATE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatch/match.h"
#include "ledger/ledger.h"
#include "model/outcome.h"
#include "provider/provider.h"

enum { CANDIDATES_MAX = 16 };

/* A create, and its candidates. */
struct candidate_case {
    void *owner;                     /* the caller's */
    struct match_digests journalled; /* in the set's arena */
    size_t count;                    /* of candidates */
    bool more[MATCH_KINDS];          /* more users of this grade than candidates fit */
    struct {
        char user_id[OUTCOME_USER_ID_SIZE];
        enum match_grade match;
    } candidates[CANDIDATES_MAX];
};

struct candidate_set;

/* Borrows provider. */
struct candidate_set *candidate_set_new(const struct provider *provider,
                                        const uint8_t key[FINGERPRINT_KEY_LEN]);
/* NULL is allowed. */
void candidate_set_free(struct candidate_set *set);

/* Removes all creates. */
void candidate_set_clear(struct candidate_set *set);
/* Copies the journalled digests of the customer. */
void candidate_set_add(struct candidate_set *set, void *owner, const struct ledger_customer *customer);
/* A listing begins: sorts the creates, and forgets their candidates. */
void candidate_set_begin(struct candidate_set *set);
/* After candidate_set_begin: compares one user with all creates. is_known: the ledger has it. */
void candidate_set_compare(struct candidate_set *set, const struct provider_user *user, bool is_known);

size_t candidate_set_count(const struct candidate_set *set);
const struct candidate_case *candidate_set_at(const struct candidate_set *set, size_t index);

#endif
