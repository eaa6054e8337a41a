/* store_commit: transactions. What was gathered leaves in one pipeline; one function writes BEGIN, and the
 * fence is always behind it. */
#include <string.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "ledger/postgres/store_batch.h"
#include "ledger/postgres/store_postgres_ops.h"
#include "ledger/postgres/store_readings.h"

/* A pipeline has failed: bad as of store_postgres_sync_read. */
static int fail(struct store_postgres *store, PGresult *bad, struct error *error)
{
    store_postgres_fail(store, &store->main, bad, "written", error);
    PQclear(bad);
    return -1;
}

/* Reads the answers of what was sent, up to the Sync. */
static int receive(struct store_postgres *store, struct error *error)
{
    PGresult *bad = NULL;
    return store_postgres_sync_read(store, &store->main, NULL, 0, &bad, error) == 0 ? 0
                                                                                    : fail(store, bad, error);
}

static int send_begin(struct store_postgres *store, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    store_postgres_add_number(&parameters, store->epoch);
    return store_postgres_send(store, &store->main, STORE_POSTGRES_BEGIN, NULL, error) == 0
               ? store_postgres_send(store, &store->main, STORE_POSTGRES_FENCE, &parameters, error)
               : -1;
}

/* An error here is that of the connection. */
static int send_all(struct store_postgres *store, bool is_commit, struct error *error)
{
    if ((!store->is_open && send_begin(store, error) != 0) || store_batch_send(store, error) != 0)
        return -1;
    if (is_commit && store_postgres_send(store, &store->main, STORE_POSTGRES_COMMIT, NULL, error) != 0)
        return -1;
    return store_postgres_sync_send(store, &store->main, error);
}

static void keep_notes(struct store_notes *known, const struct store_notes *notes, struct arena *arena)
{
    for (size_t i = 0; i < notes->count; i++) {
        struct store_note *note = store_batch_note(known, arena, notes->items[i].key, 0);
        note->number = notes->items[i].number;
        note->value = arena_copy(arena, notes->items[i].value);
    }
}

/* The database has what waited; in a rollback both are forgotten. */
static void keep_sent(struct store_postgres *store)
{
    struct store_batch *batch = store->batch;
    if (batch->knows_metas)
        keep_notes(&batch->known_metas, &batch->metas, &batch->known_arena);
    if (batch->knows_nonces)
        keep_notes(&batch->known_nonces, &batch->nonces, &batch->known_arena);
    store_batch_reset(batch);
}

int store_postgres_open_transaction(struct store_postgres *store, struct error *error)
{
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    if (store->is_open && store_batch_is_empty(store->batch))
        return 0;
    if (send_all(store, false, error) != 0)
        return fail(store, NULL, error);
    /* Even when it fails: BEGIN is behind it, so that ROLLBACK is due. */
    store->is_open = true;
    if (receive(store, error) != 0)
        return -1;
    store_cache_saved(store->cache);
    keep_sent(store);
    return 0;
}

int store_postgres_flush_batch(struct store_postgres *store, struct error *error)
{
    if (store_batch_is_empty(store->batch))
        return store_postgres_check_usable(store, error);
    return store_postgres_open_transaction(store, error);
}

/* Whether the database may have something of this transaction, or the cache something that it has not. */
static bool is_started(const struct store_postgres *store)
{
    return store->failed || store->is_open || !store_batch_is_empty(store->batch);
}

int store_postgres_begin(struct store *base, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store->has_failed) {
        *error = store->why;
        return -1;
    }
    bool was_started = is_started(store);
    store->failed = false;
    store->is_begun = true;
    store_cache_begin(store->cache);
    if (!was_started)
        return 0;
    store_cache_clear(store->cache);
    store_readings_clear(store->readings);
    store_batch_reset(store->batch);
    store_batch_clear_notes(&store->batch->known_metas);
    store_batch_clear_notes(&store->batch->known_nonces);
    store->batch->knows_metas = store->batch->knows_nonces = false;
    store->last_customer = store->last_task = -1;
    store->is_open = false;
    return PQtransactionStatus(store->main.pg) == PQTRANS_IDLE
               ? 0
               : store_postgres_do(store, STORE_POSTGRES_ROLLBACK, NULL, error);
}

/* The keeper renews the lease. Where it fails, a run without a commit must find out. */
static int commit_nothing(struct store_postgres *store, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    uint64_t before_ns = clock_boot_ns();
    if (before_ns + store->lease_ns / 2 < store->until_ns)
        return 0;
    store_postgres_add_number(&parameters, store->epoch);
    if (store_postgres_do(store, STORE_POSTGRES_FENCE, &parameters, error) != 0)
        return -1;
    store_postgres_renewed(store, before_ns);
    return 0;
}

static void keep_committed(struct store_postgres *store)
{
    store->is_open = store->is_begun = false;
    store_cache_saved(store->cache);
    keep_sent(store);
}

/* A failover may forget it, so nothing is sent that relies on it. */
static int fail_unconfirmed(struct store_postgres *store, struct error *error)
{
    store->main.is_broken = true;
    store_postgres_set_error(
        store, "written",
        "somebody has canceled the wait for the synchronous standby, which may lack the last commit",
        "let the standby catch up, or remove it from synchronous_standby_names, then run again: the run resumes",
        error);
    return fail(store, NULL, error);
}

/* The answer to COMMIT, the last one, must be `COMMIT`: that of a transaction that has failed is `ROLLBACK`.
 */
static int receive_commit(struct store_postgres *store, struct error *error)
{
    PGresult *results[STORE_POSTGRES_PIPELINE_MAX], *bad = NULL;
    size_t count = 0;
    if (store_postgres_sync_read(store, &store->main, results, STORE_POSTGRES_PIPELINE_MAX, &bad, error) != 0)
        return fail(store, bad, error);
    while (count < STORE_POSTGRES_PIPELINE_MAX && results[count])
        count++;
    bool is_committed = count > 0 && strcmp(PQcmdStatus(results[count - 1]), "COMMIT") == 0;
    for (size_t i = 0; i < count; i++)
        PQclear(results[i]);
    if (is_committed && store->main.is_unconfirmed)
        return fail_unconfirmed(store, error);
    return is_committed ? 0 : store_postgres_fail_damaged(store, error, "its database did not commit");
}

static int commit_all(struct store_postgres *store, struct error *error)
{
    uint64_t before_ns = clock_boot_ns();
    store->main.is_unconfirmed = false; /* a standby that has this commit has those before it */
    if (send_all(store, true, error) != 0)
        return fail(store, NULL, error);
    failpoint("commit sent");
    if (receive_commit(store, error) != 0)
        return -1;
    store_postgres_renewed(store, before_ns);
    return 0;
}

int store_postgres_commit(struct store *base, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    bool is_nothing = !store->is_open && store_batch_is_empty(store->batch);
    failpoint("transaction written");
    if ((is_nothing ? commit_nothing(store, error) : commit_all(store, error)) != 0)
        return -1;
    failpoint("committed");
    keep_committed(store);
    return 0;
}

int store_postgres_begin_view(struct store_postgres *store, struct error *error)
{
    if (store_postgres_do_text(store, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL, error) != 0)
        return -1;
    return store->mode == LEDGER_READ
               ? 0
               : store_postgres_do_text(store, "SET LOCAL idle_in_transaction_session_timeout = 0", NULL,
                                        error);
}

/* A view of the ledger as it is now. */
int store_postgres_begin_read(struct store *base, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    if (!store->is_open && store_postgres_begin_view(store, error) != 0)
        return -1;
    store->is_reading = !store->is_open;
    return 0;
}

/* Also after a failure, which has ended the view. */
int store_postgres_end_read(struct store *base, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    bool was_reading = store->is_reading;
    store->is_reading = false;
    return was_reading && !store->has_failed ? store_postgres_do(store, STORE_POSTGRES_ROLLBACK, NULL, error)
                                             : store_postgres_check_usable(store, error);
}
