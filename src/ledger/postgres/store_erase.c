/* store_erase: removes bodies of events, and every byte that no row has any more. */
#include <stdlib.h>
#include <string.h>

#include "core/failpoint.h"
#include "core/memory.h"
#include "ledger/ledger_store_rows.h"
#include "ledger/postgres/store_pass.h"
#include "ledger/postgres/store_postgres_ops.h"

enum { EVENTS_AT_A_TIME = 1000, FILES_CHUNK = 256 };

/* The events whose bodies are removed. */
struct choice {
    const int64_t *customers; /* sorted, as users */
    const struct slice *users;
    size_t count;
    int64_t *ids;
    size_t id_count, id_capacity;
};

/* The columns: id, customer, user_id. */
static bool choose_event(void *context, const struct slice *columns)
{
    struct choice *choice = context;
    int64_t customer = store_postgres_read_number(columns[1]);

    if (!ledger_store_rows_is_owned(choice->customers, choice->users, choice->count, customer, columns[2]))
        return true;
    if (choice->id_count == choice->id_capacity) {
        choice->id_capacity = choice->id_capacity ? 2 * choice->id_capacity : 64;
        choice->ids = memory_resize(choice->ids, choice->id_capacity, sizeof *choice->ids);
    }
    choice->ids[choice->id_count++] = store_postgres_read_number(columns[0]);
    return true;
}

/* Ids and digests of the bodies that some rows have. */
static void add_digests(const PGresult *rows, struct ledger_sealer *sealer, struct store_array *ids,
                        struct store_array *digests)
{
    store_postgres_array_begin(ids, LEDGER_NUMBER);
    store_postgres_array_begin(digests, LEDGER_BLOB);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct ledger_value values[LEDGER_EVENT_COLUMNS];
        uint8_t digest[DIGEST_SHA256_LEN];
        store_postgres_read_row(rows, i, 0, &ledger_event_table, values);
        if (!ledger_store_rows_has_body(values))
            continue;
        ledger_sealer_body(sealer, values, digest);
        store_postgres_array_number(ids, values[0].number);
        store_postgres_array_bytes(digests, slice_make((const char *)digest, sizeof digest));
    }
}

static const char removal_sql[] =
    "WITH w AS (UPDATE event SET user_id = NULL, digest = NULL, code = NULL, request_id = NULL,"
    " body_digest = v.body_digest FROM unnest($1::bigint[], $2::bytea[]) AS v(id, body_digest) "
    "WHERE event.id = v.id RETURNING 1) SELECT written(count(*), $3::bigint) FROM w";

static int remove_some(struct store_postgres *store, const int64_t *chosen, size_t count,
                       struct ledger_sealer *sealer, struct error *error)
{
    struct store_parameters parameters = {.count = 0}, removal = {.count = 0};
    struct store_array wanted = {.count = 0}, ids = {.count = 0}, digests = {.count = 0};
    int result = -1;

    store_postgres_array_begin(&wanted, LEDGER_NUMBER);
    for (size_t i = 0; i < count; i++)
        store_postgres_array_number(&wanted, chosen[i]);
    store_postgres_add_array(&parameters, &wanted);
    PGresult *rows = store_postgres_ask_text(store, "SELECT {event} FROM event WHERE id = ANY($1::bigint[])",
                                             &parameters, error);
    if (rows) {
        add_digests(rows, sealer, &ids, &digests);
        result = 0;
    }
    if (ids.count > 0) {
        store_postgres_add_array(&removal, &ids);
        store_postgres_add_array(&removal, &digests);
        store_postgres_add_number(&removal, ids.count);
        result = store_postgres_do_text(store, removal_sql, &removal, error);
    }
    PQclear(rows);
    store_postgres_array_clear(&wanted);
    store_postgres_array_clear(&ids);
    store_postgres_array_clear(&digests);
    return result;
}

int store_postgres_remove_bodies(struct store *base, int64_t *customers, struct slice *users, size_t count,
                                 struct ledger_sealer *sealer, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct choice choice = {.customers = customers, .users = users, .count = count};

    ledger_store_rows_sort_owners(customers, users, count);
    int result = store_postgres_open_transaction(store, error);
    if (result == 0)
        result = store_pass_copy(store, "SELECT id, customer, user_id FROM event WHERE body_digest IS NULL",
                                 choose_event, &choice, error);
    for (size_t i = 0; i < choice.id_count && result == 0; i += EVENTS_AT_A_TIME) {
        size_t rest = choice.id_count - i;
        result = remove_some(store, &choice.ids[i], rest < EVENTS_AT_A_TIME ? rest : EVENTS_AT_A_TIME, sealer,
                             error);
    }
    free(choice.ids);
    return result;
}

#define COMPACTED "customer, event, task, reading"

/* The numbers of the tables' files, as a text in the arena. 0, or -1. */
static int read_files(struct store_postgres *store, struct arena *arena, struct slice *files,
                      struct error *error)
{
    PGresult *rows = store_postgres_ask_text(
        store,
        "SELECT string_agg(pg_relation_filenode(name::regclass)::text, ' ' ORDER BY name) "
        "FROM unnest(string_to_array('" COMPACTED "', ', ')) AS t(name)",
        NULL, error);
    if (rows)
        *files = arena_copy(arena, store_postgres_bytes(rows, 0, 0));
    PQclear(rows);
    return rows ? 0 : -1;
}

/* Whether each table has another file: VACUUM passes over one that it may not write, with a remark. */
static int check_files(struct store_postgres *store, struct slice before, struct slice after,
                       struct error *error)
{
    struct slice old, new;
    while (slice_next_item(&before, SLICE_LITERAL(" "), &old) &&
           slice_next_item(&after, SLICE_LITERAL(" "), &new))
        if (slice_equal(old, new))
            return store_postgres_set_error(
                store, "compacted",
                "VACUUM (FULL) has left out a table, which this account does not own: its file still has what was removed",
                "let the account of the job own the tables (ALTER TABLE … OWNER TO), then run the same command again",
                error);
    return 0;
}

static int vacuum(struct store_postgres *store, struct arena *arena, struct error *error)
{
    struct slice before, after;
    return read_files(store, arena, &before, error) == 0 &&
                   store_postgres_do_text(store, "VACUUM (FULL, ANALYZE) " COMPACTED, NULL, error) == 0 &&
                   read_files(store, arena, &after, error) == 0
               ? check_files(store, before, after, error)
               : -1;
}

/* Writes new files without what no row has. What the server keeps of the former ones (its write-ahead log,
 * archives, backups, standbys) is its administrator's to remove. */
int store_postgres_compact(struct store *base, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct arena arena;

    store->failed = store->has_failed; /* outside of a transaction: a failure of the last one is over */
    store->main.is_slow = true;
    arena_init(&arena, FILES_CHUNK);
    int result = store_postgres_drop_draft(store, error) != 0 ? -1 : vacuum(store, &arena, error);
    arena_clear(&arena);
    store->main.is_slow = false;
    failpoint("ledger compacted");
    return result;
}
