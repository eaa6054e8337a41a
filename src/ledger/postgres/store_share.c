#include "ledger/postgres/store_share.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "ledger/ledger_share.h"
#include "ledger/postgres/store_postgres.h"

enum { PROTOCOL = 1, FLOOR_SIZE = 24, CREATE_LOCK = 0x4b594353 };

#define KEY_MARGIN_MS ((int64_t)RATE_SHARE_KEY_MARGIN_MS)

struct ledger_share {
    struct store_postgres store; /* for its connection and messages alone: no ledger is opened */
    const char *name, *holder;
    const struct rate_share_limit *limit;
    struct store_array keys, held, floors;
};

/* What fails. */

static int fail_rights(const struct ledger_share *share, struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "the shares of the account `%s` are in the schema " STORE_SHARE_SCHEMA
        " of the database of %s, which this job's user may not create or use\nhint: let an administrator grant it CREATE ON DATABASE, or where the schema exists: USAGE ON SCHEMA " STORE_SHARE_SCHEMA
        ", and SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " STORE_SHARE_SCHEMA,
        share->name, share->store.url.shown);
}

static int fail_schema(const struct ledger_share *share, const char *state, struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "the schema " STORE_SHARE_SCHEMA
        " of the database of %s is not as this program makes it (SQLSTATE %s)\nhint: while no job of its accounts runs, DROP SCHEMA " STORE_SHARE_SCHEMA
        " CASCADE: the next one makes it anew",
        share->store.url.shown, state);
}

/* What the server reports of a statement. */
static void describe(struct ledger_share *share, const PGresult *bad, struct error *error)
{
    const char *state = PQresultErrorField(bad, PG_DIAG_SQLSTATE);

    if (state && strcmp(state, "42501") == 0)
        fail_rights(share, error);
    else if (state && (strncmp(state, "42", 2) == 0 || strncmp(state, "3F", 2) == 0))
        fail_schema(share, state, error);
    else
        store_postgres_describe(&share->store, &share->store.main, bad, "shared", error);
}

/* Statements. */

/* One statement in a transaction of its own; NULL with error. */
static PGresult *ask(struct ledger_share *share, const char *text, const struct store_parameters *parameters,
                     struct error *error)
{
    struct store_connection *connection = &share->store.main;
    PGresult *rows = NULL, *bad = NULL;

    if (store_postgres_send_text(&share->store, connection, text, parameters, error) == 0 &&
        store_postgres_sync(&share->store, connection, &rows, 1, &bad, error) == 0)
        return rows;
    if (bad)
        describe(share, bad, error);
    if (store_postgres_is_lost(connection, bad))
        store_postgres_disconnect(connection);
    PQclear(bad);
    return NULL;
}

static int run(struct ledger_share *share, const char *text, struct error *error)
{
    PGresult *rows = ask(share, text, NULL, error);
    PQclear(rows);
    return rows ? 0 : -1;
}

/* A number that the statement gives; -1 with error. */
static int64_t ask_number(struct ledger_share *share, const char *text, struct error *error)
{
    PGresult *rows = ask(share, text, NULL, error);
    int64_t number = rows ? store_postgres_number(rows, 0, 0) : -1;
    PQclear(rows);
    return number;
}

/* The schema. */

static int create_schema(struct ledger_share *share, struct error *error)
{
    char lock[64];
    snprintf(lock, sizeof lock, "SELECT pg_advisory_xact_lock(%d)", CREATE_LOCK);
    if (run(share, "BEGIN", error) != 0 || run(share, lock, error) != 0)
        return -1;
    int64_t exists = ask_number(share, "SELECT (to_regclass('protocol') IS NOT NULL)::int", error);
    for (size_t i = 0; exists == 0 && store_share_schema[i]; i++)
        if (run(share, store_share_schema[i], error) != 0)
            return -1;
    return exists < 0 ? -1 : run(share, "COMMIT", error);
}

static int ensure_schema(struct ledger_share *share, struct error *error)
{
    int64_t may_use = ask_number(
        share,
        "SELECT coalesce((SELECT has_schema_privilege(n.oid, 'USAGE')"
        " AND coalesce(has_table_privilege(c.oid, 'UPDATE'), has_schema_privilege(n.oid, 'CREATE'))"
        " FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'rate'"
        " WHERE n.nspname = '" STORE_SHARE_SCHEMA
        "'), has_database_privilege(current_database(), 'CREATE'))::int",
        error);
    if (may_use < 0)
        return -1;
    if (may_use == 0)
        return fail_rights(share, error);
    if (create_schema(share, error) != 0)
        return -1;
    int64_t version = ask_number(share, "SELECT version FROM protocol", error);
    if (version < 0 || version == PROTOCOL)
        return version < 0 ? -1 : 0;
    return error_set(
        error, ERROR_LEDGER,
        "the shares of the account `%s` in the database of %s are of version %" PRId64
        ", and this program knows version %d\nhint: use one version of kyc-import for all jobs of an account",
        share->name, share->store.url.shown, version, PROTOCOL);
}

static int ensure_connection(struct ledger_share *share, struct error *error)
{
    if (share->store.main.pg)
        return 0;
    /* A lease may run: a try takes no longer than one. */
    return store_postgres_connect(&share->store, &share->store.main, LEDGER_WRITE,
                                  clock_boot_ns() + share->store.lease_ns, error);
}

struct ledger_share *ledger_share_open(const struct ledger_place *place, const char *name, const char *holder,
                                       const struct rate_share_limit *limit, struct error *error)
{
    struct ledger_share *share = memory_new(1, sizeof *share);

    share->name = name;
    share->holder = holder;
    share->limit = limit;
    share->store.lease_ns = limit->ttl_ns;
    int result = store_postgres_name(&share->store, place, error);
    snprintf(share->store.schema, sizeof share->store.schema, STORE_SHARE_SCHEMA);
    if (result == 0 &&
        store_postgres_connect(&share->store, &share->store.main, LEDGER_WRITE, 0, error) == 0 &&
        ensure_schema(share, error) == 0)
        return share;
    ledger_share_close(share);
    return NULL;
}

void ledger_share_close(struct ledger_share *share)
{
    if (!share)
        return;
    store_postgres_disconnect(&share->store.main);
    store_postgres_array_clear(&share->keys);
    store_postgres_array_clear(&share->held);
    store_postgres_array_clear(&share->floors);
    postgres_url_clear(&share->store.url);
    secret_clear(&share->store.password);
    free(share->store.url_text);
    free(share);
}

/* Calls. */

static int64_t whole_ms(uint64_t ns)
{
    return (int64_t)((ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS);
}

static void add_text(struct store_parameters *parameters, const char *text)
{
    store_postgres_add_bytes(parameters, slice_from(text));
}

static void add_held(struct ledger_share *share, const struct key_share_report *held, size_t held_count,
                     struct store_parameters *parameters)
{
    store_postgres_array_begin(&share->held, LEDGER_TEXT);
    store_postgres_array_begin(&share->floors, LEDGER_TEXT);
    for (size_t i = 0; i < held_count; i++) {
        char floor[FLOOR_SIZE];
        snprintf(floor, sizeof floor, "%" PRIu64, held[i].floor);
        store_postgres_array_bytes(&share->held, slice_from(held[i].key_id));
        store_postgres_array_bytes(&share->floors, slice_from(floor));
    }
    store_postgres_add_array(parameters, &share->held);
    store_postgres_add_array(parameters, &share->floors);
}

int ledger_share_renew(struct ledger_share *share, const struct rate_share_report *report,
                       struct rate_share_answer *answer, uint64_t *window_ns, struct error *error)
{
    const struct rate_share_limit *limit = share->limit;
    struct store_parameters parameters = {.count = 0};

    if (ensure_connection(share, error) != 0)
        return -1;
    add_text(&parameters, share->name);
    add_text(&parameters, share->holder);
    store_postgres_add_number(&parameters, limit->count);
    store_postgres_add_number(&parameters, whole_ms(limit->window_ns));
    store_postgres_add_number(&parameters, whole_ms(limit->margin_ns));
    store_postgres_add_number(&parameters, whole_ms(limit->ttl_ns));
    store_postgres_add_number(&parameters, report->using_count);
    store_postgres_add_number(&parameters, whole_ms(report->hold_ns));
    store_postgres_add_number(&parameters, report->is_throttled);
    PGresult *rows = ask(share,
                         "SELECT other, granted, hold_ms, throttles, least($3::bigint, (SELECT min(s.total)"
                         " FROM rate_share s WHERE s.name = $1::text AND s.until >= clock_timestamp()))"
                         " FROM share_renew(clock_timestamp(),"
                         " $1::text, $2::text, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint,"
                         " $8::bigint, $9::bigint = 1)",
                         &parameters, error);
    if (!rows)
        return -1;
    *window_ns = (uint64_t)store_postgres_number(rows, 0, 0) * CLOCK_NS_PER_MS;
    *answer = (struct rate_share_answer){
        .count = (uint32_t)store_postgres_number(rows, 0, 1),
        .total = (uint32_t)store_postgres_number(rows, 0, 4),
        .hold_ns = (uint64_t)store_postgres_number(rows, 0, 2) * CLOCK_NS_PER_MS,
        .throttles = (uint64_t)store_postgres_number(rows, 0, 3),
    };
    PQclear(rows);
    return *window_ns > 0;
}

int ledger_share_keys(struct ledger_share *share, const char *const *keys, size_t key_count,
                      const struct key_share_report *held, size_t held_count,
                      struct key_share_answer *answers, size_t *answer_count, struct error *error)
{
    struct store_parameters parameters = {.count = 0};

    if (ensure_connection(share, error) != 0)
        return -1;
    add_text(&parameters, share->holder);
    store_postgres_array_begin(&share->keys, LEDGER_TEXT);
    for (size_t i = 0; i < key_count; i++)
        store_postgres_array_bytes(&share->keys, slice_from(keys[i]));
    store_postgres_add_array(&parameters, &share->keys);
    add_held(share, held, held_count, &parameters);
    store_postgres_add_number(&parameters, whole_ms(share->limit->ttl_ns));
    store_postgres_add_number(&parameters, KEY_MARGIN_MS);
    PGresult *rows =
        ask(share,
            "SELECT key_id, floor::text, keep::int FROM share_keys(clock_timestamp(), $1::text, $2::text[],"
            " $3::text[], $4::text[]::numeric[], $5::bigint, $6::bigint)",
            &parameters, error);
    if (!rows)
        return -1;
    *answer_count = 0;
    for (int i = 0; i < PQntuples(rows) && *answer_count < key_count; i++) {
        struct key_share_answer *answer = &answers[(*answer_count)++];
        *answer = (struct key_share_answer){.floor = strtoull(PQgetvalue(rows, i, 1), NULL, 10),
                                            .keep = store_postgres_number(rows, i, 2) != 0};
        snprintf(answer->key_id, sizeof answer->key_id, "%s", PQgetvalue(rows, i, 0));
    }
    PQclear(rows);
    return 0;
}

int ledger_share_leave(struct ledger_share *share, const struct key_share_report *held, size_t held_count,
                       struct error *error)
{
    struct store_parameters parameters = {.count = 0};

    if (ensure_connection(share, error) != 0)
        return -1;
    add_text(&parameters, share->name);
    add_text(&parameters, share->holder);
    store_postgres_add_number(&parameters, whole_ms(share->limit->window_ns));
    store_postgres_add_number(&parameters, whole_ms(share->limit->margin_ns));
    add_held(share, held, held_count, &parameters);
    PGresult *rows = ask(share,
                         "SELECT share_leave(clock_timestamp(), $1::text, $2::text, $3::bigint, $4::bigint,"
                         " $5::text[], $6::text[]::numeric[])",
                         &parameters, error);
    PQclear(rows);
    return rows ? 0 : -1;
}
