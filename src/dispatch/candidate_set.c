#include "dispatch/candidate_set.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/memory.h"

enum { ARENA_CHUNK = 64 * 1024, NOT_JOURNALLED = 0xfe, FIRST_CAPACITY = 64 };

struct candidate_set {
    const struct provider *provider;
    struct fingerprint *fingerprint; /* its own: another thread uses the coordinator's */
    struct arena arena;
    struct candidate_case *cases;
    size_t count, capacity;
};

struct candidate_set *candidate_set_new(const struct provider *provider,
                                        const uint8_t key[FINGERPRINT_KEY_LEN])
{
    struct candidate_set *set = memory_new(1, sizeof *set);

    set->provider = provider;
    set->fingerprint = fingerprint_new(key, provider->fields);
    arena_init(&set->arena, ARENA_CHUNK);
    return set;
}

void candidate_set_free(struct candidate_set *set)
{
    if (!set)
        return;
    arena_clear(&set->arena);
    fingerprint_free(set->fingerprint);
    free(set->cases);
    free(set);
}

void candidate_set_clear(struct candidate_set *set)
{
    arena_reset(&set->arena);
    set->count = 0;
}

void candidate_set_add(struct candidate_set *set, void *owner, const struct ledger_customer *customer)
{
    struct slice journalled = customer->pending_member_digests;
    size_t len = set->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN;

    if (set->count == set->capacity) {
        set->capacity = set->capacity ? set->capacity * 2 : FIRST_CAPACITY;
        set->cases = memory_resize(set->cases, set->capacity, sizeof *set->cases);
    }
    char *members = arena_bytes(&set->arena, len);
    memset(members, NOT_JOURNALLED, len); /* members added since: they agree with no user */
    memcpy(members, journalled.data, journalled.len < len ? journalled.len : len);
    struct candidate_case *which = &set->cases[set->count++];
    *which = (struct candidate_case){.owner = owner};
    which->journalled.members = slice_make(members, len);
    which->journalled.email = arena_copy(&set->arena, customer->pending_email_digest);
}

static int compare_emails(struct slice left, struct slice right)
{
    if (left.len != right.len)
        return left.len < right.len ? -1 : 1;
    return left.len > 0 ? memcmp(left.data, right.data, left.len) : 0;
}

static int by_email(const void *left, const void *right)
{
    const struct candidate_case *const a = left, *const b = right;
    return compare_emails(a->journalled.email, b->journalled.email);
}

void candidate_set_begin(struct candidate_set *set)
{
    if (set->count > 0) /* without one there is no array */
        qsort(set->cases, set->count, sizeof *set->cases, by_email);
    for (size_t i = 0; i < set->count; i++) {
        set->cases[i].count = 0;
        memset(set->cases[i].more, 0, sizeof set->cases[i].more);
    }
}

static void set_candidate(struct candidate_case *which, size_t index, struct slice id, enum match_grade match)
{
    memcpy(which->candidates[index].user_id, id.data, id.len);
    which->candidates[index].user_id[id.len] = '\0';
    which->candidates[index].match = match;
}

/* When full, a better candidate replaces the worst one. */
static void add_candidate(struct candidate_case *which, struct slice id, enum match_grade match)
{
    size_t worst = 0;

    for (size_t i = 0; i < which->count; i++) {
        if (slice_is(id, which->candidates[i].user_id))
            return;
        if (which->candidates[i].match < which->candidates[worst].match)
            worst = i;
    }
    if (which->count < CANDIDATES_MAX) {
        set_candidate(which, which->count++, id, match);
        return;
    }
    if (match > which->candidates[worst].match) {
        enum match_grade dropped = which->candidates[worst].match;
        set_candidate(which, worst, id, match);
        match = dropped;
    }
    which->more[match] = true;
}

/* The first create whose lower-case e-mail is not before this one. */
static size_t find_email(const struct candidate_set *set, struct slice email)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_emails(set->cases[middle].journalled.email, email) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Creates with the same e-mail are adjacent. A user without an e-mail may belong to any of them, unless it is
 * in the ledger: the customers of the creates have no user there. */
void candidate_set_compare(struct candidate_set *set, const struct provider_user *user, bool is_known)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN];
    const struct provider_fields *fields = set->provider->fields;
    const struct record record = {.values = user->values};
    const struct match_digests digests = {
        .members = slice_make((const char *)members, fields->slot_count * FINGERPRINT_MEMBER_LEN),
        .email = slice_make((const char *)email, sizeof email)};
    bool has_email = user->values[FIELD_EMAIL].state == VALUE_PRESENT;

    if (!has_email && is_known)
        return;
    fingerprint_members(set->fingerprint, &record, members);
    fingerprint_email(set->fingerprint, &record, email);
    for (size_t i = has_email ? find_email(set, digests.email) : 0; i < set->count; i++) {
        struct candidate_case *which = &set->cases[i];
        if (has_email && compare_emails(which->journalled.email, digests.email) != 0)
            break;
        enum match_grade match = match_user(fields, &which->journalled, &digests);
        if (match != MATCH_OTHER)
            add_candidate(which, user->id, match);
    }
}

size_t candidate_set_count(const struct candidate_set *set)
{
    return set->count;
}

const struct candidate_case *candidate_set_at(const struct candidate_set *set, size_t index)
{
    return &set->cases[index];
}
