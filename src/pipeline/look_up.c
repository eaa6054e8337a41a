#include "pipeline/look_up.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/json.h"
#include "core/memory.h"

enum { ARENA_CHUNK = 4096 };

struct look_up {
    const struct provider *provider;
    const struct job *job;
    struct fingerprint *fingerprint;
    struct arena arena;
    struct slice external_id, journalled;
    struct json_reader *reader;
    struct buffer body;
    const char *hits[LOOK_UP_HITS_MAX]; /* ids */
    size_t hit_count, hit_at;
    uint32_t offset;
    bool all_pages;
    struct look_up_counts counts;
    const char *user_id; /* of the first of ours */
};

struct look_up *look_up_new(const struct provider *provider, const struct job *job,
                            struct fingerprint *fingerprint, struct slice external_id,
                            struct slice journalled)
{
    struct look_up *look_up = memory_new(1, sizeof *look_up);

    look_up->provider = provider;
    look_up->job = job;
    look_up->fingerprint = fingerprint;
    arena_init(&look_up->arena, ARENA_CHUNK);
    look_up->external_id = arena_copy(&look_up->arena, external_id);
    look_up->journalled = arena_copy(&look_up->arena, journalled);
    look_up->reader = json_reader_new();
    buffer_init(&look_up->body, LOOK_UP_BODY_MAX);
    return look_up;
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

static bool take_bytes(void *context, struct slice bytes)
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
    delivery->sink = take_bytes;
    delivery->sink_context = look_up;
    if (look_up->all_pages) {
        delivery->call.operation = OPERATION_FETCH;
        delivery->call.user_id = look_up->hits[look_up->hit_at];
    } else {
        delivery->call.operation = OPERATION_LOOK_UP;
        delivery->call.offset = look_up->offset;
    }
}

static bool is_known_hit(const struct look_up *look_up, struct slice id)
{
    for (size_t i = 0; i < look_up->hit_count; i++)
        if (slice_is(id, look_up->hits[i]))
            return true;
    return false;
}

/* A page ends the look-up when it is empty, or says nothing new: then the provider has no pages. */
static enum look_up_step take_page(struct look_up *look_up, const struct json_node *nodes)
{
    size_t at, new_hits = 0;

    if (!look_up->provider->find_users(nodes, &at))
        return LOOK_UP_UNREADABLE;
    look_up->offset += nodes[at].children;
    for (size_t child = at + 1; child < nodes[at].end; child = nodes[child].end) {
        struct provider_user user;
        if (!look_up->provider->read_user(nodes, child, look_up->job, &look_up->arena, &user))
            return LOOK_UP_UNREADABLE;
        if (user.id.len >= OUTCOME_USER_ID_SIZE || look_up->hit_count == LOOK_UP_HITS_MAX)
            look_up->counts.too_many = true;
        else if (!is_known_hit(look_up, user.id))
            look_up->hits[look_up->hit_count++] = arena_copy(&look_up->arena, user.id).at, new_hits++;
    }
    look_up->all_pages = new_hits == 0 || look_up->counts.too_many;
    if (!look_up->all_pages)
        return LOOK_UP_MORE;
    return look_up->hit_count == 0 || look_up->counts.too_many ? LOOK_UP_ENDED : LOOK_UP_MORE;
}

static bool count_user(struct look_up *look_up, const struct json_node *nodes)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];
    const char *id = look_up->hits[look_up->hit_at];
    struct provider_user user;

    if (!look_up->provider->read_user(nodes, 0, look_up->job, &look_up->arena, &user) ||
        !slice_is(user.id, id))
        return false;
    if (user.external_id.len == 0) {
        look_up->counts.unnamed++;
    } else if (slice_equal(user.external_id, look_up->external_id)) {
        const struct record record = {.values = user.values};
        fingerprint_members(look_up->fingerprint, &record, members);
        if (match_user(look_up->provider->fields, look_up->journalled, members) == MATCH_ALL) {
            look_up->counts.ours++;
            look_up->user_id = id;
        } else {
            look_up->counts.differing++;
        }
    }
    return true;
}

enum look_up_step look_up_take(struct look_up *look_up, const struct delivery *delivery)
{
    bool is_gone = delivery->call.operation == OPERATION_FETCH && delivery->outcome.kind == OUTCOME_REFUSED;
    struct json_fault fault;
    size_t count;

    if (!is_gone) {
        const struct json_node *nodes =
            json_reader_parse(look_up->reader, buffer_slice(&look_up->body), &count, &fault);
        if (!nodes)
            return LOOK_UP_UNREADABLE;
        if (delivery->call.operation == OPERATION_LOOK_UP)
            return take_page(look_up, nodes);
        if (!count_user(look_up, nodes))
            return LOOK_UP_UNREADABLE;
    }
    return ++look_up->hit_at < look_up->hit_count ? LOOK_UP_MORE : LOOK_UP_ENDED;
}

enum settled look_up_decide(const struct look_up_counts *counts, const char **code)
{
    *code = "";
    if (counts->ours == 1 && counts->differing == 0 && !counts->too_many)
        return SETTLED_OURS;
    if (counts->ours + counts->differing + counts->unnamed == 0 && !counts->too_many)
        return SETTLED_ABSENT;
    *code = counts->ours > 1 || counts->too_many ? "several_users"
            : counts->differing > 0              ? "user_differs"
                                                 : "user_unnamed";
    return SETTLED_UNCLEAR;
}

enum settled look_up_settle(const struct look_up *look_up, const char **user_id, const char **code)
{
    *user_id = look_up->user_id;
    return look_up_decide(&look_up->counts, code);
}
