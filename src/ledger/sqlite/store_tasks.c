#include "ledger/sqlite/store_sqlite.h"

enum { ARENA_CHUNK = 1024 };

/* The row of a statement that is bound: 1, 0, -1; it is released. */
static int read_one(struct store_sqlite *store, sqlite3_stmt *statement, struct arena *arena,
                    struct ledger_task *task, struct error *error)
{
    int row = store_sqlite_next_row(store, statement, error);
    if (row != 1)
        return row;
    if (store_sqlite_read_task_row(store, statement, arena, task, error) != 0)
        return -1;
    store_sqlite_release(statement);
    return 1;
}

int store_sqlite_read_task(struct store *base, int64_t id, struct arena *arena, struct ledger_task *task,
                           struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_TASK, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, id);
    return read_one(store, statement, arena, task, error);
}

int store_sqlite_find_task(struct store *base, int64_t customer, enum ledger_task_kind kind,
                           struct slice slot, struct arena *arena, struct ledger_task *task,
                           struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_FIND_TASK, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, customer);
    store_sqlite_bind_text(statement, 2, slice_from(ledger_task_kind_word(kind)));
    /* An empty slot is stored as text: the column is NOT NULL. */
    sqlite3_bind_text64(statement, 3, slot.len > 0 ? slot.data : "", slot.len, SQLITE_STATIC, SQLITE_UTF8);
    return read_one(store, statement, arena, task, error);
}

int store_sqlite_next_task_of(struct store *base, int64_t customer, int64_t after, struct arena *arena,
                              struct ledger_task *task, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_TASKS_OF, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, customer);
    sqlite3_bind_int64(statement, 2, after);
    return read_one(store, statement, arena, task, error);
}

int store_sqlite_last_task(struct store *base, int64_t *id, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_LAST_TASK, error);
    int row = statement ? store_sqlite_next_row(store, statement, error) : -1;
    *id = 0;
    if (row != 1)
        return row;
    *id = sqlite3_column_int64(statement, 0);
    store_sqlite_release(statement);
    return 0;
}

static int write_task(struct store_sqlite *store, enum store_sql which, const struct ledger_value *values,
                      struct error *error)
{
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, which, error);
    if (!statement)
        return -1;
    store_sqlite_bind_row(statement, &ledger_task_table, values);
    return store_sqlite_write_row(store, statement, error);
}

int store_sqlite_insert_task(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    return write_task(store, STORE_SQL_TASK_NEW, values, error);
}

int store_sqlite_update_task(struct store *base, const struct ledger_value *values, bool sets_slot,
                             struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    if (write_task(store, STORE_SQL_TASK_SET, values, error) != 0)
        return -1;
    return sets_slot ? write_task(store, STORE_SQL_TASK_SET_SLOT, values, error) : 0;
}

int store_sqlite_each_task(struct store *base, enum ledger_task_kind kind,
                           bool (*each)(void *context, const struct ledger_task *task), void *context,
                           struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_TASKS, error);
    struct arena arena;
    int row;
    if (!statement)
        return -1;
    store_sqlite_bind_text(statement, 1, slice_from(ledger_task_kind_word(kind)));
    arena_init(&arena, ARENA_CHUNK);
    while ((row = store_sqlite_next_row(store, statement, error)) == 1) {
        struct ledger_task task;
        arena_reset(&arena);
        row = store_sqlite_read_task_row(store, statement, &arena, &task, error);
        if (row != 0)
            break;
        if (!each(context, &task)) {
            store_sqlite_release(statement);
            break;
        }
    }
    arena_clear(&arena);
    return row;
}
