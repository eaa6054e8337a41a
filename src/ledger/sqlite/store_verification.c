#include "core/buffer.h"
#include "ledger/ledger_store_rows.h"
#include "ledger/sqlite/store_sqlite.h"

enum { WORDS_MAX = 256 };

int store_sqlite_reading(struct store *base, int64_t customer, uint64_t *at_ns, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_READING, error);
    *at_ns = 0;
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, customer);
    int row = store_sqlite_next_row(store, statement, error);
    if (row != 1)
        return row;
    *at_ns = (uint64_t)sqlite3_column_int64(statement, 0);
    store_sqlite_release(statement);
    return 0;
}

int store_sqlite_reading_set(struct store *base, int64_t customer, uint64_t at_ns, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_READING_SET, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, customer);
    sqlite3_bind_int64(statement, 2, (int64_t)at_ns);
    return store_sqlite_write_row(store, statement, error);
}

int store_sqlite_reading_remove(struct store *base, int64_t customer, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_READING_REMOVE, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, customer);
    return store_sqlite_write(store, statement, error);
}

int store_sqlite_reading_forget(struct store *base, uint64_t after_ns, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare_write(store, STORE_SQL_READING_FORGET, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, (int64_t)after_ns);
    return store_sqlite_write(store, statement, error);
}

int store_sqlite_next_reading(struct store *base, const struct ledger_selection *selection,
                              struct arena *arena, struct ledger_customer *customer, uint64_t *read_at_ns,
                              struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_NEXT_READING, error);
    struct buffer words;
    if (!statement)
        return -1;
    buffer_init(&words, WORDS_MAX);
    buffer_append_char(&words, ',');
    for (int i = 0; i < VERIFICATION_COUNT; i++)
        if (selection->states >> i & 1)
            buffer_printf(&words, "%s,", verification_word((enum verification)i));
    sqlite3_bind_int64(statement, 1, selection->after);
    store_sqlite_bind_text(statement, 2, buffer_slice(&words));
    sqlite3_bind_int64(
        statement, 3, selection->read_before_ns > INT64_MAX ? INT64_MAX : (int64_t)selection->read_before_ns);
    sqlite3_bind_int(statement, 4, selection->with_deleted);
    int row = store_sqlite_next_row(store, statement, error);
    if (row == 1 && store_sqlite_read_customer(store, statement, arena, customer, error) != 0)
        row = -1;
    if (row == 1) {
        *read_at_ns = (uint64_t)sqlite3_column_int64(statement, LEDGER_CUSTOMER_COLUMNS);
        store_sqlite_release(statement);
    }
    buffer_clear(&words);
    return row;
}

int store_sqlite_verification_is_known(struct store *base, bool *is_known, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_VERIFICATION_KNOWN, error);
    *is_known = false;
    if (!statement || store_sqlite_next_row(store, statement, error) != 1)
        return -1;
    *is_known = sqlite3_column_int(statement, 0) != 0;
    store_sqlite_release(statement);
    return 0;
}

int store_sqlite_count_verification(struct store *base, uint64_t since_ns,
                                    struct ledger_verification_counts *counts, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_VERIFICATIONS, error);
    int row = -1;
    *counts = (struct ledger_verification_counts){.users = 0};
    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1) {
        const struct ledger_store_rows_user user = {
            .verification = store_sqlite_column(statement, 0),
            .word = store_sqlite_column(statement, 1),
            .at_ns = (uint64_t)sqlite3_column_int64(statement, 2), /* 0: NULL */
            .is_linked = sqlite3_column_int(statement, 3) != 0,
            .is_read = sqlite3_column_int(statement, 4) != 0,
        };
        ledger_store_rows_count_verification(counts, &user, since_ns);
    }
    return row;
}
