/* ledger_store: a database that holds one ledger, as seen by the rest of src/ledger.
 *
 * The interface has rows, values and questions; SQL, files and connections are behind it: src/ledger/sqlite/
 * holds ledgers in SQLite, src/ledger/postgres/ in PostgreSQL (ledger_store_ops.h). The location alone
 * decides which. It stores what it is given and decides nothing: what a row becomes is ledger_apply's, what
 * proves it ledger_chain's.
 *
 * Writes are between store_begin and store_commit, and durable once commit has returned 0; an empty
 * transaction does no I/O. Every failure is ERROR_LEDGER, or ERROR_BUSY where another program or run is its
 * reason, with a message that names the ledger and a hint.
 * After a failure, of a read too, all writes fail with the same text until the next store_begin, which rolls
 * back: what follows from a failed read must not be committed, and sent. Thread: one, but for store_check.
 * Owner: open/close.
 */
#ifndef KYC_LEDGER_LEDGER_STORE_H
#define KYC_LEDGER_LEDGER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/secret.h"
#include "core/slice.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger.h"
#include "ledger/ledger_backup.h"
#include "ledger/ledger_chain.h"
#include "ledger/ledger_row.h"
#include "ledger/ledger_verification.h"

struct ledger_database;
struct ledger_holder;
struct store;

/* As ledger_exists, ledger_beside and ledger_check_place. */
int store_exists(const struct ledger_place *place, struct error *error);
char *store_beside(const char *location, const char *suffix);
int store_check_place(const struct ledger_place *place, struct error *error);
/* As ledger_database_ask. */
int store_describe_server(const struct ledger_place *place, struct ledger_database *database,
                          struct error *error);

/* Opens the ledger at a place. LEDGER_WRITE and LEDGER_MAKE take its lease first, which no other process has
 * (ERROR_BUSY); and create what is missing, LEDGER_WRITE only of a file. key receives the digest key.
 * *is_new: it has no tables yet (store_create_tables). In LEDGER_READ a ledger that does not exist is NULL
 * with error->scope ERROR_NONE. */
struct store *store_open(const struct ledger_place *place, enum ledger_mode mode,
                         uint8_t key[FINGERPRINT_KEY_LEN], bool *is_new, struct error *error);
void store_close(struct store *store);
/* The place of the ledger, for messages. */
const char *store_location(const struct store *store);
/* That of its digest key; NULL: it is made from the job's ledger_key alone. */
const char *store_key_location(const struct store *store);
/* Between begin and commit. */
int store_create_tables(struct store *store, struct error *error);

/* Takes the lease of the ledger at a place, without opening the ledger, which may be damaged or missing.
 * NULL: ERROR_BUSY, or ERROR_LEDGER. Owner: store_close. */
struct store *store_lease(const struct ledger_place *place, struct error *error);
/* As ledger_lease_from_ns and ledger_lease_until (ledger_lease.h). */
uint64_t store_lease_from_ns(const struct store *store);
const _Atomic uint64_t *store_lease_until(const struct store *store);
/* Of the lease: greater than that of every earlier writer. 0: of a file. */
int64_t store_epoch(const struct store *store);
/* As ledger_holder_find. */
int store_find_holder(struct store *store, struct ledger_holder *holder, struct error *error);
/* As ledger_has_failed. */
bool store_has_failed(const struct store *store);

int store_begin(struct store *store, struct error *error);
/* As ledger_prefetch. */
int store_prefetch(struct store *store, const struct ledger_wanted *wanted, struct error *error);
int store_commit(struct store *store, struct error *error);
/* Sets error to `the ledger LOCATION is damaged: …` with the hint to restore it, and fails the transaction.
 * Returns -1. */
int store_fail_damaged(struct store *store, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A read transaction over several questions, which then see one state, also while another process writes;
 * their temporary tables go to files. 0, or -1. */
int store_begin_read(struct store *store, struct error *error);
int store_end_read(struct store *store, struct error *error);

/* Customers. */

/* ids: count of them. rows[i].id becomes 0 where there is none. Slices are in the arena, and end in a NUL. A
 * row that lacks a value is an error (damaged). 0, or -1. */
int store_read_customers(struct store *store, const int64_t *ids, size_t count, struct arena *arena,
                         struct ledger_customer *rows, struct error *error);
/* *id: the customer with this key; 0: none. */
int store_find_key(struct store *store, struct slice external_id, int64_t *id, struct error *error);
/* owners[i]: the customer with user_ids[i]; 0: none. */
int store_find_owners(struct store *store, const struct slice *user_ids, size_t count, int64_t *owners,
                      struct error *error);
/* The largest id; 0: none. */
int store_last_customer(struct store *store, int64_t *id, struct error *error);
/* The largest id that the last event of a run, its row, and the events after it name; 0: none. So it reads
 * few events, but for those of a run that did not end. */
int store_last_named_customer(struct store *store, int64_t *id, struct error *error);

/* The whole row. values as ledger_row_to_values gives them. */
int store_insert_customer(struct store *store, const struct ledger_value *values, struct error *error);
/* The whole row in place of the one that was read as before: columns of an index are written only where they
 * differ (a random key in an index costs more than the rest of the row). */
int store_update_customer(struct store *store, const struct ledger_customer *before,
                          const struct ledger_value *values, struct error *error);

/* Sequential passes, in any order. each: valid during the call. */
int store_scan(struct store *store, void (*each)(void *context, const struct ledger_brief *brief),
               void *context, struct error *error);
int store_each_user(struct store *store, void (*each)(void *context, struct slice user_id, bool is_deleted),
                    void *context, struct error *error);
int store_each_identity(struct store *store, void (*each)(void *context, int64_t id, struct slice identity),
                        void *context, struct error *error);
/* In id order: which customers, and at most how many. */
enum store_customers {
    STORE_CUSTOMERS_ALL,   /* that have a key */
    STORE_CUSTOMERS_OPEN,  /* whose create or update is open */
    STORE_CUSTOMERS_USERS, /* with a user */
    STORE_CUSTOMERS_TWINS, /* refused twins that the run `after` wrote last */
};
/* after: only ids above it (of TWINS: the run). each returns false to end. 0, or -1. */
int store_each_customer(struct store *store, enum store_customers which, int64_t after, uint64_t max,
                        bool (*each)(void *context, const struct ledger_customer *customer), void *context,
                        struct error *error);
/* STORE_CUSTOMERS_ALL with the input's row of each one's last event that has one (0: none). Between
 * store_begin_read and store_end_read. */
int store_each_result(struct store *store,
                      bool (*each)(void *context, const struct ledger_customer *customer, uint64_t row),
                      void *context, struct error *error);
int store_each_group(struct store *store, void (*each)(void *context, const struct ledger_group *group),
                     void *context, struct error *error);
/* 0, or -1 (damaged) when a required value of customer, run, nonce or meta is missing. One pass over the
 * customers. */
int store_check_complete(struct store *store, struct error *error);

/* Verification of users. */

/* When the provider was last asked about a customer's user; real ns, 0: never. Outside the proof. */
int store_reading(struct store *store, int64_t customer, uint64_t *at_ns, struct error *error);
int store_reading_set(struct store *store, int64_t customer, uint64_t at_ns, struct error *error);
int store_reading_remove(struct store *store, int64_t customer, struct error *error);
/* As ledger_forget_readings. */
int store_reading_forget(struct store *store, uint64_t after_ns, struct error *error);
/* As ledger_next_reading. */
int store_next_reading(struct store *store, const struct ledger_selection *selection, struct arena *arena,
                       struct ledger_customer *customer, uint64_t *read_at_ns, struct error *error);
/* As ledger_verification_is_known. */
int store_verification_is_known(struct store *store, bool *is_known, struct error *error);
/* As ledger_count_verification. */
int store_count_verification(struct store *store, uint64_t since_ns,
                             struct ledger_verification_counts *counts, struct error *error);

/* Tasks. */

/* 1 with the row in the arena (slices end in a NUL), 0 there is none, -1. */
int store_read_task(struct store *store, int64_t id, struct arena *arena, struct ledger_task *task,
                    struct error *error);
int store_find_task(struct store *store, int64_t customer, enum ledger_task_kind kind, struct slice slot,
                    struct arena *arena, struct ledger_task *task, struct error *error);
/* The largest id; 0: none. */
int store_last_task(struct store *store, int64_t *id, struct error *error);
/* The whole row. values as ledger_row_to_values gives them. */
int store_insert_task(struct store *store, const struct ledger_value *values, struct error *error);
/* The whole row in place of the one with its id. The slot is written only where sets_slot (it is indexed). */
int store_update_task(struct store *store, const struct ledger_value *values, bool sets_slot,
                      struct error *error);
/* In id order; each is valid during the call, and returns false to end. 0, or -1. */
int store_each_task(struct store *store, enum ledger_task_kind kind,
                    bool (*each)(void *context, const struct ledger_task *task), void *context,
                    struct error *error);
/* The task of a customer with the smallest id above `after`. 1, 0, -1. */
int store_next_task_of(struct store *store, int64_t customer, int64_t after, struct arena *arena,
                       struct ledger_task *task, struct error *error);

/* Events. */

int store_append_event(struct store *store, const struct ledger_value *values, struct error *error);
/* Stores the chain of the last event of a transaction: its last write. */
int store_set_chain(struct store *store, const struct ledger_chain *chain, struct error *error);
/* The end of the chain as stored (zeros: no event), and the time of the last event (real ns). */
int store_last_event(struct store *store, struct ledger_chain *chain, uint64_t *at_ns, struct error *error);
/* 1 when some event or run has stored this head, 0, -1. */
int store_has_head(struct store *store, const uint8_t head[DIGEST_SHA256_LEN], struct error *error);
/* Removes the bodies of events of these customers, and of those that name one of these users, and leaves
 * their digests (ledger_sealer_body). users: an empty one is none; both arrays are sorted by the call. One
 * pass over the events. */
int store_remove_bodies(struct store *store, int64_t *customers, struct slice *users, size_t count,
                        struct ledger_sealer *sealer, struct error *error);
/* As ledger_each_erased_key. */
int store_each_erased(struct store *store, void (*each)(void *context, struct slice erased_key),
                      void *context, struct error *error);
/* As ledger_compact. */
int store_compact(struct store *store, struct error *error);

/* Runs. */

int store_insert_run(struct store *store, const struct ledger_value *values, struct error *error);
int store_update_run(struct store *store, const struct ledger_value *values, struct error *error);
/* The last one: 1, 0 none, -1. */
int store_last_run(struct store *store, struct arena *arena, struct ledger_run *run, struct error *error);
/* The last one of this command, of those with an id below before, that ended with status 0 or 1. */
int store_last_complete_run(struct store *store, const char *command, int64_t before, struct arena *arena,
                            struct ledger_run *run, struct error *error);
int store_has_run(struct store *store, int64_t id, const char *started, struct error *error);

/* Outside the proof. */

/* 1 with the value in the arena (it ends in a NUL); 0: none; -1. */
int store_meta(struct store *store, const char *key, struct arena *arena, struct slice *value,
               struct error *error);
int store_meta_set(struct store *store, const char *key, struct slice value, struct error *error);
int store_nonce(struct store *store, const char *key_id, uint64_t *floor, struct error *error);
int store_nonce_set(struct store *store, const char *key_id, uint64_t floor, struct error *error);

/* Backups. */

/* True when the ledger is a file. */
bool store_is_file(const struct store *store);
/* Copies the state that a read transaction of the store sees into the empty file at path: a ledger in one
 * file, without a log beside it. The copy is not synced. A process that writes the ledger is not blocked. 0,
 * or -1 (ERROR_LEDGER with a message that names path). Between store_begin_read and store_end_read; only of a
 * file. */
int store_copy(struct store *store, const char *path, struct error *error);
/* Makes a ledger in the empty file at path, with tables and no rows, to be filled by ledger_transfer: without
 * lease, key or log. NULL on error. */
struct store *store_create_at(const char *path, struct error *error);
/* One row of customer, event, run or task, as store_each_row gave it. Between begin and commit. 0, or -1. */
int store_put_row(struct store *store, const struct ledger_table *table, const struct ledger_value *values,
                  struct error *error);
/* Stores a value of meta in such a copy, which no process has open. 0, or -1. */
int store_mark_copy(const char *path, const char *key, struct slice value, struct error *error);
/* Opens such a copy to be read, without a lease or a key. */
struct store *store_open_copy(const char *path, struct error *error);
/* Stores that there is a backup, outside the proof. The store may be open to be read only: a run that writes
 * the ledger waits for the time of one commit. 0, or -1. */
int store_note_backup(struct store *store, const struct ledger_backup *backup, struct error *error);
/* The known backups, oldest first; each is valid during the call. 0, or -1. */
int store_each_backup(struct store *store, void (*each)(void *context, const struct ledger_backup *backup),
                      void *context, struct error *error);

/* Every value of meta, whose key ends in a NUL, and every time of store_reading; valid during the call. 0, or
 * -1. */
int store_each_meta(struct store *store, void (*each)(void *context, struct slice key, struct slice value),
                    void *context, struct error *error);
int store_each_reading(struct store *store, void (*each)(void *context, int64_t customer, uint64_t at_ns),
                       void *context, struct error *error);
/* Every nonce floor; key_id is valid during the call. 0, or -1. */
int store_each_nonce(struct store *store, void (*each)(void *context, const char *key_id, uint64_t floor),
                     void *context, struct error *error);

/* For verification. */

/* Each row of customer, event, run or task as stored, in id order; values are valid during the call. A value
 * of another type than its column's has is given as NULL (the schema forbids it). each returns false to end.
 * Between store_begin_read and store_end_read. 0, or -1. */
int store_each_row(struct store *store, const struct ledger_table *table,
                   bool (*each)(void *context, const struct ledger_value *values), void *context,
                   struct error *error);
/* A second view of the same ledger for another thread, in a read transaction over the same state: both have
 * begun when it returns. NULL on error. */
struct store *store_open_view(struct store *store, struct error *error);
/* Checks what rows do not show: the structure of the file (of PostgreSQL the definitions of tables, indexes
 * and functions), and each index against its table. each: one text for each finding. row, unless NULL: each
 * row of customer, as store_each_row gives it, because this makes a pass over them anyway; where that ends
 * before the last one, -1. 0, or -1. Thread: any, of a view (store_open_view). */
int store_check(struct store *store, void (*each)(void *context, const char *text),
                void (*row)(void *context, const struct ledger_value *values), void *context,
                struct error *error);

#endif
