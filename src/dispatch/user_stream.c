#include "dispatch/user_stream.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/hash_table.h"
#include "core/json.h"
#include "core/json_split.h"
#include "core/memory.h"
#include "model/job_setting.h"
#include "provider/remote_user.h"

enum { ARENA_CHUNK = 64 * 1024, KNOWN = 1, DELETED = 2 };

struct user_stream {
    const struct job *job;
    const struct provider *provider;
    struct user_stream_handler handler;
    struct json_reader *reader;
    struct json_split split;
    struct arena arena;       /* of the user at hand */
    struct hash_table *users; /* of the ledger; mark: the pass in which a listing had it */
    uint64_t known_count;     /* of these, those that the provider has not deleted */
    /* Of this pass. */
    uint32_t pass;
    size_t bytes;
    uint64_t user_count, seen_count, unreadable; /* seen: of known_count */
    /* Of a listing by pages: */
    struct buffer body;     /* of the page */
    uint64_t offset;        /* of the page */
    bool was_read, is_good; /* the page, and it has a list of users */
    uint64_t last_hash;     /* of the id of its last user, 0: none */
    uint64_t prior_hash;    /* of the last user of the page before, 0: it is the first page */
    uint64_t page_count, page_unreadable, fresh_count; /* fresh: of its users, those behind that one */
    uint64_t shifted_count;                            /* users that came in front of it, on all pages */
    bool has_gap;      /* a page did not have that one: users may have been passed over */
    bool is_tentative; /* nothing announced the page, nor that the one before was the last */
};

static void begin_pass(struct user_stream *stream)
{
    json_split_reset(&stream->split);
    stream->pass++;
    stream->bytes = 0;
    stream->user_count = stream->seen_count = stream->unreadable = 0;
    stream->offset = stream->prior_hash = stream->shifted_count = 0;
    stream->was_read = stream->has_gap = stream->is_tentative = false;
    buffer_reset(&stream->body);
}

/* Marks a user of the ledger, and shows it. */
static void show_user(struct user_stream *stream, const struct json_node *nodes,
                      const struct provider_user *user)
{
    struct hash_table_entry *entry = hash_table_find(stream->users, hash_table_hash(user->id));

    if (entry && entry->mark != stream->pass) {
        entry->mark = stream->pass;
        stream->seen_count += entry->value == KNOWN;
    }
    stream->handler.add(stream->handler.context, user, nodes, entry != NULL);
}

static bool add_user(void *context, struct slice element)
{
    struct user_stream *stream = context;
    struct provider_user user;
    struct json_fault fault;
    size_t count;

    stream->user_count++;
    arena_reset(&stream->arena);
    const struct json_node *nodes = json_reader_parse(stream->reader, element, &count, &fault);
    if (!nodes)
        return false;
    if (!stream->provider->read_user(nodes, 0, stream->job, &stream->arena, &user)) {
        stream->unreadable++;
        return true;
    }
    show_user(stream, nodes, &user);
    return true;
}

static bool add_bytes(void *context, struct slice bytes)
{
    struct user_stream *stream = context;

    if (bytes.len == 0) { /* from the beginning, perhaps again */
        begin_pass(stream);
        stream->handler.begin(stream->handler.context);
        return true;
    }
    stream->bytes += bytes.len;
    return stream->bytes <= job_setting_number(&stream->job->provider, SETTING_LIST_MAX) &&
           json_split_add(&stream->split, bytes);
}

static bool add_page_bytes(void *context, struct slice bytes)
{
    struct user_stream *stream = context;

    if (bytes.len == 0) { /* from the beginning, perhaps again */
        buffer_reset(&stream->body);
        stream->was_read = false;
        return true;
    }
    buffer_append(&stream->body, bytes);
    return !stream->body.overflowed;
}

/* The subtree nodes[index] as a text of its own. */
static const struct json_node *copy_subtree(const struct json_node *nodes, size_t index, struct arena *arena)
{
    size_t count = nodes[index].end - index;
    struct json_node *copy = arena_alloc(arena, count * sizeof *copy);

    memcpy(copy, nodes + index, count * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i].end -= (uint32_t)index;
    return copy;
}

static void add_page_user(struct user_stream *stream, const struct json_node *page, size_t index)
{
    struct provider_user user;

    arena_reset(&stream->arena);
    const struct json_node *nodes = copy_subtree(page, index, &stream->arena);
    stream->page_count++;
    stream->last_hash = 0;
    if (!stream->provider->read_user(nodes, 0, stream->job, &stream->arena, &user)) {
        stream->page_unreadable++;
        stream->fresh_count++;
        return;
    }
    stream->last_hash = hash_table_hash(user.id);
    if (stream->prior_hash != 0 && stream->last_hash == stream->prior_hash)
        stream->fresh_count = 0;
    else
        stream->fresh_count++;
    show_user(stream, nodes, &user);
}

/* Its users are shown; one attempt reads a page once. */
static void read_page(struct user_stream *stream)
{
    struct json_fault fault;
    size_t count, list;
    const struct json_node *nodes =
        json_reader_parse(stream->reader, buffer_slice(&stream->body), &count, &fault);

    stream->was_read = true;
    stream->page_count = stream->page_unreadable = stream->fresh_count = 0;
    stream->is_good = nodes && stream->provider->find_users(nodes, &list);
    if (!stream->is_good)
        return;
    if (stream->offset == 0)
        stream->handler.begin(stream->handler.context);
    for (size_t i = list + 1; i < nodes[list].end; i = nodes[i].end)
        add_page_user(stream, nodes, i);
}

static bool has_pages(const struct user_stream *stream)
{
    return stream->provider->list_page > 0;
}

struct user_stream *user_stream_new(const struct job *job, const struct provider *provider,
                                    const struct user_stream_handler *handler)
{
    struct user_stream *stream = memory_new(1, sizeof *stream);

    stream->job = job;
    stream->provider = provider;
    stream->handler = *handler;
    stream->reader = json_reader_new();
    json_split_init(&stream->split, "users", USER_STREAM_USER_MAX, add_user, stream);
    arena_init(&stream->arena, ARENA_CHUNK);
    buffer_init(&stream->body, USER_STREAM_PAGE_MAX);
    stream->users = hash_table_new();
    return stream;
}

void user_stream_free(struct user_stream *stream)
{
    if (!stream)
        return;
    hash_table_free(stream->users);
    arena_clear(&stream->arena);
    buffer_clear(&stream->body);
    json_split_clear(&stream->split);
    json_reader_free(stream->reader);
    free(stream);
}

static void mark_known(void *context, struct slice user_id, bool is_deleted)
{
    struct user_stream *stream = context;
    struct hash_table_entry *entry = hash_table_ensure(stream->users, hash_table_hash(user_id));

    stream->known_count += !is_deleted && entry->value != KNOWN;
    if (entry->value != KNOWN)
        entry->value = is_deleted ? DELETED : KNOWN;
}

int user_stream_prepare(struct user_stream *stream, struct ledger *ledger, struct error *error)
{
    hash_table_free(stream->users);
    stream->users = hash_table_new();
    stream->known_count = 0;
    begin_pass(stream); /* nothing of an earlier listing is valid */
    return ledger_each_user(ledger, mark_known, stream, error);
}

void user_stream_attach(struct user_stream *stream, struct delivery *delivery)
{
    delivery->call.operation = OPERATION_LIST;
    delivery->call.offset = (uint32_t)stream->offset;
    delivery->sink = has_pages(stream) ? add_page_bytes : add_bytes;
    delivery->sink_context = stream;
}

bool user_stream_is_whole(struct user_stream *stream)
{
    if (!has_pages(stream))
        return json_split_is_complete(&stream->split);
    if (!stream->was_read)
        read_page(stream);
    return stream->is_good;
}

/* What headers and members of the reply state about the list in it. False: it has none. */
static bool read_claim(struct user_stream *stream, const struct delivery *delivery,
                       struct remote_user_list_claim *claim)
{
    const struct response_list *headers = &delivery->list;
    struct slice around = buffer_slice(&stream->body);
    struct json_fault fault;
    size_t node_count, index;

    if (!has_pages(stream) && !json_split_around(&stream->split, &around))
        return false;
    const struct json_node *nodes = json_reader_parse(stream->reader, around, &node_count, &fault);
    if (!nodes || !stream->provider->find_users(nodes, &index))
        return false;
    remote_user_list_read_claim(nodes, index, claim);
    claim->more = claim->more || headers->has_more;
    claim->total = headers->total > claim->total ? headers->total : claim->total;
    claim->pages = headers->pages > claim->pages ? headers->pages : claim->pages;
    return true;
}

bool user_stream_next_page(struct user_stream *stream, const struct delivery *delivery)
{
    struct remote_user_list_claim claim = {.more = false};
    bool is_first = stream->offset == 0;

    if (!has_pages(stream))
        return false;
    bool is_readable = read_claim(stream, delivery, &claim);
    bool was_found = stream->fresh_count < stream->page_count;
    stream->user_count += stream->fresh_count;
    stream->unreadable += stream->page_unreadable;
    if (!is_first && was_found)
        stream->shifted_count += stream->page_count - stream->fresh_count - 1;
    bool is_end = stream->is_tentative && stream->page_count == 0;
    stream->has_gap = stream->has_gap || !is_readable || (!is_first && !was_found && !is_end);
    bool is_full = stream->page_count >= stream->provider->list_page;
    bool has_more = is_full || claim.more || claim.total > stream->user_count + stream->shifted_count;
    /* A page may be short because the provider gives fewer users than were asked for. */
    stream->is_tentative = !has_more && claim.total == 0;
    if ((has_more || stream->is_tentative) && stream->fresh_count > 0 &&
        stream->offset + stream->page_count <= UINT32_MAX) {
        stream->offset += stream->page_count - 1;
        stream->prior_hash = stream->last_hash;
        return true;
    }
    stream->has_gap = stream->has_gap || has_more;
    return false;
}

bool user_stream_has_all(struct user_stream *stream, const struct delivery *delivery)
{
    struct remote_user_list_claim claim;

    if (has_pages(stream))
        return !stream->has_gap;
    return read_claim(stream, delivery, &claim) && !claim.more && claim.total <= stream->user_count &&
           claim.pages <= 1;
}

bool user_stream_is_certain(struct user_stream *stream, const struct delivery *delivery)
{
    return user_stream_is_whole(stream) && stream->unreadable == 0 &&
           stream->seen_count == stream->known_count && user_stream_has_all(stream, delivery);
}

bool user_stream_has(const struct user_stream *stream, struct slice user_id)
{
    const struct hash_table_entry *entry = hash_table_find(stream->users, hash_table_hash(user_id));

    return entry && entry->mark == stream->pass;
}

uint64_t user_stream_unreadable(const struct user_stream *stream)
{
    return stream->unreadable;
}
