#include <stdio.h>

#include "core/buffer.h"
#include "ledger/sqlite/store_sqlite.h"

enum { TABLES_MAX = 16 * 1024 };

/* The unique index of keys is the busy one: they come in any order; NULL, of a customer that lost its key,
 * may be there often. That of users is partial, which costs nothing while a create is only journalled.
 * Identities have none (ledger_identities.h). */
static const char others[] =
    "CREATE UNIQUE INDEX customer_external_id ON customer(external_id);"
    "CREATE UNIQUE INDEX customer_user_id ON customer(user_id) WHERE user_id IS NOT NULL;"
    "CREATE TABLE nonce(key_id TEXT PRIMARY KEY, floor INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE reading(customer INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX task_slot ON task(customer, kind, slot);"
    "CREATE TABLE " STORE_BACKUP_TABLE ";";

static void append_table(struct buffer *text, const struct ledger_table *table)
{
    static const char *const types[] = {
        [LEDGER_NUMBER] = "INTEGER", [LEDGER_TEXT] = "TEXT", [LEDGER_BLOB] = "BLOB"};

    buffer_printf(text, "CREATE TABLE %s(%s INTEGER PRIMARY KEY", table->name, table->columns[0].name);
    for (size_t i = 1; i < table->count; i++)
        buffer_printf(text, ", %s %s%s", table->columns[i].name, types[table->columns[i].type],
                      table->columns[i].is_required ? " NOT NULL" : "");
    buffer_append_text(text, ") STRICT;");
}

void store_sqlite_append_schema(struct buffer *text)
{
    append_table(text, &ledger_customer_table);
    append_table(text, &ledger_event_table);
    append_table(text, &ledger_run_table);
    append_table(text, &ledger_task_table);
    buffer_append_text(text, others);
}

int store_sqlite_create_tables(struct store *base, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct buffer text;
    buffer_init(&text, TABLES_MAX);
    store_sqlite_append_schema(&text);
    buffer_printf(&text, "INSERT INTO meta(key, value) VALUES('schema_version', '%d');", STORE_FORMAT);
    buffer_printf(&text, "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION_ID,
                  STORE_FORMAT);
    int result = store_sqlite_execute(store, text.data, "made", error);
    buffer_clear(&text);
    return result;
}
