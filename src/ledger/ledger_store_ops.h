/* ledger_store_ops: what a database must do to hold a ledger. One table of functions for each kind of
 * database.
 *
 * The contracts are those of the functions of the same name in ledger_store.h, which has what is the same for
 * all of them (store_fail_damaged). A member may be NULL where its comment says so.
 * Thread: as there.
 */
#ifndef KYC_LEDGER_LEDGER_STORE_OPS_H
#define KYC_LEDGER_LEDGER_STORE_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger_database.h"
#include "ledger/ledger_holder.h"
#include "ledger/ledger_store.h"

/* The first member of what `open` and the others return. */
struct store {
    const struct store_ops *ops; /* set by ledger_store.c */
};

/* The first member of what `draft_new` returns: a ledger under way (ledger_draft.h). */
struct store_draft {
    const char *path;     /* the empty file that becomes the ledger, to be filled before draft_open; NULL:
                             draft_open gives a store with tables and no rows */
    const char *moved_to; /* the name that the present ledger will have; NULL: there is none */
};

struct store_ops {
    /* Places. */
    int (*exists)(const struct ledger_place *place, struct error *error); /* 1, 0, -1 */
    int (*check_place)(const struct ledger_place *place, struct error *error);
    /* As ledger_database_ask. NULL: of files. */
    int (*describe_server)(const struct ledger_place *place, struct ledger_database *database,
                           struct error *error);
    struct store *(*open)(const struct ledger_place *place, enum ledger_mode mode,
                          uint8_t key[FINGERPRINT_KEY_LEN], bool *is_new, struct error *error);
    struct store *(*lease)(const struct ledger_place *place, struct error *error);
    void (*close)(struct store *store);
    const char *(*location)(const struct store *store);     /* as it may be shown */
    const char *(*key_location)(const struct store *store); /* may return NULL */

    /* The lease. */
    bool (*has_failed)(const struct store *store);                /* for good */
    void (*fail)(struct store *store, const struct error *error); /* until the next begin */
    int64_t (*epoch)(const struct store *store);                  /* of this writer; 0: of a file */
    uint64_t (*lease_from_ns)(const struct store *store);
    const _Atomic uint64_t *(*lease_until)(const struct store *store); /* NULL: for ever */
    int (*find_holder)(struct store *store, struct ledger_holder *holder, struct error *error);

    /* Transactions. */
    int (*create_tables)(struct store *store, struct error *error);
    int (*begin)(struct store *store, struct error *error);
    int (*prefetch)(struct store *store, const struct ledger_wanted *wanted, struct error *error);
    int (*commit)(struct store *store, struct error *error);
    int (*begin_read)(struct store *store, struct error *error);
    int (*end_read)(struct store *store, struct error *error);

    /* Customers. */
    int (*read_customers)(struct store *store, const int64_t *ids, size_t count, struct arena *arena,
                          struct ledger_customer *rows, struct error *error);
    int (*find_key)(struct store *store, struct slice external_id, int64_t *id, struct error *error);
    int (*find_owners)(struct store *store, const struct slice *user_ids, size_t count, int64_t *owners,
                       struct error *error);
    int (*last_customer)(struct store *store, int64_t *id, struct error *error);
    int (*last_named_customer)(struct store *store, int64_t *id, struct error *error);
    int (*insert_customer)(struct store *store, const struct ledger_value *values, struct error *error);
    int (*update_customer)(struct store *store, const struct ledger_customer *before,
                           const struct ledger_value *values, struct error *error);
    int (*scan)(struct store *store, void (*each)(void *context, const struct ledger_brief *brief),
                void *context, struct error *error);
    int (*each_user)(struct store *store, void (*each)(void *context, struct slice user_id, bool is_deleted),
                     void *context, struct error *error);
    int (*each_identity)(struct store *store, void (*each)(void *context, int64_t id, struct slice identity),
                         void *context, struct error *error);
    int (*each_customer)(struct store *store, enum store_customers which, int64_t after, uint64_t max,
                         bool (*each)(void *context, const struct ledger_customer *customer), void *context,
                         struct error *error);
    int (*each_result)(struct store *store,
                       bool (*each)(void *context, const struct ledger_customer *customer, uint64_t row),
                       void *context, struct error *error);
    int (*each_group)(struct store *store, void (*each)(void *context, const struct ledger_group *group),
                      void *context, struct error *error);
    int (*check_complete)(struct store *store, struct error *error);

    /* Verification of users. */
    int (*reading)(struct store *store, int64_t customer, uint64_t *at_ns, struct error *error);
    int (*reading_set)(struct store *store, int64_t customer, uint64_t at_ns, struct error *error);
    int (*reading_remove)(struct store *store, int64_t customer, struct error *error);
    int (*reading_forget)(struct store *store, uint64_t after_ns, struct error *error);
    int (*next_reading)(struct store *store, const struct ledger_selection *selection, struct arena *arena,
                        struct ledger_customer *customer, uint64_t *read_at_ns, struct error *error);
    int (*verification_is_known)(struct store *store, bool *is_known, struct error *error);
    int (*count_verification)(struct store *store, uint64_t since_ns,
                              struct ledger_verification_counts *counts, struct error *error);

    /* Tasks. */
    int (*read_task)(struct store *store, int64_t id, struct arena *arena, struct ledger_task *task,
                     struct error *error);
    int (*find_task)(struct store *store, int64_t customer, enum ledger_task_kind kind, struct slice slot,
                     struct arena *arena, struct ledger_task *task, struct error *error);
    int (*last_task)(struct store *store, int64_t *id, struct error *error);
    int (*insert_task)(struct store *store, const struct ledger_value *values, struct error *error);
    int (*update_task)(struct store *store, const struct ledger_value *values, bool sets_slot,
                       struct error *error);
    int (*each_task)(struct store *store, enum ledger_task_kind kind,
                     bool (*each)(void *context, const struct ledger_task *task), void *context,
                     struct error *error);
    int (*next_task_of)(struct store *store, int64_t customer, int64_t after, struct arena *arena,
                        struct ledger_task *task, struct error *error);

    /* Events. */
    int (*append_event)(struct store *store, const struct ledger_value *values, struct error *error);
    int (*set_chain)(struct store *store, const struct ledger_chain *chain, struct error *error);
    int (*last_event)(struct store *store, struct ledger_chain *chain, uint64_t *at_ns, struct error *error);
    int (*has_head)(struct store *store, const uint8_t head[DIGEST_SHA256_LEN], struct error *error);
    int (*remove_bodies)(struct store *store, int64_t *customers, struct slice *users, size_t count,
                         struct ledger_sealer *sealer, struct error *error);
    int (*each_erased)(struct store *store, void (*each)(void *context, struct slice erased_key),
                       void *context, struct error *error);
    int (*compact)(struct store *store, struct error *error);

    /* Runs. */
    int (*insert_run)(struct store *store, const struct ledger_value *values, struct error *error);
    int (*update_run)(struct store *store, const struct ledger_value *values, struct error *error);
    int (*last_run)(struct store *store, struct arena *arena, struct ledger_run *run, struct error *error);
    int (*last_complete_run)(struct store *store, const char *command, int64_t before, struct arena *arena,
                             struct ledger_run *run, struct error *error);
    int (*has_run)(struct store *store, int64_t id, const char *started, struct error *error);

    /* Outside the proof. */
    int (*meta)(struct store *store, const char *key, struct arena *arena, struct slice *value,
                struct error *error);
    int (*each_meta)(struct store *store, void (*each)(void *context, struct slice key, struct slice value),
                     void *context, struct error *error);
    int (*meta_set)(struct store *store, const char *key, struct slice value, struct error *error);
    int (*nonce)(struct store *store, const char *key_id, uint64_t *floor, struct error *error);
    int (*nonce_set)(struct store *store, const char *key_id, uint64_t floor, struct error *error);
    int (*each_nonce)(struct store *store, void (*each)(void *context, const char *key_id, uint64_t floor),
                      void *context, struct error *error);
    int (*each_reading)(struct store *store, void (*each)(void *context, int64_t customer, uint64_t at_ns),
                        void *context, struct error *error);
    int (*note_backup)(struct store *store, const struct ledger_backup *backup, struct error *error);
    int (*each_backup)(struct store *store, void (*each)(void *context, const struct ledger_backup *backup),
                       void *context, struct error *error);

    /* Copies. */
    /* Only of files, else NULL, as the next two: a ledger in the empty file at path, with tables, to be
     * filled between begin and commit by put_row and the functions outside the proof: without lease, key or
     * log, and not synced. */
    struct store *(*create_at)(const char *path, struct error *error);
    struct store *(*open_copy)(const char *path, struct error *error);
    int (*copy)(struct store *store, const char *path, struct error *error);
    /* One row of customer, event, run or task, as each_row gave it. Between begin and commit. */
    int (*put_row)(struct store *store, const struct ledger_table *table, const struct ledger_value *values,
                   struct error *error);
    /* Only of files, else NULL. */
    char *(*beside)(const char *location, const char *suffix);
    int (*mark_copy)(const char *path, const char *key, struct slice value, struct error *error);

    /* A ledger beside that of a lease, and its placing: as the functions of ledger_draft.h. */
    char *(*draft_present)(struct store *lease, struct error *error);
    struct store_draft *(*draft_new)(struct store *lease, struct error *error);
    /* As open with LEDGER_WRITE; closed before draft_place and draft_free. */
    struct store *(*draft_open)(struct store_draft *draft, const struct ledger_place *place,
                                uint8_t key[FINGERPRINT_KEY_LEN], struct error *error);
    int (*draft_place)(struct store_draft *draft, struct error *error);
    void (*draft_free)(struct store_draft *draft);

    /* Verification. */
    int (*each_row)(struct store *store, const struct ledger_table *table,
                    bool (*each)(void *context, const struct ledger_value *values), void *context,
                    struct error *error);
    struct store *(*open_view)(struct store *store, struct error *error);
    int (*check)(struct store *store, void (*each)(void *context, const char *text),
                 void (*row)(void *context, const struct ledger_value *values), void *context,
                 struct error *error);
};

extern const struct store_ops store_sqlite_ops, store_postgres_ops;

#endif
