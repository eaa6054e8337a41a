#include "dispatch/look_up.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/ascii.h"
#include "core/buffer.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/text.h"
#include "provider/remote_user.h"

enum { ARENA_CHUNK = 4096 };

struct look_up {
    const struct provider *provider;
    const struct job *job;
    struct fingerprint *fingerprint;
    struct arena arena;
    struct slice external_id;
    struct match_digests journalled;
    struct json_reader *reader;
    struct buffer body;
    struct {
        const char *id;
        unsigned listed; /* the spelling under which it was listed last; 0: none */
    } hits[LOOK_UP_HITS_MAX];
    size_t hit_count, hit_at;
    bool lower; /* the pages are those of the lower-case e-mail */
    uint32_t offset, pages;
    uint64_t total; /* the largest total of a page */
    bool all_pages;
    struct look_up_counts stats;
    const char *user_id; /* ours */
};

struct look_up *look_up_new(const struct provider *provider, const struct job *job,
                            struct fingerprint *fingerprint, const struct ledger_customer *customer)
{
    struct look_up *look_up = memory_new(1, sizeof *look_up);

    look_up->provider = provider;
    look_up->job = job;
    look_up->fingerprint = fingerprint;
    arena_init(&look_up->arena, ARENA_CHUNK);
    look_up->external_id = arena_copy(&look_up->arena, customer->external_id);
    look_up->journalled.members = arena_copy(&look_up->arena, customer->pending_member_digests);
    look_up->journalled.email = arena_copy(&look_up->arena, customer->pending_email_digest);
    look_up->reader = json_reader_new();
    buffer_init(&look_up->body, LOOK_UP_BODY_MAX);
    return look_up;
}

void look_up_first(struct look_up *look_up, const char *user_id, bool alone)
{
    look_up->hits[0].id = arena_copy(&look_up->arena, slice_from(user_id)).data;
    look_up->hit_count = 1;
    look_up->all_pages = alone;
}

void look_up_free(struct look_up *look_up)
{
    if (!look_up)
        return;
    json_reader_free(look_up->reader);
    buffer_clear(&look_up->body);
    arena_clear(&look_up->arena);
    free(look_up);
}

static bool add_bytes(void *context, struct slice bytes)
{
    struct look_up *look_up = context;

    if (bytes.len == 0)
        buffer_reset(&look_up->body);
    else
        buffer_append(&look_up->body, bytes);
    return !look_up->body.overflowed;
}

void look_up_ask(struct look_up *look_up, struct delivery *delivery)
{
    delivery->sink = add_bytes;
    delivery->sink_context = look_up;
    if (look_up->all_pages) {
        delivery->call.operation = OPERATION_FETCH;
        delivery->call.user_id = look_up->hits[look_up->hit_at].id;
    } else {
        delivery->call.operation = OPERATION_LOOK_UP;
        delivery->call.offset = look_up->offset;
        delivery->call.lower_email = look_up->lower;
    }
}

/* 1 as written, 2 in lower case. */
static unsigned spelling_of(const struct look_up *look_up)
{
    return look_up->lower ? 2 : 1;
}

/* True when no page of this spelling had the user before. */
static bool add_hit(struct look_up *look_up, struct slice id)
{
    for (size_t i = 0; i < look_up->hit_count; i++) {
        if (!slice_is(id, look_up->hits[i].id))
            continue;
        bool is_new = look_up->hits[i].listed != spelling_of(look_up);
        look_up->hits[i].listed = spelling_of(look_up);
        return is_new;
    }
    if (id.len >= OUTCOME_USER_ID_SIZE || look_up->hit_count == LOOK_UP_HITS_MAX) {
        look_up->stats.too_many = true;
        return false;
    }
    look_up->hits[look_up->hit_count].id = arena_copy(&look_up->arena, id).data;
    look_up->hits[look_up->hit_count++].listed = spelling_of(look_up);
    return true;
}

static bool has_capitals(struct slice email)
{
    for (size_t i = 0; i < email.len; i++)
        if (ascii_lower(email.data[i]) != email.data[i])
            return true;
    return false;
}

/* Ends the pages of one spelling; more: the last one announced more. */
static enum look_up_step end_pages(struct look_up *look_up, bool more, struct slice email)
{
    look_up->stats.incomplete = look_up->stats.incomplete || more || look_up->total > look_up->offset;
    if (!look_up->lower && has_capitals(email) && !look_up->stats.too_many) {
        look_up->lower = true;
        look_up->offset = look_up->pages = 0;
        look_up->total = 0;
        return LOOK_UP_MORE;
    }
    look_up->all_pages = true;
    return look_up->hit_count == 0 || look_up->stats.too_many ? LOOK_UP_ENDED : LOOK_UP_MORE;
}

/* An empty page ends the list, and one without a new user: then the provider does not paginate. */
static enum look_up_step add_page(struct look_up *look_up, const struct json_node *nodes,
                                  const struct response_list *headers, struct slice email)
{
    struct remote_user_list_claim claim;
    size_t index, new_hits = 0;

    if (!look_up->provider->find_users(nodes, &index))
        return LOOK_UP_UNREADABLE;
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        struct provider_user user;
        if (!look_up->provider->read_user(nodes, child, look_up->job, &look_up->arena, &user))
            return LOOK_UP_UNREADABLE;
        new_hits += add_hit(look_up, user.id);
    }
    remote_user_list_read_claim(nodes, index, &claim);
    claim.more = claim.more || headers->has_more;
    claim.total = headers->total > claim.total ? headers->total : claim.total;
    claim.pages = headers->pages > claim.pages ? headers->pages : claim.pages;
    if (claim.total > look_up->total)
        look_up->total = claim.total;
    if (new_hits > 0) {
        look_up->offset += nodes[index].children;
        look_up->pages++;
    }
    if (new_hits > 0 && !look_up->stats.too_many)
        return LOOK_UP_MORE;
    return end_pages(look_up, claim.more || claim.pages > look_up->pages, email);
}

static bool count_user(struct look_up *look_up, const struct json_node *nodes)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN];
    const struct provider_fields *fields = look_up->provider->fields;
    const char *id = look_up->hits[look_up->hit_at].id;
    struct provider_user user;

    if (!look_up->provider->read_user(nodes, 0, look_up->job, &look_up->arena, &user) ||
        !slice_is(user.id, id))
        return false;
    if (user.external_id.len == 0) {
        look_up->stats.unnamed++;
    } else if (slice_equal(user.external_id, look_up->external_id)) {
        const struct record record = {.values = user.values};
        const struct match_digests digests = {
            .members = slice_make((const char *)members, fields->slot_count * FINGERPRINT_MEMBER_LEN),
            .email = slice_make((const char *)email, sizeof email)};
        fingerprint_members(look_up->fingerprint, &record, members);
        fingerprint_email(look_up->fingerprint, &record, email);
        if (match_user(fields, &look_up->journalled, &digests) >= MATCH_PART) {
            look_up->stats.ours++;
            look_up->user_id = id;
        } else {
            look_up->stats.differing++;
        }
    }
    return true;
}

enum look_up_step look_up_receive(struct look_up *look_up, const struct delivery *delivery)
{
    bool is_fetched = delivery->call.operation != OPERATION_FETCH || delivery->outcome.kind == OUTCOME_DONE;
    struct json_fault fault;
    size_t count;

    look_up->stats.not_fetched += !is_fetched;
    if (is_fetched) {
        const struct json_node *nodes =
            json_reader_parse(look_up->reader, buffer_slice(&look_up->body), &count, &fault);
        if (!nodes)
            return LOOK_UP_UNREADABLE;
        if (delivery->call.operation == OPERATION_LOOK_UP)
            return add_page(look_up, nodes, &delivery->list, delivery->call.record->values[FIELD_EMAIL].text);
        if (!count_user(look_up, nodes))
            return LOOK_UP_UNREADABLE;
    }
    return ++look_up->hit_at < look_up->hit_count ? LOOK_UP_MORE : LOOK_UP_ENDED;
}

enum settled look_up_decide(const struct look_up_counts *stats, const char **code)
{
    bool unclear =
        stats->differing + stats->unnamed + stats->not_fetched > 0 || stats->too_many || stats->incomplete;

    *code = "";
    if (stats->ours == 1 && stats->differing == 0 && !stats->too_many)
        return SETTLED_OURS;
    if (stats->ours == 0 && !unclear)
        return SETTLED_ABSENT;
    *code = stats->ours > 1 || stats->too_many ? "several_users"
            : stats->differing > 0             ? "user_differs"
            : stats->not_fetched > 0           ? "user_not_fetched"
            : stats->unnamed > 0               ? "user_unnamed"
                                               : "listing_incomplete";
    return SETTLED_UNCLEAR;
}

enum settled look_up_settle(const struct look_up *look_up, const char **user_id, const char **code)
{
    *user_id = look_up->user_id;
    return look_up_decide(&look_up->stats, code);
}
