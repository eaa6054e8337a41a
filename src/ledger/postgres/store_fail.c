/* store_fail: what a failure means for the transaction, and for the rest of the process. */
#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "core/text.h"
#include "ledger/ledger_store_rows.h"
#include "ledger/postgres/store_postgres.h"
#include "ledger/postgres/store_postgres_ops.h"

enum { EXPLAIN_MS = 2000 };

static void mark_failed(struct store_postgres *store, bool is_final, const struct error *error)
{
    if (!store->failed || (is_final && !store->has_failed))
        store->why = *error;
    store->failed = true;
    store->has_failed |= is_final;
}

/* Asks a fresh connection whether another run has taken the ledger over, and so has ended this one. Only to
 * explain the loss, so it takes no longer than EXPLAIN_MS. */
static void explain_loss(const struct store_postgres *lost, struct error *error)
{
    struct store_postgres *store = memory_new(1, sizeof *store);
    struct error other;
    PGresult *rows = NULL, *bad = NULL;
    uint64_t deadline_ns = clock_boot_ns() + EXPLAIN_MS * CLOCK_NS_PER_MS;
    store->url = lost->url;
    store->password = lost->password;
    store->lease_ns = EXPLAIN_MS * CLOCK_NS_PER_MS / STORE_POSTGRES_ANSWER_LEASES;
    memcpy(store->schema, lost->schema, sizeof store->schema);
    memcpy(store->application, lost->application, sizeof store->application);
    if (store_postgres_connect(store, &store->main, LEDGER_READ, deadline_ns, &other) == 0 &&
        store_postgres_send_text(store, &store->main, "SELECT epoch, holder FROM writer WHERE one = 1", NULL,
                                 &other) == 0 &&
        store_postgres_sync(store, &store->main, &rows, 1, &bad, &other) == 0 && PQntuples(rows) == 1 &&
        store_postgres_number(rows, 0, 0) > lost->epoch) /* a standby that lags has an older one */
        store_postgres_set_taken(lost, store_postgres_bytes(rows, 0, 1), error);
    PQclear(rows);
    PQclear(bad);
    store_postgres_disconnect(&store->main);
    free(store);
}

int store_postgres_fail(struct store_postgres *store, const struct store_connection *connection,
                        const PGresult *result, const char *verb, struct error *error)
{
    if (store->has_failed) {
        *error = store->why;
        return -1;
    }
    bool is_lost = store_postgres_is_lost(connection, result);
    /* Whoever waited for the connection has already said why it broke. */
    if (!connection->is_broken || result)
        store_postgres_describe(store, connection, result, verb, error);
    if (is_lost && store->epoch > 0)
        explain_loss(store, error);
    mark_failed(store, is_lost || store_postgres_is_final(result), error);
    return -1;
}

int store_postgres_fail_damaged(struct store_postgres *store, struct error *error, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    text_format_va(text, sizeof text, format, arguments);
    va_end(arguments);
    ledger_store_rows_fail_damaged(error, store->url.shown, text);
    mark_failed(store, false, error);
    return -1;
}

void store_postgres_fail_transaction(struct store *base, const struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (!store->failed)
        store->why = *error;
    store->failed = true;
}

int store_postgres_check_usable(const struct store_postgres *store, struct error *error)
{
    /* An open transaction that has failed takes no question either. */
    if (!store->has_failed && !(store->failed && store->is_open))
        return 0;
    *error = store->why;
    return -1;
}

int store_postgres_check_writable(const struct store_postgres *store, struct error *error)
{
    if (store->failed || store->has_failed) {
        *error = store->why;
        return -1;
    }
    assert(store->epoch > 0 && "a ledger that was opened to be read is never written");
    assert(store->is_begun && "every write is between store_begin and store_commit");
    return 0;
}

void store_postgres_renewed(struct store_postgres *store, uint64_t before_ns)
{
    uint64_t until_ns = before_ns + store->lease_ns, now_ns = atomic_load(&store->until_ns);
    while (now_ns < until_ns && !atomic_compare_exchange_weak(&store->until_ns, &now_ns, until_ns))
        continue;
}
