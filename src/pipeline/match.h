/* match: whether a user at the provider is a customer of ours, and what that settles. Pure.
 *
 * What is compared: e-mail, first and last name, company name and birth date, as far as the provider's table
 * has them, by the ledger's keyed digests; so the values themselves are needed on neither side. Providers may
 * store e-mails in lower case, so those that agree but for case agree. What a provider leaves out of its
 * answer is neither agreement nor difference. Thread: any.
 */
#ifndef KYC_PIPELINE_MATCH_H
#define KYC_PIPELINE_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"
#include "ledger/fingerprint.h"
#include "provider/provider.h"

/* The member of this provider that holds the e-mail, the first that is compared. */
size_t match_email_member(const struct provider_fields *fields);

/* Of worse to better. */
enum match_grade {
    MATCH_OTHER,  /* somebody else: the e-mail differs, or it is not given and another member differs */
    MATCH_EMAIL,  /* the e-mail agrees, and another compared member differs */
    MATCH_PART,   /* what is given agrees, and a compared member is not given */
    MATCH_FOLDED, /* every compared member agrees, the e-mail but for case */
    MATCH_ALL,    /* every compared member agrees, those aside that were journalled as unknown */
    MATCH_KINDS
};

/* What is compared of one side: member digests of all members, as fingerprint_members makes them, and the
 * e-mail's of fingerprint_email. */
struct match_digests {
    struct slice members, email;
};

enum match_grade match_user(const struct provider_fields *fields, const struct match_digests *journalled,
                            const struct match_digests *user);

/* The compared members in which the two differ; bit i: member i. What either does not have differs in
 * nothing. */
uint64_t match_differing(const struct provider_fields *fields, const struct match_digests *journalled,
                         const struct match_digests *user);

/* Whether nothing that is compared tells two customers of ours apart, by their member digests: what agrees
 * with the one agrees with the other. What either side does not have (an adopted user, a member that is
 * unknown) tells nothing. */
bool match_same(const struct provider_fields *fields, struct slice members, struct slice other);

/* What was found for one customer, without users that another customer of the ledger owns. */
struct match_counts {
    uint32_t users[MATCH_KINDS];
    bool taken;    /* a user that agrees is owned by a customer with other data: an answer was mixed up */
    bool certain;  /* what is not among them does not exist */
    bool in_doubt; /* a create may have happened; false: the provider said that the customer exists */
};

enum settled {
    SETTLED_OURS,    /* the one user of MATCH_ALL, or where there is none the one of MATCH_FOLDED */
    SETTLED_ABSENT,  /* there is none: created again */
    SETTLED_REFUSED, /* such a user exists, and is not ours by any proof: email/exists */
    SETTLED_UNCLEAR, /* a person must say */
};

enum settled match_settle(const struct match_counts *stats);

/* Why SETTLED_UNCLEAR: a code for the ledger. */
const char *match_unclear_code(const struct match_counts *stats);

#endif
