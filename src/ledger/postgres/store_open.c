/* store_open: a ledger's schema, found, made, opened and closed. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "ledger/postgres/store_batch.h"
#include "ledger/postgres/store_keeper.h"
#include "ledger/postgres/store_postgres.h"
#include "ledger/postgres/store_postgres_ops.h"
#include "ledger/postgres/store_readings.h"
#include "ledger/postgres/store_writer.h"

enum { SQL_MAX = 64 * 1024 };

/* What the schema holds. */
enum found {
    FOUND_ERROR = -1,
    FOUND_NOTHING, /* it is missing or empty */
    FOUND_TABLES,  /* and no identity: what a killed restore has left */
    FOUND_FIRST,   /* the same of a killed first run, which a person has allowed: the next one goes on */
    FOUND_LEDGER,
};

/* Of meta, made with the tables. */
#define FIRST_SQL "INSERT INTO meta(key, value) VALUES('new_ledger', 'allowed') ON CONFLICT DO NOTHING"

static int fail_format(struct store_postgres *store, struct slice version, struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "the ledger %s has format %.*s, but this program reads format %d\nhint: use the version of kyc-import that wrote it",
        store->url.shown, (int)version.len, version.len > 0 ? version.data : "", STORE_POSTGRES_FORMAT);
}

static int fail_foreign(struct store_postgres *store, struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "the schema %s of %s has tables, but is not a ledger of kyc-import; it was not changed\nhint: name another database in the job's ledger",
        store->schema, store->url.shown);
}

/* Of a schema with a table meta. */
static enum found find_identity(struct store_postgres *store, struct error *error)
{
    PGresult *rows = store_postgres_ask_text(store,
                                             "SELECT (SELECT value FROM meta WHERE key = 'schema_version'), "
                                             "EXISTS(SELECT FROM meta WHERE key = 'key_check'), "
                                             "EXISTS(SELECT FROM meta WHERE key = 'new_ledger')",
                                             NULL, error);
    if (!rows)
        return FOUND_ERROR;
    struct slice version = store_postgres_bytes(rows, 0, 0);
    char want[16];
    enum found found = store_postgres_number(rows, 0, 1) != 0   ? FOUND_LEDGER
                       : store_postgres_number(rows, 0, 2) != 0 ? FOUND_FIRST
                                                                : FOUND_TABLES;
    snprintf(want, sizeof want, "%d", STORE_POSTGRES_FORMAT);
    if (!version.data)
        found = (enum found)fail_foreign(store, error);
    else if (!slice_is(version, want))
        found = (enum found)fail_format(store, version, error);
    PQclear(rows);
    return found;
}

static enum found find(struct store_postgres *store, bool *has_schema, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    store_postgres_add_bytes(&parameters, slice_from(store->schema));
    PGresult *rows = store_postgres_ask_text(
        store,
        "SELECT to_regnamespace($1::text) IS NOT NULL, to_regclass($1::text || '.meta') IS NOT NULL AND "
        "to_regclass($1::text || '.writer') IS NOT NULL, "
        "EXISTS(SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1::text))",
        &parameters, error);
    if (!rows)
        return FOUND_ERROR;
    bool is_ledger = store_postgres_number(rows, 0, 1) != 0,
         has_tables = store_postgres_number(rows, 0, 2) != 0;
    *has_schema = store_postgres_number(rows, 0, 0) != 0;
    PQclear(rows);
    if (is_ledger)
        return find_identity(store, error);
    return has_tables ? (enum found)fail_foreign(store, error) : FOUND_NOTHING;
}

struct store_postgres *store_postgres_new(const struct ledger_place *place, enum ledger_mode mode,
                                          struct error *error)
{
    struct store_postgres *store = memory_new(1, sizeof *store);
    store->mode = mode;
    store->lease_ns = store_postgres_lease_ns();
    store->last_customer = store->last_task = -1;
    store->batch = store_batch_new();
    store->cache = mode == LEDGER_READ ? NULL : store_cache_new();
    if (place->stop_fd) {
        store->main.has_stop = true;
        store->main.stop_fd = *place->stop_fd;
    }
    if (store_postgres_name(store, place, error) == 0)
        return store;
    store_postgres_close(&store->store);
    return NULL;
}

void store_postgres_close(struct store *base)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (!store)
        return;
    store_postgres_stop_keeping(store);
    store_postgres_release(store);
    store_postgres_disconnect(&store->main);
    store_batch_free(store->batch);
    store_cache_free(store->cache);
    store_readings_free(store->readings);
    postgres_url_clear(&store->url);
    free(store->url_text);
    memory_wiped_free(store->password.data);
    free(store);
}

/* In one pipeline: there are many. */
static int send_schema(struct store_postgres *store, bool has_schema, struct error *error)
{
    struct store_connection *main = &store->main;
    struct buffer sql;
    int result = store_postgres_send(store, main, STORE_POSTGRES_BEGIN, NULL, error);
    buffer_init(&sql, SQL_MAX);
    if (!has_schema && result == 0) {
        buffer_printf(&sql, "CREATE SCHEMA %s", store->schema);
        result = store_postgres_send_text(store, main, sql.data, NULL, error);
    }
    for (size_t i = 0; result == 0; i++) {
        buffer_reset(&sql);
        if (!store_postgres_schema(i, &sql))
            break;
        result = store_postgres_send_text(store, main, sql.data, NULL, error);
    }
    if (store->mode == LEDGER_MAKE && result == 0)
        result = store_postgres_send_text(store, main, FIRST_SQL, NULL, error);
    buffer_clear(&sql);
    return result == 0 ? store_postgres_send(store, main, STORE_POSTGRES_COMMIT, NULL, error) : -1;
}

int store_postgres_make_schema(struct store_postgres *store, bool has_schema, struct error *error)
{
    PGresult *bad = NULL;
    if (store_postgres_check_usable(store, error) == 0 && send_schema(store, has_schema, error) == 0 &&
        store_postgres_sync(store, &store->main, NULL, 0, &bad, error) == 0)
        return 0;
    store_postgres_fail(store, &store->main, bad, "written", error);
    PQclear(bad);
    return -1;
}

/* With the session lock, so that two processes do not make it at once: another one may have done so before.
 */
static int make_schema(struct store_postgres *store, struct error *error)
{
    bool has_schema;
    failpoint("schema wanted");
    int locked = store_postgres_lock_soon(store, error);
    if (locked == 0)
        return error_set(error, ERROR_BUSY,
                         "the ledger %s is being made by another run\nhint: wait until it ends",
                         store->url.shown);
    enum found found = locked < 0 ? FOUND_ERROR : find(store, &has_schema, error);
    if (found == FOUND_NOTHING)
        return store_postgres_make_schema(store, has_schema, error);
    return found == FOUND_ERROR ? -1 : 0;
}

int store_postgres_has_ledger(struct store_postgres *store, struct error *error)
{
    bool has_schema;
    enum found found = find(store, &has_schema, error);
    return found == FOUND_ERROR ? -1 : found == FOUND_LEDGER;
}

/* An empty database must not look like a first night: a database that was lost and made anew, or another one
 * that a URL names by mistake. */
static int fail_missing(const struct store_postgres *store, const struct ledger_place *place,
                        struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "%s: there is no ledger of the job %s (schema %s): an empty database must not look like a first night, in which every customer is created\nhint: if this job has never run, run it once with --new-ledger; else name the right database, or restore it (kyc-import restore)",
        store->url.shown, place->job, store->schema);
}

static void warn(const struct store_postgres *store)
{
    if (store->main.has_no_fsync)
        log_warning(
            "the ledger %s: the server runs with fsync = off, so it may lose or damage the ledger when its machine stops\nhint: set fsync = on (postgresql.conf)",
            store->url.shown);
    if (store->main.has_unsynced_standby)
        log_warning(
            "the ledger %s: its standby is asynchronous (synchronous_standby_names is empty), so a failover may forget what was written last, and its customers would be created twice where the provider does not prevent it\nhint: set synchronous_standby_names (postgresql.conf)",
            store->url.shown);
}

/* Finds or makes it, and takes the lease. */
static int open_to_write(struct store_postgres *store, const struct ledger_place *place, bool *is_new,
                         struct error *error)
{
    bool has_schema;
    enum found found = find(store, &has_schema, error);
    if (found == FOUND_ERROR)
        return -1;
    *is_new = found != FOUND_LEDGER;
    if (*is_new && found != FOUND_FIRST && store->mode != LEDGER_MAKE)
        return fail_missing(store, place, error);
    if (found == FOUND_NOTHING && make_schema(store, error) != 0)
        return -1;
    if (store_postgres_take(store, error) != 0 || store_postgres_keep(store, error) != 0)
        return -1;
    /* Another process may have made it, or restored it, before this one had the lease. */
    if (*is_new && (found = find(store, &has_schema, error)) == FOUND_ERROR)
        return -1;
    *is_new = found != FOUND_LEDGER;
    if (found == FOUND_TABLES && store_postgres_do_text(store, FIRST_SQL, NULL, error) != 0)
        return -1;
    warn(store);
    return 0;
}

/* 0; -1: where there is none, with ERROR_NONE. */
static int open_to_read(struct store_postgres *store, struct error *error)
{
    bool has_schema;
    enum found found = find(store, &has_schema, error);
    if (found == FOUND_ERROR)
        return -1;
    if (found != FOUND_LEDGER)
        *error = (struct error){.scope = ERROR_NONE};
    return found == FOUND_LEDGER ? 0 : -1;
}

int store_postgres_read_key(const struct ledger_place *place, uint8_t key[FINGERPRINT_KEY_LEN],
                            struct error *error)
{
    if (!place->key || !place->key->data)
        return error_set(
            error, ERROR_LEDGER,
            "a ledger in PostgreSQL needs the job's ledger_key, and there is none: the job does not set it, or the variable or file that it names is missing\nhint: set ledger_key in the job, and the variable or file that it names; kyc-import probe JOB shows what is wrong with it");
    digest_sha256(secret_slice(place->key), slice_make(NULL, 0), key);
    return 0;
}

struct store *store_postgres_open(const struct ledger_place *place, enum ledger_mode mode,
                                  uint8_t key[FINGERPRINT_KEY_LEN], bool *is_new, struct error *error)
{
    struct store_postgres *store = store_postgres_new(place, mode, error);
    *is_new = false;
    if (!store)
        return NULL;
    if (store_postgres_read_key(place, key, error) == 0 &&
        store_postgres_connect(store, &store->main, mode, 0, error) == 0 &&
        (mode == LEDGER_READ ? open_to_read(store, error) : open_to_write(store, place, is_new, error)) ==
            0) {
        store->main.has_stop = false; /* what is written is never given up */
        return &store->store;
    }
    store_postgres_close(&store->store);
    return NULL;
}

/* Of a ledger that may be missing: then of a schema with the tables that it needs. */
struct store *store_postgres_lease(const struct ledger_place *place, struct error *error)
{
    bool has_schema;
    struct store_postgres *store = store_postgres_new(place, LEDGER_WRITE, error);
    if (!store)
        return NULL;
    if (store_postgres_connect(store, &store->main, LEDGER_WRITE, 0, error) == 0) {
        enum found found = find(store, &has_schema, error);
        if (found != FOUND_ERROR && (found != FOUND_NOTHING || make_schema(store, error) == 0) &&
            store_postgres_take(store, error) == 0 && store_postgres_keep(store, error) == 0)
            return &store->store;
    }
    store_postgres_close(&store->store);
    return NULL;
}

int store_postgres_exists(const struct ledger_place *place, struct error *error)
{
    int found = -1;
    struct store_postgres *store = store_postgres_new(place, LEDGER_READ, error);
    if (!store)
        return -1;
    if (store_postgres_connect(store, &store->main, LEDGER_READ, 0, error) == 0)
        found = store_postgres_has_ledger(store, error);
    store_postgres_close(&store->store);
    return found;
}

int store_postgres_check_place(const struct ledger_place *place, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    PGresult *rows = NULL;
    struct store_postgres *store = store_postgres_new(place, LEDGER_WRITE, error);
    if (!store)
        return -1;
    store_postgres_add_bytes(&parameters, slice_from(store->schema));
    if (store_postgres_connect(store, &store->main, LEDGER_WRITE, 0, error) == 0)
        rows = store_postgres_ask_text(store,
                                       "SELECT CASE WHEN to_regnamespace($1::text) IS NULL "
                                       "THEN has_database_privilege(current_database(), 'CREATE') "
                                       "ELSE has_schema_privilege(to_regnamespace($1::text), 'CREATE') AND "
                                       "has_schema_privilege(to_regnamespace($1::text), 'USAGE') END",
                                       &parameters, error);
    int result = rows ? 0 : -1;
    if (rows && store_postgres_number(rows, 0, 0) == 0)
        result = error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be created: this account may not create its schema\nhint: GRANT CREATE ON DATABASE \"%s\" TO \"%s\"; or create the schema %s, and GRANT CREATE, USAGE ON SCHEMA %s",
            store->url.shown, store->url.database, PQuser(store->main.pg), store->schema, store->schema);
    PQclear(rows);
    store_postgres_close(&store->store);
    return result;
}

/* Its tables were made with the schema. */
int store_postgres_create_tables(struct store *store, struct error *error)
{
    (void)store;
    (void)error;
    return 0;
}
