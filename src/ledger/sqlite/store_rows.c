/* store_rows: whole ledgers, row by row (ledger_transfer.h). */
#include <stdlib.h>

#include "core/memory.h"
#include "ledger/sqlite/store_sqlite.h"

struct store *store_sqlite_create_at(const char *path, struct error *error)
{
    struct store_sqlite *store = store_sqlite_new(path);

    store->is_made = true;
    if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL) !=
        SQLITE_OK)
        store_sqlite_fail(store, "opened", error);
    else if (store_sqlite_execute(store, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", "written",
                                  error) == 0 &&
             store_sqlite_create_tables(&store->store, error) == 0)
        return &store->store;
    store_sqlite_close(&store->store);
    return NULL;
}

int store_sqlite_put_row(struct store *base, const struct ledger_table *table,
                         const struct ledger_value *values, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    enum store_sql which = table == &ledger_customer_table ? STORE_SQL_CUSTOMER_NEW
                           : table == &ledger_event_table  ? STORE_SQL_EVENT_NEW
                           : table == &ledger_run_table    ? STORE_SQL_RUN_NEW
                                                           : STORE_SQL_TASK_NEW;
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, which, error);

    if (!statement)
        return -1;
    store_sqlite_bind_row(statement, table, values);
    return store_sqlite_write_row(store, statement, error);
}

int store_sqlite_each_meta(struct store *base,
                           void (*each)(void *context, struct slice key, struct slice value), void *context,
                           struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_METAS, error);
    int row = -1;

    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1) {
        char *key = memory_copy(store_sqlite_column(statement, 0));
        each(context, slice_from(key), store_sqlite_column(statement, 1));
        free(key);
    }
    return row;
}

int store_sqlite_each_reading(struct store *base,
                              void (*each)(void *context, int64_t customer, uint64_t at_ns), void *context,
                              struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_READINGS, error);
    int row = -1;

    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1)
        each(context, sqlite3_column_int64(statement, 0), (uint64_t)sqlite3_column_int64(statement, 1));
    return row;
}

int store_sqlite_each_nonce(struct store *base,
                            void (*each)(void *context, const char *key_id, uint64_t floor), void *context,
                            struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_NONCES, error);
    int row = -1;
    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1) {
        char *key_id = memory_copy(store_sqlite_column(statement, 0));
        each(context, key_id, (uint64_t)sqlite3_column_int64(statement, 1));
        free(key_id);
    }
    return row;
}
