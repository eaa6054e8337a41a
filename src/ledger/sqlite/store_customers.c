#include <assert.h>

#include "ledger/sqlite/store_sqlite.h"

int store_sqlite_read_customers(struct store *base, const int64_t *ids, size_t count, struct arena *arena,
                                struct ledger_customer *rows, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_CUSTOMER, error);
    if (!statement)
        return -1;
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_int64(statement, 1, ids[i]);
        int row = store_sqlite_next_row(store, statement, error);
        if (row < 0 || (row == 1 && store_sqlite_read_customer(store, statement, arena, &rows[i], error)))
            return -1;
        if (row == 0)
            rows[i] = (struct ledger_customer){.id = 0};
        else
            sqlite3_reset(statement);
    }
    return 0;
}

/* *id: that of a statement's first row, which is bound and is then released; 0: none. */
static int find_id(struct store_sqlite *store, sqlite3_stmt *statement, int64_t *id, struct error *error)
{
    int row = store_sqlite_next_row(store, statement, error);
    *id = 0;
    if (row == 1) {
        *id = sqlite3_column_int64(statement, 0);
        store_sqlite_release(statement);
    }
    return row < 0 ? -1 : 0;
}

int store_sqlite_find_key(struct store *base, struct slice external_id, int64_t *id, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_FIND_KEY, error);
    if (!statement)
        return -1;
    store_sqlite_bind_text(statement, 1, external_id);
    return find_id(store, statement, id, error);
}

int store_sqlite_find_owners(struct store *base, const struct slice *user_ids, size_t count, int64_t *owners,
                             struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_FIND_USER, error);
    if (!statement)
        return -1;
    for (size_t i = 0; i < count; i++) {
        store_sqlite_bind_text(statement, 1, user_ids[i]);
        if (find_id(store, statement, &owners[i], error))
            return -1;
    }
    return 0;
}

int store_sqlite_last_customer(struct store *base, int64_t *id, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_LAST_CUSTOMER, error);
    return statement ? find_id(store, statement, id, error) : -1;
}

int store_sqlite_last_named_customer(struct store *base, int64_t *id, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_LAST_EVENTS, error);
    int row = -1;
    *id = 0;
    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1) {
        int64_t customer = sqlite3_column_int64(statement, 0);
        int64_t named = customer == 0 ? sqlite3_column_int64(statement, 1) : customer;
        if (named > *id)
            *id = named;
        if (customer == 0) {
            store_sqlite_release(statement);
            return 0;
        }
    }
    return row;
}

static int write_customer(struct store_sqlite *store, enum store_sql which, const struct ledger_value *values,
                          struct error *error)
{
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, which, error);
    if (!statement)
        return -1;
    store_sqlite_bind_row(statement, &ledger_customer_table, values);
    return store_sqlite_write_row(store, statement, error);
}

int store_sqlite_insert_customer(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    return write_customer(store, STORE_SQL_CUSTOMER_NEW, values, error);
}

static bool differs(struct slice before, const struct ledger_value *values, const char *column)
{
    return !slice_equal(before, values[store_sqlite_customer_column(column)].bytes);
}

int store_sqlite_update_customer(struct store *base, const struct ledger_customer *before,
                                 const struct ledger_value *values, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    bool sets_user = differs(before->user_id, values, "user_id");
    enum store_sql which = sets_user ? STORE_SQL_CUSTOMER_SET_USER : STORE_SQL_CUSTOMER_SET;

    assert(before->id == values[0].number && "a row in place of itself");
    if (write_customer(store, which, values, error))
        return -1;
    return differs(before->external_id, values, "external_id")
               ? write_customer(store, STORE_SQL_CUSTOMER_SET_KEY, values, error)
               : 0;
}
