/* store_postgres: shared by the sources of this folder only: connections, statements, what waits to be
 * written.
 *
 * One writer at a time, by the epoch in the table writer, which every transaction compares first (fence). The
 * rows of a transaction are gathered in memory and leave with BEGIN and COMMIT in one pipeline
 * (store_commit.c); what reads need of them, and of rows that were read before, is in the cache
 * (store_cache.h). A statement never waits for the answer of another one, and nothing is repeated on a new
 * connection: a lost one is a failed ledger.
 *
 *   store_begin ──► gathering ── store_commit: BEGIN, fence, rows, COMMIT, Sync in one flush ──► idle
 *                       │
 *                       └─ a read that memory cannot answer (store_postgres_flush_batch): BEGIN, fence, rows,
 *                          Sync ──► open on the server ── store_commit: rows, COMMIT, Sync ──► idle
 *   any failure ──► failed: every write fails with the same text ── store_begin: ROLLBACK ──► gathering
 *   a lost connection, a fence that refuses ──► failed for good
 *
 * While a transaction is open on the server it holds the lock on the row of writer, so that the fence of
 * another connection of this process, the keeper's, waits for its end.
 *
 * Two functions of the schema are part of the protocol: fence(epoch) raises KY001 where another writer has
 * taken the ledger over; written(have, want) raises KY002 where a statement did not write each of its rows,
 * and then the COMMIT of the same pipeline is not executed. Format 3, as SQLite's (meta.schema_version).
 * Everything is sent and received in binary.
 *
 * Thread: the ledger's. The keeper and a second view have connections of their own; functions that take a
 * const store share nothing else.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_POSTGRES_H
#define KYC_LEDGER_POSTGRES_STORE_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "core/buffer.h"
#include "core/postgres_url.h"
#include "core/secret.h"
#include "ledger/ledger_store_ops.h"

enum {
    STORE_POSTGRES_FORMAT = 3,
    STORE_POSTGRES_FETCH_ROWS = 2000, /* of a cursor at a time */
    STORE_POSTGRES_PARAMETERS_MAX = LEDGER_COLUMNS_MAX + 1,
    STORE_POSTGRES_PIPELINE_MAX = 96, /* commands before a Sync */
    STORE_POSTGRES_SCHEMA_SIZE = 64,
    STORE_POSTGRES_ANSWER_LEASES = 4, /* how many leases an answer may take */
};

/* Each is prepared at its first use, in the pipeline that needs it (store_statements.c has the texts). */
enum store_postgres_sql {
    STORE_POSTGRES_BEGIN,
    STORE_POSTGRES_COMMIT,
    STORE_POSTGRES_ROLLBACK,
    STORE_POSTGRES_FENCE,
    STORE_POSTGRES_CUSTOMER_RELEASE,
    STORE_POSTGRES_CUSTOMER_NEW,
    STORE_POSTGRES_CUSTOMER_SET,
    STORE_POSTGRES_TASK_NEW,
    STORE_POSTGRES_TASK_SET,
    STORE_POSTGRES_RUN_NEW,
    STORE_POSTGRES_RUN_SET,
    STORE_POSTGRES_EVENT_NEW,
    STORE_POSTGRES_EVENT_CHAIN,
    STORE_POSTGRES_META_SET,
    STORE_POSTGRES_NONCE_SET,
    STORE_POSTGRES_READING_SET,
    STORE_POSTGRES_READING_REMOVE,
    STORE_POSTGRES_READING_FORGET,
    STORE_POSTGRES_METAS,
    STORE_POSTGRES_NONCES,
    STORE_POSTGRES_READING,
    STORE_POSTGRES_READINGS,
    STORE_POSTGRES_CUSTOMERS,
    STORE_POSTGRES_CUSTOMERS_BY_KEY,
    STORE_POSTGRES_CUSTOMERS_BY_USER,
    STORE_POSTGRES_LAST_CUSTOMER,
    STORE_POSTGRES_LAST_EVENTS,
    STORE_POSTGRES_TASK,
    STORE_POSTGRES_FIND_TASK,
    STORE_POSTGRES_LAST_TASK,
    STORE_POSTGRES_TASKS_OF,
    STORE_POSTGRES_LAST_EVENT,
    STORE_POSTGRES_HEAD_OF_RUN,
    STORE_POSTGRES_HEAD_OF_EVENT,
    STORE_POSTGRES_LAST_RUN,
    STORE_POSTGRES_LAST_COMPLETE,
    STORE_POSTGRES_HAS_RUN,
    STORE_POSTGRES_BACKUP_NEW,
    STORE_POSTGRES_BACKUPS,
    STORE_POSTGRES_SQL_COUNT
};

/* A connection in nonblocking and, but for COPY, in pipeline mode. Zeros: not connected. */
struct store_connection {
    PGconn *pg;
    bool is_broken; /* nothing more is sent */
    bool is_slow;   /* its next answers may take any time: a pass over an index, a sort, a VACUUM */
    /* Of the server: a crash of it may lose commits; a failover may, because no standby confirms them. */
    bool has_no_fsync, has_unsynced_standby;
    bool is_unconfirmed; /* a commit did not wait for the standby that is to confirm it */
    bool has_stop; /* waiting also ends, with ERROR_INTERRUPTED, when stop_fd (an eventfd) is readable */
    int stop_fd;
    bool is_prepared[STORE_POSTGRES_SQL_COUNT];
    unsigned generation;                              /* in the names of its statements */
    bool is_preparation[STORE_POSTGRES_PIPELINE_MAX]; /* of what was sent since the last Sync */
    size_t sent;
};

/* The values of one statement, in binary; borrowed but for numbers. Zeros: none. */
struct store_parameters {
    int count;
    const char *values[STORE_POSTGRES_PARAMETERS_MAX]; /* NULL: in numbers */
    int lengths[STORE_POSTGRES_PARAMETERS_MAX];        /* -1: NULL */
    char numbers[STORE_POSTGRES_PARAMETERS_MAX][8];
};

/* An array of one column's values, in binary. Zeros: not begun yet. */
struct store_array {
    struct buffer bytes;
    uint32_t count;
};

struct store_batch;    /* store_batch.h: the rows that wait for the commit */
struct store_cache;    /* store_cache.h */
struct store_keeper;   /* store_keeper.h */
struct store_readings; /* store_readings.h */

struct store_postgres {
    struct store store; /* first */
    char *url_text;     /* as the job has it */
    struct postgres_url url;
    char schema[STORE_POSTGRES_SCHEMA_SIZE];
    char application[80];   /* as the server lists it: `kyc-import JOB` */
    struct secret password; /* for connections after the first; wiped at close */
    enum ledger_mode mode;
    struct store_connection main;
    struct store_batch *batch;
    struct store_cache *cache;       /* NULL: LEDGER_READ, before the first prefetch */
    struct store_readings *readings; /* NULL: none yet */
    bool is_begun;                   /* between store_begin and store_commit */
    bool is_open;                    /* the transaction is open on the server */
    bool is_reading;                 /* between store_begin_read and store_end_read */
    bool is_copying;                 /* a COPY runs on main: nothing else may be sent */
    unsigned cursors;                /* open now */
    bool failed;                     /* this transaction, with why */
    bool has_failed;                 /* for good, with why */
    struct error why;
    int64_t last_customer, last_task; /* -1: not known yet */
    uint64_t lease_ns;
    int64_t epoch;    /* 0: not a writer */
    uint64_t from_ns; /* clock_boot_ns; 0: at once */
    _Atomic uint64_t until_ns;
    struct store_keeper *keeper; /* NULL: none */
};

/* store_errors.c. Fills in error from a result, or from the connection where result is NULL; no value of a
 * row is ever shown. verb: `read`, `written`, `opened`. Returns -1. */
int store_postgres_describe(const struct store_postgres *store, const struct store_connection *connection,
                            const PGresult *result, const char *verb, struct error *error);
/* `the ledger LOCATION cannot be VERB: FACT\nhint: HINT`, of ERROR_LEDGER. Returns -1. */
int store_postgres_set_error(const struct store_postgres *store, const char *verb, const char *fact,
                             const char *hint, struct error *error);
/* Another run is the writer: ERROR_BUSY. holder: as in the table writer. Returns -1. */
int store_postgres_set_taken(const struct store_postgres *store, struct slice holder, struct error *error);
/* True when another writer has taken the ledger over (fence). */
bool store_postgres_is_taken(const PGresult *result);
/* True when no later transaction of this process can succeed: a lease that is over, a disk that is full. */
bool store_postgres_is_final(const PGresult *result);
/* True when the connection has ended, or ends with this result. */
bool store_postgres_is_lost(const struct store_connection *connection, const PGresult *result);

/* store_wait.c. The only place that waits for a server. deadline_ns: clock_boot_ns; 0: none. 0, once
 * connected also now and then without an event, so the caller looks again; or -1: the connection is broken.
 */
int store_postgres_wait(const struct store_postgres *store, struct store_connection *connection, short events,
                        uint64_t deadline_ns, struct error *error);
/* Sends all that libpq has gathered, and takes what arrives meanwhile. */
int store_postgres_flush(const struct store_postgres *store, struct store_connection *connection,
                         uint64_t deadline_ns, struct error *error);
/* The next result, which the caller clears; NULL at the end of a statement. */
int store_postgres_result(const struct store_postgres *store, struct store_connection *connection,
                          uint64_t deadline_ns, PGresult **result, struct error *error);
/* The time until which an answer must have come; 0: none. */
uint64_t store_postgres_deadline(const struct store_postgres *store,
                                 const struct store_connection *connection);

/* store_connect.c. Connects to be read or written: each host in turn, with TLS unless all are local, and
 * checks and sets what the session needs. deadline_ns: clock_boot_ns; 0: connect_timeout for each host. 0, or
 * -1 with ERROR_LEDGER. */
int store_postgres_connect(const struct store_postgres *store, struct store_connection *connection,
                           enum ledger_mode mode, uint64_t deadline_ns, struct error *error);
void store_postgres_disconnect(struct store_connection *connection);
/* Fills url, schema, application and password of a store made of zeros. 0, or -1. */
int store_postgres_name(struct store_postgres *store, const struct ledger_place *place, struct error *error);

/* store_open.c. Not connected yet; NULL on error. Owner: store_postgres_close. */
struct store_postgres *store_postgres_new(const struct ledger_place *place, enum ledger_mode mode,
                                          struct error *error);
int store_postgres_read_key(const struct ledger_place *place, uint8_t key[FINGERPRINT_KEY_LEN],
                            struct error *error);
/* Makes the tables in the store's schema, and the schema unless has_schema. 0, or -1. */
int store_postgres_make_schema(struct store_postgres *store, bool has_schema, struct error *error);
/* store_draft.c. Of a writer: removes the draft beside its ledger that a killed process left. No other
 * process has one meanwhile, since it would have the lease. 0, or -1. */
int store_postgres_drop_draft(struct store_postgres *store, struct error *error);
/* store_open.c. Whether the store's schema holds a ledger, and not only tables without an identity: 1, 0, -1.
 */
int store_postgres_has_ledger(struct store_postgres *store, struct error *error);

/* store_fail.c. Each fails the transaction (for good where the reason is final) and returns -1. After a lost
 * connection a fresh one is asked whether another writer has taken the ledger over: 2 s at most to connect,
 * and as long for each of two answers. */
int store_postgres_fail(struct store_postgres *store, const struct store_connection *connection,
                        const PGresult *result, const char *verb, struct error *error);
int store_postgres_fail_damaged(struct store_postgres *store, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* -1 with the reason when nothing may be asked any more. */
int store_postgres_check_usable(const struct store_postgres *store, struct error *error);
/* The same for a write, which is between begin and commit. */
int store_postgres_check_writable(const struct store_postgres *store, struct error *error);
/* A renewal that was sent after before_ns (clock_boot_ns) has succeeded. Thread: any. */
void store_postgres_renewed(struct store_postgres *store, uint64_t before_ns);

/* store_values.c. */
void store_postgres_add_number(struct store_parameters *parameters, int64_t number);
/* A text or a blob; an empty one is stored as such. */
void store_postgres_add_bytes(struct store_parameters *parameters, struct slice bytes);
void store_postgres_add_null(struct store_parameters *parameters);
/* Its count is filled in. */
void store_postgres_add_array(struct store_parameters *parameters, struct store_array *array);
/* Begins an array without elements; the memory of one that was filled before is kept. */
void store_postgres_array_begin(struct store_array *array, enum ledger_type type);
void store_postgres_array_clear(struct store_array *array);
void store_postgres_array_number(struct store_array *array, int64_t number);
void store_postgres_array_bytes(struct store_array *array, struct slice bytes);
void store_postgres_array_value(struct store_array *array, enum ledger_type type,
                                const struct ledger_value *value);
/* A column as the server sends it; without data: NULL. A number of 2, 4 or 8 bytes, or a boolean; NULL: 0. */
int64_t store_postgres_read_number(struct slice column);
/* The first columns as the values of a table; they borrow from them. */
void store_postgres_read_values(const struct slice *columns, const struct ledger_table *table,
                                struct ledger_value *values);
/* The same of a result. */
int64_t store_postgres_number(const PGresult *rows, int row, int column);
/* NULL: empty, without data. Borrowed from the result; ends in a NUL. */
struct slice store_postgres_bytes(const PGresult *rows, int row, int column);
/* The columns of a table from `first` on; values borrow from the result. */
void store_postgres_read_row(const PGresult *rows, int row, int first, const struct ledger_table *table,
                             struct ledger_value *values);

/* store_rows.c: a row in the arena, checked. 0, or -1 (damaged). */
int store_postgres_customer(struct store_postgres *store, const struct ledger_value *values,
                            struct arena *arena, struct ledger_customer *customer, struct error *error);
int store_postgres_task(struct store_postgres *store, const struct ledger_value *values, struct arena *arena,
                        struct ledger_task *task, struct error *error);
int store_postgres_run(struct store_postgres *store, const struct ledger_value *values, struct arena *arena,
                       struct ledger_run *run, struct error *error);

/* store_statements.c. Appends marked, in which these marks stand for a table's columns: `{customer}` for
 * their names, `{c.customer}` with `c.` before each, `{customer?}` for the elements of the parameters, as
 * `unnest($1::bigint[]), …`, `{customer=}` for what an UPDATE sets: `external_id = v.external_id, …` without
 * the id. */
void store_postgres_expand(struct buffer *text, const char *marked);
/* Adds one statement to the pipeline. parameters NULL: none. 0, or -1. The keeper's connection: const. */
int store_postgres_send(const struct store_postgres *store, struct store_connection *connection,
                        enum store_postgres_sql which, const struct store_parameters *parameters,
                        struct error *error);
/* The same for a text with marks, which is not kept. */
int store_postgres_send_text(const struct store_postgres *store, struct store_connection *connection,
                             const char *marked, const struct store_parameters *parameters,
                             struct error *error);
/* Sends a Sync and all that libpq has gathered. 0, or -1. */
int store_postgres_sync_send(const struct store_postgres *store, struct store_connection *connection,
                             struct error *error);
/* Reads the answers up to the Sync. results[i]: of the i-th statement since the Sync before, owned by the
 * caller; it may be NULL, where count is 0. 0; or -1 with *bad, the result of the first one that failed,
 * which the caller clears, or NULL where the connection broke (then error is filled in); and no results.
 * Nothing of the store fails. */
int store_postgres_sync_read(const struct store_postgres *store, struct store_connection *connection,
                             PGresult **results, size_t count, PGresult **bad, struct error *error);
/* Both. */
int store_postgres_sync(const struct store_postgres *store, struct store_connection *connection,
                        PGresult **results, size_t count, PGresult **bad, struct error *error);

/* store_ask.c, on main. One statement with its Sync; its rows, owned by the caller, or NULL: the transaction
 * has failed. Does not send what waits. */
PGresult *store_postgres_ask(struct store_postgres *store, enum store_postgres_sql which,
                             const struct store_parameters *parameters, struct error *error);
PGresult *store_postgres_ask_text(struct store_postgres *store, const char *text,
                                  const struct store_parameters *parameters, struct error *error);
/* The same without rows; verb as in store_postgres_describe. 0, or -1. */
int store_postgres_do(struct store_postgres *store, enum store_postgres_sql which,
                      const struct store_parameters *parameters, struct error *error);
int store_postgres_do_text(struct store_postgres *store, const char *text,
                           const struct store_parameters *parameters, struct error *error);

/* store_commit.c. What waits is sent, so that a read on the server sees it: the transaction is open there
 * from now on. Nothing when nothing waits. 0, or -1. */
int store_postgres_flush_batch(struct store_postgres *store, struct error *error);
/* The same, and opens the transaction in any case: for statements of a write that are not gathered. */
int store_postgres_open_transaction(struct store_postgres *store, struct error *error);

/* A transaction that only reads. It locks no row, so that it may be idle for any time: a file that is copied
 * to may take longer than a lease to reach the disk. 0, or -1. */
int store_postgres_begin_view(struct store_postgres *store, struct error *error);

/* store_schema.c: appends the statement of this index, from 0, of those that make the tables, functions and
 * first rows. False at the end. */
bool store_postgres_schema(size_t index, struct buffer *sql);

#endif
