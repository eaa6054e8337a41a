/* store_erase: removes bodies of events, and every byte that no row has any more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/failpoint.h"
#include "core/file.h"
#include "core/memory.h"
#include "ledger/ledger_store_rows.h"
#include "ledger/sqlite/store_sqlite.h"

/* The events whose bodies are removed. */
struct chosen {
    int64_t *ids;
    size_t count, capacity;
};

static void choose(struct chosen *chosen, int64_t id)
{
    if (chosen->count == chosen->capacity) {
        chosen->capacity = chosen->capacity ? 2 * chosen->capacity : 64;
        chosen->ids = memory_resize(chosen->ids, chosen->capacity, sizeof *chosen->ids);
    }
    chosen->ids[chosen->count++] = id;
}

/* They are gathered before the first is written: a pass must not see its own writes. */
static int choose_events(struct store_sqlite *store, const int64_t *customers, const struct slice *users,
                         size_t count, struct chosen *chosen, struct error *error)
{
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_EVENT_OWNERS, error);
    int row = -1;
    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1) {
        int64_t customer = sqlite3_column_int64(statement, 1);
        struct slice user = store_sqlite_column(statement, 2);
        if (ledger_store_rows_is_owned(customers, users, count, customer, user))
            choose(chosen, sqlite3_column_int64(statement, 0));
    }
    return row;
}

static int remove_body(struct store_sqlite *store, int64_t id, struct ledger_sealer *sealer,
                       struct error *error)
{
    struct ledger_value values[LEDGER_EVENT_COLUMNS];
    uint8_t digest[DIGEST_SHA256_LEN];
    sqlite3_stmt *event = store_sqlite_prepare_write(store, STORE_SQL_EVENT, error);
    if (!event)
        return -1;
    sqlite3_bind_int64(event, 1, id);
    int row = store_sqlite_next_row(store, event, error);
    if (row != 1)
        return row;
    store_sqlite_read_row(event, &ledger_event_table, values);
    bool has_body = ledger_store_rows_has_body(values);
    ledger_sealer_body(sealer, values, digest);
    store_sqlite_release(event);
    if (!has_body)
        return 0;
    sqlite3_stmt *blank = store_sqlite_prepare_write(store, STORE_SQL_EVENT_BLANK, error);
    if (!blank)
        return -1;
    sqlite3_bind_int64(blank, 1, id);
    store_sqlite_bind_blob(blank, 2, slice_make((const char *)digest, sizeof digest));
    return store_sqlite_write_row(store, blank, error);
}

int store_sqlite_remove_bodies(struct store *base, int64_t *customers, struct slice *users, size_t count,
                               struct ledger_sealer *sealer, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct chosen chosen = {.count = 0};
    ledger_store_rows_sort_owners(customers, users, count);
    int result = choose_events(store, customers, users, count, &chosen, error);
    for (size_t i = 0; i < chosen.count && result == 0; i++)
        result = remove_body(store, chosen.ids[i], sealer, error);
    free(chosen.ids);
    return result;
}

int store_sqlite_each_erased(struct store *base, void (*each)(void *context, struct slice erased_key),
                             void *context, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_ERASED, error);
    int row = -1;
    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1)
        each(context, store_sqlite_column(statement, 0));
    return row;
}

/* The log is emptied only when no other process reads from it. */
static int empty_log(struct store_sqlite *store, struct error *error)
{
    int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (code == SQLITE_OK)
        return 0;
    if ((code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
        return store_sqlite_fail(store, "written", error);
    return error_set(
        error, ERROR_BUSY,
        "the ledger %s: another program reads it, so what was erased is still in its log %s-wal\nhint: end that program (a status, a backup, a sqlite3 shell), then repeat this command",
        store->path, store->path);
}

/* VACUUM writes a new file into the log; copying that into the file overwrites all that was in it. Its
 * temporary file may be as large as the ledger. */
int store_sqlite_compact(struct store *base, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    store->failed = false;
    /* Of a restore that was killed; one that runs would have the lease. */
    if (file_draft_sweep_of(store->path, NULL, NULL) != 0)
        return error_set(
            error, ERROR_LEDGER,
            "%s.tmp-…: a restore that was killed has left a copy of the ledger, which still has what was erased, and it cannot be removed: %s\nhint: remove it, or repeat this command as its owner",
            store->path, strerror(errno));
    if (empty_log(store, error) != 0 ||
        store_sqlite_execute(store, "PRAGMA temp_store = FILE; PRAGMA secure_delete = ON; VACUUM", "written",
                             error) != 0)
        return -1;
    failpoint("ledger compacted");
    return empty_log(store, error);
}
