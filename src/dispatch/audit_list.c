#include "dispatch/audit_list.h"

#include <stdlib.h>

#include "core/arena.h"
#include "core/hash_table.h"
#include "core/json.h"
#include "core/json_split.h"
#include "core/memory.h"
#include "dispatch/listing.h"
#include "provider/remote_user.h"

enum {
    KNOWN = 1,
    UNKNOWN_MAX = 10000, /* reported by name; all are counted */
    ARENA_CHUNK = 16 * 1024,
};

struct audit_list {
    const struct audit_parts *parts;
    struct hash_table *users; /* value: KNOWN to the ledger; mark: the pass in which it was seen */
    uint32_t pass;
    size_t bytes;
    struct json_split split;
    struct json_reader *reader;
    struct arena arena; /* the unknown ones, of this pass */
    struct slice *unknown;
    uint64_t unknown_count, unreadable, element_count;
};

static void mark_known(void *context, struct slice user_id)
{
    struct audit_list *list = context;

    hash_table_ensure(list->users, hash_table_hash(user_id))->value = KNOWN;
}

static bool add_listed_user(void *context, struct slice element)
{
    struct audit_list *list = context;
    struct slice id, external_id;
    struct json_fault fault;
    size_t count;

    list->element_count++;
    const struct json_node *nodes = json_reader_parse(list->reader, element, &count, &fault);

    if (!nodes)
        return false;
    if (!remote_user_identity(list->parts->provider->fields, nodes, &id, &external_id)) {
        list->unreadable++;
        return true;
    }
    struct hash_table_entry *entry = hash_table_ensure(list->users, hash_table_hash(id));
    if (entry->value != KNOWN && entry->mark != list->pass && list->unknown_count++ < UNKNOWN_MAX)
        list->unknown[list->unknown_count - 1] = arena_copy(&list->arena, id);
    entry->mark = list->pass;
    return true;
}

struct audit_list *audit_list_new(const struct audit_parts *parts, struct error *error)
{
    struct audit_list *list = memory_new(1, sizeof *list);

    list->parts = parts;
    list->users = hash_table_new();
    list->reader = json_reader_new();
    list->unknown = memory_new(UNKNOWN_MAX, sizeof *list->unknown);
    arena_init(&list->arena, ARENA_CHUNK);
    json_split_init(&list->split, "users", LISTING_USER_MAX, add_listed_user, list);
    if (ledger_each_user(parts->ledger, mark_known, list, error) == 0)
        return list;
    audit_list_free(list);
    return NULL;
}

void audit_list_free(struct audit_list *list)
{
    if (!list)
        return;
    hash_table_free(list->users);
    json_reader_free(list->reader);
    json_split_clear(&list->split);
    arena_clear(&list->arena);
    free(list->unknown);
    free(list);
}

bool audit_list_add_bytes(void *context, struct slice bytes)
{
    struct audit_list *list = context;

    if (bytes.len == 0) { /* from the beginning, perhaps again */
        json_split_reset(&list->split);
        arena_reset(&list->arena);
        list->pass++;
        list->bytes = 0;
        list->unknown_count = list->unreadable = list->element_count = 0;
        return true;
    }
    list->bytes += bytes.len;
    return list->bytes <= list->parts->job->provider.list_max && json_split_add(&list->split, bytes);
}

bool audit_list_is_whole(const struct audit_list *list)
{
    return json_split_is_complete(&list->split);
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

int audit_list_report(struct audit_list *list, const struct audit_parts *parts, struct audit_counts *stats,
                      const struct response_list *headers, struct error *error)
{
    struct ledger_customer customer;
    struct arena arena;
    int64_t last = 0;
    int found;
    bool has_all = listing_has_all(&list->split, list->reader, parts->provider, list->element_count, headers);

    arena_init(&arena, ARENA_CHUNK);
    while ((found = ledger_next_user(parts->ledger, last, &arena, &customer, error)) == 1) {
        last = customer.id;
        stats->asked++;
        if (hash_table_ensure(list->users, hash_table_hash(customer.user_id))->mark == list->pass) {
            stats->present++;
            stats->not_named++;
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
    stats->findings[AUDIT_UNCLEAR] += list->unreadable;
    return found < 0 ? -1 : 0;
}
