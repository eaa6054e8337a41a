/* match: whether a user at the provider is a customer of ours, and what that settles. Pure.
 *
 * What is compared: e-mail, first and last name, company name and birth date, as far as the provider's table
 * has them, by the ledger's member digests; so the values themselves are needed on neither side. Thread: any.
 */
#ifndef KYC_PIPELINE_MATCH_H
#define KYC_PIPELINE_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"
#include "ledger/fingerprint.h"
#include "provider/provider.h"

/* The members of this provider that are compared: bit i is member i. */
uint64_t match_members(const struct provider_fields *fields);
/* Of these, the one that holds the e-mail. */
size_t match_email_member(const struct provider_fields *fields);

enum match {
    MATCH_OTHER, /* the e-mail differs */
    MATCH_EMAIL, /* the e-mail alone agrees */
    MATCH_ALL,   /* every compared member agrees, those aside that were journalled as unknown */
};

/* journalled: the member digests of the customer; user: those of what the provider tells of a user, of all
 * members. */
enum match match_user(const struct provider_fields *fields, struct slice journalled, const uint8_t *user);

/* What was found for one customer, without users whom somebody else of the ledger owns. */
struct match_counts {
    uint32_t all, email; /* users by enum match */
    bool certain;        /* what is not among them does not exist */
    bool in_doubt;       /* a create of his may have happened; false: the provider said that he exists */
};

enum settled {
    SETTLED_OURS,    /* the one user of MATCH_ALL is his */
    SETTLED_ABSENT,  /* there is none: created again */
    SETTLED_REFUSED, /* he exists, and is not ours by any proof: email/exists */
    SETTLED_UNCLEAR, /* a person must say */
};

enum settled match_settle(const struct match_counts *counts);

/* Why SETTLED_UNCLEAR: a code for the ledger. */
const char *match_unclear_code(const struct match_counts *counts);

#endif
