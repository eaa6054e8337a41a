/* adopt_plan: which users that the provider has are those of the export's records, and which records have
 * none. It asks nobody and writes nothing.
 *
 * Records without a user in the ledger are added first. Then the provider's users are: as a listing shows
 * them or, where it shows too little (is_fetched), each as its own reply does. A user is a record's if
 *
 *   - no other customer of the ledger has it,
 *   - its e-mail address is the record's (but for case), and a name is shown,
 *   - every member of the body that it shows agrees with the record's; where it carries the record's
 *     external_id, members that do not identify a person may differ: they are the provider's until the
 *     next run updates them,
 *   - it carries no other external_id,
 *   - and that is so of no other record and of no other user of this record.
 *
 * Where the user carries the external_id, only what identifies a person must agree as far as it is shown.
 * What is neither a record's nor clearly somebody else's makes a record unclear: it must not be created. A
 * user with the same e-mail address that differs in one of names and birth date, or in both names while the
 * birth date agrees, is unclear, and one that differs in more is another person (families share an address).
 *
 * Memory: about 300 bytes for each record, 100 for each user that is fetched or compared. Thread: one at a
 * time. Owner: new/free.
 */
#ifndef KYC_DISPATCH_ADOPT_PLAN_H
#define KYC_DISPATCH_ADOPT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger_row.h"
#include "model/job.h"
#include "model/record.h"
#include "provider/provider.h"

enum adopt_result {
    ADOPT_OPEN, /* not decided yet */
    ADOPT_USER, /* it has this user */
    ADOPT_CREATE,
    ADOPT_UNCLEAR,
    ADOPT_RESULTS
};

/* Why a record is unclear; of one with a user: what else is to be looked at. */
enum adopt_reason {
    ADOPT_NO_REASON,
    ADOPT_DIFFERS,         /* a user may be its own, and differs */
    ADOPT_SEVERAL_USERS,   /* several users are its own */
    ADOPT_SEVERAL_RECORDS, /* its user is that of other records, too */
    ADOPT_OTHER_CUSTOMER,  /* the user belongs to another customer */
    ADOPT_INCOMPLETE,      /* the user shows too little */
    ADOPT_NOT_FETCHED,     /* a user with its e-mail address could not be read */
    ADOPT_REASONS
};

/* `differs`, `several_users`, …; "" for none. */
const char *adopt_reason_word(enum adopt_reason reason);

struct adopt_record {
    struct slice external_id;
    uint64_t row;     /* of its input */
    int64_t customer; /* in the ledger; 0: not there */
    bool is_in_doubt; /* its create is open in the ledger: a run resolves it */
    bool is_held;     /* ledger_hold */
    bool is_decided;  /* a person decided that it has no user */
    bool has_identity;
    uint8_t digest[FINGERPRINT_LEN], email[FINGERPRINT_MEMBER_LEN], identity[FINGERPRINT_IDENTITY_LEN];
    uint8_t *members; /* as of fingerprint_members; of ADOPT_USER what the provider has */
    /* The plan's: */
    enum adopt_result result;
    enum adopt_reason reason;
    const char *user_id;           /* of its user, or of the one that the reason is about; NULL: none */
    uint64_t differing, not_shown; /* of that user: a bit for each slot (match.h) */
    uint32_t pairs;                /* the first one of its users, from 1; 0: none */
};

struct adopt_plan;

/* Borrows job and provider. */
struct adopt_plan *adopt_plan_new(const struct job *job, const struct provider *provider,
                                  const uint8_t key[FINGERPRINT_KEY_LEN], bool is_fetched);
/* NULL is allowed. */
void adopt_plan_free(struct adopt_plan *plan);

/* Digests and copies a record whose digest is made. customer: in the ledger, without a user; NULL: not there.
 */
void adopt_plan_add_record(struct adopt_plan *plan, const struct record *record,
                           const struct ledger_customer *customer);
/* After the last record, and before the first user. */
void adopt_plan_end_records(struct adopt_plan *plan);
size_t adopt_plan_record_count(const struct adopt_plan *plan);
/* In no particular order. */
const struct adopt_record *adopt_plan_record(const struct adopt_plan *plan, size_t index);

/* A listing begins, perhaps again: forgets all users. */
void adopt_plan_begin_users(struct adopt_plan *plan);
/* A user of the listing; one that was added before is ignored. is_known: a customer of the ledger has it. */
void adopt_plan_add_user(struct adopt_plan *plan, const struct provider_user *user,
                         const struct json_node *nodes, bool is_known);
/* After the last user of the listing. */
void adopt_plan_end_users(struct adopt_plan *plan);
/* Users that the ledger does not have. */
uint64_t adopt_plan_user_count(const struct adopt_plan *plan);
/* True if none of the users shows an e-mail address or an external_id, so that nothing follows from them. */
bool adopt_plan_compared_none(const struct adopt_plan *plan);

/* With is_fetched: the next user to fetch; those with the e-mail address of a record come first, the others
 * only while some record is open. NULL: none. */
const char *adopt_plan_next_user(struct adopt_plan *plan, size_t *number);
/* Its reply; nodes NULL: the provider does not have it any more, or (unread) it could not be read. */
void adopt_plan_add_fetched(struct adopt_plan *plan, size_t number, const struct json_node *nodes,
                            bool is_unread);

/* The next record whose user is decided: no reply that is still to come changes that. NULL: none at present.
 */
struct adopt_record *adopt_plan_pop(struct adopt_plan *plan);
/* Every user is compared: decides all other records, of which adopt_plan_pop gives those with a user. */
void adopt_plan_finish(struct adopt_plan *plan);
/* The ledger gave the user of a decided record to another customer. */
void adopt_plan_reject(struct adopt_record *record);

#endif
