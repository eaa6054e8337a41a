/* store_view: a second connection that sees the same state, for another thread. */
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "ledger/postgres/store_batch.h"
#include "ledger/postgres/store_postgres_ops.h"

enum { SQL_SIZE = 128, SNAPSHOT_MAX = 63 };

/* Not connected yet. */
static struct store_postgres *new_view(const struct store_postgres *store)
{
    struct store_postgres *view = memory_new(1, sizeof *view);
    const char *fault;
    view->mode = LEDGER_READ;
    view->lease_ns = store->lease_ns;
    view->last_customer = view->last_task = -1;
    view->batch = store_batch_new();
    view->url_text = memory_copy(slice_from(store->url_text));
    postgres_url_read(&view->url, view->url_text, &fault);
    memcpy(view->schema, store->schema, sizeof view->schema);
    memcpy(view->application, store->application, sizeof view->application);
    if (store->password.data)
        view->password = (struct secret){
            .data = memory_wiped_copy(store->password.data),
            .len = store->password.len,
        };
    return view;
}

/* The name of what the open transaction of a store sees. */
static int export_snapshot(struct store_postgres *store, char name[SNAPSHOT_MAX + 1], struct error *error)
{
    PGresult *rows = store_postgres_ask_text(store, "SELECT pg_export_snapshot()", NULL, error);
    if (rows)
        snprintf(name, SNAPSHOT_MAX + 1, "%s", PQgetvalue(rows, 0, 0));
    PQclear(rows);
    return rows ? 0 : -1;
}

static int begin_view(struct store_postgres *view, const char *snapshot, struct error *error)
{
    char sql[SQL_SIZE];
    snprintf(sql, sizeof sql, "SET TRANSACTION SNAPSHOT '%s'", snapshot);
    return store_postgres_begin_read(&view->store, error) == 0
               ? store_postgres_do_text(view, sql, NULL, error)
               : -1;
}

struct store *store_postgres_open_view(struct store *base, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base, *view = new_view(store);
    char snapshot[SNAPSHOT_MAX + 1];
    if (store_postgres_connect(view, &view->main, LEDGER_READ, 0, error) == 0 &&
        store_postgres_begin_read(&store->store, error) == 0 &&
        export_snapshot(store, snapshot, error) == 0 && begin_view(view, snapshot, error) == 0)
        return &view->store;
    if (store->is_reading) {
        struct error ignored;
        store_postgres_end_read(&store->store, &ignored);
    }
    store_postgres_close(&view->store);
    return NULL;
}
