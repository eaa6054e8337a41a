/* store_cursor: passes that leave the connection free between two portions of their rows. */
#include <assert.h>
#include <stdio.h>

#include "ledger/postgres/store_pass.h"

enum { SQL_MAX = 8192, TEXT_SIZE = 64 };

struct cursor {
    struct store_postgres *store;
    unsigned number;
    bool is_own; /* the transaction */
};

static int begin(struct cursor *cursor, struct error *error)
{
    struct store_postgres *store = cursor->store;

    /* Whoever is called may write, and not in a transaction that is to be read only. */
    if (store->is_begun ? store_postgres_open_transaction(store, error) != 0
                        : store_postgres_check_usable(store, error) != 0)
        return -1;
    cursor->is_own = !store->is_begun && !store->is_reading && store->cursors == 0;
    cursor->number = store->cursors;
    return cursor->is_own ? store_postgres_begin_view(store, error) : 0;
}

static int declare(struct cursor *cursor, const char *query, const struct store_parameters *parameters,
                   struct error *error)
{
    struct buffer text;

    buffer_init(&text, SQL_MAX);
    buffer_printf(&text, "DECLARE c%u NO SCROLL CURSOR FOR ", cursor->number);
    buffer_append_text(&text, query);
    assert(!text.overflowed);
    int result = store_postgres_do_text(cursor->store, text.data, parameters, error);
    buffer_clear(&text);
    return result;
}

/* 1, 0 after the last portion, or where each ends the pass, -1. */
static int give_portion(struct cursor *cursor,
                        int (*each)(void *context, const PGresult *rows, int row, struct error *error),
                        void *context, struct error *error)
{
    char text[TEXT_SIZE];

    snprintf(text, sizeof text, "FETCH %d FROM c%u", STORE_POSTGRES_FETCH_ROWS, cursor->number);
    PGresult *rows = store_postgres_ask_text(cursor->store, text, NULL, error);
    int count = rows ? PQntuples(rows) : 0, more = rows ? 1 : -1;
    for (int i = 0; i < count && more == 1; i++)
        more = each(context, rows, i, error);
    PQclear(rows);
    return more == 1 ? count == STORE_POSTGRES_FETCH_ROWS : more;
}

/* Also after a failure: the transaction may go on. */
static int end(struct cursor *cursor, struct error *error)
{
    struct store_postgres *store = cursor->store;
    char text[TEXT_SIZE];

    snprintf(text, sizeof text, "CLOSE c%u", cursor->number);
    if (cursor->is_own)
        return store_postgres_do(store, STORE_POSTGRES_ROLLBACK, NULL, error);
    return PQtransactionStatus(store->main.pg) == PQTRANS_INTRANS
               ? store_postgres_do_text(store, text, NULL, error)
               : 0;
}

int store_pass_cursor(struct store_postgres *store, const char *query,
                      const struct store_parameters *parameters,
                      int (*each)(void *context, const PGresult *rows, int row, struct error *error),
                      void *context, struct error *error)
{
    struct cursor cursor = {.store = store};
    struct error ignored;
    int more = 1;

    if (begin(&cursor, error) != 0)
        return -1;
    store->cursors++;
    if (declare(&cursor, query, parameters, error) != 0)
        more = -1;
    while (more == 1)
        more = give_portion(&cursor, each, context, error);
    store->cursors--;
    int ended = end(&cursor, more < 0 ? &ignored : error);
    return more < 0 ? -1 : ended;
}
