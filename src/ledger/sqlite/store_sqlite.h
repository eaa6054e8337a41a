/* store_sqlite: shared by the sources of this folder only: the handle, the statements, the files beside a
 * ledger.
 *
 * Every statement is prepared at its first use and kept; names come from constant texts and the column lists
 * of ledger_row.h, values are bound. A failed statement leaves the transaction unusable (SQLite may have
 * rolled it back by itself), so all later writes fail with the same text until the next store_begin. Thread:
 * one for each struct store_sqlite; two of them share nothing but constants.
 *
 * Format 3 (PRAGMA user_version; application_id `KYL1`; store_schema.c has the tables): customer, event,
 * run and task as in ledger_row.h. nonce: by key_id (a digest of the API key) the floor below which nonces
 * may have been used. meta: settings of the ledger by name. reading: by customer the time (real ns) at which
 * the provider was last asked about its user. backup: the copies that were made of this ledger.
 *
 * Durability: WAL, synchronous = FULL, one writer. A batch is one transaction, so its fsync is shared and
 * never skipped. Readers never block a run. LEDGER.lock (flock, never unlinked, with `PID START`) is held for
 * the life of the process; so is a record lock on it (F_OFD_SETLK), which decides nothing, and is there
 * because a reader can look at it.
 */
#ifndef KYC_LEDGER_SQLITE_STORE_SQLITE_H
#define KYC_LEDGER_SQLITE_STORE_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "core/buffer.h"
#include "ledger/ledger_store_ops.h"

enum {
    STORE_FORMAT = 3,
    STORE_APPLICATION_ID = 0x4b594c31, /* `KYL1` */
};

/* A ledger that an earlier version made gets it with its first backup. */
#define STORE_BACKUP_TABLE                                                                                   \
    "backup(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, path TEXT NOT NULL, chain_head TEXT NOT NULL) STRICT"

enum store_sql {
    STORE_SQL_BEGIN,
    STORE_SQL_COMMIT,
    STORE_SQL_META,
    STORE_SQL_META_SET,
    STORE_SQL_METAS,
    STORE_SQL_NONCE,
    STORE_SQL_NONCE_SET,
    STORE_SQL_NONCES,
    STORE_SQL_INCOMPLETE,
    STORE_SQL_INCOMPLETE_CUSTOMERS,
    STORE_SQL_CUSTOMER,
    STORE_SQL_FIND_KEY,
    STORE_SQL_FIND_USER,
    STORE_SQL_LAST_CUSTOMER,
    STORE_SQL_LAST_EVENTS,
    STORE_SQL_CUSTOMER_NEW,
    STORE_SQL_CUSTOMER_SET,
    STORE_SQL_CUSTOMER_SET_USER,
    STORE_SQL_CUSTOMER_SET_KEY,
    STORE_SQL_SCAN,
    STORE_SQL_USERS,
    STORE_SQL_IDENTITIES,
    STORE_SQL_GROUPS,
    STORE_SQL_CUSTOMERS,
    STORE_SQL_CUSTOMERS_OPEN,
    STORE_SQL_CUSTOMERS_USERS,
    STORE_SQL_CUSTOMERS_TWINS,
    STORE_SQL_RESULT_ROWS,
    STORE_SQL_CUSTOMER_ROWS,
    STORE_SQL_EVENT_ROWS,
    STORE_SQL_RUN_ROWS,
    STORE_SQL_TASK_ROWS,
    STORE_SQL_READING,
    STORE_SQL_READINGS,
    STORE_SQL_READING_SET,
    STORE_SQL_READING_REMOVE,
    STORE_SQL_READING_FORGET,
    STORE_SQL_NEXT_READING,
    STORE_SQL_VERIFICATION_KNOWN,
    STORE_SQL_VERIFICATIONS,
    STORE_SQL_TASK,
    STORE_SQL_FIND_TASK,
    STORE_SQL_LAST_TASK,
    STORE_SQL_TASK_NEW,
    STORE_SQL_TASK_SET,
    STORE_SQL_TASK_SET_SLOT,
    STORE_SQL_TASKS,
    STORE_SQL_TASKS_OF,
    STORE_SQL_EVENT_NEW,
    STORE_SQL_EVENT_CHAIN,
    STORE_SQL_LAST_EVENT,
    STORE_SQL_EVENT,
    STORE_SQL_EVENT_OWNERS,
    STORE_SQL_EVENT_BLANK,
    STORE_SQL_HEAD_OF_RUN,
    STORE_SQL_HEAD_OF_EVENT,
    STORE_SQL_RUN_NEW,
    STORE_SQL_RUN_SET,
    STORE_SQL_LAST_RUN,
    STORE_SQL_LAST_COMPLETE,
    STORE_SQL_HAS_RUN,
    STORE_SQL_HAS_BACKUPS,
    STORE_SQL_ERASED,
    STORE_SQL_BACKUPS,
    STORE_SQL_COUNT
};

struct store_sqlite {
    struct store store; /* first */
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_SQL_COUNT];
    char *path, *lock_path, *key_path;
    int lock_fd;                             /* -1: LEDGER_READ */
    bool is_made;                            /* by store_sqlite_create_at: without lease and log */
    bool failed;                             /* a statement failed: see above */
    struct error why;                        /* then: the first failure */
    struct store_checkpointer *checkpointer; /* NULL: LEDGER_READ, is_made */
};

static inline struct store_sqlite *store_sqlite_of(struct store *store)
{
    return (struct store_sqlite *)store;
}

/* The files beside a ledger (store_files.c). Each 0 or -1, where nothing else is said. */

bool store_sqlite_path_exists(const char *path);
/* path ‖ suffix; the caller frees. */
char *store_sqlite_path_with(const char *path, const char *suffix);
/* A ledger has one lock, also when a symbolic link names it; and SQLite must not take a relative name for one
 * of its own (`file:…`, `:memory:`). The caller frees. */
char *store_sqlite_path_resolve(const char *location);
/* Refuses network file systems, by the magic number of the folder's file system. */
int store_sqlite_file_check_system(const char *path, struct error *error);
/* Refuses a ledger, or a file of SQLite's beside it, that is not a regular file: SQLite would wait for a
 * pipe's writer. */
int store_sqlite_file_check_kinds(const struct store_sqlite *store, struct error *error);
/* Refuses a ledger with more than one hard link: each of its names would have a lock of its own. */
int store_sqlite_file_check_names(const struct store_sqlite *store, struct error *error);
/* flock on the lock file; ERROR_BUSY when another process holds it. */
int store_sqlite_file_lock(struct store_sqlite *store, struct error *error);
/* 1 the key was read, 0 there is no key file, -1. */
int store_sqlite_file_read_key(const struct store_sqlite *store, uint8_t key[FINGERPRINT_KEY_LEN],
                               struct error *error);
/* Makes the key and its file, durable before it returns. */
int store_sqlite_file_make_key(const struct store_sqlite *store, uint8_t key[FINGERPRINT_KEY_LEN],
                               struct error *error);
/* Makes the ledger's own file, empty, 0600, when it is missing. */
int store_sqlite_file_make(const struct store_sqlite *store, struct error *error);

/* Statements (store_statements.c). */

/* Fills error from SQLite's last one: `the ledger PATH cannot be VERB: reason`, and a hint. All writes fail
 * from now on, until the next store_begin. Returns -1. */
int store_sqlite_fail(struct store_sqlite *store, const char *verb, struct error *error);
/* As store_fail_damaged. */
int store_sqlite_fail_damaged(struct store_sqlite *store, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Runs SQL that has no values (a pragma, BEGIN, the tables). 0 or -1. */
int store_sqlite_execute(struct store_sqlite *store, const char *text, const char *verb, struct error *error);
/* The statement, reset and with nothing bound; NULL with an error. */
sqlite3_stmt *store_sqlite_prepare(struct store_sqlite *store, enum store_sql which, struct error *error);
/* As above, for a write: fails with the first error when this transaction has failed already. */
sqlite3_stmt *store_sqlite_prepare_write(struct store_sqlite *store, enum store_sql which,
                                         struct error *error);
/* Runs a statement without rows and releases it. 0 or -1. */
int store_sqlite_write(struct store_sqlite *store, sqlite3_stmt *statement, struct error *error);
/* Likewise, of a statement that inserts or updates one row: -1 also where it wrote none. */
int store_sqlite_write_row(struct store_sqlite *store, sqlite3_stmt *statement, struct error *error);
/* The next row: 1; at the end 0 (released); -1 (released). */
int store_sqlite_next_row(struct store_sqlite *store, sqlite3_stmt *statement, struct error *error);
/* Ends a statement before its last row. */
void store_sqlite_release(sqlite3_stmt *statement);

/* Binding: the bytes must live until the statement is released; an empty slice is NULL. */
void store_sqlite_bind_text(sqlite3_stmt *statement, int index, struct slice text);
void store_sqlite_bind_blob(sqlite3_stmt *statement, int index, struct slice bytes);
/* Each value as ?N of the whole-row statements, N its column's place in the list from 1. */
void store_sqlite_bind_row(sqlite3_stmt *statement, const struct ledger_table *table,
                           const struct ledger_value *values);
/* The values of a whole row; they borrow until the next step. */
void store_sqlite_read_row(sqlite3_stmt *statement, const struct ledger_table *table,
                           struct ledger_value *values);
/* The bytes of a column, text or blob; borrowed until the next step. */
struct slice store_sqlite_column(sqlite3_stmt *statement, int index);
/* The place of a column of customer; NAME is one of its list. */
size_t store_sqlite_customer_column(const char *name);

/* A customer of a whole row; arena NULL: its slices borrow until the next step. 0, or -1 (damaged) when it
 * lacks a value: the statement is released then. */
int store_sqlite_read_customer(struct store_sqlite *store, sqlite3_stmt *statement, struct arena *arena,
                               struct ledger_customer *customer, struct error *error);

/* A run of a whole row, as above. */
int store_sqlite_read_run(struct store_sqlite *store, sqlite3_stmt *statement, struct arena *arena,
                          struct ledger_run *run, struct error *error);

/* A task of a whole row, as above. */
int store_sqlite_read_task_row(struct store_sqlite *store, sqlite3_stmt *statement, struct arena *arena,
                               struct ledger_task *task, struct error *error);

/* Appends the statements that make the tables and indexes (store_schema.c). */
void store_sqlite_append_schema(struct buffer *text);

/* Checkpoints (store_checkpoint.c). */

/* Of a store that is open to be written. */
void store_sqlite_checkpointer_open(struct store_sqlite *store);
void store_sqlite_checkpointer_close(struct store_sqlite *store);
/* After a commit: copies the log into the file when it has grown. */
void store_sqlite_checkpoint(struct store_sqlite *store);
/* Before a commit: -1 when a checkpoint has failed since the last one. */
int store_sqlite_checkpoint_failed(struct store_sqlite *store, struct error *error);

/* A store for the ledger at a location that is not open: with its paths, to be closed. */
struct store_sqlite *store_sqlite_new(const char *location);

/* The last event (store_events.c). */
struct store_last_event {
    struct ledger_chain chain; /* head: zeros where it has none */
    uint64_t at_ns;
    bool has_chain;
};
int store_sqlite_read_last_event(struct store_sqlite *store, struct store_last_event *last,
                                 struct error *error);

/* The functions of store_sqlite_ops (store_sqlite.c), with the contracts of ledger_store.h. base: the first
 * member of a struct store_sqlite. */
int store_sqlite_exists(const struct ledger_place *place, struct error *error);
int store_sqlite_check_place(const struct ledger_place *place, struct error *error);
struct store *store_sqlite_open(const struct ledger_place *place, enum ledger_mode mode,
                                uint8_t key[FINGERPRINT_KEY_LEN], bool *is_new, struct error *error);
struct store *store_sqlite_lease(const struct ledger_place *place, struct error *error);
void store_sqlite_close(struct store *base);
const char *store_sqlite_location(const struct store *base);
const char *store_sqlite_key_location(const struct store *base);
bool store_sqlite_has_failed(const struct store *base);
void store_sqlite_fail_transaction(struct store *base, const struct error *error);
int64_t store_sqlite_epoch(const struct store *base);
uint64_t store_sqlite_lease_from_ns(const struct store *base);
const _Atomic uint64_t *store_sqlite_lease_until(const struct store *base);
int store_sqlite_find_holder(struct store *base, struct ledger_holder *holder, struct error *error);
int store_sqlite_create_tables(struct store *base, struct error *error);
int store_sqlite_begin(struct store *base, struct error *error);
int store_sqlite_prefetch(struct store *base, const struct ledger_wanted *wanted, struct error *error);
int store_sqlite_commit(struct store *base, struct error *error);
int store_sqlite_begin_read(struct store *base, struct error *error);
int store_sqlite_end_read(struct store *base, struct error *error);
int store_sqlite_read_customers(struct store *base, const int64_t *ids, size_t count, struct arena *arena,
                                struct ledger_customer *rows, struct error *error);
int store_sqlite_find_key(struct store *base, struct slice external_id, int64_t *id, struct error *error);
int store_sqlite_find_owners(struct store *base, const struct slice *user_ids, size_t count, int64_t *owners,
                             struct error *error);
int store_sqlite_last_customer(struct store *base, int64_t *id, struct error *error);
int store_sqlite_last_named_customer(struct store *base, int64_t *id, struct error *error);
int store_sqlite_insert_customer(struct store *base, const struct ledger_value *values, struct error *error);
int store_sqlite_update_customer(struct store *base, const struct ledger_customer *before,
                                 const struct ledger_value *values, struct error *error);
int store_sqlite_scan(struct store *base, void (*each)(void *context, const struct ledger_brief *brief),
                      void *context, struct error *error);
int store_sqlite_each_user(struct store *base,
                           void (*each)(void *context, struct slice user_id, bool is_deleted), void *context,
                           struct error *error);
int store_sqlite_each_identity(struct store *base,
                               void (*each)(void *context, int64_t id, struct slice identity), void *context,
                               struct error *error);
int store_sqlite_each_customer(struct store *base, enum store_customers which, int64_t after, uint64_t max,
                               bool (*each)(void *context, const struct ledger_customer *customer),
                               void *context, struct error *error);
int store_sqlite_each_result(struct store *base,
                             bool (*each)(void *context, const struct ledger_customer *customer,
                                          uint64_t row),
                             void *context, struct error *error);
int store_sqlite_each_group(struct store *base, void (*each)(void *context, const struct ledger_group *group),
                            void *context, struct error *error);
int store_sqlite_check_complete(struct store *base, struct error *error);
int store_sqlite_reading(struct store *base, int64_t customer, uint64_t *at_ns, struct error *error);
int store_sqlite_reading_set(struct store *base, int64_t customer, uint64_t at_ns, struct error *error);
int store_sqlite_reading_remove(struct store *base, int64_t customer, struct error *error);
int store_sqlite_reading_forget(struct store *base, uint64_t after_ns, struct error *error);
int store_sqlite_next_reading(struct store *base, const struct ledger_selection *selection,
                              struct arena *arena, struct ledger_customer *customer, uint64_t *read_at_ns,
                              struct error *error);
int store_sqlite_verification_is_known(struct store *base, bool *is_known, struct error *error);
int store_sqlite_count_verification(struct store *base, uint64_t since_ns,
                                    struct ledger_verification_counts *counts, struct error *error);
int store_sqlite_read_task(struct store *base, int64_t id, struct arena *arena, struct ledger_task *task,
                           struct error *error);
int store_sqlite_find_task(struct store *base, int64_t customer, enum ledger_task_kind kind,
                           struct slice slot, struct arena *arena, struct ledger_task *task,
                           struct error *error);
int store_sqlite_last_task(struct store *base, int64_t *id, struct error *error);
int store_sqlite_insert_task(struct store *base, const struct ledger_value *values, struct error *error);
int store_sqlite_update_task(struct store *base, const struct ledger_value *values, bool sets_slot,
                             struct error *error);
int store_sqlite_each_task(struct store *base, enum ledger_task_kind kind,
                           bool (*each)(void *context, const struct ledger_task *task), void *context,
                           struct error *error);
int store_sqlite_next_task_of(struct store *base, int64_t customer, int64_t after, struct arena *arena,
                              struct ledger_task *task, struct error *error);
int store_sqlite_append_event(struct store *base, const struct ledger_value *values, struct error *error);
int store_sqlite_set_chain(struct store *base, const struct ledger_chain *chain, struct error *error);
int store_sqlite_last_event(struct store *base, struct ledger_chain *chain, uint64_t *at_ns,
                            struct error *error);
int store_sqlite_has_head(struct store *base, const uint8_t head[DIGEST_SHA256_LEN], struct error *error);
int store_sqlite_remove_bodies(struct store *base, int64_t *customers, struct slice *users, size_t count,
                               struct ledger_sealer *sealer, struct error *error);
int store_sqlite_each_erased(struct store *base, void (*each)(void *context, struct slice erased_key),
                             void *context, struct error *error);
int store_sqlite_compact(struct store *base, struct error *error);
int store_sqlite_insert_run(struct store *base, const struct ledger_value *values, struct error *error);
int store_sqlite_update_run(struct store *base, const struct ledger_value *values, struct error *error);
int store_sqlite_last_run(struct store *base, struct arena *arena, struct ledger_run *run,
                          struct error *error);
int store_sqlite_last_complete_run(struct store *base, const char *command, int64_t before,
                                   struct arena *arena, struct ledger_run *run, struct error *error);
int store_sqlite_has_run(struct store *base, int64_t id, const char *started, struct error *error);
int store_sqlite_meta(struct store *base, const char *key, struct arena *arena, struct slice *value,
                      struct error *error);
int store_sqlite_meta_set(struct store *base, const char *key, struct slice value, struct error *error);
int store_sqlite_nonce(struct store *base, const char *key_id, uint64_t *floor, struct error *error);
int store_sqlite_nonce_set(struct store *base, const char *key_id, uint64_t floor, struct error *error);
int store_sqlite_each_nonce(struct store *base,
                            void (*each)(void *context, const char *key_id, uint64_t floor), void *context,
                            struct error *error);
int store_sqlite_note_backup(struct store *base, const struct ledger_backup *backup, struct error *error);
int store_sqlite_each_backup(struct store *base,
                             void (*each)(void *context, const struct ledger_backup *backup), void *context,
                             struct error *error);
struct store *store_sqlite_open_copy(const char *path, struct error *error);
int store_sqlite_copy(struct store *base, const char *path, struct error *error);
char *store_sqlite_beside(const char *location, const char *suffix);
int store_sqlite_mark_copy(const char *path, const char *key, struct slice value, struct error *error);
struct store *store_sqlite_create_at(const char *path, struct error *error);
int store_sqlite_put_row(struct store *base, const struct ledger_table *table,
                         const struct ledger_value *values, struct error *error);
int store_sqlite_each_meta(struct store *base,
                           void (*each)(void *context, struct slice key, struct slice value), void *context,
                           struct error *error);
int store_sqlite_each_reading(struct store *base,
                              void (*each)(void *context, int64_t customer, uint64_t at_ns), void *context,
                              struct error *error);
char *store_sqlite_draft_present(struct store *base, struct error *error);
struct store_draft *store_sqlite_draft_new(struct store *base, struct error *error);
struct store *store_sqlite_draft_open(struct store_draft *base, const struct ledger_place *place,
                                      uint8_t key[FINGERPRINT_KEY_LEN], struct error *error);
int store_sqlite_draft_place(struct store_draft *base, struct error *error);
void store_sqlite_draft_free(struct store_draft *base);
int store_sqlite_each_row(struct store *base, const struct ledger_table *table,
                          bool (*each)(void *context, const struct ledger_value *values), void *context,
                          struct error *error);
struct store *store_sqlite_open_view(struct store *base, struct error *error);
int store_sqlite_check(struct store *base, void (*each)(void *context, const char *text),
                       void (*row)(void *context, const struct ledger_value *values), void *context,
                       struct error *error);

#endif
