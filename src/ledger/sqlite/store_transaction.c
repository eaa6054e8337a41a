#include "core/failpoint.h"
#include "ledger/sqlite/store_sqlite.h"

int store_sqlite_begin(struct store *base, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    /* Roll back what was not committed. */
    if (!sqlite3_get_autocommit(store->db) && store_sqlite_execute(store, "ROLLBACK", "written", error))
        return -1;
    store->failed = false;
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_BEGIN, error);
    return statement ? store_sqlite_write(store, statement, error) : -1;
}

int store_sqlite_commit(struct store *base, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_COMMIT, error);
    failpoint("transaction written");
    if (!statement || store_sqlite_checkpoint_failed(store, error) ||
        store_sqlite_write(store, statement, error))
        return -1;
    failpoint("committed");
    store_sqlite_checkpoint(store);
    return 0;
}

int store_sqlite_begin_read(struct store *base, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    return store_sqlite_execute(store, "PRAGMA temp_store = FILE; BEGIN", "read", error);
}

int store_sqlite_end_read(struct store *base, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    return store_sqlite_execute(store, "COMMIT", "read", error);
}
