/* store_schema: the tables, functions and first rows of a ledger, from the lists of ledger_row.h. Names are
 * not qualified, and the functions do not set a search_path: a restore renames the schema. */
#include <stdio.h>

#include "ledger/postgres/store_postgres.h"

#define TEXT "text COLLATE \"C\""

/* {NAME}: the columns of a table, with their types. */
static const char *const statements[] = {
    "CREATE TABLE customer({customer})",
    "CREATE UNIQUE INDEX customer_external_id ON customer(external_id)",
    "CREATE UNIQUE INDEX customer_user_id ON customer(user_id) WHERE user_id IS NOT NULL",
    /* Room for a row's next versions in its own page, which then change no index. */
    "ALTER TABLE customer SET (fillfactor = 80)",
    "CREATE TABLE event({event})",
    "CREATE TABLE run({run})",
    "CREATE TABLE task({task})",
    "CREATE UNIQUE INDEX task_slot ON task(customer, kind, slot)",
    /* The planner's samples are values of rows, which nothing removes once a customer was erased. */
    "ALTER TABLE customer ALTER external_id SET STATISTICS 0, ALTER former_key SET STATISTICS 0,"
    " ALTER user_id SET STATISTICS 0, ALTER kept SET STATISTICS 0, ALTER message SET STATISTICS 0,"
    " ALTER idempotency_key SET STATISTICS 0, ALTER request_id SET STATISTICS 0,"
    " ALTER verification_reason SET STATISTICS 0",
    "ALTER TABLE event ALTER user_id SET STATISTICS 0, ALTER request_id SET STATISTICS 0",
    "ALTER TABLE task ALTER slot SET STATISTICS 0, ALTER idempotency_key SET STATISTICS 0",
    /* The 64 bits of an unsigned number, which are compared in C alone. */
    "CREATE TABLE nonce(key_id " TEXT " PRIMARY KEY, floor bigint NOT NULL)",
    "CREATE TABLE meta(key " TEXT " PRIMARY KEY, value " TEXT " NOT NULL)",
    "CREATE TABLE reading(customer bigint PRIMARY KEY, at bigint NOT NULL)",
    "CREATE TABLE backup(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL,"
    " path " TEXT " NOT NULL, chain_head " TEXT " NOT NULL)",
    /* backend: of the main connection. waits_ms: for how long the holder itself may not send yet. */
    "CREATE TABLE writer(one integer PRIMARY KEY CHECK (one = 1), epoch bigint NOT NULL,"
    " holder " TEXT " NOT NULL, backend integer NOT NULL, released boolean NOT NULL,"
    " waits_ms integer NOT NULL, renewed_at timestamptz NOT NULL) WITH (fillfactor = 10)",
    "CREATE FUNCTION fence(e bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
    "UPDATE writer SET renewed_at = clock_timestamp() WHERE one = 1 AND epoch = e; "
    "IF NOT FOUND THEN RAISE EXCEPTION 'epoch % is over', e USING ERRCODE = 'KY001', "
    "DETAIL = (SELECT format('epoch %s: %s', epoch, holder) FROM writer); END IF; END $$",
    "CREATE FUNCTION written(have bigint, want bigint) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN "
    "IF have <> want THEN RAISE EXCEPTION '% of % rows were written', have, want "
    "USING ERRCODE = 'KY002'; END IF; END $$",
    "INSERT INTO meta(key, value) VALUES('schema_version', '3')",
    "INSERT INTO writer VALUES(1, 0, '', 0, true, 0, clock_timestamp())",
};
_Static_assert(STORE_POSTGRES_FORMAT == 3, "the version that meta has");

static void append_columns(struct buffer *text, const struct ledger_table *table)
{
    static const char *const types[] = {
        [LEDGER_NUMBER] = "bigint", [LEDGER_TEXT] = TEXT, [LEDGER_BLOB] = "bytea"};
    for (size_t i = 0; i < table->count; i++) {
        const struct ledger_column *column = &table->columns[i];
        const char *rest = i == 0 ? " PRIMARY KEY" : column->is_required ? " NOT NULL" : "";
        buffer_printf(text, "%s%s %s%s", i == 0 ? "" : ", ", column->name, types[column->type], rest);
    }
}

bool store_postgres_schema(size_t index, struct buffer *sql)
{
    static const struct ledger_table *const tables[] = {&ledger_customer_table, &ledger_event_table,
                                                        &ledger_run_table, &ledger_task_table};
    if (index >= sizeof statements / sizeof *statements)
        return false;
    struct slice rest = slice_from(statements[index]), part, name;
    while (slice_next_item(&rest, SLICE_LITERAL("{"), &part)) {
        buffer_append(sql, part);
        if (!rest.data || !slice_next_item(&rest, SLICE_LITERAL("}"), &name))
            continue;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
            if (slice_is(name, tables[i]->name))
                append_columns(sql, tables[i]);
    }
    return true;
}
