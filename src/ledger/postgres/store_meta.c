/* store_meta: what is outside the proof: settings, nonce floors, times of readings, backups. A writer reads
 * settings and floors whole, once; it is the only one that changes them. */
#include <stdio.h>

#include "ledger/postgres/store_batch.h"
#include "ledger/postgres/store_postgres_ops.h"
#include "ledger/postgres/store_readings.h"

enum {
    PATH_CHUNK = 256,
    READINGS_AT_A_TIME = 2000,
    READINGS_MAX = 4096, /* of a transaction that wait in memory, where they are searched one by one */
};

static int know(struct store_postgres *store, enum store_postgres_sql which, struct store_notes *known,
                bool *is_known, struct error *error)
{
    struct arena *arena = &store->batch->known_arena;
    if (*is_known && store->mode != LEDGER_READ)
        return store_postgres_check_usable(store, error);
    PGresult *rows = store_postgres_ask(store, which, NULL, error);
    *is_known = rows != NULL;
    store_batch_clear_notes(known);
    for (int i = 0; rows && i < PQntuples(rows); i++) {
        struct store_note *note = store_batch_note(known, arena, store_postgres_bytes(rows, i, 0), 0);
        if (which == STORE_POSTGRES_METAS)
            note->value = arena_copy(arena, store_postgres_bytes(rows, i, 1));
        else
            note->number = store_postgres_number(rows, i, 1);
    }
    PQclear(rows);
    return *is_known ? 0 : -1;
}

static int know_metas(struct store_postgres *store, struct error *error)
{
    struct store_batch *batch = store->batch;
    return know(store, STORE_POSTGRES_METAS, &batch->known_metas, &batch->knows_metas, error);
}

static int know_nonces(struct store_postgres *store, struct error *error)
{
    struct store_batch *batch = store->batch;
    return know(store, STORE_POSTGRES_NONCES, &batch->known_nonces, &batch->knows_nonces, error);
}

/* What waits, else what the database has. */
static const struct store_note *find(const struct store_notes *waiting, const struct store_notes *known,
                                     struct slice key)
{
    const struct store_note *note = store_batch_find_note(waiting, key, 0);
    return note ? note : store_batch_find_note(known, key, 0);
}

int store_postgres_meta(struct store *base, const char *key, struct arena *arena, struct slice *value,
                        struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (know_metas(store, error) != 0)
        return -1;
    const struct store_note *note = find(&store->batch->metas, &store->batch->known_metas, slice_from(key));
    if (note)
        *value = arena_copy(arena, note->value);
    return note != NULL;
}

int store_postgres_meta_set(struct store *base, const char *key, struct slice value, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_batch *batch = store->batch;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    store_batch_note(&batch->metas, &batch->arena, slice_from(key), 0)->value =
        arena_copy(&batch->arena, value);
    return 0;
}

int store_postgres_each_meta(struct store *base,
                             void (*each)(void *context, struct slice key, struct slice value), void *context,
                             struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    PGresult *rows = store_postgres_ask(store, STORE_POSTGRES_METAS, NULL, error);
    for (int i = 0; rows && i < PQntuples(rows); i++)
        each(context, store_postgres_bytes(rows, i, 0), store_postgres_bytes(rows, i, 1));
    PQclear(rows);
    return rows ? 0 : -1;
}

/* PostgreSQL has no unsigned numbers: a floor above 2^63 is stored as a negative one. */
int store_postgres_nonce(struct store *base, const char *key_id, uint64_t *floor, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    *floor = 0;
    if (know_nonces(store, error) != 0)
        return -1;
    const struct store_note *note =
        find(&store->batch->nonces, &store->batch->known_nonces, slice_from(key_id));
    if (note)
        *floor = (uint64_t)note->number;
    return 0;
}

int store_postgres_nonce_set(struct store *base, const char *key_id, uint64_t floor, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_batch *batch = store->batch;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    store_batch_note(&batch->nonces, &batch->arena, slice_from(key_id), 0)->number = (int64_t)floor;
    return 0;
}

int store_postgres_each_nonce(struct store *base,
                              void (*each)(void *context, const char *key_id, uint64_t floor), void *context,
                              struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    PGresult *rows = store_postgres_ask(store, STORE_POSTGRES_NONCES, NULL, error);
    for (int i = 0; rows && i < PQntuples(rows); i++)
        each(context, PQgetvalue(rows, i, 0), (uint64_t)store_postgres_number(rows, i, 1));
    PQclear(rows);
    return rows ? 0 : -1;
}

/* Readings. */

int store_postgres_reading(struct store *base, int64_t customer, uint64_t *at_ns, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_parameters parameters = {.count = 0};
    const struct store_note *note =
        store_batch_find_note(&store->batch->readings, slice_make(NULL, 0), customer);
    *at_ns = 0;
    if (note) {
        *at_ns = note->is_removed ? 0 : (uint64_t)note->number;
        return store_postgres_check_usable(store, error);
    }
    store_postgres_add_number(&parameters, customer);
    PGresult *rows = store_postgres_ask(store, STORE_POSTGRES_READING, &parameters, error);
    if (rows && PQntuples(rows) > 0)
        *at_ns = (uint64_t)store_postgres_number(rows, 0, 0);
    PQclear(rows);
    return rows ? 0 : -1;
}

static int note_reading(struct store *base, int64_t customer, uint64_t at_ns, bool is_removed,
                        struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_batch *batch = store->batch;
    if (store_postgres_check_writable(store, error) != 0)
        return -1;
    struct store_note *note =
        store_batch_note(&batch->readings, &batch->arena, slice_make(NULL, 0), customer);
    note->number = (int64_t)at_ns;
    note->is_removed = is_removed;
    store_readings_note(store->readings, customer, at_ns);
    return batch->readings.count < READINGS_MAX ? 0 : store_postgres_open_transaction(store, error);
}

int store_postgres_reading_set(struct store *base, int64_t customer, uint64_t at_ns, struct error *error)
{
    return note_reading(base, customer, at_ns, false, error);
}

int store_postgres_reading_remove(struct store *base, int64_t customer, struct error *error)
{
    return note_reading(base, customer, 0, true, error);
}

int store_postgres_reading_forget(struct store *base, uint64_t after_ns, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_parameters parameters = {.count = 0};
    if (store_postgres_open_transaction(store, error) != 0)
        return -1;
    store_readings_clear(store->readings);
    store_postgres_add_number(&parameters, (int64_t)after_ns);
    return store_postgres_do(store, STORE_POSTGRES_READING_FORGET, &parameters, error);
}

int store_postgres_each_reading(struct store *base,
                                void (*each)(void *context, int64_t customer, uint64_t at_ns), void *context,
                                struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    int64_t after = INT64_MIN;
    int count = READINGS_AT_A_TIME;
    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    while (count == READINGS_AT_A_TIME) {
        struct store_parameters parameters = {.count = 0};
        store_postgres_add_number(&parameters, after);
        store_postgres_add_number(&parameters, READINGS_AT_A_TIME);
        PGresult *rows = store_postgres_ask(store, STORE_POSTGRES_READINGS, &parameters, error);
        if (!rows)
            return -1;
        count = PQntuples(rows);
        for (int i = 0; i < count; i++) {
            after = store_postgres_number(rows, i, 0);
            each(context, after, (uint64_t)store_postgres_number(rows, i, 1));
        }
        PQclear(rows);
    }
    return 0;
}

/* Backups. */

/* Not fenced: a backup is made beside the run that writes the ledger. A path may have any bytes. */
int store_postgres_note_backup(struct store *base, const struct ledger_backup *backup, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_parameters parameters = {.count = 0};
    struct arena arena;

    arena_init(&arena, PATH_CHUNK);
    store_postgres_add_number(&parameters, (int64_t)backup->at_ns);
    store_postgres_add_bytes(&parameters, ledger_row_clean_text(slice_from(backup->path), &arena));
    store_postgres_add_bytes(&parameters, slice_from(backup->head));
    int result = store_postgres_do(store, STORE_POSTGRES_BACKUP_NEW, &parameters, error);
    arena_clear(&arena);
    return result;
}

int store_postgres_each_backup(struct store *base,
                               void (*each)(void *context, const struct ledger_backup *backup), void *context,
                               struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    PGresult *rows = store_postgres_ask(store, STORE_POSTGRES_BACKUPS, NULL, error);
    for (int i = 0; rows && i < PQntuples(rows); i++) {
        struct ledger_backup backup = {
            .at_ns = (uint64_t)store_postgres_number(rows, i, 0),
            .path = PQgetvalue(rows, i, 1),
        };
        snprintf(backup.head, sizeof backup.head, "%s", PQgetvalue(rows, i, 2));
        each(context, &backup);
    }
    PQclear(rows);
    return rows ? 0 : -1;
}
