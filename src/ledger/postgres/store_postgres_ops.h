/* store_postgres_ops: the functions of the table store_postgres_ops (store_postgres.c). Their contracts are
 * those of ledger_store_ops.h.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_POSTGRES_OPS_H
#define KYC_LEDGER_POSTGRES_STORE_POSTGRES_OPS_H

#include "ledger/ledger_store_ops.h"

/* Places. */
int store_postgres_exists(const struct ledger_place *place, struct error *error);
int store_postgres_describe_server(const struct ledger_place *place, struct ledger_database *database,
                                   struct error *error);
int store_postgres_check_place(const struct ledger_place *place, struct error *error);
struct store *store_postgres_open(const struct ledger_place *place, enum ledger_mode mode,
                                  uint8_t key[FINGERPRINT_KEY_LEN], bool *is_new, struct error *error);
struct store *store_postgres_lease(const struct ledger_place *place, struct error *error);
void store_postgres_close(struct store *base);
const char *store_postgres_location(const struct store *base);
const char *store_postgres_key_location(const struct store *base);

/* The lease. */
bool store_postgres_has_failed(const struct store *base);
void store_postgres_fail_transaction(struct store *base, const struct error *error);
int64_t store_postgres_epoch(const struct store *base);
uint64_t store_postgres_lease_from_ns(const struct store *base);
const _Atomic uint64_t *store_postgres_lease_until(const struct store *base);
int store_postgres_find_holder(struct store *base, struct ledger_holder *holder, struct error *error);

/* Transactions. */
int store_postgres_create_tables(struct store *store, struct error *error);
int store_postgres_begin(struct store *base, struct error *error);
int store_postgres_prefetch(struct store *base, const struct ledger_wanted *wanted, struct error *error);
int store_postgres_commit(struct store *base, struct error *error);
int store_postgres_begin_read(struct store *base, struct error *error);
int store_postgres_end_read(struct store *base, struct error *error);

/* Customers. */
int store_postgres_read_customers(struct store *base, const int64_t *ids, size_t count, struct arena *arena,
                                  struct ledger_customer *rows, struct error *error);
int store_postgres_find_key(struct store *base, struct slice external_id, int64_t *id, struct error *error);
int store_postgres_find_owners(struct store *base, const struct slice *user_ids, size_t count,
                               int64_t *owners, struct error *error);
int store_postgres_last_customer(struct store *base, int64_t *id, struct error *error);
int store_postgres_last_named_customer(struct store *base, int64_t *id, struct error *error);
int store_postgres_insert_customer(struct store *base, const struct ledger_value *values,
                                   struct error *error);
int store_postgres_update_customer(struct store *base, const struct ledger_customer *before,
                                   const struct ledger_value *values, struct error *error);
int store_postgres_scan(struct store *base, void (*each)(void *context, const struct ledger_brief *brief),
                        void *context, struct error *error);
int store_postgres_each_user(struct store *base,
                             void (*each)(void *context, struct slice user_id, bool is_deleted),
                             void *context, struct error *error);
int store_postgres_each_identity(struct store *base,
                                 void (*each)(void *context, int64_t id, struct slice identity),
                                 void *context, struct error *error);
int store_postgres_each_customer(struct store *base, enum store_customers which, int64_t after, uint64_t max,
                                 bool (*each)(void *context, const struct ledger_customer *customer),
                                 void *context, struct error *error);
int store_postgres_each_result(struct store *base,
                               bool (*each)(void *context, const struct ledger_customer *customer,
                                            uint64_t row),
                               void *context, struct error *error);
int store_postgres_each_group(struct store *base,
                              void (*each)(void *context, const struct ledger_group *group), void *context,
                              struct error *error);
int store_postgres_check_complete(struct store *base, struct error *error);

/* Verification of users. */
int store_postgres_reading(struct store *base, int64_t customer, uint64_t *at_ns, struct error *error);
int store_postgres_reading_set(struct store *base, int64_t customer, uint64_t at_ns, struct error *error);
int store_postgres_reading_remove(struct store *base, int64_t customer, struct error *error);
int store_postgres_reading_forget(struct store *base, uint64_t after_ns, struct error *error);
int store_postgres_next_reading(struct store *base, const struct ledger_selection *selection,
                                struct arena *arena, struct ledger_customer *customer, uint64_t *read_at_ns,
                                struct error *error);
int store_postgres_verification_is_known(struct store *base, bool *is_known, struct error *error);
int store_postgres_count_verification(struct store *base, uint64_t since_ns,
                                      struct ledger_verification_counts *counts, struct error *error);

/* Tasks. */
int store_postgres_read_task(struct store *base, int64_t id, struct arena *arena, struct ledger_task *task,
                             struct error *error);
int store_postgres_find_task(struct store *base, int64_t customer, enum ledger_task_kind kind,
                             struct slice slot, struct arena *arena, struct ledger_task *task,
                             struct error *error);
int store_postgres_last_task(struct store *base, int64_t *id, struct error *error);
int store_postgres_insert_task(struct store *base, const struct ledger_value *values, struct error *error);
int store_postgres_update_task(struct store *base, const struct ledger_value *values, bool sets_slot,
                               struct error *error);
int store_postgres_each_task(struct store *base, enum ledger_task_kind kind,
                             bool (*each)(void *context, const struct ledger_task *task), void *context,
                             struct error *error);
int store_postgres_next_task_of(struct store *base, int64_t customer, int64_t after, struct arena *arena,
                                struct ledger_task *task, struct error *error);

/* Events. */
int store_postgres_append_event(struct store *base, const struct ledger_value *values, struct error *error);
int store_postgres_set_chain(struct store *base, const struct ledger_chain *chain, struct error *error);
int store_postgres_last_event(struct store *base, struct ledger_chain *chain, uint64_t *at_ns,
                              struct error *error);
int store_postgres_has_head(struct store *base, const uint8_t head[DIGEST_SHA256_LEN], struct error *error);
int store_postgres_remove_bodies(struct store *base, int64_t *customers, struct slice *users, size_t count,
                                 struct ledger_sealer *sealer, struct error *error);
int store_postgres_each_erased(struct store *base, void (*each)(void *context, struct slice erased_key),
                               void *context, struct error *error);
int store_postgres_compact(struct store *base, struct error *error);

/* Runs. */
int store_postgres_insert_run(struct store *base, const struct ledger_value *values, struct error *error);
int store_postgres_update_run(struct store *base, const struct ledger_value *values, struct error *error);
int store_postgres_last_run(struct store *base, struct arena *arena, struct ledger_run *run,
                            struct error *error);
int store_postgres_last_complete_run(struct store *base, const char *command, int64_t before,
                                     struct arena *arena, struct ledger_run *run, struct error *error);
int store_postgres_has_run(struct store *base, int64_t id, const char *started, struct error *error);

/* Outside the proof. */
int store_postgres_meta(struct store *base, const char *key, struct arena *arena, struct slice *value,
                        struct error *error);
int store_postgres_each_meta(struct store *base,
                             void (*each)(void *context, struct slice key, struct slice value), void *context,
                             struct error *error);
int store_postgres_meta_set(struct store *base, const char *key, struct slice value, struct error *error);
int store_postgres_nonce(struct store *base, const char *key_id, uint64_t *floor, struct error *error);
int store_postgres_nonce_set(struct store *base, const char *key_id, uint64_t floor, struct error *error);
int store_postgres_each_nonce(struct store *base,
                              void (*each)(void *context, const char *key_id, uint64_t floor), void *context,
                              struct error *error);
int store_postgres_each_reading(struct store *base,
                                void (*each)(void *context, int64_t customer, uint64_t at_ns), void *context,
                                struct error *error);
int store_postgres_note_backup(struct store *base, const struct ledger_backup *backup, struct error *error);
int store_postgres_each_backup(struct store *base,
                               void (*each)(void *context, const struct ledger_backup *backup), void *context,
                               struct error *error);

/* Copies. */
int store_postgres_put_row(struct store *base, const struct ledger_table *table,
                           const struct ledger_value *values, struct error *error);
char *store_postgres_draft_present(struct store *base, struct error *error);
struct store_draft *store_postgres_draft_new(struct store *base, struct error *error);
struct store *store_postgres_draft_open(struct store_draft *base, const struct ledger_place *place,
                                        uint8_t key[FINGERPRINT_KEY_LEN], struct error *error);
int store_postgres_draft_place(struct store_draft *base, struct error *error);
void store_postgres_draft_free(struct store_draft *base);

/* Verification. */
int store_postgres_each_row(struct store *base, const struct ledger_table *table,
                            bool (*each)(void *context, const struct ledger_value *values), void *context,
                            struct error *error);
struct store *store_postgres_open_view(struct store *base, struct error *error);
int store_postgres_check(struct store *base, void (*each)(void *context, const char *text),
                         void (*row)(void *context, const struct ledger_value *values), void *context,
                         struct error *error);

#endif
