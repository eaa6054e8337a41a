/* ledger_sqlite: shared by the sources of this folder only: the handle, the statements, an event's canonical
 * bytes.
 *
 * Every statement is prepared at its first use and kept; values are bound, never written into SQL. A failed
 * statement leaves the transaction unusable (SQLite may have rolled it back by itself), so all later writes
 * fail with the same text until the next ledger_begin. Thread: one.
 *
 * Format 2 (PRAGMA user_version; application_id `KYL1`; the exact schema is in ledger_schema.c, and the words
 * are listed in ledger.h):
 *
 *   customer  one row for each customer. What the provider has (user_id, digest, member_digests, left_out,
 * kept) changes only when a request was acknowledged or a person decided. What was last tried (operation,
 * pending_digest, pending_member_digests, pending_email_digest, idempotency_key, first_sent_at while it is
 * open) is separate, as is the last attempt (http_status, code, message, request_id, attempts). state is that
 * of the create alone. digest: of the whole record, or NULL (not known); member digests: eight bytes each, in
 * the provider's member order. refusals counts final refusals of a create, which give the next one another
 * idempotency key. Times are real ns. event     append-only: one row for each attempt that was sent, each
 * verdict of a person, each change of key and each added digest. chain: see below. run       one row for each
 * run and resolve: command, start and end (RFC 3339), status, version, SHA-256 of the job file, inputs and
 * counts as JSON, and the chain's head at its end. nonce     by key_id (a digest of the API key): the floor
 * below which nonces may have been used. meta      schema_version, digest_version, key_check (recognizes the
 * digest key), provider, base_url, job; canary, clock, sending: see ledger_canary_left, ledger_clock,
 * ledger_sending.
 *
 * Durability: WAL, synchronous = FULL, one writer. A batch is one transaction, so its fsync is shared and
 * never skipped. What a request depends on is committed before its first byte is sent (journalled before
 * sent), and an outcome before it is reported. Readers never block a run. LEDGER.lock (flock, never unlinked,
 * with `PID START`) is held for the life of the process. Size: 465 to 793 bytes a customer with its event, by
 * provider.
 */
#ifndef KYC_LEDGER_LEDGER_SQLITE_H
#define KYC_LEDGER_LEDGER_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "core/buffer.h"
#include "core/digest.h"
#include "ledger/ledger.h"

enum {
    LEDGER_SCHEMA_VERSION = 2,
    LEDGER_APPLICATION_ID = 0x4b594c31, /* `KYL1` */
};

enum ledger_statement {
    LEDGER_SQL_BEGIN,
    LEDGER_SQL_COMMIT,
    LEDGER_SQL_META,
    LEDGER_SQL_META_SET,
    LEDGER_SQL_SCAN,
    LEDGER_SQL_FIND,
    LEDGER_SQL_FIND_KEY,
    LEDGER_SQL_FIND_USER,
    LEDGER_SQL_USERS,
    LEDGER_SQL_NEXT_USER,
    LEDGER_SQL_GROUPS,
    LEDGER_SQL_IN_DOUBT,
    LEDGER_SQL_CUSTOMERS,
    LEDGER_SQL_ROWS,
    LEDGER_SQL_NEW,
    LEDGER_SQL_SNAPSHOT,
    LEDGER_SQL_JOURNAL,
    LEDGER_SQL_JOURNAL_AGAIN,
    LEDGER_SQL_SUPERSEDE,
    LEDGER_SQL_ADOPT,
    LEDGER_SQL_SETTLE,
    LEDGER_SQL_ABSENT,
    LEDGER_SQL_MEMBERS,
    LEDGER_SQL_MEMBERS_UNKNOWN,
    LEDGER_SQL_ACKNOWLEDGE,
    LEDGER_SQL_LEFT_OUT,
    LEDGER_SQL_CONCLUDE,
    LEDGER_SQL_FORGET,
    LEDGER_SQL_DELETE,
    LEDGER_SQL_TWIN,
    LEDGER_SQL_TWIN_NEW,
    LEDGER_SQL_TWIN_AGAIN,
    LEDGER_SQL_TWINS_STOPPED,
    LEDGER_SQL_IDENTITY,
    LEDGER_SQL_REKEY,
    LEDGER_SQL_REKEY_MEMBERS,
    LEDGER_SQL_EVENT,
    LEDGER_SQL_LAST_EVENT,
    LEDGER_SQL_HEAD_OF_RUN,
    LEDGER_SQL_HEAD_OF_EVENT,
    LEDGER_SQL_EVENTS,
    LEDGER_SQL_RUNS,
    LEDGER_SQL_HISTORIES,
    LEDGER_SQL_CUSTOMER_ROWS,
    LEDGER_SQL_SHARED_USERS,
    LEDGER_SQL_INTEGRITY,
    LEDGER_SQL_NONCE,
    LEDGER_SQL_NONCE_SET,
    LEDGER_SQL_RUN_START,
    LEDGER_SQL_RUN_FINISH,
    LEDGER_SQL_LAST_RUN,
    LEDGER_SQL_HAS_RUN,
    LEDGER_SQL_INCOMPLETE,
    LEDGER_SQL_COUNT
};

/* The end of the chain: of all events written, or of the committed ones. */
struct ledger_chain {
    uint8_t head[DIGEST_SHA256_LEN];
    int64_t last_event; /* id; 0: none */
};

struct ledger {
    sqlite3 *db;
    sqlite3_stmt *statements[LEDGER_SQL_COUNT];
    char *path, *lock_path, *key_path;
    int lock_fd;      /* -1: LEDGER_READ */
    bool failed;      /* a statement failed: see above */
    struct error why; /* then: the first failure */
    uint8_t key[FINGERPRINT_KEY_LEN];
    struct digest_hmac *hmac; /* keyed with key */
    int64_t run;              /* 0: none was started */
    char run_started[LEDGER_TIME_SIZE];
    struct ledger_chain chain, committed;
    uint64_t newest_ns;      /* of ledger_newest_ns */
    struct buffer canonical; /* scratch of an event's canonical bytes */
};

/* Opening (ledger_file.c): the files beside the ledger. */

/* Refuses network file systems, by the magic number of the folder's file system. 0 or -1. */
int ledger_file_check_system(const char *path, struct error *error);
/* Refuses a ledger, or a file of SQLite's beside it, that is not a regular file: SQLite would wait for a
 * pipe's writer. 0 or -1. */
int ledger_file_check_kinds(const struct ledger *ledger, struct error *error);
/* Refuses a ledger with more than one hard link: each of its names would have a lock of its own. 0 or -1. */
int ledger_file_check_names(const struct ledger *ledger, struct error *error);
/* flock on the lock file; 0, or -1 (ERROR_BUSY when another process holds it). */
int ledger_file_lock(struct ledger *ledger, struct error *error);
/* 1 the key was read, 0 there is no key file, -1. */
int ledger_file_read_key(struct ledger *ledger, struct error *error);
/* Makes the key and its file, durable before it returns. 0 or -1. */
int ledger_file_make_key(struct ledger *ledger, struct error *error);
/* Makes the ledger's own file, empty, 0600, when it is missing. 0 or -1. */
int ledger_file_make(const struct ledger *ledger, struct error *error);

/* Exactly 2 × len lower-case hexadecimal digits; false for anything else. */
bool ledger_file_read_hex(struct slice text, uint8_t *out, size_t len);

/* Creates the tables and meta in one transaction (ledger_schema.c). 0 or -1. */
int ledger_schema_make(struct ledger *ledger, const struct ledger_identity *identity, struct error *error);
/* Compares meta with this job, this key and this program. 0 or -1. */
int ledger_schema_check(struct ledger *ledger, const struct ledger_identity *identity, struct error *error);

/* Statements (ledger_sqlite.c). */

/* Fills error from SQLite's last one: `the ledger PATH cannot be VERB: reason`, and a hint. All writes fail
 * from now on, until the next ledger_begin. Returns -1. */
int ledger_sqlite_fail(struct ledger *ledger, const char *verb, struct error *error);
/* Runs constant SQL that writes nothing (a pragma, BEGIN, COMMIT). 0 or -1. */
int ledger_sqlite_exec(struct ledger *ledger, const char *text, struct error *error);
/* The statement, reset and with nothing bound; NULL with an error. */
sqlite3_stmt *ledger_sqlite_prepare(struct ledger *ledger, enum ledger_statement which, struct error *error);
/* As above, for a write: fails with the first error when this transaction has failed already. */
sqlite3_stmt *ledger_sqlite_prepare_write(struct ledger *ledger, enum ledger_statement which,
                                          struct error *error);
/* Runs a statement without rows and releases it. 0 or -1. */
int ledger_sqlite_write(struct ledger *ledger, sqlite3_stmt *statement, struct error *error);
/* The same for a statement that sets user_id: 1 when another customer has it already: nothing was written,
 * and the transaction continues. */
int ledger_sqlite_write_unless_taken(struct ledger *ledger, sqlite3_stmt *statement, struct error *error);
/* The next row: 1; at the end 0 (released); -1 (released). */
int ledger_sqlite_row(struct ledger *ledger, sqlite3_stmt *statement, struct error *error);
/* Ends a statement before its last row. */
void ledger_sqlite_release(sqlite3_stmt *statement);

/* Binding: the bytes must live until the statement is released; empty text, an absent blob and a number of 0
 * under _or_null are NULL. */
void ledger_sqlite_bind_text(sqlite3_stmt *statement, int index, struct slice text);
void ledger_sqlite_bind_blob(sqlite3_stmt *statement, int index, struct slice bytes);
void ledger_sqlite_bind_number(sqlite3_stmt *statement, int index, int64_t number);
void ledger_sqlite_bind_number_or_null(sqlite3_stmt *statement, int index, int64_t number);
/* A column's bytes, text or blob; borrowed until the next step. */
struct slice ledger_sqlite_column(sqlite3_stmt *statement, int index);

/* The column that a row lacks (a NULL where none may be), from the last column of a statement with
 * CUSTOMER_LACKS, EVENT_LACKS or RUN_LACKS; empty: none. */
struct slice ledger_sqlite_lacks(sqlite3_stmt *statement);
/* Fills in `the ledger PATH is damaged: TABLE ID has no NAME` (id 0: without it). As with ledger_sqlite_fail
 * all writes fail from now on, until the next ledger_begin. Returns -1. */
int ledger_sqlite_fail_lacks(struct ledger *ledger, const char *table, int64_t id, struct slice lacks,
                             struct error *error);
/* 0, or -1 as ledger_sqlite_fail_lacks, and the statement is released. */
int ledger_sqlite_check_lacks(struct ledger *ledger, sqlite3_stmt *statement, const char *table, int64_t id,
                              struct error *error);

/* Customers (ledger_customer.c). */

enum ledger_state ledger_state_from(struct slice word);
/* The customer with this key; 0: none; -1. */
int64_t ledger_find_id(struct ledger *ledger, struct slice external_id, struct error *error);
/* The code of a rekey event after which the digest of what the provider has is not known. */
#define LEDGER_DIGEST_UNKNOWN "digest_unknown"
/* Reads a customer in full from LEDGER_SQL_FIND, _IN_DOUBT or _CUSTOMERS. 0, or -1 when the row lacks a
 * column: the statement is released then. */
int ledger_customer_read(struct ledger *ledger, sqlite3_stmt *statement, struct arena *arena,
                         struct ledger_customer *customer, struct error *error);

/* The open update of a customer may have been executed, whatever the outcome of its repeats: digest becomes
 * NULL, and each member that the update changes LEDGER_MEMBER_UNKNOWN, which equals no digest, so that later
 * updates send it until one is acknowledged. 0 or -1. */
int ledger_mark_members_unknown(struct ledger *ledger, int64_t id, struct error *error);

/* The columns of a customer that decide what is written. */
struct ledger_snapshot {
    int64_t id;
    enum ledger_state state;
    bool has_user_id;
    bool open; /* an operation was journalled and is not resolved */
    enum operation operation;
    uint32_t refusals, attempts;
    bool has_pending;
    uint8_t pending_digest[FINGERPRINT_LEN];
    uint8_t customer[DIGEST_SHA256_LEN]; /* ledger_customer_digest */
    int64_t first_run;                   /* 0: NULL */
};

/* A missing customer is an error (the ledger is damaged). key: its external_id; empty: not checked. 0 or -1.
 */
int ledger_snapshot_read(struct ledger *ledger, int64_t id, struct slice key,
                         struct ledger_snapshot *snapshot, struct error *error);

/* Events and the chain (ledger_event.c).
 *
 * An event's chain is SHA-256(chain of the event before ‖ canonical bytes); before the first event the chain
 * is 32 zero bytes. Canonical bytes: the columns in the order of struct ledger_event, each as a length in
 * four bytes (big endian) and so many bytes; NULL is the length 0xffffffff and nothing; a number is eight
 * bytes, big endian, two's complement; text and blobs are their bytes. In place of the customer's id they
 * have HMAC-SHA256(ledger key, "customer" NUL external_id), 32 bytes. To erase a customer, replace
 * external_id with `erased:` + that HMAC in lower-case hex, and former_key with NULL: the chain still
 * verifies.
 *
 * A `rekey` event gives a customer another key. The events before it were written under the former key: its
 * digest column has the HMAC of that one, and the event itself is written under the new key. So the HMAC in
 * an event is the digest of the next rekey event of its customer, else that of external_id. */
struct ledger_event {
    int64_t id, run; /* run 0: NULL */
    int64_t customer_id;
    uint8_t customer[DIGEST_SHA256_LEN];
    int64_t row;
    struct slice operation, outcome;
    struct slice user_id; /* empty: NULL, as in what follows */
    struct slice digest;
    int64_t http_status; /* 0: NULL */
    struct slice code, request_id;
    int64_t attempt, latency_ms, at_ns;
};

void ledger_customer_digest(struct ledger *ledger, struct slice external_id, uint8_t out[DIGEST_SHA256_LEN]);
bool ledger_customer_is_erased(struct slice external_id);
/* Advances chain by an event. */
void ledger_chain_add(struct ledger *ledger, const struct ledger_event *event, struct ledger_chain *chain);
/* Gives the event its id, writes it and advances the chain. 0 or -1. */
int ledger_event_append(struct ledger *ledger, struct ledger_event *event, struct error *error);
/* Reads the end of the chain from the last event. 0 or -1. */
int ledger_chain_load(struct ledger *ledger, struct error *error);

#endif
