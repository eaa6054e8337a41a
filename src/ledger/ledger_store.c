#include "ledger/ledger_store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/postgres_url.h"
#include "core/text.h"
#include "ledger/ledger_store_ops.h"
#include "ledger/ledger_store_rows.h"

/* Places. */

static const struct store_ops *ops_of(const struct ledger_place *place)
{
    return postgres_url_is_one(place->location) ? &store_postgres_ops : &store_sqlite_ops;
}

static struct store *make(struct store *store, const struct store_ops *ops)
{
    if (store)
        store->ops = ops;
    return store;
}

int store_exists(const struct ledger_place *place, struct error *error)
{
    return ops_of(place)->exists(place, error);
}

char *store_beside(const char *location, const char *suffix)
{
    return postgres_url_is_one(location) ? NULL : store_sqlite_ops.beside(location, suffix);
}

int store_check_place(const struct ledger_place *place, struct error *error)
{
    return ops_of(place)->check_place(place, error);
}

int store_describe_server(const struct ledger_place *place, struct ledger_database *database,
                          struct error *error)
{
    return ops_of(place)->describe_server(place, database, error);
}

struct store *store_open(const struct ledger_place *place, enum ledger_mode mode,
                         uint8_t key[FINGERPRINT_KEY_LEN], bool *is_new, struct error *error)
{
    const struct store_ops *ops = ops_of(place);

    return make(ops->open(place, mode, key, is_new, error), ops);
}

struct store *store_lease(const struct ledger_place *place, struct error *error)
{
    const struct store_ops *ops = ops_of(place);

    return make(ops->lease(place, error), ops);
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

/* Files. */

struct store *store_open_copy(const char *path, struct error *error)
{
    return make(store_sqlite_ops.open_copy(path, error), &store_sqlite_ops);
}

int store_mark_copy(const char *path, const char *key, struct slice value, struct error *error)
{
    return store_sqlite_ops.mark_copy(path, key, value, error);
}

struct store *store_create_at(const char *path, struct error *error)
{
    return make(store_sqlite_ops.create_at(path, error), &store_sqlite_ops);
}

/* Of every database. */

int store_fail_damaged(struct store *store, struct error *error, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    text_format_va(text, sizeof text, format, arguments);
    va_end(arguments);
    ledger_store_rows_fail_damaged(error, store->ops->location(store), text);
    store->ops->fail(store, error);
    return -1;
}

const char *store_location(const struct store *store)
{
    return store->ops->location(store);
}

const char *store_key_location(const struct store *store)
{
    return store->ops->key_location(store);
}

int store_create_tables(struct store *store, struct error *error)
{
    return store->ops->create_tables(store, error);
}

uint64_t store_lease_from_ns(const struct store *store)
{
    return store->ops->lease_from_ns(store);
}

const _Atomic uint64_t *store_lease_until(const struct store *store)
{
    return store->ops->lease_until(store);
}

int64_t store_epoch(const struct store *store)
{
    return store->ops->epoch(store);
}

int store_find_holder(struct store *store, struct ledger_holder *holder, struct error *error)
{
    return store->ops->find_holder(store, holder, error);
}

bool store_has_failed(const struct store *store)
{
    return store->ops->has_failed(store);
}

int store_begin(struct store *store, struct error *error)
{
    return store->ops->begin(store, error);
}

int store_prefetch(struct store *store, const struct ledger_wanted *wanted, struct error *error)
{
    return store->ops->prefetch(store, wanted, error);
}

int store_commit(struct store *store, struct error *error)
{
    return store->ops->commit(store, error);
}

int store_begin_read(struct store *store, struct error *error)
{
    return store->ops->begin_read(store, error);
}

int store_end_read(struct store *store, struct error *error)
{
    return store->ops->end_read(store, error);
}

int store_read_customers(struct store *store, const int64_t *ids, size_t count, struct arena *arena,
                         struct ledger_customer *rows, struct error *error)
{
    return store->ops->read_customers(store, ids, count, arena, rows, error);
}

int store_find_key(struct store *store, struct slice external_id, int64_t *id, struct error *error)
{
    return store->ops->find_key(store, external_id, id, error);
}

int store_find_owners(struct store *store, const struct slice *user_ids, size_t count, int64_t *owners,
                      struct error *error)
{
    return store->ops->find_owners(store, user_ids, count, owners, error);
}

int store_last_customer(struct store *store, int64_t *id, struct error *error)
{
    return store->ops->last_customer(store, id, error);
}

int store_last_named_customer(struct store *store, int64_t *id, struct error *error)
{
    return store->ops->last_named_customer(store, id, error);
}

int store_insert_customer(struct store *store, const struct ledger_value *values, struct error *error)
{
    return store->ops->insert_customer(store, values, error);
}

int store_update_customer(struct store *store, const struct ledger_customer *before,
                          const struct ledger_value *values, struct error *error)
{
    return store->ops->update_customer(store, before, values, error);
}

int store_scan(struct store *store, void (*each)(void *context, const struct ledger_brief *brief),
               void *context, struct error *error)
{
    return store->ops->scan(store, each, context, error);
}

int store_each_user(struct store *store, void (*each)(void *context, struct slice user_id, bool is_deleted),
                    void *context, struct error *error)
{
    return store->ops->each_user(store, each, context, error);
}

int store_each_identity(struct store *store, void (*each)(void *context, int64_t id, struct slice identity),
                        void *context, struct error *error)
{
    return store->ops->each_identity(store, each, context, error);
}

int store_each_customer(struct store *store, enum store_customers which, int64_t after, uint64_t max,
                        bool (*each)(void *context, const struct ledger_customer *customer), void *context,
                        struct error *error)
{
    return store->ops->each_customer(store, which, after, max, each, context, error);
}

int store_each_result(struct store *store,
                      bool (*each)(void *context, const struct ledger_customer *customer, uint64_t row),
                      void *context, struct error *error)
{
    return store->ops->each_result(store, each, context, error);
}

int store_each_group(struct store *store, void (*each)(void *context, const struct ledger_group *group),
                     void *context, struct error *error)
{
    return store->ops->each_group(store, each, context, error);
}

int store_check_complete(struct store *store, struct error *error)
{
    return store->ops->check_complete(store, error);
}

int store_reading(struct store *store, int64_t customer, uint64_t *at_ns, struct error *error)
{
    return store->ops->reading(store, customer, at_ns, error);
}

int store_reading_set(struct store *store, int64_t customer, uint64_t at_ns, struct error *error)
{
    return store->ops->reading_set(store, customer, at_ns, error);
}

int store_reading_remove(struct store *store, int64_t customer, struct error *error)
{
    return store->ops->reading_remove(store, customer, error);
}

int store_reading_forget(struct store *store, uint64_t after_ns, struct error *error)
{
    return store->ops->reading_forget(store, after_ns, error);
}

int store_next_reading(struct store *store, const struct ledger_selection *selection, struct arena *arena,
                       struct ledger_customer *customer, uint64_t *read_at_ns, struct error *error)
{
    return store->ops->next_reading(store, selection, arena, customer, read_at_ns, error);
}

int store_verification_is_known(struct store *store, bool *is_known, struct error *error)
{
    return store->ops->verification_is_known(store, is_known, error);
}

int store_count_verification(struct store *store, uint64_t since_ns,
                             struct ledger_verification_counts *counts, struct error *error)
{
    return store->ops->count_verification(store, since_ns, counts, error);
}

int store_read_task(struct store *store, int64_t id, struct arena *arena, struct ledger_task *task,
                    struct error *error)
{
    return store->ops->read_task(store, id, arena, task, error);
}

int store_find_task(struct store *store, int64_t customer, enum ledger_task_kind kind, struct slice slot,
                    struct arena *arena, struct ledger_task *task, struct error *error)
{
    return store->ops->find_task(store, customer, kind, slot, arena, task, error);
}

int store_last_task(struct store *store, int64_t *id, struct error *error)
{
    return store->ops->last_task(store, id, error);
}

int store_insert_task(struct store *store, const struct ledger_value *values, struct error *error)
{
    return store->ops->insert_task(store, values, error);
}

int store_update_task(struct store *store, const struct ledger_value *values, bool sets_slot,
                      struct error *error)
{
    return store->ops->update_task(store, values, sets_slot, error);
}

int store_each_task(struct store *store, enum ledger_task_kind kind,
                    bool (*each)(void *context, const struct ledger_task *task), void *context,
                    struct error *error)
{
    return store->ops->each_task(store, kind, each, context, error);
}

int store_next_task_of(struct store *store, int64_t customer, int64_t after, struct arena *arena,
                       struct ledger_task *task, struct error *error)
{
    return store->ops->next_task_of(store, customer, after, arena, task, error);
}

int store_append_event(struct store *store, const struct ledger_value *values, struct error *error)
{
    return store->ops->append_event(store, values, error);
}

int store_set_chain(struct store *store, const struct ledger_chain *chain, struct error *error)
{
    return store->ops->set_chain(store, chain, error);
}

int store_last_event(struct store *store, struct ledger_chain *chain, uint64_t *at_ns, struct error *error)
{
    return store->ops->last_event(store, chain, at_ns, error);
}

int store_has_head(struct store *store, const uint8_t head[DIGEST_SHA256_LEN], struct error *error)
{
    return store->ops->has_head(store, head, error);
}

int store_remove_bodies(struct store *store, int64_t *customers, struct slice *users, size_t count,
                        struct ledger_sealer *sealer, struct error *error)
{
    return store->ops->remove_bodies(store, customers, users, count, sealer, error);
}

int store_each_erased(struct store *store, void (*each)(void *context, struct slice erased_key),
                      void *context, struct error *error)
{
    return store->ops->each_erased(store, each, context, error);
}

int store_compact(struct store *store, struct error *error)
{
    return store->ops->compact(store, error);
}

int store_insert_run(struct store *store, const struct ledger_value *values, struct error *error)
{
    return store->ops->insert_run(store, values, error);
}

int store_update_run(struct store *store, const struct ledger_value *values, struct error *error)
{
    return store->ops->update_run(store, values, error);
}

int store_last_run(struct store *store, struct arena *arena, struct ledger_run *run, struct error *error)
{
    return store->ops->last_run(store, arena, run, error);
}

int store_last_complete_run(struct store *store, const char *command, int64_t before, struct arena *arena,
                            struct ledger_run *run, struct error *error)
{
    return store->ops->last_complete_run(store, command, before, arena, run, error);
}

int store_has_run(struct store *store, int64_t id, const char *started, struct error *error)
{
    return store->ops->has_run(store, id, started, error);
}

int store_meta(struct store *store, const char *key, struct arena *arena, struct slice *value,
               struct error *error)
{
    return store->ops->meta(store, key, arena, value, error);
}

int store_meta_set(struct store *store, const char *key, struct slice value, struct error *error)
{
    return store->ops->meta_set(store, key, value, error);
}

int store_nonce(struct store *store, const char *key_id, uint64_t *floor, struct error *error)
{
    return store->ops->nonce(store, key_id, floor, error);
}

int store_nonce_set(struct store *store, const char *key_id, uint64_t floor, struct error *error)
{
    return store->ops->nonce_set(store, key_id, floor, error);
}

int store_copy(struct store *store, const char *path, struct error *error)
{
    return store->ops->copy(store, path, error);
}

bool store_is_file(const struct store *store)
{
    return store->ops->create_at;
}

int store_put_row(struct store *store, const struct ledger_table *table, const struct ledger_value *values,
                  struct error *error)
{
    return store->ops->put_row(store, table, values, error);
}

int store_each_meta(struct store *store, void (*each)(void *context, struct slice key, struct slice value),
                    void *context, struct error *error)
{
    return store->ops->each_meta(store, each, context, error);
}

int store_each_reading(struct store *store, void (*each)(void *context, int64_t customer, uint64_t at_ns),
                       void *context, struct error *error)
{
    return store->ops->each_reading(store, each, context, error);
}

int store_note_backup(struct store *store, const struct ledger_backup *backup, struct error *error)
{
    return store->ops->note_backup(store, backup, error);
}

int store_each_backup(struct store *store, void (*each)(void *context, const struct ledger_backup *backup),
                      void *context, struct error *error)
{
    return store->ops->each_backup(store, each, context, error);
}

int store_each_nonce(struct store *store, void (*each)(void *context, const char *key_id, uint64_t floor),
                     void *context, struct error *error)
{
    return store->ops->each_nonce(store, each, context, error);
}

int store_each_row(struct store *store, const struct ledger_table *table,
                   bool (*each)(void *context, const struct ledger_value *values), void *context,
                   struct error *error)
{
    return store->ops->each_row(store, table, each, context, error);
}

struct store *store_open_view(struct store *store, struct error *error)
{
    return make(store->ops->open_view(store, error), store->ops);
}

int store_check(struct store *store, void (*each)(void *context, const char *text),
                void (*row)(void *context, const struct ledger_value *values), void *context,
                struct error *error)
{
    return store->ops->check(store, each, row, context, error);
}
