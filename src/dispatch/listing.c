#include "dispatch/listing.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash_table.h"
#include "core/json.h"
#include "core/json_split.h"
#include "core/memory.h"
#include "provider/remote_user.h"

enum { ARENA_CHUNK = 64 * 1024, KNOWN = 1, NOT_JOURNALLED = 0xfe };

struct listing {
    struct delivery delivery;
    const struct job *job;
    const struct provider *provider;
    struct fingerprint *fingerprint; /* its own: another thread uses the coordinator's */
    struct json_reader *reader;
    struct json_split split;
    struct arena arena, user_arena;
    struct hash_table *users; /* value: KNOWN to the ledger; mark: the pass in which it was seen */
    size_t known_count, seen_count;
    uint32_t pass;
    size_t bytes;
    bool unreadable;        /* a user could not be read */
    uint64_t element_count; /* so far */
    struct listing_case *cases;
    size_t case_count, case_capacity;
};

static void set_candidate(struct listing_case *which, size_t index, struct slice id, enum match_grade match)
{
    memcpy(which->candidates[index].user_id, id.data, id.len);
    which->candidates[index].user_id[id.len] = '\0';
    which->candidates[index].match = match;
}

/* When full, a better candidate replaces the worst one. */
static void add_candidate(struct listing_case *which, struct slice id, enum match_grade match)
{
    size_t worst = 0;

    for (size_t i = 0; i < which->count; i++) {
        if (slice_is(id, which->candidates[i].user_id))
            return;
        if (which->candidates[i].match < which->candidates[worst].match)
            worst = i;
    }
    if (which->count < LISTING_CANDIDATES_MAX) {
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

static int compare_emails(struct slice left, struct slice right)
{
    if (left.len != right.len)
        return left.len < right.len ? -1 : 1;
    return left.len > 0 ? memcmp(left.data, right.data, left.len) : 0;
}

/* The first case whose lower-case e-mail is not before this one. */
static size_t find_email(const struct listing *listing, struct slice email)
{
    size_t low = 0, high = listing->case_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_emails(listing->cases[middle].journalled.email, email) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Cases with the same e-mail are adjacent. A user without an e-mail may belong to any case, unless it is in
 * the ledger: the customers of the cases have no user there. */
static void compare(struct listing *listing, const struct provider_user *user, bool is_known)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN];
    const struct provider_fields *fields = listing->provider->fields;
    const struct record record = {.values = user->values};
    const struct match_digests digests = {
        .members = slice_make((const char *)members, fields->slot_count * FINGERPRINT_MEMBER_LEN),
        .email = slice_make((const char *)email, sizeof email)};
    bool has_email = user->values[FIELD_EMAIL].state == VALUE_PRESENT;

    if (!has_email && is_known)
        return;
    fingerprint_members(listing->fingerprint, &record, members);
    fingerprint_email(listing->fingerprint, &record, email);
    for (size_t i = has_email ? find_email(listing, digests.email) : 0; i < listing->case_count; i++) {
        struct listing_case *which = &listing->cases[i];
        if (has_email && compare_emails(which->journalled.email, digests.email) != 0)
            break;
        enum match_grade match = match_user(fields, &which->journalled, &digests);
        if (match != MATCH_OTHER)
            add_candidate(which, user->id, match);
    }
}

static bool add_listed_user(void *context, struct slice element)
{
    struct listing *listing = context;
    struct provider_user user;
    struct json_fault fault;
    size_t count;

    listing->element_count++;
    arena_reset(&listing->user_arena);
    const struct json_node *nodes = json_reader_parse(listing->reader, element, &count, &fault);
    if (!nodes)
        return false;
    if (!listing->provider->read_user(nodes, 0, listing->job, &listing->user_arena, &user)) {
        listing->unreadable = true;
        return true;
    }
    struct hash_table_entry *entry = hash_table_find(listing->users, hash_table_hash(user.id));
    if (entry && entry->mark != listing->pass) {
        entry->mark = listing->pass;
        listing->seen_count++;
    }
    compare(listing, &user, entry != NULL);
    return true;
}

static bool add_bytes(void *context, struct slice bytes)
{
    struct listing *listing = context;

    if (bytes.len == 0) { /* from the beginning, perhaps again */
        json_split_reset(&listing->split);
        listing->pass++;
        listing->bytes = listing->seen_count = 0;
        listing->element_count = 0;
        listing->unreadable = false;
        for (size_t i = 0; i < listing->case_count; i++) {
            struct listing_case *which = &listing->cases[i];
            which->count = 0;
            memset(which->more, 0, sizeof which->more);
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
    json_split_init(&listing->split, "users", LISTING_USER_MAX, add_listed_user, listing);
    arena_init(&listing->arena, ARENA_CHUNK);
    arena_init(&listing->user_arena, ARENA_CHUNK);
    return listing;
}

void listing_free(struct listing *listing)
{
    if (!listing)
        return;
    hash_table_free(listing->users);
    arena_clear(&listing->user_arena);
    arena_clear(&listing->arena);
    json_split_clear(&listing->split);
    json_reader_free(listing->reader);
    fingerprint_free(listing->fingerprint);
    free(listing->cases);
    free(listing);
}

static void mark_known(void *context, struct slice user_id)
{
    struct listing *listing = context;
    struct hash_table_entry *entry = hash_table_ensure(listing->users, hash_table_hash(user_id));

    listing->known_count += entry->value != KNOWN;
    entry->value = KNOWN;
}

int listing_prepare(struct listing *listing, struct ledger *ledger, struct error *error)
{
    arena_reset(&listing->arena);
    listing->case_count = listing->known_count = 0;
    if (listing->users)
        hash_table_free(listing->users);
    listing->users = hash_table_new();
    return ledger_each_user(ledger, mark_known, listing, error);
}

void listing_add(struct listing *listing, void *owner, const struct ledger_customer *customer)
{
    struct slice journalled = customer->pending_member_digests;

    if (listing->case_count == listing->case_capacity) {
        listing->case_capacity = listing->case_capacity ? listing->case_capacity * 2 : 64;
        listing->cases = memory_resize(listing->cases, listing->case_capacity, sizeof *listing->cases);
    }
    struct listing_case *which = &listing->cases[listing->case_count++];
    *which = (struct listing_case){.owner = owner};
    size_t len = listing->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN;
    char *members = arena_bytes(&listing->arena, len);
    memset(members, NOT_JOURNALLED, len); /* members added since: they agree with no user */
    memcpy(members, journalled.data, journalled.len < len ? journalled.len : len);
    which->journalled.members = slice_make(members, len);
    which->journalled.email = arena_copy(&listing->arena, customer->pending_email_digest);
}

static int by_email(const void *left, const void *right)
{
    const struct listing_case *const a = left, *const b = right;
    return compare_emails(a->journalled.email, b->journalled.email);
}

struct delivery *listing_start(struct listing *listing)
{
    if (listing->case_count > 0) /* without one there is no array */
        qsort(listing->cases, listing->case_count, sizeof *listing->cases, by_email);
    listing->delivery =
        (struct delivery){.call = {.operation = OPERATION_LIST}, .sink = add_bytes, .sink_context = listing};
    return &listing->delivery;
}

bool listing_has_all(const struct json_split *split, struct json_reader *reader,
                     const struct provider *provider, uint64_t count, const struct response_list *headers)
{
    struct remote_user_list_claim claim;
    struct json_fault fault;
    struct slice around;
    size_t node_count, index;

    if (headers->has_more || headers->total > count || headers->pages > 1 ||
        !json_split_around(split, &around))
        return false;
    const struct json_node *nodes = json_reader_parse(reader, around, &node_count, &fault);
    if (!nodes || !provider->find_users(nodes, &index))
        return false;
    remote_user_list_read_claim(nodes, index, &claim);
    return !claim.more && claim.total <= count && claim.pages <= 1;
}

bool listing_is_whole(const struct listing *listing)
{
    return json_split_is_complete(&listing->split);
}

bool listing_is_certain(const struct listing *listing)
{
    return listing_is_whole(listing) && !listing->unreadable && listing->seen_count == listing->known_count &&
           listing_has_all(&listing->split, listing->reader, listing->provider, listing->element_count,
                           &listing->delivery.list);
}

size_t listing_count(const struct listing *listing)
{
    return listing->case_count;
}

const struct listing_case *listing_at(const struct listing *listing, size_t index)
{
    return &listing->cases[index];
}
