#include "dispatch/match.h"

#include <string.h>

#include "ledger/ledger.h"

enum { MEMBER_LEN = FINGERPRINT_MEMBER_LEN };

uint64_t match_identity_members(const struct provider_fields *fields)
{
    uint64_t members = 0;

    for (size_t i = 0; i < FIELD_IDENTITY_COUNT; i++) {
        const struct provider_field *field = provider_fields_find(fields, field_identity[i]);
        if (field && field->slot != PROVIDER_NO_SLOT)
            members |= UINT64_C(1) << field->slot;
    }
    return members;
}

size_t match_email_member(const struct provider_fields *fields)
{
    return provider_fields_find(fields, FIELD_EMAIL)->slot;
}

enum verdict_of_member { MEMBER_AGREES, MEMBER_FOLDED, MEMBER_NOT_GIVEN, MEMBER_DIFFERS };

static enum verdict_of_member compare_member(const struct match_digests *journalled,
                                             const struct match_digests *user, size_t member, bool is_email)
{
    const uint8_t *ours = fingerprint_member(journalled->members, member),
                  *theirs = fingerprint_member(user->members, member);

    if (ours && theirs && memcmp(ours, theirs, MEMBER_LEN) == 0)
        return MEMBER_AGREES;
    if (!theirs || fingerprint_member_is(theirs, FINGERPRINT_MEMBER_ABSENT))
        return MEMBER_NOT_GIVEN;
    if (is_email)
        return journalled->email.len == MEMBER_LEN && slice_equal(journalled->email, user->email)
                   ? MEMBER_FOLDED
                   : MEMBER_DIFFERS;
    /* The create was repeated with other data: the user may have either value. */
    return ours && fingerprint_member_is(ours, LEDGER_MEMBER_UNKNOWN) ? MEMBER_AGREES : MEMBER_DIFFERS;
}

enum match_grade match_user(const struct provider_fields *fields, const struct match_digests *journalled,
                            const struct match_digests *user)
{
    uint64_t members = match_identity_members(fields);
    size_t email_member = match_email_member(fields);
    enum verdict_of_member email = compare_member(journalled, user, email_member, true);
    bool all_given = email != MEMBER_NOT_GIVEN;

    if (email == MEMBER_DIFFERS)
        return MATCH_OTHER;
    for (size_t i = 0; i < fields->slot_count; i++) {
        if (!(members >> i & 1) || i == email_member)
            continue;
        enum verdict_of_member member = compare_member(journalled, user, i, false);
        if (member == MEMBER_DIFFERS)
            return email == MEMBER_NOT_GIVEN ? MATCH_OTHER : MATCH_EMAIL;
        all_given = all_given && member != MEMBER_NOT_GIVEN;
    }
    if (!all_given)
        return MATCH_PART;
    return email == MEMBER_FOLDED ? MATCH_FOLDED : MATCH_ALL;
}

uint64_t match_differing(const struct provider_fields *fields, const struct match_digests *journalled,
                         const struct match_digests *user)
{
    uint64_t members = match_identity_members(fields), differing = 0;
    size_t email_member = match_email_member(fields);

    for (size_t i = 0; i < fields->slot_count; i++)
        if ((members >> i & 1) && fingerprint_member(journalled->members, i) &&
            compare_member(journalled, user, i, i == email_member) == MEMBER_DIFFERS)
            differing |= UINT64_C(1) << i;
    return differing;
}

void match_members(const struct provider_fields *fields, const struct match_digests *record,
                   const struct match_digests *user, uint64_t shown, uint64_t unreadable,
                   struct match_members *members)
{
    uint64_t identity = match_identity_members(fields);
    size_t email_member = match_email_member(fields);

    *members = (struct match_members){.differing = 0};
    for (size_t i = 0; i < fields->slot_count; i++) {
        uint64_t bit = UINT64_C(1) << i;
        const uint8_t *ours = fingerprint_member(record->members, i);
        bool has_value = ours && !fingerprint_member_is(ours, FINGERPRINT_MEMBER_ABSENT);
        if (has_value && !(shown & bit))
            members->not_shown |= bit;
        else if ((shown & bit) && (has_value || (identity & bit)) &&
                 (unreadable & bit || compare_member(record, user, i, i == email_member) == MEMBER_DIFFERS))
            members->differing |= bit;
    }
}

bool match_same(const struct provider_fields *fields, struct slice members, struct slice other)
{
    uint64_t compared_members = match_identity_members(fields);

    for (size_t i = 0; i < fields->slot_count; i++) {
        const uint8_t *left = fingerprint_member(members, i), *right = fingerprint_member(other, i);
        if (!(compared_members >> i & 1) || !left || !right ||
            fingerprint_member_is(left, LEDGER_MEMBER_UNKNOWN) ||
            fingerprint_member_is(right, LEDGER_MEMBER_UNKNOWN))
            continue;
        if (memcmp(left, right, MEMBER_LEN) != 0)
            return false;
    }
    return true;
}

/* The kind of the one user that is the customer's; MATCH_OTHER: there is none, or several. */
static enum match_grade match_proof(const struct match_counts *stats)
{
    enum match_grade best = stats->users[MATCH_ALL] > 0 ? MATCH_ALL : MATCH_FOLDED;

    return stats->users[best] == 1 ? best : MATCH_OTHER;
}

static bool any_user(const struct match_counts *stats)
{
    for (size_t i = MATCH_EMAIL; i < MATCH_KINDS; i++)
        if (stats->users[i] > 0)
            return true;
    return false;
}

enum task_finding match_settle(const struct match_counts *stats)
{
    if (match_proof(stats) != MATCH_OTHER)
        return TASK_FOUND_OURS;
    if (stats->taken)
        return TASK_FOUND_UNCLEAR;
    if (!stats->in_doubt)
        return TASK_FOUND_OTHER;
    return !any_user(stats) && stats->certain ? TASK_FOUND_NOBODY : TASK_FOUND_UNCLEAR;
}

const char *match_unclear_code(const struct match_counts *stats)
{
    if (stats->users[MATCH_ALL] + stats->users[MATCH_FOLDED] > 1)
        return "several_users";
    if (stats->taken)
        return "user_id_taken";
    if (stats->users[MATCH_PART] > 0)
        return "user_incomplete";
    return stats->users[MATCH_EMAIL] > 0 ? "email_alone" : "listing_incomplete";
}
