#include "dispatch/adopt_plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash_table.h"
#include "core/memory.h"
#include "dispatch/match.h"
#include "provider/remote_members.h"

enum { ARENA_CHUNK = 256 * 1024, FIRST_CAPACITY = 256, MEMBER_LEN = FINGERPRINT_MEMBER_LEN };

enum relation {
    RELATION_NONE,
    RELATION_OURS,       /* it agrees */
    RELATION_DIFFERS,    /* it carries the record's key, or is close to it */
    RELATION_INCOMPLETE, /* it agrees in what it shows, which is too little */
    RELATION_OTHER,      /* it agrees, and belongs to another customer */
};

/* A user that the ledger does not have. */
struct user {
    const char *id;
    uint8_t email[MEMBER_LEN];
    bool is_hit; /* a record has its e-mail address */
    bool is_done, is_unread;
    uint32_t agreeing; /* records that agree with it */
    bool is_adopted;
};

struct pair {
    uint32_t user;
    uint32_t next; /* of the same record, from 1; 0: the last */
    enum relation relation;
    uint64_t differing, not_shown;
    const uint8_t *members; /* of the user; of RELATION_OURS with differing members */
};

struct adopt_plan {
    const struct job *job;
    const struct provider *provider;
    bool is_fetched;
    struct fingerprint *fingerprint;
    struct arena arena, scratch;
    struct adopt_record *records; /* once they are complete, by e-mail digest */
    size_t record_count, record_capacity;
    struct hash_table *keys; /* of the records: value: the index from 1 */
    /* Of the listing: */
    struct arena user_arena;
    struct hash_table *seen; /* ids */
    struct user *users;
    size_t user_count, user_capacity;
    uint64_t unknown_count;
    uint64_t shown_count, unshown_count; /* with an e-mail address or external_id, and with neither */
    struct pair *pairs;
    size_t pair_count, pair_capacity;
    size_t next, low, settled; /* users: to be fetched next; done up to; whose records are decided */
    uint32_t *decided;
    size_t decided_count, decided_capacity, popped;
};

const char *adopt_reason_word(enum adopt_reason reason)
{
    static const char *const words[ADOPT_REASONS] = {
        [ADOPT_NO_REASON] = "",
        [ADOPT_DIFFERS] = "differs",
        [ADOPT_SEVERAL_USERS] = "several_users",
        [ADOPT_SEVERAL_RECORDS] = "several_records",
        [ADOPT_OTHER_CUSTOMER] = "other_customer",
        [ADOPT_INCOMPLETE] = "incomplete",
        [ADOPT_NOT_FETCHED] = "not_fetched",
    };

    return words[reason];
}

struct adopt_plan *adopt_plan_new(const struct job *job, const struct provider *provider,
                                  const uint8_t key[FINGERPRINT_KEY_LEN], bool is_fetched)
{
    struct adopt_plan *plan = memory_new(1, sizeof *plan);

    plan->job = job;
    plan->provider = provider;
    plan->is_fetched = is_fetched;
    plan->fingerprint = fingerprint_new(key, provider->fields);
    arena_init(&plan->arena, ARENA_CHUNK);
    arena_init(&plan->user_arena, ARENA_CHUNK);
    arena_init(&plan->scratch, ARENA_CHUNK);
    plan->keys = hash_table_new();
    plan->seen = hash_table_new();
    return plan;
}

void adopt_plan_free(struct adopt_plan *plan)
{
    if (!plan)
        return;
    fingerprint_free(plan->fingerprint);
    arena_clear(&plan->arena);
    arena_clear(&plan->user_arena);
    arena_clear(&plan->scratch);
    hash_table_free(plan->keys);
    hash_table_free(plan->seen);
    free(plan->records);
    free(plan->users);
    free(plan->pairs);
    free(plan->decided);
    free(plan);
}

/* Makes room for one more element of an array. */
static void *grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : FIRST_CAPACITY;
    return memory_resize(array, *capacity, size);
}

/* Records. */

void adopt_plan_add_record(struct adopt_plan *plan, const struct record *record,
                           const struct ledger_customer *customer)
{
    plan->records = grow(plan->records, plan->record_count, &plan->record_capacity, sizeof *plan->records);
    struct adopt_record *added = &plan->records[plan->record_count++];
    *added = (struct adopt_record){
        .external_id = arena_copy(&plan->arena, record->values[FIELD_EXTERNAL_ID].text),
        .row = record->row,
        .customer = customer ? customer->id : 0,
        .is_in_doubt = customer && ledger_customer_has_open_create(customer),
        .is_held = customer && ledger_customer_is_held(customer),
        .is_decided = customer && customer->twin == LEDGER_TWIN_ALLOWED,
        .members = (uint8_t *)arena_bytes(&plan->arena, plan->provider->fields->slot_count * MEMBER_LEN),
    };
    memcpy(added->digest, record->digest, sizeof added->digest);
    fingerprint_members(plan->fingerprint, record, added->members);
    fingerprint_email(plan->fingerprint, record, added->email);
    added->has_identity = fingerprint_identity(plan->fingerprint, record, added->identity);
}

static int by_email(const void *left, const void *right)
{
    const struct adopt_record *const a = left, *const b = right;
    int order = memcmp(a->email, b->email, sizeof a->email);

    return order ? order : a->row < b->row ? -1 : a->row > b->row;
}

void adopt_plan_end_records(struct adopt_plan *plan)
{
    if (plan->record_count > 0) /* without one there is no array */
        qsort(plan->records, plan->record_count, sizeof *plan->records, by_email);
    for (size_t i = 0; i < plan->record_count; i++)
        hash_table_ensure(plan->keys, hash_table_hash(plan->records[i].external_id))->value = (uint32_t)i + 1;
}

size_t adopt_plan_record_count(const struct adopt_plan *plan)
{
    return plan->record_count;
}

const struct adopt_record *adopt_plan_record(const struct adopt_plan *plan, size_t index)
{
    return &plan->records[index];
}

static struct adopt_record *find_key(struct adopt_plan *plan, struct slice external_id)
{
    const struct hash_table_entry *entry =
        external_id.len ? hash_table_find(plan->keys, hash_table_hash(external_id)) : NULL;
    struct adopt_record *record = entry && entry->value ? &plan->records[entry->value - 1] : NULL;

    return record && slice_equal(record->external_id, external_id) ? record : NULL;
}

/* The first record whose e-mail digest is not before this one. */
static size_t find_email(const struct adopt_plan *plan, const uint8_t email[MEMBER_LEN])
{
    size_t low = 0, high = plan->record_count;

    assert(plan->records || high == 0);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(plan->records[middle].email, email, MEMBER_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_email(const struct adopt_plan *plan, size_t index, const uint8_t email[MEMBER_LEN])
{
    assert(plan->records || plan->record_count == 0);
    return index < plan->record_count && memcmp(plan->records[index].email, email, MEMBER_LEN) == 0;
}

/* Users. */

void adopt_plan_begin_users(struct adopt_plan *plan)
{
    arena_reset(&plan->user_arena);
    hash_table_free(plan->seen);
    plan->seen = hash_table_new();
    plan->user_count = plan->pair_count = 0;
    plan->unknown_count = plan->shown_count = plan->unshown_count = 0;
    for (size_t i = 0; i < plan->record_count; i++)
        plan->records[i].pairs = 0;
}

static struct user *add_user(struct adopt_plan *plan, struct slice id)
{
    plan->users = grow(plan->users, plan->user_count, &plan->user_capacity, sizeof *plan->users);
    struct user *user = &plan->users[plan->user_count++];
    *user = (struct user){.id = arena_copy(&plan->user_arena, id).data};
    return user;
}

static void add_pair(struct adopt_plan *plan, struct adopt_record *record, const struct pair *pair)
{
    plan->pairs = grow(plan->pairs, plan->pair_count, &plan->pair_capacity, sizeof *plan->pairs);
    plan->pairs[plan->pair_count] = *pair;
    plan->pairs[plan->pair_count].next = record->pairs;
    record->pairs = (uint32_t)++plan->pair_count;
    plan->users[pair->user].agreeing += pair->relation == RELATION_OURS;
}

/* A user as it is compared. */
struct shown_user {
    struct slice external_id;
    struct match_digests digests;
    uint64_t shown, unreadable;
    bool is_known;
    uint8_t members[PROVIDER_MEMBERS_MAX * MEMBER_LEN], email[MEMBER_LEN];
};

static void read_shown(struct adopt_plan *plan, const struct provider_user *user,
                       const struct json_node *nodes, struct shown_user *shown)
{
    const struct provider_fields *fields = plan->provider->fields;
    struct remote_members members;

    remote_members_read(plan->provider, nodes, 0, plan->job, &plan->scratch, &members);
    const struct record record = {.values = members.values};
    fingerprint_members(plan->fingerprint, &record, shown->members);
    fingerprint_email(plan->fingerprint, &record, shown->email);
    shown->external_id = user->external_id;
    shown->shown = members.shown;
    shown->unreadable = members.unreadable;
    shown->digests = (struct match_digests){
        .members = slice_make((const char *)shown->members, fields->slot_count * MEMBER_LEN),
        .email = slice_make((const char *)shown->email, sizeof shown->email)};
}

static uint64_t member_bit(const struct provider_fields *fields, enum field_id field)
{
    const struct provider_field *row = provider_fields_find(fields, field);

    return row && row->slot != PROVIDER_NO_SLOT ? UINT64_C(1) << row->slot : 0;
}

/* Whether an e-mail address and a name are shown: an address alone may be a family's. */
static bool shows_person(const struct provider_fields *fields, uint64_t shown)
{
    uint64_t person = member_bit(fields, FIELD_FIRST_NAME) | member_bit(fields, FIELD_LAST_NAME);

    return (shown & member_bit(fields, FIELD_EMAIL)) &&
           ((shown & person) == person || (shown & member_bit(fields, FIELD_COMPANY_NAME)));
}

/* Whether a user with the record's e-mail address may be its own although it differs: in one of names and
 * birth date, or in names alone while the birth date agrees, as where a provider writes names in capitals or
 * in one member. */
static bool is_close(const struct provider_fields *fields, uint64_t differing, uint64_t shown)
{
    uint64_t names = member_bit(fields, FIELD_FIRST_NAME) | member_bit(fields, FIELD_LAST_NAME);

    return __builtin_popcountll(differing) == 1 ||
           (!(differing & ~names) && (shown & member_bit(fields, FIELD_DATE_OF_BIRTH)));
}

static enum relation relate(const struct provider_fields *fields, const struct adopt_record *record,
                            const struct shown_user *user, const struct match_members *compared)
{
    uint64_t differing = compared->differing & match_identity_members(fields);
    bool is_named = user->external_id.len > 0,
         is_ours = is_named && slice_equal(user->external_id, record->external_id);
    bool is_person = shows_person(fields, user->shown), is_other = user->is_known || (is_named && !is_ours);

    if (is_other)
        return !differing && is_person ? RELATION_OTHER : RELATION_NONE;
    if (differing)
        return is_ours || is_close(fields, differing, user->shown) ? RELATION_DIFFERS : RELATION_NONE;
    if (!is_ours && !is_person)
        return RELATION_INCOMPLETE;
    return is_ours || !compared->differing ? RELATION_OURS : RELATION_DIFFERS;
}

/* The members of a user's digests; one that has no normal form is unknown. */
static const uint8_t *keep_members(struct adopt_plan *plan, const struct shown_user *user)
{
    size_t len = user->digests.members.len;
    uint8_t *members = (uint8_t *)arena_bytes(&plan->user_arena, len);

    memcpy(members, user->members, len);
    for (size_t i = 0; i < len / MEMBER_LEN; i++)
        if (user->unreadable >> i & 1)
            memset(members + i * MEMBER_LEN, LEDGER_MEMBER_UNKNOWN, MEMBER_LEN);
    return members;
}

/* Compares a user with one record. *number: of the user, UINT32_MAX at first. */
static void compare(struct adopt_plan *plan, struct adopt_record *record, struct slice id, uint32_t *number,
                    const struct shown_user *user)
{
    const struct provider_fields *fields = plan->provider->fields;
    const struct match_digests ours = {
        .members = slice_make((const char *)record->members, fields->slot_count * MEMBER_LEN),
        .email = slice_make((const char *)record->email, sizeof record->email)};
    struct match_members compared;

    match_members(fields, &ours, &user->digests, user->shown, user->unreadable, &compared);
    if (user->external_id.len > 0) /* from wherever it was read */
        compared.not_shown &= ~member_bit(fields, FIELD_EXTERNAL_ID);
    struct pair pair = {.relation = relate(fields, record, user, &compared),
                        .differing = compared.differing,
                        .not_shown = compared.not_shown};
    if (pair.relation == RELATION_NONE)
        return;
    if (*number == UINT32_MAX) {
        add_user(plan, id);
        *number = (uint32_t)plan->user_count - 1;
    }
    pair.user = *number;
    if (pair.relation == RELATION_OURS && pair.differing)
        pair.members = keep_members(plan, user);
    add_pair(plan, record, &pair);
}

/* With every record that has its e-mail address, and the one that has its external_id. */
static void compare_all(struct adopt_plan *plan, struct slice id, uint32_t number,
                        const struct shown_user *user)
{
    struct adopt_record *named = find_key(plan, user->external_id);
    bool is_shown = !fingerprint_member_is(user->email, FINGERPRINT_MEMBER_ABSENT);
    size_t first = is_shown ? find_email(plan, user->email) : plan->record_count;

    plan->shown_count += is_shown || user->external_id.len > 0;
    plan->unshown_count += !is_shown && user->external_id.len == 0;
    for (size_t i = first; is_shown && has_email(plan, i, user->email); i++) {
        compare(plan, &plan->records[i], id, &number, user);
        named = named == &plan->records[i] ? NULL : named;
    }
    if (named)
        compare(plan, named, id, &number, user);
}

void adopt_plan_add_user(struct adopt_plan *plan, const struct provider_user *user,
                         const struct json_node *nodes, bool is_known)
{
    struct hash_table_entry *entry = hash_table_ensure(plan->seen, hash_table_hash(user->id));
    struct shown_user shown = {.is_known = is_known};

    if (entry->value)
        return;
    entry->value = 1;
    plan->unknown_count += !is_known;
    if (plan->is_fetched && is_known)
        return;
    arena_reset(&plan->scratch);
    if (!plan->is_fetched) {
        read_shown(plan, user, nodes, &shown);
        compare_all(plan, user->id, UINT32_MAX, &shown);
        return;
    }
    const struct record record = {.values = user->values};
    struct user *added = add_user(plan, user->id);
    fingerprint_email(plan->fingerprint, &record, added->email);
    added->is_hit = !fingerprint_member_is(added->email, FINGERPRINT_MEMBER_ABSENT) &&
                    has_email(plan, find_email(plan, added->email), added->email);
}

static int by_hit_and_email(const void *left, const void *right)
{
    const struct user *const a = left, *const b = right;

    if (a->is_hit != b->is_hit)
        return a->is_hit ? -1 : 1;
    return memcmp(a->email, b->email, sizeof a->email);
}

uint64_t adopt_plan_user_count(const struct adopt_plan *plan)
{
    return plan->unknown_count;
}

bool adopt_plan_compared_none(const struct adopt_plan *plan)
{
    return plan->unshown_count > 0 && plan->shown_count == 0;
}

/* Decisions. */

static void decide(struct adopt_plan *plan, struct adopt_record *record, const struct pair *pair)
{
    struct user *user = &plan->users[pair->user];

    record->result = ADOPT_USER;
    record->user_id = user->id;
    record->differing = pair->differing;
    record->not_shown = pair->not_shown;
    user->is_adopted = true;
    for (size_t i = 0; i < plan->provider->fields->slot_count; i++)
        if (pair->differing >> i & 1)
            memcpy(record->members + i * MEMBER_LEN, pair->members + i * MEMBER_LEN, MEMBER_LEN);
    plan->decided = grow(plan->decided, plan->decided_count, &plan->decided_capacity, sizeof *plan->decided);
    plan->decided[plan->decided_count++] = (uint32_t)(record - plan->records);
}

/* The pair of a record with this relation, of several that with the first user by id; *count: how many. */
static const struct pair *find_pair(const struct adopt_plan *plan, const struct adopt_record *record,
                                    enum relation relation, size_t *count)
{
    const struct pair *found = NULL;

    *count = 0;
    for (uint32_t number = record->pairs; number; number = plan->pairs[number - 1].next) {
        const struct pair *pair = &plan->pairs[number - 1];
        bool is_free = relation == RELATION_OTHER || !plan->users[pair->user].is_adopted;
        if (pair->relation != relation || !is_free)
            continue;
        if (!found || strcmp(plan->users[pair->user].id, plan->users[found->user].id) < 0)
            found = pair;
        ++*count;
    }
    return found;
}

/* The records from first on that have this e-mail address; NULL: all. */
static void settle(struct adopt_plan *plan, size_t first, const uint8_t *email)
{
    for (size_t i = first; email ? has_email(plan, i, email) : i < plan->record_count; i++) {
        struct adopt_record *record = &plan->records[i];
        size_t count;
        const struct pair *pair = find_pair(plan, record, RELATION_OURS, &count);
        if (record->result == ADOPT_OPEN && count == 1 && plan->users[pair->user].agreeing == 1)
            decide(plan, record, pair);
    }
}

/* Users are sorted by e-mail address: the records of an address are decided once all of its users are done.
 */
static void settle_done(struct adopt_plan *plan)
{
    while (plan->low < plan->user_count && plan->users[plan->low].is_done)
        plan->low++;
    while (plan->settled < plan->low && plan->users[plan->settled].is_hit) {
        const uint8_t *email = plan->users[plan->settled].email;
        size_t end = plan->settled;
        while (end < plan->user_count && plan->users[end].is_hit &&
               memcmp(plan->users[end].email, email, MEMBER_LEN) == 0)
            end++;
        if (end > plan->low)
            return;
        settle(plan, find_email(plan, email), email);
        plan->settled = end;
    }
}

void adopt_plan_end_users(struct adopt_plan *plan)
{
    plan->next = plan->low = plan->settled = 0;
    if (!plan->is_fetched)
        settle(plan, 0, NULL);
    else if (plan->user_count > 0)
        qsort(plan->users, plan->user_count, sizeof *plan->users, by_hit_and_email);
}

/* A record may have a user under another e-mail address, or a second one. */
static bool has_open_record(const struct adopt_plan *plan)
{
    return plan->decided_count < plan->record_count;
}

const char *adopt_plan_next_user(struct adopt_plan *plan, size_t *number)
{
    if (plan->next == plan->user_count || (!plan->users[plan->next].is_hit && !has_open_record(plan)))
        return NULL;
    *number = plan->next++;
    return plan->users[*number].id;
}

void adopt_plan_add_fetched(struct adopt_plan *plan, size_t number, const struct json_node *nodes,
                            bool is_unread)
{
    struct user *user = &plan->users[number];
    struct slice id = slice_from(user->id);
    struct shown_user shown = {.is_known = false};
    struct provider_user read;

    arena_reset(&plan->scratch);
    user->is_done = true;
    user->is_unread = is_unread;
    if (nodes && plan->provider->read_user(nodes, 0, plan->job, &plan->scratch, &read) &&
        slice_equal(read.id, id)) {
        read_shown(plan, &read, nodes, &shown);
        compare_all(plan, id, (uint32_t)number, &shown);
    } else if (nodes) {
        user->is_unread = true;
    }
    settle_done(plan);
}

struct adopt_record *adopt_plan_pop(struct adopt_plan *plan)
{
    return plan->popped < plan->decided_count ? &plan->records[plan->decided[plan->popped++]] : NULL;
}

static void leave_unclear(const struct adopt_plan *plan, struct adopt_record *record,
                          enum adopt_reason reason, const struct pair *pair)
{
    record->reason = reason;
    record->user_id = plan->users[pair->user].id;
    record->differing = pair->differing;
    record->not_shown = pair->not_shown;
}

static void explain(const struct adopt_plan *plan, struct adopt_record *record)
{
    static const struct {
        enum relation relation;
        enum adopt_reason reason;
    } reasons[] = {{RELATION_OTHER, ADOPT_OTHER_CUSTOMER},
                   {RELATION_DIFFERS, ADOPT_DIFFERS},
                   {RELATION_INCOMPLETE, ADOPT_INCOMPLETE}};
    size_t count;
    const struct pair *pair = find_pair(plan, record, RELATION_OURS, &count);

    if (pair)
        leave_unclear(plan, record, count > 1 ? ADOPT_SEVERAL_USERS : ADOPT_SEVERAL_RECORDS, pair);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons && !record->reason; i++) {
        pair = find_pair(plan, record, reasons[i].relation, &count);
        if (pair)
            leave_unclear(plan, record, reasons[i].reason, pair);
    }
    record->result = record->reason && !record->is_decided ? ADOPT_UNCLEAR : ADOPT_CREATE;
}

/* A user that could not be read may be that of any record with its e-mail address. */
static void explain_unread(struct adopt_plan *plan, const struct user *user)
{
    for (size_t i = find_email(plan, user->email); has_email(plan, i, user->email); i++) {
        struct adopt_record *record = &plan->records[i];
        if (record->result != ADOPT_CREATE || record->is_decided)
            continue;
        record->result = ADOPT_UNCLEAR;
        record->reason = ADOPT_NOT_FETCHED;
        record->user_id = user->id;
    }
}

void adopt_plan_finish(struct adopt_plan *plan)
{
    size_t count;

    settle(plan, 0, NULL);
    for (size_t i = 0; i < plan->record_count; i++) {
        struct adopt_record *record = &plan->records[i];
        if (record->result == ADOPT_OPEN)
            explain(plan, record);
        else if (record->result == ADOPT_USER && find_pair(plan, record, RELATION_OURS, &count))
            record->reason = ADOPT_SEVERAL_USERS; /* a second one carries its key */
    }
    for (size_t i = 0; i < plan->user_count; i++)
        if (plan->users[i].is_unread && plan->users[i].is_hit)
            explain_unread(plan, &plan->users[i]);
}

void adopt_plan_reject(struct adopt_record *record)
{
    record->result = ADOPT_UNCLEAR;
    record->reason = ADOPT_OTHER_CUSTOMER;
}
