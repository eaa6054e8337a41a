/* store_check: what rows do not show: the definitions of tables, indexes and functions, and each unique index
 * against its table. The structure of the server's files is its own to check (pg_amcheck, data checksums). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/memory.h"
#include "core/text.h"
#include "ledger/postgres/store_postgres.h"
#include "ledger/postgres/store_postgres_ops.h"

enum { ARENA_CHUNK = 16 * 1024, SQL_SIZE = 512, FINDING_SIZE = 256, SCHEMA_MAX = 16 * 1024 };

struct check {
    struct store_postgres *store;
    void (*each)(void *context, const char *text);
    void (*row)(void *context, const struct ledger_value *values);
    void *context;
};

/* Definitions. */

/* All that can change what a statement of ours reads or writes. A table of another name cannot. $1: the
 * schema. Of an index, its table is without the schema, which a restore renames. */
static const char definitions_sql[] =
    "WITH t AS (SELECT c.*, c.relname::text AS name FROM pg_class c "
    "WHERE c.relnamespace = to_regnamespace($1::text) AND c.relname IN "
    "('customer', 'event', 'run', 'task', 'nonce', 'meta', 'reading', 'backup', 'writer')) "
    "SELECT 'table', name, CASE WHEN relkind = 'r' AND relpersistence = 'p' AND NOT relrowsecurity AND NOT "
    "EXISTS(SELECT FROM pg_inherits i WHERE t.oid IN (i.inhparent, i.inhrelid)) THEN '' ELSE 'other' END FROM t "
    "UNION ALL SELECT 'column', name || '.' || attname, format_type(atttypid, atttypmod) || "
    "CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END || CASE WHEN attidentity <> '' THEN ' IDENTITY' ELSE '' END || "
    "CASE WHEN atthasdef THEN ' DEFAULT' ELSE '' END || coalesce(' ' || nullif(collname, 'default'), '') "
    "FROM t JOIN pg_attribute a ON attrelid = t.oid AND attnum > 0 AND NOT attisdropped "
    "LEFT JOIN pg_collation co ON co.oid = attcollation WHERE relkind = 'r' "
    "UNION ALL SELECT 'index', c.relname, CASE WHEN indisvalid AND indisready AND indislive THEN '' ELSE 'invalid ' "
    "END || regexp_replace(pg_get_indexdef(indexrelid), '^(.* ON )(ONLY )?.*[.](.* USING )', '\\1\\3') "
    "FROM t JOIN pg_index ON indrelid = t.oid JOIN pg_class c ON c.oid = indexrelid "
    "UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(o.oid) FROM t JOIN pg_constraint o "
    "ON conrelid = t.oid AND contype NOT IN ('p', 'n') "
    "UNION ALL SELECT 'trigger', name || '.' || tgname, '' FROM t JOIN pg_trigger ON tgrelid = t.oid "
    "AND NOT tgisinternal "
    "UNION ALL SELECT 'rule', name || '.' || rulename, '' FROM t JOIN pg_rewrite ON ev_class = t.oid "
    "WHERE relkind = 'r' "
    "UNION ALL SELECT 'function', proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', prosrc "
    "FROM pg_proc p WHERE pronamespace = to_regnamespace($1::text)";

struct definition {
    const char *kind, *name, *text;
    bool is_found;
};

struct definitions {
    struct arena arena;
    struct definition *items;
    size_t count;
};

/* What store_schema.c makes beside the columns of the four tables. */
static const struct definition others[] = {
    {"table", "customer", "", false},
    {"table", "event", "", false},
    {"table", "run", "", false},
    {"table", "task", "", false},
    {"table", "nonce", "", false},
    {"table", "meta", "", false},
    {"table", "reading", "", false},
    {"table", "backup", "", false},
    {"table", "writer", "", false},
    {"column", "nonce.key_id", "text NOT NULL C", false},
    {"column", "nonce.floor", "bigint NOT NULL", false},
    {"column", "meta.key", "text NOT NULL C", false},
    {"column", "meta.value", "text NOT NULL C", false},
    {"column", "reading.customer", "bigint NOT NULL", false},
    {"column", "reading.at", "bigint NOT NULL", false},
    {"column", "backup.id", "bigint NOT NULL IDENTITY", false},
    {"column", "backup.at", "bigint NOT NULL", false},
    {"column", "backup.path", "text NOT NULL C", false},
    {"column", "backup.chain_head", "text NOT NULL C", false},
    {"column", "writer.one", "integer NOT NULL", false},
    {"column", "writer.epoch", "bigint NOT NULL", false},
    {"column", "writer.holder", "text NOT NULL C", false},
    {"column", "writer.backend", "integer NOT NULL", false},
    {"column", "writer.released", "boolean NOT NULL", false},
    {"column", "writer.waits_ms", "integer NOT NULL", false},
    {"column", "writer.renewed_at", "timestamp with time zone NOT NULL", false},
    {"constraint", "writer_one_check", "CHECK ((one = 1))", false},
};

/* Each unique index: that of a table's key, and others. key: a text of what an entry has. */
static const struct index {
    const char *name, *table, *columns, *key, *condition;
} indexes[] = {
    {"customer_pkey", "customer", "id", "id::text", NULL},
    {"customer_external_id", "customer", "external_id", "external_id", NULL},
    {"customer_user_id", "customer", "user_id", "user_id", "user_id IS NOT NULL"},
    {"event_pkey", "event", "id", "id::text", NULL},
    {"run_pkey", "run", "id", "id::text", NULL},
    {"task_pkey", "task", "id", "id::text", NULL},
    {"task_slot", "task", "customer, kind, slot", "customer || ' ' || kind || ' ' || slot", NULL},
    {"nonce_pkey", "nonce", "key_id", "key_id", NULL},
    {"meta_pkey", "meta", "key", "key", NULL},
    {"reading_pkey", "reading", "customer", "customer::text", NULL},
    {"backup_pkey", "backup", "id", "id::text", NULL},
    {"writer_pkey", "writer", "one", "one::text", NULL},
};
enum { INDEX_COUNT = sizeof indexes / sizeof *indexes };

static void add(struct definitions *definitions, const char *kind, const char *name, const char *text)
{
    definitions->items =
        memory_resize(definitions->items, definitions->count + 1, sizeof *definitions->items);
    definitions->items[definitions->count++] = (struct definition){.kind = kind, .name = name, .text = text};
}

static void add_columns(struct definitions *definitions, const struct ledger_table *table)
{
    static const char *const types[] = {
        [LEDGER_NUMBER] = "bigint", [LEDGER_TEXT] = "text", [LEDGER_BLOB] = "bytea"};
    struct arena *arena = &definitions->arena;

    for (size_t i = 0; i < table->count; i++) {
        const struct ledger_column *column = &table->columns[i];
        bool is_required = i == 0 || column->is_required;
        add(definitions, "column", arena_printf(arena, "%s.%s", table->name, column->name).data,
            arena_printf(arena, "%s%s%s", types[column->type], is_required ? " NOT NULL" : "",
                         column->type == LEDGER_TEXT ? " C" : "")
                .data);
    }
}

/* `CREATE FUNCTION NAME(ARGUMENTS) RETURNS … $$SOURCE$$`. */
static void add_functions(struct definitions *definitions)
{
    static const struct slice begin = SLICE_LITERAL("CREATE FUNCTION ");
    struct buffer sql;

    buffer_init(&sql, SCHEMA_MAX);
    for (size_t i = 0; buffer_reset(&sql), store_postgres_schema(i, &sql); i++) {
        struct slice rest = buffer_slice(&sql), name, before, source;
        if (!slice_begins_with(rest, begin.data))
            continue;
        rest = slice_make(rest.data + begin.len, rest.len - begin.len);
        if (slice_next_item(&rest, SLICE_LITERAL(" RETURNS"), &name) &&
            slice_next_item(&rest, SLICE_LITERAL("$$"), &before) &&
            slice_next_item(&rest, SLICE_LITERAL("$$"), &source))
            add(definitions, "function", arena_copy(&definitions->arena, name).data,
                arena_copy(&definitions->arena, source).data);
    }
    buffer_clear(&sql);
}

static void add_ours(struct definitions *definitions)
{
    arena_init(&definitions->arena, ARENA_CHUNK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        add(definitions, others[i].kind, others[i].name, others[i].text);
    for (size_t i = 0; i < INDEX_COUNT; i++) {
        const struct index *index = &indexes[i];
        add(definitions, "index", index->name,
            arena_printf(&definitions->arena, "CREATE UNIQUE INDEX %s ON %s USING btree (%s)%s%s%s",
                         index->name, index->table, index->columns, index->condition ? " WHERE (" : "",
                         index->condition ? index->condition : "", index->condition ? ")" : "")
                .data);
    }
    add_columns(definitions, &ledger_customer_table);
    add_columns(definitions, &ledger_event_table);
    add_columns(definitions, &ledger_run_table);
    add_columns(definitions, &ledger_task_table);
    add_functions(definitions);
}

static struct definition *find_ours(struct definitions *definitions, const char *kind, const char *name)
{
    for (size_t i = 0; i < definitions->count; i++)
        if (strcmp(definitions->items[i].kind, kind) == 0 && strcmp(definitions->items[i].name, name) == 0)
            return &definitions->items[i];
    return NULL;
}

static void give(const struct check *check, const char *kind, const char *name, const char *what)
{
    char text[FINDING_SIZE];

    text_format(text, sizeof text, "the %s %s %s", kind, name, what);
    check->each(check->context, text);
}

static void compare_definitions(struct check *check, struct definitions *ours, const PGresult *rows)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        const char *kind = PQgetvalue(rows, i, 0), *name = PQgetvalue(rows, i, 1);
        struct definition *known = find_ours(ours, kind, name);
        if (!known)
            give(check, kind, name, "was added by another program");
        else if (strcmp(known->text, PQgetvalue(rows, i, 2)) != 0)
            give(check, kind, name, "is not defined as this program defines it");
        if (known)
            known->is_found = true;
    }
    for (size_t i = 0; i < ours->count; i++)
        if (!ours->items[i].is_found)
            give(check, ours->items[i].kind, ours->items[i].name, "is missing");
}

static int check_definitions(struct check *check, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    struct definitions ours = {.count = 0};

    store_postgres_add_bytes(&parameters, slice_from(check->store->schema));
    PGresult *rows = store_postgres_ask_text(check->store, definitions_sql, &parameters, error);
    if (rows) {
        add_ours(&ours);
        compare_definitions(check, &ours, rows);
        free(ours.items);
        arena_clear(&ours.arena);
    }
    PQclear(rows);
    return rows ? 0 : -1;
}

/* Indexes. */

struct sum {
    int64_t count;
    char hashes[64]; /* decimal */
};

static const char plan_sql[] =
    "SELECT set_config('enable_indexonlyscan', $1::text, true), set_config('enable_indexscan', $1::text, true),"
    " set_config('enable_seqscan', $2::text, true), set_config('enable_bitmapscan', $3::text, true)";

/* With all ways of reading a table but one the planner has no choice: by_index gives a scan of the index
 * alone (enable_indexscan is of that one, too). Only of this transaction. */
static int choose_plan(struct store_postgres *store, bool by_index, bool by_table, struct error *error)
{
    struct store_parameters parameters = {.count = 0};

    store_postgres_add_bytes(&parameters, slice_from(by_index ? "on" : "off"));
    store_postgres_add_bytes(&parameters, slice_from(by_table ? "on" : "off"));
    store_postgres_add_bytes(&parameters, slice_from(by_index && by_table ? "on" : "off"));
    return store_postgres_do_text(store, plan_sql, &parameters, error);
}

static int sum_keys(struct check *check, const struct index *index, bool by_index, struct sum *sum,
                    struct error *error)
{
    char sql[SQL_SIZE];

    snprintf(sql, sizeof sql,
             "SELECT count(*), coalesce(sum(hashtextextended(%s, 0)), 0)::text FROM %s WHERE %s", index->key,
             index->table, index->condition ? index->condition : "true");
    if (choose_plan(check->store, by_index, !by_index, error) != 0)
        return -1;
    PGresult *rows = store_postgres_ask_text(check->store, sql, NULL, error);
    if (rows) {
        sum->count = store_postgres_number(rows, 0, 0);
        snprintf(sum->hashes, sizeof sum->hashes, "%s", PQgetvalue(rows, 0, 1));
    }
    PQclear(rows);
    return rows ? 0 : -1;
}

static int check_indexes(struct check *check, struct error *error)
{
    char text[FINDING_SIZE];

    for (int i = 0; i < INDEX_COUNT; i++) {
        const struct index *index = &indexes[i];
        struct sum table, entries;
        if (sum_keys(check, index, false, &table, error) != 0 ||
            sum_keys(check, index, true, &entries, error) != 0)
            return -1;
        if (table.count == entries.count && strcmp(table.hashes, entries.hashes) == 0)
            continue;
        snprintf(text, sizeof text,
                 "the index %s does not have each entry of the table %s once (REINDEX INDEX makes it anew)",
                 index->name, index->table);
        check->each(check->context, text);
    }
    return choose_plan(check->store, true, true, error);
}

static bool give_row(void *context, const struct ledger_value *values)
{
    const struct check *check = context;

    check->row(check->context, values);
    return true;
}

static int check_all(struct check *check, struct error *error)
{
    if (check_definitions(check, error) != 0 || check_indexes(check, error) != 0)
        return -1;
    return check->row
               ? store_postgres_each_row(&check->store->store, &ledger_customer_table, give_row, check, error)
               : 0;
}

int store_postgres_check(struct store *base, void (*each)(void *context, const char *text),
                         void (*row)(void *context, const struct ledger_value *values), void *context,
                         struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct check check = {.store = store, .each = each, .row = row, .context = context};

    store->main.is_slow = true;
    int result = check_all(&check, error);
    store->main.is_slow = false;
    return result;
}
