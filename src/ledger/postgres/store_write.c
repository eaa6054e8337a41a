/* store_write: rows are gathered here; nothing is sent before the commit. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ledger/postgres/store_batch.h"
#include "ledger/postgres/store_postgres_ops.h"
#include "ledger/postgres/store_readings.h"

enum {
    COPIED_ROWS = 4096,
    EVENTS_MAX = 8192, /* of a transaction that waits in memory; a run has some hundred */
};

/* As the unique index would at the commit. */
static int fail_twice(struct store_postgres *store, const char *column, struct error *error)
{
    char fact[128];
    snprintf(fact, sizeof fact, "two rows have the same value, which must be unique (customer.%s)", column);
    store_postgres_set_error(
        store, "written", fact,
        "check the ledger (kyc-import status --verify); restore it from a backup if it is damaged", error);
    store_postgres_fail_transaction(&store->store, error);
    return -1;
}

/* The row as it waits; NULL: it cannot be written. */
static struct store_cache_row *put(struct store_postgres *store, const struct ledger_table *table,
                                   const struct ledger_value *values, enum store_cache_pending pending,
                                   struct store_ids *ids, struct error *error)
{
    const char *column = NULL;
    struct store_cache_row *row = store_cache_put(store->cache, table, values, &column);
    if (!row) {
        fail_twice(store, column, error);
        return NULL;
    }
    if (row->pending == STORE_CACHE_SAVED) {
        row->pending = pending;
        store_batch_add_id(ids, row->id);
    }
    return row;
}

int store_postgres_insert_customer(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store_postgres_check_writable(store, error) != 0 ||
        !put(store, &ledger_customer_table, values, STORE_CACHE_NEW, &store->batch->customers, error))
        return -1;
    if (store->last_customer >= 0 && values[0].number > store->last_customer)
        store->last_customer = values[0].number;
    return 0;
}

static bool gives_up(struct slice before, struct slice after)
{
    return before.len > 0 && !slice_equal(before, after);
}

int store_postgres_update_customer(struct store *base, const struct ledger_customer *before,
                                   const struct ledger_value *values, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct ledger_customer after;
    assert(before->id == values[0].number && "a row in place of itself");
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    struct store_cache_row *row =
        put(store, &ledger_customer_table, values, STORE_CACHE_SET, &store->batch->customers, error);
    if (!row)
        return -1;
    ledger_row_from_values(&ledger_customer_table, values, NULL, &after);
    store_readings_touch(store->readings, row->id);
    bool is_released =
        gives_up(before->user_id, after.user_id) || gives_up(before->external_id, after.external_id);
    if (is_released && row->pending == STORE_CACHE_SET && !row->is_released) {
        row->is_released = true;
        store_batch_add_id(&store->batch->released, row->id);
    }
    return 0;
}

int store_postgres_insert_task(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store_postgres_check_writable(store, error) != 0 ||
        !put(store, &ledger_task_table, values, STORE_CACHE_NEW, &store->batch->tasks, error))
        return -1;
    if (store->last_task >= 0 && values[0].number > store->last_task)
        store->last_task = values[0].number;
    return 0;
}

int store_postgres_update_task(struct store *base, const struct ledger_value *values, bool sets_slot,
                               struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    (void)sets_slot; /* PostgreSQL compares the values itself */
    return store_postgres_check_writable(store, error) == 0 &&
                   put(store, &ledger_task_table, values, STORE_CACHE_SET, &store->batch->tasks, error)
               ? 0
               : -1;
}

int store_postgres_append_event(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    store_batch_add_row(store->batch, &store->batch->events, &ledger_event_table, values);
    return store->batch->events.count < EVENTS_MAX ? 0 : store_postgres_open_transaction(store, error);
}

int store_postgres_set_chain(struct store *base, const struct ledger_chain *chain, struct error *error)
{
    enum { CHAIN = LEDGER_EVENT_COLUMNS - 1 };
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_batch *batch = store->batch;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    assert(strcmp(ledger_event_table.columns[CHAIN].name, "chain") == 0);
    batch->chain = arena_copy(&batch->arena, slice_make((const char *)chain->head, DIGEST_SHA256_LEN));
    size_t count = batch->events.count;
    if (count == 0 || batch->events.rows[count - 1][0].number != chain->last_event) {
        batch->chain_event = chain->last_event;
        return 0;
    }
    struct ledger_value *values =
        arena_alloc(&batch->arena, LEDGER_EVENT_COLUMNS * sizeof(struct ledger_value));
    memcpy(values, batch->events.rows[count - 1], LEDGER_EVENT_COLUMNS * sizeof *values);
    values[CHAIN] = (struct ledger_value){.bytes = batch->chain};
    batch->events.rows[count - 1] = values;
    return 0;
}

int store_postgres_insert_run(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    store_batch_add_row(store->batch, &store->batch->new_runs, &ledger_run_table, values);
    return 0;
}

/* In place of one that waits with this id. */
static bool replace(struct store_batch *batch, struct store_rows *rows, const struct ledger_value *values)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->rows[i][0].number == values[0].number) {
            store_batch_add_row(batch, rows, &ledger_run_table, values);
            rows->rows[i] = rows->rows[--rows->count];
            return true;
        }
    return false;
}

int store_postgres_update_run(struct store *base, const struct ledger_value *values, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_batch *batch = store->batch;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    if (!replace(batch, &batch->new_runs, values) && !replace(batch, &batch->set_runs, values))
        store_batch_add_row(batch, &batch->set_runs, &ledger_run_table, values);
    return 0;
}

int store_postgres_put_row(struct store *base, const struct ledger_table *table,
                           const struct ledger_value *values, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_batch *batch = store->batch;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    bool is_full =
        batch->copied.count == COPIED_ROWS || (batch->copied.count > 0 && batch->copied_table != table);
    if (is_full && store_postgres_open_transaction(store, error) != 0)
        return -1;
    batch->copied_table = table;
    store_batch_add_row(batch, &batch->copied, table, values);
    store->last_customer = store->last_task = -1;
    return 0;
}
