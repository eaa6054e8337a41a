/* match: compares a user at the provider with a customer of ours, and resolves a create by that. Pure.
 *
 * What is compared: e-mail, first and last name, company name and birth date, as far as the provider's table
 * has them, by the ledger's keyed digests; so the values themselves are needed on neither side. Providers may
 * store e-mails in lower case, so those that agree but for case agree. A member
 * missing in the answer neither agrees nor differs. Thread: any.
 */
#ifndef KYC_DISPATCH_MATCH_H
#define KYC_DISPATCH_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"
#include "dispatch/task.h"
#include "ledger/fingerprint.h"
#include "provider/provider.h"

/* The slot of the member of this provider that holds the e-mail, the first that is compared. */
size_t match_email_member(const struct provider_fields *fields);

/* From worse to better. */
enum match_grade {
    MATCH_OTHER,  /* another person: the e-mail differs, or it is missing and another member differs */
    MATCH_EMAIL,  /* the e-mail agrees, and another compared member differs */
    MATCH_PART,   /* what the answer has agrees, but a compared member is missing */
    MATCH_FOLDED, /* every compared member agrees, the e-mail but for case */
    MATCH_ALL,    /* every compared member agrees, except those journalled as unknown */
    MATCH_KINDS
};

/* One side of a comparison: the digests of all members (fingerprint_members) and of the e-mail
 * (fingerprint_email). */
struct match_digests {
    struct slice members, email;
};

enum match_grade match_user(const struct provider_fields *fields, const struct match_digests *journalled,
                            const struct match_digests *user);

/* The compared members in which the two differ; a bit for each slot. A member that either side lacks does not
 * differ. */
uint64_t match_differing(const struct provider_fields *fields, const struct match_digests *journalled,
                         const struct match_digests *user);

/* A record compared with a user by all members of the body: a bit for each slot. A member for which the
 * record has no value is not compared, but for those that identify a person or company. */
struct match_members {
    uint64_t differing;
    uint64_t not_shown; /* the record has a value, and the user shows none */
};
/* shown, unreadable: of the user (remote_members.h); an unreadable member differs. */
void match_members(const struct provider_fields *fields, const struct match_digests *record,
                   const struct match_digests *user, uint64_t shown, uint64_t unreadable,
                   struct match_members *members);
/* The members that identify a person or company; a bit for each slot. */
uint64_t match_identity_members(const struct provider_fields *fields);

/* True if two customers of ours have no difference in the compared members: a user that agrees with one
 * agrees with the other. A member that either side lacks (an adopted user, an unknown member) does not
 * differ. */
bool match_same(const struct provider_fields *fields, struct slice members, struct slice other);

/* The users found for one customer, without those that another customer of the ledger owns. */
struct match_counts {
    uint32_t users[MATCH_KINDS];
    bool taken;    /* another customer with different data owns a user that agrees: an answer was mixed up */
    bool certain;  /* a user that was not found does not exist */
    bool in_doubt; /* a create may have been executed; false: the provider answered that the user exists */
};

/* OURS: one user of MATCH_ALL, or else one of MATCH_FOLDED. NOBODY: proven. OTHER: not in doubt, and such a
 * user exists without proof that it is this customer's. UNCLEAR: a person must decide. */
enum task_finding match_settle(const struct match_counts *stats);

/* Why TASK_FOUND_UNCLEAR: a code for the ledger. */
const char *match_unclear_code(const struct match_counts *stats);

#endif
