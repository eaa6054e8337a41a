/* store_statements: the texts, and what is sent and received in a pipeline. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ledger/ledger_store_rows.h"
#include "ledger/postgres/store_postgres.h"

enum { SQL_MAX = 16384, NAME_SIZE = 32, BINARY = 1 };

/* A statement that must write each of its rows, or none. */
#define WRITTEN(statement, want)                                                                             \
    "WITH w AS (" statement " RETURNING 1) SELECT written(count(*), " want "::bigint) FROM w"
/* The arrays are sets that are read side by side. FROM unnest($1, …) would write each of them to a table of
 * its own first: an eighth of the time of a commit. */
#define NEW_ROWS(table, want) WRITTEN("INSERT INTO " table "({" table "}) SELECT {" table "?}", want)
#define SET_ROWS(table, want)                                                                                \
    WRITTEN("UPDATE " table " AS t SET {" table "=} FROM (SELECT {" table "?}) AS v({" table "}) "           \
            "WHERE t.id = v.id",                                                                             \
            want)

/* Their marks: store_postgres_expand. */
static const char *const sql[STORE_POSTGRES_SQL_COUNT] = {
    [STORE_POSTGRES_BEGIN] = "BEGIN",
    [STORE_POSTGRES_COMMIT] = "COMMIT",
    [STORE_POSTGRES_ROLLBACK] = "ROLLBACK",
    [STORE_POSTGRES_FENCE] = "SELECT fence($1::bigint)",
    /* Unique indexes are checked row by row: a key or a user that another row takes is given up first. */
    [STORE_POSTGRES_CUSTOMER_RELEASE] =
        WRITTEN("UPDATE customer SET user_id = NULL, external_id = NULL WHERE id = ANY($1::bigint[])", "$2"),
    [STORE_POSTGRES_CUSTOMER_NEW] = NEW_ROWS("customer", "$34"),
    [STORE_POSTGRES_CUSTOMER_SET] = SET_ROWS("customer", "$34"),
    [STORE_POSTGRES_TASK_NEW] = NEW_ROWS("task", "$13"),
    [STORE_POSTGRES_TASK_SET] = SET_ROWS("task", "$13"),
    [STORE_POSTGRES_RUN_NEW] = NEW_ROWS("run", "$12"),
    [STORE_POSTGRES_RUN_SET] = SET_ROWS("run", "$12"),
    [STORE_POSTGRES_EVENT_NEW] = NEW_ROWS("event", "$18"),
    [STORE_POSTGRES_EVENT_CHAIN] = WRITTEN("UPDATE event SET chain = $2::bytea WHERE id = $1::bigint", "$3"),
    [STORE_POSTGRES_META_SET] = "INSERT INTO meta(key, value) SELECT * FROM unnest($1::text[], $2::text[]) "
                                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    [STORE_POSTGRES_NONCE_SET] =
        "INSERT INTO nonce(key_id, floor) SELECT * FROM unnest($1::text[], $2::bigint[]) "
        "ON CONFLICT (key_id) DO UPDATE SET floor = excluded.floor",
    [STORE_POSTGRES_READING_SET] =
        "INSERT INTO reading(customer, at) SELECT * FROM unnest($1::bigint[], $2::bigint[]) "
        "ON CONFLICT (customer) DO UPDATE SET at = excluded.at",
    [STORE_POSTGRES_READING_REMOVE] = "DELETE FROM reading WHERE customer = ANY($1::bigint[])",
    [STORE_POSTGRES_READING_FORGET] = "UPDATE reading SET at = 0 WHERE at > $1::bigint",
    [STORE_POSTGRES_METAS] = "SELECT key, value FROM meta ORDER BY key",
    [STORE_POSTGRES_NONCES] = "SELECT key_id, floor FROM nonce ORDER BY key_id",
    [STORE_POSTGRES_READING] = "SELECT at FROM reading WHERE customer = $1::bigint",
    [STORE_POSTGRES_READINGS] = "SELECT customer, at FROM reading WHERE customer > $1::bigint "
                                "ORDER BY customer LIMIT $2::bigint",
    [STORE_POSTGRES_CUSTOMERS] = "SELECT {customer} FROM customer WHERE id = ANY($1::bigint[])",
    [STORE_POSTGRES_CUSTOMERS_BY_KEY] = "SELECT {customer} FROM customer WHERE external_id = ANY($1::text[])",
    [STORE_POSTGRES_CUSTOMERS_BY_USER] = "SELECT {customer} FROM customer WHERE user_id = ANY($1::text[])",
    [STORE_POSTGRES_LAST_CUSTOMER] = "SELECT max(id) FROM customer",
    [STORE_POSTGRES_LAST_EVENTS] =
        "SELECT id, customer, row FROM event WHERE id < $1::bigint ORDER BY id DESC LIMIT $2::bigint",
    [STORE_POSTGRES_TASK] = "SELECT {task} FROM task WHERE id = $1::bigint",
    [STORE_POSTGRES_FIND_TASK] =
        "SELECT {task} FROM task WHERE customer = $1::bigint AND kind = $2::text AND slot = $3::text",
    [STORE_POSTGRES_LAST_TASK] = "SELECT max(id) FROM task",
    [STORE_POSTGRES_TASKS_OF] = "SELECT {task} FROM task WHERE customer = $1::bigint AND id > $2::bigint "
                                "ORDER BY id LIMIT 1",
    [STORE_POSTGRES_LAST_EVENT] = "SELECT id, chain, at FROM event ORDER BY id DESC LIMIT 1",
    [STORE_POSTGRES_HEAD_OF_RUN] = "SELECT 1 FROM run WHERE chain_head = $1::text LIMIT 1",
    [STORE_POSTGRES_HEAD_OF_EVENT] = "SELECT 1 FROM event WHERE chain = $1::bytea ORDER BY id DESC LIMIT 1",
    [STORE_POSTGRES_LAST_RUN] = "SELECT {run} FROM run ORDER BY id DESC LIMIT 1",
    [STORE_POSTGRES_LAST_COMPLETE] =
        "SELECT {run} FROM run WHERE command = $1::text AND finished IS NOT NULL AND status IN (0, 1) "
        "AND id < $2::bigint ORDER BY id DESC LIMIT 1",
    [STORE_POSTGRES_HAS_RUN] = "SELECT 1 FROM run WHERE id = $1::bigint AND started = $2::text",
    [STORE_POSTGRES_BACKUP_NEW] =
        "INSERT INTO backup(at, path, chain_head) VALUES($1::bigint, $2::text, $3::text)",
    /* A restore takes over what both ledgers know. */
    [STORE_POSTGRES_BACKUPS] = "SELECT at, path, chain_head FROM backup GROUP BY at, path, chain_head "
                               "ORDER BY min(id)",
};
_Static_assert(LEDGER_CUSTOMER_COLUMNS == 33 && LEDGER_TASK_COLUMNS == 12 && LEDGER_RUN_COLUMNS == 11 &&
                   LEDGER_EVENT_COLUMNS == 17,
               "the count of rows is the parameter behind the columns");

static void append_parameters(struct buffer *text, const struct ledger_table *table)
{
    static const char *const types[] = {
        [LEDGER_NUMBER] = "bigint", [LEDGER_TEXT] = "text", [LEDGER_BLOB] = "bytea"};
    for (size_t i = 0; i < table->count; i++)
        buffer_printf(text, "%sunnest($%zu::%s[])", i == 0 ? "" : ", ", i + 1, types[table->columns[i].type]);
}

static void append_mark(struct buffer *text, struct slice mark)
{
    static const struct ledger_table *const tables[] = {&ledger_customer_table, &ledger_event_table,
                                                        &ledger_run_table, &ledger_task_table};
    char kind = mark.data[mark.len - 1];
    bool is_qualified = slice_begins_with(mark, "c.");
    struct slice name = is_qualified ? slice_skip(mark, 2) : mark;
    if (kind == '?' || kind == '=')
        name.len--;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (!slice_is(name, tables[i]->name))
            continue;
        if (kind == '?')
            append_parameters(text, tables[i]);
        else if (kind == '=')
            ledger_store_rows_columns(text, tables[i], "% = v.%", 1);
        else
            ledger_store_rows_columns(text, tables[i], is_qualified ? "c.%" : "%", 0);
        return;
    }
    assert(false); /* a mark names a table */
}

void store_postgres_expand(struct buffer *text, const char *marked)
{
    struct slice rest = slice_from(marked), part, mark;
    while (slice_next_item(&rest, SLICE_LITERAL("{"), &part)) {
        buffer_append(text, part);
        if (rest.data && slice_next_item(&rest, SLICE_LITERAL("}"), &mark))
            append_mark(text, mark);
    }
}

static int fail_to_send(const struct store_postgres *store, struct store_connection *connection,
                        struct error *error)
{
    connection->is_broken = true;
    return store_postgres_describe(store, connection, NULL, "read or written", error);
}

static void note_sent(struct store_connection *connection, bool is_preparation)
{
    assert(connection->sent < STORE_POSTGRES_PIPELINE_MAX);
    connection->is_preparation[connection->sent++] = is_preparation;
}

static void point_at_numbers(const struct store_parameters *parameters, const char **values, int *formats)
{
    for (int i = 0; i < parameters->count; i++) {
        bool is_number = !parameters->values[i] && parameters->lengths[i] >= 0;
        values[i] = is_number ? parameters->numbers[i] : parameters->values[i];
        formats[i] = BINARY;
    }
}

static const struct store_parameters no_parameters;

int store_postgres_send(const struct store_postgres *store, struct store_connection *connection,
                        enum store_postgres_sql which, const struct store_parameters *parameters,
                        struct error *error)
{
    const char *values[STORE_POSTGRES_PARAMETERS_MAX];
    int formats[STORE_POSTGRES_PARAMETERS_MAX];
    char name[NAME_SIZE];
    if (connection->is_broken)
        return fail_to_send(store, connection, error);
    if (!parameters)
        parameters = &no_parameters;
    snprintf(name, sizeof name, "s%d_%u", (int)which, connection->generation);
    if (!connection->is_prepared[which]) {
        struct buffer text;
        buffer_init(&text, SQL_MAX);
        store_postgres_expand(&text, sql[which]);
        assert(!text.overflowed);
        int is_sent = PQsendPrepare(connection->pg, name, text.data, 0, NULL);
        buffer_clear(&text);
        if (!is_sent)
            return fail_to_send(store, connection, error);
        note_sent(connection, true);
        connection->is_prepared[which] = true;
    }
    point_at_numbers(parameters, values, formats);
    if (!PQsendQueryPrepared(connection->pg, name, parameters->count, values, parameters->lengths, formats,
                             BINARY))
        return fail_to_send(store, connection, error);
    note_sent(connection, false);
    return 0;
}

int store_postgres_send_text(const struct store_postgres *store, struct store_connection *connection,
                             const char *marked, const struct store_parameters *parameters,
                             struct error *error)
{
    const char *values[STORE_POSTGRES_PARAMETERS_MAX];
    int formats[STORE_POSTGRES_PARAMETERS_MAX];
    struct buffer text;
    if (connection->is_broken)
        return fail_to_send(store, connection, error);
    if (!parameters)
        parameters = &no_parameters;
    point_at_numbers(parameters, values, formats);
    buffer_init(&text, SQL_MAX);
    store_postgres_expand(&text, marked);
    assert(!text.overflowed);
    int is_sent = PQsendQueryParams(connection->pg, text.data, parameters->count, NULL, values,
                                    parameters->lengths, formats, BINARY);
    buffer_clear(&text);
    if (!is_sent)
        return fail_to_send(store, connection, error);
    note_sent(connection, false);
    return 0;
}

int store_postgres_sync_send(const struct store_postgres *store, struct store_connection *connection,
                             struct error *error)
{
    if (connection->is_broken || !PQpipelineSync(connection->pg))
        return fail_to_send(store, connection, error);
    return store_postgres_flush(store, connection, store_postgres_deadline(store, connection), error);
}

/* Which statements the server has prepared is not known after a failure: later ones get other names. */
static void forget_statements(struct store_connection *connection)
{
    memset(connection->is_prepared, 0, sizeof connection->is_prepared);
    connection->generation++;
}

static void clear_results(PGresult **results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}

int store_postgres_sync_read(const struct store_postgres *store, struct store_connection *connection,
                             PGresult **results, size_t count, PGresult **bad, struct error *error)
{
    uint64_t deadline_ns = store_postgres_deadline(store, connection);
    size_t command = 0, statement = 0;
    ExecStatusType status = PGRES_EMPTY_QUERY;
    *bad = NULL;
    for (size_t i = 0; i < count; i++)
        results[i] = NULL;
    while (status != PGRES_PIPELINE_SYNC) {
        PGresult *result;
        if (store_postgres_result(store, connection, deadline_ns, &result, error) != 0) {
            PQclear(*bad);
            *bad = NULL;
            clear_results(results, count);
            return -1;
        }
        if (!result) /* the end of a statement */
            continue;
        status = PQresultStatus(result);
        bool is_preparation = command < connection->sent && connection->is_preparation[command];
        command++;
        if ((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) && !is_preparation && statement < count)
            results[statement++] = result;
        else if (status == PGRES_FATAL_ERROR && !*bad)
            *bad = result;
        else
            PQclear(result);
    }
    connection->sent = 0;
    if (!*bad)
        return 0;
    clear_results(results, count);
    forget_statements(connection);
    return -1;
}

int store_postgres_sync(const struct store_postgres *store, struct store_connection *connection,
                        PGresult **results, size_t count, PGresult **bad, struct error *error)
{
    *bad = NULL;
    if (store_postgres_sync_send(store, connection, error) == 0)
        return store_postgres_sync_read(store, connection, results, count, bad, error);
    for (size_t i = 0; i < count; i++)
        results[i] = NULL;
    return -1;
}
