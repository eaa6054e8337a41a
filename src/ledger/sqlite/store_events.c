#include <string.h>

#include "core/digest.h"
#include "ledger/sqlite/store_sqlite.h"

/* Events. */

int store_sqlite_append_event(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_EVENT_NEW, error);
    if (!statement)
        return -1;
    store_sqlite_bind_row(statement, &ledger_event_table, values);
    return store_sqlite_write_row(store, statement, error);
}

int store_sqlite_set_chain(struct store *base, const struct ledger_chain *chain, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_EVENT_CHAIN, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, chain->last_event);
    store_sqlite_bind_blob(statement, 2, slice_make((const char *)chain->head, DIGEST_SHA256_LEN));
    return store_sqlite_write_row(store, statement, error);
}

int store_sqlite_read_last_event(struct store_sqlite *store, struct store_last_event *last,
                                 struct error *error)
{
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_LAST_EVENT, error);
    if (!statement)
        return -1;
    *last = (struct store_last_event){.has_chain = false};
    int row = store_sqlite_next_row(store, statement, error);
    if (row != 1)
        return row;
    struct slice head = store_sqlite_column(statement, 1);
    last->has_chain = head.len == DIGEST_SHA256_LEN;
    if (last->has_chain)
        memcpy(last->chain.head, head.data, DIGEST_SHA256_LEN);
    last->chain.last_event = sqlite3_column_int64(statement, 0);
    last->at_ns = (uint64_t)sqlite3_column_int64(statement, 2);
    store_sqlite_release(statement);
    return 0;
}

int store_sqlite_last_event(struct store *base, struct ledger_chain *chain, uint64_t *at_ns,
                            struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct store_last_event last;
    if (store_sqlite_read_last_event(store, &last, error))
        return -1;
    if (last.chain.last_event > 0 && !last.has_chain)
        return store_sqlite_fail_damaged(store, error, "its last event has no chain");
    *chain = last.chain;
    *at_ns = last.at_ns;
    return 0;
}

/* 1 when a statement, which is bound and is then released, has a row; 0, -1. */
static int has_row(struct store_sqlite *store, sqlite3_stmt *statement, struct error *error)
{
    int row = store_sqlite_next_row(store, statement, error);
    if (row == 1)
        store_sqlite_release(statement);
    return row;
}

int store_sqlite_has_head(struct store *base, const uint8_t head[DIGEST_SHA256_LEN], struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    char text[2 * DIGEST_SHA256_LEN + 1];
    /* An index of the chain would cost 40 bytes an event, and almost every head that is looked up is that of
     * the end of a run. */
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_HEAD_OF_RUN, error);
    if (!statement)
        return -1;
    store_sqlite_bind_text(statement, 1, slice_from(digest_hex(head, DIGEST_SHA256_LEN, text)));
    int found = has_row(store, statement, error);
    if (found != 0)
        return found;
    statement = store_sqlite_prepare(store, STORE_SQL_HEAD_OF_EVENT, error);
    if (!statement)
        return -1;
    store_sqlite_bind_blob(statement, 1, slice_make((const char *)head, DIGEST_SHA256_LEN));
    return has_row(store, statement, error);
}

/* Runs. */

static int write_run(struct store_sqlite *store, enum store_sql which, const struct ledger_value *values,
                     struct error *error)
{
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, which, error);
    if (!statement)
        return -1;
    store_sqlite_bind_row(statement, &ledger_run_table, values);
    return store_sqlite_write_row(store, statement, error);
}

int store_sqlite_insert_run(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    return write_run(store, STORE_SQL_RUN_NEW, values, error);
}

int store_sqlite_update_run(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    return write_run(store, STORE_SQL_RUN_SET, values, error);
}

static int read_found_run(struct store_sqlite *store, sqlite3_stmt *statement, struct arena *arena,
                          struct ledger_run *run, struct error *error)
{
    int row = store_sqlite_next_row(store, statement, error);
    if (row != 1)
        return row;
    if (store_sqlite_read_run(store, statement, arena, run, error))
        return -1;
    store_sqlite_release(statement);
    return 1;
}

int store_sqlite_last_run(struct store *base, struct arena *arena, struct ledger_run *run,
                          struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_LAST_RUN, error);
    return statement ? read_found_run(store, statement, arena, run, error) : -1;
}

int store_sqlite_last_complete_run(struct store *base, const char *command, int64_t before,
                                   struct arena *arena, struct ledger_run *run, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_LAST_COMPLETE, error);
    if (!statement)
        return -1;
    store_sqlite_bind_text(statement, 1, slice_from(command));
    sqlite3_bind_int64(statement, 2, before);
    return read_found_run(store, statement, arena, run, error);
}

int store_sqlite_has_run(struct store *base, int64_t id, const char *started, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_HAS_RUN, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, id);
    store_sqlite_bind_text(statement, 2, slice_from(started));
    return has_row(store, statement, error);
}

/* Outside the proof. */

int store_sqlite_meta(struct store *base, const char *key, struct arena *arena, struct slice *value,
                      struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_META, error);
    if (!statement)
        return -1;
    store_sqlite_bind_text(statement, 1, slice_from(key));
    int row = store_sqlite_next_row(store, statement, error);
    if (row != 1)
        return row;
    if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
        row = store_sqlite_fail_damaged(store, error, "%s has no value in meta", key);
    else
        *value = arena_copy(arena, store_sqlite_column(statement, 0));
    store_sqlite_release(statement);
    return row;
}

int store_sqlite_meta_set(struct store *base, const char *key, struct slice value, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_META_SET, error);
    if (!statement)
        return -1;
    store_sqlite_bind_text(statement, 1, slice_from(key));
    /* An empty value is stored as text: the column is NOT NULL. */
    sqlite3_bind_text64(statement, 2, value.len > 0 ? value.data : "", value.len, SQLITE_STATIC, SQLITE_UTF8);
    return store_sqlite_write_row(store, statement, error);
}

int store_sqlite_nonce(struct store *base, const char *key_id, uint64_t *floor, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_NONCE, error);
    *floor = 0;
    if (!statement)
        return -1;
    store_sqlite_bind_text(statement, 1, slice_from(key_id));
    int row = store_sqlite_next_row(store, statement, error);
    if (row != 1)
        return row;
    int result = 0;
    if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
        result = store_sqlite_fail_damaged(store, error, "a nonce has no floor");
    /* SQLite has no unsigned numbers: a floor above 2^63 is stored as a negative one. */
    *floor = (uint64_t)sqlite3_column_int64(statement, 0);
    store_sqlite_release(statement);
    return result;
}

int store_sqlite_nonce_set(struct store *base, const char *key_id, uint64_t floor, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_NONCE_SET, error);
    if (!statement)
        return -1;
    store_sqlite_bind_text(statement, 1, slice_from(key_id));
    sqlite3_bind_int64(statement, 2, (int64_t)floor);
    return store_sqlite_write_row(store, statement, error);
}
