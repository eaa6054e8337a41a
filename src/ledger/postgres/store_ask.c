/* store_ask: single statements on the main connection. */
#include <assert.h>

#include "ledger/postgres/store_postgres.h"

/* The rows of what was sent alone; NULL: it failed. */
static PGresult *receive(struct store_postgres *store, const char *verb, struct error *error)
{
    PGresult *rows = NULL, *bad = NULL;
    if (store_postgres_sync(store, &store->main, &rows, 1, &bad, error) != 0)
        store_postgres_fail(store, &store->main, bad, verb, error);
    PQclear(bad);
    return rows;
}

static PGresult *ask(struct store_postgres *store, enum store_postgres_sql which,
                     const struct store_parameters *parameters, const char *verb, struct error *error)
{
    assert(!store->is_copying && "what a pass by COPY calls asks nothing");
    if (store_postgres_check_usable(store, error) != 0)
        return NULL;
    if (store_postgres_send(store, &store->main, which, parameters, error) == 0)
        return receive(store, verb, error);
    store_postgres_fail(store, &store->main, NULL, verb, error);
    return NULL;
}

static PGresult *ask_text(struct store_postgres *store, const char *text,
                          const struct store_parameters *parameters, const char *verb, struct error *error)
{
    assert(!store->is_copying && "what a pass by COPY calls asks nothing");
    if (store_postgres_check_usable(store, error) != 0)
        return NULL;
    if (store_postgres_send_text(store, &store->main, text, parameters, error) == 0)
        return receive(store, verb, error);
    store_postgres_fail(store, &store->main, NULL, verb, error);
    return NULL;
}

PGresult *store_postgres_ask(struct store_postgres *store, enum store_postgres_sql which,
                             const struct store_parameters *parameters, struct error *error)
{
    return ask(store, which, parameters, "read", error);
}

PGresult *store_postgres_ask_text(struct store_postgres *store, const char *text,
                                  const struct store_parameters *parameters, struct error *error)
{
    return ask_text(store, text, parameters, "read", error);
}

int store_postgres_do(struct store_postgres *store, enum store_postgres_sql which,
                      const struct store_parameters *parameters, struct error *error)
{
    PGresult *rows = ask(store, which, parameters, "written", error);
    PQclear(rows);
    return rows ? 0 : -1;
}

int store_postgres_do_text(struct store_postgres *store, const char *text,
                           const struct store_parameters *parameters, struct error *error)
{
    PGresult *rows = ask_text(store, text, parameters, "written", error);
    PQclear(rows);
    return rows ? 0 : -1;
}
