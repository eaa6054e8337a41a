#include "pipeline/match.h"

#include <string.h>

#include "ledger/ledger.h"

enum { MEMBER_LEN = FINGERPRINT_MEMBER_LEN };

static const enum field_id compared[] = {
    FIELD_EMAIL, FIELD_FIRST_NAME, FIELD_LAST_NAME, FIELD_COMPANY_NAME, FIELD_DATE_OF_BIRTH,
};

uint64_t match_members(const struct provider_fields *fields)
{
    uint64_t members = 0;

    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        const struct provider_field *field = provider_fields_find(fields, compared[i]);
        if (field && field->member != PROVIDER_NO_MEMBER)
            members |= UINT64_C(1) << field->member;
    }
    return members;
}

size_t match_email_member(const struct provider_fields *fields)
{
    return provider_fields_find(fields, FIELD_EMAIL)->member;
}

static bool agrees(struct slice journalled, const uint8_t *user, size_t member)
{
    size_t at = member * MEMBER_LEN;

    return at + MEMBER_LEN <= journalled.len && memcmp(journalled.at + at, user + at, MEMBER_LEN) == 0;
}

/* Either data may stand there: the create was repeated with other data. */
static bool is_unknown(struct slice journalled, size_t member)
{
    size_t at = member * MEMBER_LEN;

    for (size_t i = at; i < at + MEMBER_LEN; i++)
        if (i >= journalled.len || (uint8_t)journalled.at[i] != LEDGER_MEMBER_UNKNOWN)
            return false;
    return true;
}

enum match match_user(const struct provider_fields *fields, struct slice journalled, const uint8_t *user)
{
    uint64_t members = match_members(fields);

    if (!agrees(journalled, user, match_email_member(fields)))
        return MATCH_OTHER;
    for (size_t i = 0; i < fields->member_count; i++)
        if ((members >> i & 1) && !agrees(journalled, user, i) && !is_unknown(journalled, i))
            return MATCH_EMAIL;
    return MATCH_ALL;
}

enum settled match_settle(const struct match_counts *counts)
{
    if (counts->all == 1)
        return SETTLED_OURS;
    if (!counts->in_doubt)
        return SETTLED_REFUSED;
    return counts->all == 0 && counts->email == 0 && counts->certain ? SETTLED_ABSENT : SETTLED_UNCLEAR;
}

const char *match_unclear_code(const struct match_counts *counts)
{
    if (counts->all > 1)
        return "several_users";
    return counts->email > 0 ? "email_alone" : "listing_incomplete";
}
