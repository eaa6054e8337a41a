/* store_describe: the server of a ledger, for people. */
#include <stdio.h>

#include "core/clock.h"
#include "ledger/postgres/store_postgres.h"
#include "ledger/postgres/store_postgres_ops.h"

enum { TRIPS = 5 };

/* Some transactions in a row: the shortest trip, and whether all were in the session that was opened. */
static int try_trips(struct store_postgres *store, struct ledger_database *database, struct error *error)
{
    int64_t first = 0;

    database->trip_ns = UINT64_MAX;
    for (int i = 0; i < TRIPS; i++) {
        uint64_t before_ns = clock_boot_ns();
        PGresult *rows = store_postgres_ask_text(store, "SELECT pg_backend_pid()", NULL, error);
        uint64_t trip_ns = clock_boot_ns() - before_ns;
        if (!rows)
            return -1;
        int64_t session = store_postgres_number(rows, 0, 0);
        PQclear(rows);
        first = i == 0 ? session : first;
        database->is_pooled |= session != first;
        if (trip_ns < database->trip_ns)
            database->trip_ns = trip_ns;
    }
    return 0;
}

static int describe(struct store_postgres *store, struct ledger_database *database, struct error *error)
{
    PGresult *rows = store_postgres_ask_text(
        store, "SELECT split_part(current_setting('server_version'), ' ', 1)", NULL, error);
    const char *tls = PQsslInUse(store->main.pg) ? PQsslAttribute(store->main.pg, "protocol") : NULL;

    if (!rows)
        return -1;
    snprintf(database->version, sizeof database->version, "PostgreSQL %.30s", PQgetvalue(rows, 0, 0));
    snprintf(database->tls, sizeof database->tls, "%s", tls ? tls : "");
    PQclear(rows);
    database->has_no_fsync = store->main.has_no_fsync;
    database->has_unsynced_standby = store->main.has_unsynced_standby;
    return try_trips(store, database, error);
}

int store_postgres_describe_server(const struct ledger_place *place, struct ledger_database *database,
                                   struct error *error)
{
    struct store_postgres *store = store_postgres_new(place, LEDGER_WRITE, error);
    int result = -1;

    *database = (struct ledger_database){.is_pooled = false};
    if (store && store_postgres_connect(store, &store->main, LEDGER_WRITE, 0, error) == 0)
        result = describe(store, database, error);
    if (store)
        store_postgres_close(&store->store);
    return result;
}
