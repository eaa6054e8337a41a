#include "pipeline/listing.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json.h"
#include "core/json_split.h"
#include "core/keyset.h"
#include "core/memory.h"

enum { ARENA_CHUNK = 64 * 1024, KNOWN = 1, NOT_JOURNALLED = 0xfe };

struct listing {
    struct delivery delivery;
    const struct job *job;
    const struct provider *provider;
    struct fingerprint *fingerprint; /* its own: another thread uses the coordinator's */
    struct json_reader *reader;
    struct json_split split;
    struct arena arena, user_arena;
    struct keyset *users; /* extra: KNOWN to the ledger; row: the pass in which it was seen */
    size_t known_count, seen_count;
    uint32_t pass;
    size_t email_member;
    size_t bytes;
    bool unreadable; /* a user could not be read */
    struct listing_case *cases;
    size_t case_count, case_room;
};

static const char *email_of(const struct listing *listing, const struct listing_case *which)
{
    return which->journalled.at + listing->email_member * FINGERPRINT_MEMBER_LEN;
}

static void set_candidate(struct listing_case *which, size_t at, struct slice id, enum match match)
{
    memcpy(which->candidates[at].user_id, id.at, id.len);
    which->candidates[at].user_id[id.len] = '\0';
    which->candidates[at].match = match;
}

/* Who agrees in everything takes the place of one who agrees in the e-mail alone, where there is no other. */
static void note_candidate(struct listing_case *which, struct slice id, enum match match)
{
    for (size_t i = 0; i < which->count; i++)
        if (slice_is(id, which->candidates[i].user_id))
            return;
    if (which->count < LISTING_CANDIDATES_MAX) {
        set_candidate(which, which->count++, id, match);
        return;
    }
    size_t at = 0;
    while (match == MATCH_ALL && at < which->count && which->candidates[at].match == MATCH_ALL)
        at++;
    if (match == MATCH_ALL && at < which->count) {
        set_candidate(which, at, id, match);
        match = MATCH_EMAIL;
    }
    which->more_all = which->more_all || match == MATCH_ALL;
    which->more_email = which->more_email || match == MATCH_EMAIL;
}

/* Those with this e-mail stand together. */
static void compare(struct listing *listing, const struct provider_user *user)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];
    const struct record record = {.values = user->values};
    size_t low = 0, high = listing->case_count;

    fingerprint_members(listing->fingerprint, &record, members);
    const uint8_t *email = members + listing->email_member * FINGERPRINT_MEMBER_LEN;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(email_of(listing, &listing->cases[middle]), email, FINGERPRINT_MEMBER_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < listing->case_count; low++) {
        struct listing_case *which = &listing->cases[low];
        enum match match = match_user(listing->provider->fields, which->journalled, members);
        if (match == MATCH_OTHER)
            break;
        note_candidate(which, user->id, match);
    }
}

static bool take_user(void *context, struct slice element)
{
    struct listing *listing = context;
    struct provider_user user;
    struct json_fault fault;
    size_t count;

    arena_reset(&listing->user_arena);
    const struct json_node *nodes = json_reader_parse(listing->reader, element, &count, &fault);
    if (!nodes)
        return false;
    if (!listing->provider->read_user(nodes, 0, listing->job, &listing->user_arena, &user)) {
        listing->unreadable = true;
        return true;
    }
    struct keyset_entry *entry = keyset_find(listing->users, keyset_hash(user.id));
    if (entry && entry->row != listing->pass) {
        entry->row = listing->pass;
        listing->seen_count++;
    }
    compare(listing, &user);
    return true;
}

static bool take_bytes(void *context, struct slice bytes)
{
    struct listing *listing = context;

    if (bytes.len == 0) { /* from the beginning, perhaps again */
        json_split_reset(&listing->split);
        listing->pass++;
        listing->bytes = listing->seen_count = 0;
        listing->unreadable = false;
        for (size_t i = 0; i < listing->case_count; i++) {
            struct listing_case *which = &listing->cases[i];
            which->count = 0;
            which->more_all = which->more_email = false;
        }
        return true;
    }
    listing->bytes += bytes.len;
    return listing->bytes <= listing->job->provider.list_max && json_split_add(&listing->split, bytes);
}

struct listing *listing_new(const struct job *job, const struct provider *provider,
                            const uint8_t key[FINGERPRINT_KEY_LEN])
{
    struct listing *listing = memory_new(1, sizeof *listing);

    listing->job = job;
    listing->provider = provider;
    listing->fingerprint = fingerprint_new(key, provider->fields);
    listing->reader = json_reader_new();
    listing->email_member = match_email_member(provider->fields);
    json_split_init(&listing->split, "users", LISTING_USER_MAX, take_user, listing);
    arena_init(&listing->arena, ARENA_CHUNK);
    arena_init(&listing->user_arena, ARENA_CHUNK);
    return listing;
}

void listing_free(struct listing *listing)
{
    if (!listing)
        return;
    keyset_free(listing->users);
    arena_clear(&listing->user_arena);
    arena_clear(&listing->arena);
    json_split_clear(&listing->split);
    json_reader_free(listing->reader);
    fingerprint_free(listing->fingerprint);
    free(listing->cases);
    free(listing);
}

static void know_user(void *context, struct slice user_id)
{
    struct listing *listing = context;
    struct keyset_entry *entry = keyset_at(listing->users, keyset_hash(user_id));

    listing->known_count += entry->extra != KNOWN;
    entry->extra = KNOWN;
}

int listing_prepare(struct listing *listing, struct ledger *ledger, struct error *error)
{
    arena_reset(&listing->arena);
    listing->case_count = listing->known_count = 0;
    if (listing->users)
        keyset_free(listing->users);
    listing->users = keyset_new();
    return ledger_each_user(ledger, know_user, listing, error);
}

void listing_add(struct listing *listing, void *owner, struct slice journalled)
{
    if (listing->case_count == listing->case_room) {
        listing->case_room = listing->case_room ? listing->case_room * 2 : 64;
        listing->cases = memory_resize(listing->cases, listing->case_room, sizeof *listing->cases);
    }
    struct listing_case *which = &listing->cases[listing->case_count++];
    which->owner = owner;
    which->count = 0;
    which->more_all = which->more_email = false;
    size_t len = listing->provider->fields->member_count * FINGERPRINT_MEMBER_LEN;
    char *members = arena_bytes(&listing->arena, len);
    memset(members, NOT_JOURNALLED, len); /* of a table that has grown since: agrees with nobody */
    memcpy(members, journalled.at, journalled.len < len ? journalled.len : len);
    which->journalled = slice_make(members, len);
}

static int by_email(const void *left, const void *right, void *context)
{
    return memcmp(email_of(context, left), email_of(context, right), FINGERPRINT_MEMBER_LEN);
}

struct delivery *listing_start(struct listing *listing)
{
    if (listing->case_count > 0) /* without one there is no array */
        qsort_r(listing->cases, listing->case_count, sizeof *listing->cases, by_email, listing);
    listing->delivery =
        (struct delivery){.call = {.operation = OPERATION_LIST}, .sink = take_bytes, .sink_context = listing};
    return &listing->delivery;
}

bool listing_is_whole(const struct listing *listing)
{
    return json_split_is_complete(&listing->split);
}

bool listing_is_certain(const struct listing *listing)
{
    return listing_is_whole(listing) && !listing->unreadable && listing->seen_count == listing->known_count;
}

size_t listing_count(const struct listing *listing)
{
    return listing->case_count;
}

const struct listing_case *listing_at(const struct listing *listing, size_t at)
{
    return &listing->cases[at];
}
