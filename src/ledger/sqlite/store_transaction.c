#include "core/failpoint.h"
#include "ledger/sqlite/store_sqlite.h"

int store_begin(struct store *store, struct error *error)
{
    /* Roll back what was not committed. */
    if (!sqlite3_get_autocommit(store->db) && store_execute(store, "ROLLBACK", "written", error))
        return -1;
    store->failed = false;
    sqlite3_stmt *statement = store_prepare(store, STORE_SQL_BEGIN, error);
    return statement ? store_write(store, statement, error) : -1;
}

int store_commit(struct store *store, struct error *error)
{
    sqlite3_stmt *statement = store_prepare_write(store, STORE_SQL_COMMIT, error);
    failpoint("transaction written");
    if (!statement || store_checkpoint_failed(store, error) || store_write(store, statement, error))
        return -1;
    failpoint("committed");
    store_checkpoint(store);
    return 0;
}

int store_begin_read(struct store *store, struct error *error)
{
    return store_execute(store, "PRAGMA temp_store = FILE; BEGIN", "read", error);
}

int store_end_read(struct store *store, struct error *error)
{
    return store_execute(store, "COMMIT", "read", error);
}
