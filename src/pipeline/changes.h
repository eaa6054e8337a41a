/* changes: which members of a known customer an update must send, and what cannot be sent.
 *
 * What the provider has and what we last tried are two things (4-ledger.md): a member is sent when it differs
 * from either. Pure but for the fingerprint's context. Thread: the coordinator's.
 */
#ifndef KYC_PIPELINE_CHANGES_H
#define KYC_PIPELINE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/fingerprint.h"
#include "ledger/ledger.h"
#include "provider/provider.h"

struct changes {
    uint64_t send;           /* members for an UPDATE; bit i as provider.update_members */
    enum field_id immutable; /* a field that changed and cannot be sent; FIELD_NONE: none */
    uint64_t repeats;        /* of send: the last update carried just this value, and it was left out */
    uint64_t not_cleared;    /* members that went away and that the provider cannot clear: left as they are */
    /* What is to be journalled: what the provider has once it said yes. */
    uint8_t
        digest[FINGERPRINT_LEN]; /* the row's, unless something of the row is not sent: then equal to none */
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];
};

/* record: its digest filled in. customer: has a user_id. */
void changes_find(const struct provider *provider, struct fingerprint *fingerprint,
                  const struct record *record, const struct ledger_customer *customer,
                  struct changes *changes);

/* The same against the journal of a create in doubt whose row has changed: send holds what differs from it,
 * members have LEDGER_MEMBER_UNKNOWN there, and digest equals none. */
void changes_supersede(const struct provider *provider, struct fingerprint *fingerprint,
                       const struct record *record, const struct ledger_customer *customer,
                       struct changes *changes);

/* The members that an answer to an update left out. */
struct changes_left_out {
    uint64_t again;  /* not taken for the first time: they keep what they had, and are sent once more */
    uint64_t warned; /* these, and those that were left out again: they count as taken */
};

/* customer: as the ledger holds it before the update is acknowledged. sent, left_out: bits of members. A
 * member may be left out because the provider has the value already: one of an adopted user, of which nothing
 * is known; and those of an update in doubt, when the answer names none of them (an empty list, where nothing
 * else was sent): it had landed. These are taken. */
void changes_evaluate_left_out(const struct provider_fields *fields, const struct ledger_customer *customer,
                               uint64_t sent, uint64_t left_out, struct changes_left_out *evaluated);

/* What FIELD/immutable says. */
#define CHANGES_IMMUTABLE                                                                                    \
    "the value changed, and the provider takes no change of it: put the old one back, or change it there "   \
    "by hand, then kyc-import resolve JOB --key ID --user USER_ID"

/* The first field of the provider's table that belongs to a member. */
enum field_id changes_field_of(const struct provider_fields *fields, size_t member);

#endif
