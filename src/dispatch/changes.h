/* changes: which members of a known customer an update must send, and which cannot be sent.
 *
 * The ledger keeps two sets of digests: what the provider has, and what was last tried and is not
 * acknowledged. A member is sent when it differs from either. Pure but for the fingerprint's scratch. Thread:
 * the coordinator's.
 */
#ifndef KYC_DISPATCH_CHANGES_H
#define KYC_DISPATCH_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/fingerprint.h"
#include "ledger/ledger.h"
#include "provider/provider.h"

struct changes {
    uint64_t send;           /* members for an UPDATE; a bit for each slot */
    enum field_id immutable; /* a field that changed and cannot be sent; FIELD_NONE: none */
    uint64_t repeats;        /* of send: the last update had the same value, and the provider left it out */
    uint64_t not_cleared; /* members whose value was removed and that the provider cannot clear: they stay */
    /* To be journalled: what the provider has once it acknowledged. */
    uint8_t digest[FINGERPRINT_LEN]; /* the row's; where a part of it is not sent, one that equals no row's */
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];
};

/* record: its digest filled in. customer: has a user_id. */
void changes_find(const struct provider *provider, struct fingerprint *fingerprint,
                  const struct record *record, const struct ledger_customer *customer,
                  struct changes *changes);

/* The same for a create in doubt whose row has changed since it was journalled: send holds the members that
 * differ from the journal, whose digests become LEDGER_MEMBER_UNKNOWN; digest equals no row's. */
void changes_supersede(const struct provider *provider, struct fingerprint *fingerprint,
                       const struct record *record, const struct ledger_customer *customer,
                       struct changes *changes);

/* The members that an answer to an update left out. */
struct changes_left_out {
    uint64_t again;  /* left out for the first time: they keep their digests, and are sent once more */
    uint64_t warned; /* these, and those left out again, which count as applied */
};

/* customer: as the ledger holds it before the update is acknowledged. sent, left_out: bits of members. A
 * member may also be left out because the provider has the value already: one of an adopted user, of whose
 * data nothing is known; and those of an update in doubt that had landed, when the answer names none of them
 * (an empty list, where nothing else was sent). These count as applied. */
void changes_evaluate_left_out(const struct provider_fields *fields, const struct ledger_customer *customer,
                               uint64_t sent, uint64_t left_out, struct changes_left_out *evaluated);

/* The message of FIELD/immutable. */
#define CHANGES_IMMUTABLE                                                                                    \
    "the value changed, but the provider accepts no change of it: restore the old value, or change it at "   \
    "the provider by hand, then run kyc-import resolve JOB --key ID --user USER_ID"

/* The first field of a member, given by its slot; FIELD_NONE: it has the job's own fields. */
enum field_id changes_field_of(const struct provider_fields *fields, size_t member);

#endif
