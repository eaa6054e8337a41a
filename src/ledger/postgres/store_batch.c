#include "ledger/postgres/store_batch.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"

enum { ARENA_CHUNK = 64 * 1024, KNOWN_CHUNK = 1024 };

struct store_batch *store_batch_new(void)
{
    struct store_batch *batch = memory_new(1, sizeof *batch);
    arena_init(&batch->arena, ARENA_CHUNK);
    arena_init(&batch->known_arena, KNOWN_CHUNK);
    return batch;
}

void store_batch_clear_notes(struct store_notes *notes)
{
    free(notes->items);
    *notes = (struct store_notes){.items = NULL};
}

void store_batch_free(struct store_batch *batch)
{
    if (!batch)
        return;
    arena_clear(&batch->arena);
    arena_clear(&batch->known_arena);
    for (size_t i = 0; i < LEDGER_COLUMNS_MAX; i++)
        store_postgres_array_clear(&batch->columns[i]);
    free(batch->customers.items);
    free(batch->tasks.items);
    free(batch->released.items);
    free(batch->new_runs.rows);
    free(batch->set_runs.rows);
    free(batch->events.rows);
    free(batch->copied.rows);
    store_batch_clear_notes(&batch->metas);
    store_batch_clear_notes(&batch->nonces);
    store_batch_clear_notes(&batch->readings);
    store_batch_clear_notes(&batch->known_metas);
    store_batch_clear_notes(&batch->known_nonces);
    free(batch);
}

void store_batch_reset(struct store_batch *batch)
{
    arena_reset(&batch->arena);
    batch->customers.count = batch->tasks.count = batch->released.count = 0;
    batch->new_runs.count = batch->set_runs.count = batch->events.count = batch->copied.count = 0;
    batch->metas.count = batch->nonces.count = batch->readings.count = 0;
    batch->chain_event = 0;
}

bool store_batch_is_empty(const struct store_batch *batch)
{
    return batch->customers.count == 0 && batch->tasks.count == 0 && batch->new_runs.count == 0 &&
           batch->set_runs.count == 0 && batch->events.count == 0 && batch->copied.count == 0 &&
           batch->metas.count == 0 && batch->nonces.count == 0 && batch->readings.count == 0 &&
           batch->chain_event == 0;
}

/* Room for one more item. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity == 0 ? 64 : 2 * *capacity;
    return memory_resize(items, *capacity, size);
}

void store_batch_add_id(struct store_ids *ids, int64_t id)
{
    ids->items = grow(ids->items, ids->count, &ids->capacity, sizeof *ids->items);
    ids->items[ids->count++] = id;
}

static void add_row(struct store_rows *rows, const struct ledger_value *values)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    rows->rows = grow(rows->rows, rows->count, &rows->capacity, sizeof *rows->rows);
    rows->rows[rows->count++] = values;
}

void store_batch_add_row(struct store_batch *batch, struct store_rows *rows, const struct ledger_table *table,
                         const struct ledger_value *values)
{
    struct ledger_value *copies = arena_alloc(&batch->arena, table->count * sizeof *copies);
    for (size_t i = 0; i < table->count; i++) {
        copies[i] = values[i];
        if (!values[i].is_null && values[i].bytes.len > 0)
            copies[i].bytes = arena_copy(&batch->arena, values[i].bytes);
    }
    add_row(rows, copies);
}

struct store_note *store_batch_find_note(const struct store_notes *notes, struct slice key, int64_t customer)
{
    for (size_t i = 0; i < notes->count; i++)
        if (notes->items[i].customer == customer && slice_equal(notes->items[i].key, key))
            return &notes->items[i];
    return NULL;
}

struct store_note *store_batch_note(struct store_notes *notes, struct arena *arena, struct slice key,
                                    int64_t customer)
{
    struct store_note *note = store_batch_find_note(notes, key, customer);
    if (note)
        return note;
    notes->items = grow(notes->items, notes->count, &notes->capacity, sizeof *notes->items);
    note = &notes->items[notes->count++];
    *note = (struct store_note){.key = key.len > 0 ? arena_copy(arena, key) : key, .customer = customer};
    return note;
}

/* True when no row has a value in this column: unnest fills it up with NULL. Half of a customer's columns are
 * such, and each of their elements would cost the server as much as a value. */
static bool is_absent(const struct store_rows *rows, size_t column)
{
    size_t i = 0;
    while (i < rows->count && rows->rows[i][column].is_null)
        i++;
    return i == rows->count;
}

/* Adds rows to the pipeline, by a statement that writes whole rows of their table. */
static int send_rows(struct store_postgres *store, enum store_postgres_sql which,
                     const struct ledger_table *table, const struct store_rows *rows, struct error *error)
{
    struct store_array *columns = store->batch->columns;
    struct store_parameters parameters = {.count = 0};
    if (rows->count == 0)
        return 0;
    for (size_t i = 0; i < table->count; i++) {
        if (is_absent(rows, i)) {
            store_postgres_add_null(&parameters);
            continue;
        }
        store_postgres_array_begin(&columns[i], table->columns[i].type);
        for (size_t j = 0; j < rows->count; j++)
            store_postgres_array_value(&columns[i], table->columns[i].type, &rows->rows[j][i]);
        store_postgres_add_array(&parameters, &columns[i]);
    }
    store_postgres_add_number(&parameters, (int64_t)rows->count);
    return store_postgres_send(store, &store->main, which, &parameters, error);
}

static int send_released(struct store_postgres *store, struct error *error)
{
    struct store_ids *ids = &store->batch->released;
    struct store_parameters parameters = {.count = 0};
    if (ids->count == 0)
        return 0;
    store_postgres_array_begin(&store->batch->columns[0], LEDGER_NUMBER);
    for (size_t i = 0; i < ids->count; i++)
        store_postgres_array_number(&store->batch->columns[0], ids->items[i]);
    store_postgres_add_array(&parameters, &store->batch->columns[0]);
    store_postgres_add_number(&parameters, (int64_t)ids->count);
    return store_postgres_send(store, &store->main, STORE_POSTGRES_CUSTOMER_RELEASE, &parameters, error);
}

/* The rows of the cache that wait: those that the database has, which give up slots that others take, then
 * those that it does not have. */
static int send_cached(struct store_postgres *store, const struct store_ids *ids,
                       const struct ledger_table *table, enum store_postgres_sql set_rows,
                       enum store_postgres_sql new_rows, struct error *error)
{
    struct store_rows rows[2] = {{.count = 0}, {.count = 0}};
    for (size_t i = 0; i < ids->count; i++) {
        const struct store_cache_row *row = table == &ledger_task_table
                                                ? store_cache_task(store->cache, ids->items[i])
                                                : store_cache_customer(store->cache, ids->items[i]);
        assert(row && row->is_dirty && row->pending != STORE_CACHE_SAVED);
        add_row(&rows[row->pending == STORE_CACHE_SET ? 0 : 1], row->values);
    }
    int result = send_rows(store, set_rows, table, &rows[0], error);
    if (result == 0)
        result = send_rows(store, new_rows, table, &rows[1], error);
    free(rows[0].rows);
    free(rows[1].rows);
    return result;
}

static int send_chain(struct store_postgres *store, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    if (store->batch->chain_event == 0)
        return 0;
    store_postgres_add_number(&parameters, store->batch->chain_event);
    store_postgres_add_bytes(&parameters, store->batch->chain);
    store_postgres_add_number(&parameters, 1);
    return store_postgres_send(store, &store->main, STORE_POSTGRES_EVENT_CHAIN, &parameters, error);
}

/* Two columns of notes; those that are removed have one of their own. */
static int send_notes(struct store_postgres *store, const struct store_notes *notes,
                      enum store_postgres_sql which, struct error *error)
{
    bool is_removal = which == STORE_POSTGRES_READING_REMOVE;
    struct store_array *columns = store->batch->columns;
    struct store_parameters parameters = {.count = 0};
    store_postgres_array_begin(
        &columns[0],
        which == STORE_POSTGRES_META_SET || which == STORE_POSTGRES_NONCE_SET ? LEDGER_TEXT : LEDGER_NUMBER);
    store_postgres_array_begin(&columns[1], which == STORE_POSTGRES_META_SET ? LEDGER_TEXT : LEDGER_NUMBER);
    for (size_t i = 0; i < notes->count; i++) {
        const struct store_note *note = &notes->items[i];
        if (note->is_removed != is_removal)
            continue;
        if (note->customer != 0)
            store_postgres_array_number(&columns[0], note->customer);
        else
            store_postgres_array_bytes(&columns[0], note->key);
        if (which == STORE_POSTGRES_META_SET)
            store_postgres_array_bytes(&columns[1], note->value);
        else
            store_postgres_array_number(&columns[1], note->number);
    }
    if (columns[0].count == 0)
        return 0;
    store_postgres_add_array(&parameters, &columns[0]);
    if (!is_removal)
        store_postgres_add_array(&parameters, &columns[1]);
    return store_postgres_send(store, &store->main, which, &parameters, error);
}

static int send_copied(struct store_postgres *store, struct error *error)
{
    const struct ledger_table *table = store->batch->copied_table;
    enum store_postgres_sql which = STORE_POSTGRES_CUSTOMER_NEW;
    if (table == &ledger_task_table)
        which = STORE_POSTGRES_TASK_NEW;
    else if (table == &ledger_run_table)
        which = STORE_POSTGRES_RUN_NEW;
    else if (table == &ledger_event_table)
        which = STORE_POSTGRES_EVENT_NEW;
    return store->batch->copied.count == 0 ? 0 : send_rows(store, which, table, &store->batch->copied, error);
}

int store_batch_send(struct store_postgres *store, struct error *error)
{
    const struct store_batch *batch = store->batch;
    if (send_copied(store, error) != 0 || send_released(store, error) != 0 ||
        send_cached(store, &batch->customers, &ledger_customer_table, STORE_POSTGRES_CUSTOMER_SET,
                    STORE_POSTGRES_CUSTOMER_NEW, error) != 0 ||
        send_cached(store, &batch->tasks, &ledger_task_table, STORE_POSTGRES_TASK_SET,
                    STORE_POSTGRES_TASK_NEW, error) != 0 ||
        send_rows(store, STORE_POSTGRES_RUN_NEW, &ledger_run_table, &batch->new_runs, error) != 0 ||
        send_rows(store, STORE_POSTGRES_RUN_SET, &ledger_run_table, &batch->set_runs, error) != 0 ||
        send_rows(store, STORE_POSTGRES_EVENT_NEW, &ledger_event_table, &batch->events, error) != 0 ||
        send_chain(store, error) != 0 ||
        send_notes(store, &batch->metas, STORE_POSTGRES_META_SET, error) != 0 ||
        send_notes(store, &batch->nonces, STORE_POSTGRES_NONCE_SET, error) != 0 ||
        send_notes(store, &batch->readings, STORE_POSTGRES_READING_SET, error) != 0)
        return -1;
    return send_notes(store, &batch->readings, STORE_POSTGRES_READING_REMOVE, error);
}
