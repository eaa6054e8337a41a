#include "dispatch/audit_list.h"

#include <stdlib.h>

#include "core/arena.h"
#include "core/hash_table.h"
#include "core/memory.h"
#include "dispatch/refresh_record.h"
#include "dispatch/user_stream.h"

enum {
    UNKNOWN_MAX = 10000, /* reported by name; all are counted */
    ARENA_CHUNK = 16 * 1024,
    SEEN = 1,
};

struct audit_list {
    const struct audit_parts *parts;
    struct user_stream *stream;
    /* Users that the ledger does not have, of this listing: */
    struct hash_table *seen;
    struct hash_table *states; /* of the ledger's users: their verification */
    struct arena arena;
    struct slice *unknown;
    uint64_t unknown_count;
};

static void begin_listing(void *context)
{
    struct audit_list *list = context;

    hash_table_free(list->seen);
    list->seen = hash_table_new();
    hash_table_free(list->states);
    list->states = hash_table_new();
    arena_reset(&list->arena);
    list->unknown_count = 0;
}

/* In the value of its entry, from 1. */
static void note_state(struct audit_list *list, struct slice user_id, const struct json_node *nodes)
{
    struct refresh_answer answer;
    struct arena arena;

    arena_init(&arena, ARENA_CHUNK);
    if (refresh_record_read(list->parts->provider, list->parts->job, nodes, &arena, &answer))
        hash_table_ensure(list->states, hash_table_hash(user_id))->value = answer.state + 1u;
    arena_clear(&arena);
}

static void add_user(void *context, const struct provider_user *user, const struct json_node *nodes,
                     bool is_known)
{
    struct audit_list *list = context;

    if (is_known) {
        note_state(list, user->id, nodes);
        return;
    }
    struct hash_table_entry *entry = hash_table_ensure(list->seen, hash_table_hash(user->id));
    if (entry->value != SEEN && list->unknown_count++ < UNKNOWN_MAX)
        list->unknown[list->unknown_count - 1] = arena_copy(&list->arena, user->id);
    entry->value = SEEN;
}

struct audit_list *audit_list_new(const struct audit_parts *parts, struct error *error)
{
    struct audit_list *list = memory_new(1, sizeof *list);
    const struct user_stream_handler handler = {.begin = begin_listing, .add = add_user, .context = list};

    list->parts = parts;
    list->unknown = memory_new(UNKNOWN_MAX, sizeof *list->unknown);
    arena_init(&list->arena, ARENA_CHUNK);
    list->stream = user_stream_new(parts->job, parts->provider, &handler);
    if (user_stream_prepare(list->stream, parts->ledger, error) == 0)
        return list;
    audit_list_free(list);
    return NULL;
}

void audit_list_free(struct audit_list *list)
{
    if (!list)
        return;
    user_stream_free(list->stream);
    hash_table_free(list->seen);
    hash_table_free(list->states);
    arena_clear(&list->arena);
    free(list->unknown);
    free(list);
}

void audit_list_attach(struct audit_list *list, struct delivery *delivery)
{
    user_stream_attach(list->stream, delivery);
}

bool audit_list_is_whole(const struct audit_list *list)
{
    return user_stream_is_whole(list->stream);
}

/* An incomplete list does not prove that a user is missing. */
static void report_missing(const struct audit_parts *parts, struct audit_counts *stats, bool has_all,
                           const struct ledger_customer *customer)
{
    const struct audit_finding finding = {.kind = has_all ? AUDIT_MISSING : AUDIT_UNCLEAR,
                                          .external_id = customer->external_id,
                                          .user_id = customer->user_id,
                                          .detail = slice_from(has_all ? "" : "listing_incomplete")};

    stats->findings[finding.kind]++;
    parts->each(parts->context, &finding);
}

static void compare_state(struct audit_list *list, const struct ledger_customer *customer,
                          struct audit_counts *stats)
{
    const struct hash_table_entry *entry = hash_table_find(list->states, hash_table_hash(customer->user_id));

    if (!entry)
        return;
    stats->states[entry->value - 1]++;
    stats->stale += entry->value - 1 != refresh_record_state(customer);
}

int audit_list_report(struct audit_list *list, const struct delivery *delivery, struct audit_counts *stats,
                      struct error *error)
{
    const struct audit_parts *parts = list->parts;
    struct ledger_customer customer;
    struct arena arena;
    int64_t last = 0;
    int found;
    bool has_all = user_stream_has_all(list->stream, delivery);

    arena_init(&arena, ARENA_CHUNK);
    while ((found = ledger_next_user(parts->ledger, last, &arena, &customer, error)) == 1) {
        last = customer.id;
        stats->asked++;
        if (user_stream_has(list->stream, customer.user_id)) {
            stats->present++;
            stats->not_named++;
            compare_state(list, &customer, stats);
        } else {
            report_missing(parts, stats, has_all, &customer);
        }
        arena_reset(&arena);
    }
    arena_clear(&arena);
    stats->findings[AUDIT_UNKNOWN] = list->unknown_count;
    for (uint64_t i = 0; i < list->unknown_count && i < UNKNOWN_MAX; i++)
        parts->each(parts->context,
                    &(struct audit_finding){.kind = AUDIT_UNKNOWN, .user_id = list->unknown[i]});
    stats->findings[AUDIT_UNCLEAR] += user_stream_unreadable(list->stream);
    return found < 0 ? -1 : 0;
}
