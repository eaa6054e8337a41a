/* store_batch: what waits for the commit of a transaction, beside the rows of customer and task, which are in
 * the cache. Thread: the ledger's. Owner: new/free.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_BATCH_H
#define KYC_LEDGER_POSTGRES_STORE_BATCH_H

#include "core/arena.h"
#include "ledger/postgres/store_cache.h"
#include "ledger/postgres/store_postgres.h"

/* Whole rows of one table; values are in the batch's arena, or in the cache. */
struct store_rows {
    const struct ledger_value **rows;
    size_t count, capacity;
};

struct store_ids {
    int64_t *items;
    size_t count, capacity;
};

/* A setting, a nonce floor, or the time of a reading, by its text or by its customer. The last one counts. */
struct store_note {
    struct slice key, value;
    int64_t customer, number;
    bool is_removed;
};
struct store_notes {
    struct store_note *items;
    size_t count, capacity;
};

struct store_batch {
    struct arena arena;
    struct store_array columns[LEDGER_COLUMNS_MAX]; /* kept from commit to commit */
    struct store_ids customers, tasks, released;    /* rows of the cache */
    struct store_rows new_runs, set_runs, events;
    int64_t chain_event; /* 0: none; an event on the server whose chain is written */
    struct slice chain;
    struct store_notes metas, nonces, readings;
    struct store_rows copied; /* put_row, of one table */
    const struct ledger_table *copied_table;
    /* What the database has. */
    struct store_notes known_metas, known_nonces;
    struct arena known_arena;
    bool knows_metas, knows_nonces;
};

struct store_batch *store_batch_new(void);
void store_batch_free(struct store_batch *batch); /* NULL is allowed */
/* Nothing waits any more. */
void store_batch_reset(struct store_batch *batch);
bool store_batch_is_empty(const struct store_batch *batch);

void store_batch_add_id(struct store_ids *ids, int64_t id);
/* A copy of the values in the batch's arena. */
void store_batch_add_row(struct store_batch *batch, struct store_rows *rows, const struct ledger_table *table,
                         const struct ledger_value *values);
/* The note of this key or, where the key is empty, of this customer; NULL: none. */
struct store_note *store_batch_find_note(const struct store_notes *notes, struct slice key, int64_t customer);
/* The same, made when it is not there; its key is copied into the arena. */
struct store_note *store_batch_note(struct store_notes *notes, struct arena *arena, struct slice key,
                                    int64_t customer);
void store_batch_clear_notes(struct store_notes *notes);

/* Adds what waits to the pipeline, but for BEGIN, the fence and COMMIT. 0, or -1. */
int store_batch_send(struct store_postgres *store, struct error *error);

#endif
