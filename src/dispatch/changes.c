#include "dispatch/changes.h"

#include <assert.h>
#include <string.h>

#include "core/digest.h"

enum { MEMBER_LEN = FINGERPRINT_MEMBER_LEN };

static bool differs(struct slice digests, size_t member, const uint8_t *row)
{
    const uint8_t *stored = fingerprint_member(digests, member);

    return !stored || memcmp(stored, row, MEMBER_LEN) != 0;
}

/* Whether the last update had this value of the member, and the provider left it out. */
static bool is_left_out_before(const struct ledger_customer *customer, size_t member, const uint8_t *row)
{
    const uint8_t *left_out = fingerprint_member(customer->left_out, member);

    return left_out && memcmp(left_out, row, MEMBER_LEN) == 0;
}

enum field_id changes_field_of(const struct provider_fields *fields, size_t member)
{
    const struct provider_field *row = provider_fields_member(fields, member);

    return row ? row->field : FIELD_NONE;
}

/* A digest that no row has, because the provider will not have the whole row. */
static void make_unmatchable_digest(const uint8_t row[FINGERPRINT_LEN], uint64_t not_sent,
                                    uint8_t digest[FINGERPRINT_LEN])
{
    uint8_t whole[DIGEST_SHA256_LEN];

    digest_sha256(slice_make((const char *)row, FINGERPRINT_LEN),
                  slice_make((const char *)&not_sent, sizeof not_sent), whole);
    memcpy(digest, whole, FINGERPRINT_LEN);
}

static enum provider_update update_of(const struct provider_fields *fields, size_t member)
{
    const struct provider_field *row = provider_fields_member(fields, member);

    return row ? row->update : UPDATE_NEVER;
}

/* Decides whether a member that differs is sent or stays as the provider has it. */
static void classify_member(const struct provider *provider, size_t member, const uint8_t *acknowledged,
                            uint8_t *row, struct changes *changes)
{
    uint64_t bit = UINT64_C(1) << member;
    bool cleared = fingerprint_member_is(row, FINGERPRINT_MEMBER_ABSENT);
    enum provider_update update = update_of(provider->fields, member);

    if (update == UPDATE_CLEAR || (update == UPDATE_VALUE && !cleared)) {
        changes->send |= bit;
        return;
    }
    if (!acknowledged) /* adopted: the provider's value is unknown and cannot be changed */
        return;
    if (update != UPDATE_NEVER)
        changes->not_cleared |= bit;
    else if (changes->immutable == FIELD_NONE)
        changes->immutable = changes_field_of(provider->fields, member);
    memcpy(row, acknowledged, MEMBER_LEN);
}

void changes_find(const struct provider *provider, struct fingerprint *fingerprint,
                  const struct record *record, const struct ledger_customer *customer,
                  struct changes *changes)
{
    bool open = customer->first_sent_at != 0 && customer->operation == OPERATION_UPDATE;

    assert(provider->fields->slot_count <= PROVIDER_MEMBERS_MAX);
    *changes = (struct changes){.immutable = FIELD_NONE};
    fingerprint_members(fingerprint, record, changes->members);
    for (size_t i = 0; i < provider->fields->slot_count; i++) {
        uint8_t *row = changes->members + i * MEMBER_LEN;
        const uint8_t *acknowledged = fingerprint_member(customer->member_digests, i);
        if (!acknowledged && fingerprint_member_is(row, FINGERPRINT_MEMBER_ABSENT))
            continue;
        if (differs(customer->member_digests, i, row) ||
            (open && differs(customer->pending_member_digests, i, row)))
            classify_member(provider, i, acknowledged, row, changes);
    }
    for (size_t i = 0; i < provider->fields->slot_count; i++)
        if (changes->send >> i & 1 && is_left_out_before(customer, i, changes->members + i * MEMBER_LEN))
            changes->repeats |= UINT64_C(1) << i;
    memcpy(changes->digest, record->digest, FINGERPRINT_LEN);
    if (changes->immutable != FIELD_NONE || changes->not_cleared)
        make_unmatchable_digest(record->digest, changes->send, changes->digest);
}

void changes_supersede(const struct provider *provider, struct fingerprint *fingerprint,
                       const struct record *record, const struct ledger_customer *customer,
                       struct changes *changes)
{
    *changes = (struct changes){.immutable = FIELD_NONE};
    fingerprint_members(fingerprint, record, changes->members);
    for (size_t i = 0; i < provider->fields->slot_count; i++) {
        uint8_t *row = changes->members + i * MEMBER_LEN;
        if (!differs(customer->pending_member_digests, i, row))
            continue;
        if (update_of(provider->fields, i) == UPDATE_NEVER && changes->immutable == FIELD_NONE)
            changes->immutable = changes_field_of(provider->fields, i);
        changes->send |= UINT64_C(1) << i;
        memset(row, LEDGER_MEMBER_UNKNOWN, MEMBER_LEN);
    }
    make_unmatchable_digest(record->digest, UINT64_MAX, changes->digest);
}

void changes_evaluate_left_out(const struct provider_fields *fields, const struct ledger_customer *customer,
                               uint64_t sent, uint64_t left_out, struct changes_left_out *evaluated)
{
    uint64_t in_doubt = 0;

    *evaluated = (struct changes_left_out){.again = 0};
    for (size_t i = 0; i < fields->slot_count; i++) {
        const uint8_t *stored = fingerprint_member(customer->member_digests, i);
        if (stored && fingerprint_member_is(stored, LEDGER_MEMBER_UNKNOWN))
            in_doubt |= sent & UINT64_C(1) << i;
    }
    bool has_landed = in_doubt && (in_doubt & ~left_out) == 0;
    for (size_t i = 0; i < fields->slot_count; i++) {
        uint64_t bit = UINT64_C(1) << i;
        const uint8_t *pending = fingerprint_member(customer->pending_member_digests, i);
        if (!(left_out & bit) || !pending)
            continue;
        if (!fingerprint_member(customer->member_digests, i) || (has_landed && (in_doubt & bit)))
            continue;
        evaluated->warned |= bit;
        if (!is_left_out_before(customer, i, pending))
            evaluated->again |= bit;
    }
}
