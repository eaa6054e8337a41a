#include "dispatch/user_stream.h"

#include <stdlib.h>

#include "core/arena.h"
#include "core/hash_table.h"
#include "core/json.h"
#include "core/json_split.h"
#include "core/memory.h"
#include "model/job_setting.h"
#include "provider/remote_user.h"

enum { ARENA_CHUNK = 64 * 1024, KNOWN = 1 };

struct user_stream {
    const struct job *job;
    const struct provider *provider;
    struct user_stream_handler handler;
    struct json_reader *reader;
    struct json_split split;
    struct arena arena;       /* of the user at hand */
    struct hash_table *users; /* of the ledger; mark: the pass in which a listing had it */
    uint64_t known_count;     /* of these */
    /* Of this pass. */
    uint32_t pass;
    size_t bytes;
    uint64_t user_count, seen_count, unreadable; /* seen: of the ledger's */
};

static void begin_pass(struct user_stream *stream)
{
    json_split_reset(&stream->split);
    stream->pass++;
    stream->bytes = 0;
    stream->user_count = stream->seen_count = stream->unreadable = 0;
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
    struct hash_table_entry *entry = hash_table_find(stream->users, hash_table_hash(user.id));
    if (entry && entry->mark != stream->pass) {
        entry->mark = stream->pass;
        stream->seen_count++;
    }
    stream->handler.add(stream->handler.context, &user, nodes, entry != NULL);
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
    stream->users = hash_table_new();
    return stream;
}

void user_stream_free(struct user_stream *stream)
{
    if (!stream)
        return;
    hash_table_free(stream->users);
    arena_clear(&stream->arena);
    json_split_clear(&stream->split);
    json_reader_free(stream->reader);
    free(stream);
}

static void mark_known(void *context, struct slice user_id)
{
    struct user_stream *stream = context;
    struct hash_table_entry *entry = hash_table_ensure(stream->users, hash_table_hash(user_id));

    stream->known_count += entry->value != KNOWN;
    entry->value = KNOWN;
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
    delivery->sink = add_bytes;
    delivery->sink_context = stream;
}

bool user_stream_is_whole(const struct user_stream *stream)
{
    return json_split_is_complete(&stream->split);
}

bool user_stream_has_all(struct user_stream *stream, const struct delivery *delivery)
{
    const struct response_list *headers = &delivery->list;
    struct remote_user_list_claim claim;
    struct json_fault fault;
    struct slice around;
    size_t node_count, index;

    if (headers->has_more || headers->total > stream->user_count || headers->pages > 1 ||
        !json_split_around(&stream->split, &around))
        return false;
    const struct json_node *nodes = json_reader_parse(stream->reader, around, &node_count, &fault);
    if (!nodes || !stream->provider->find_users(nodes, &index))
        return false;
    remote_user_list_read_claim(nodes, index, &claim);
    return !claim.more && claim.total <= stream->user_count && claim.pages <= 1;
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
