#include "ledger/ledger_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/failpoint.h"

/* The column that a row lacks, or NULL. The schema forbids most of this, but a file that was damaged or
 * changed by hand, or whose tables were copied without their constraints, may have such a row, which must not
 * be used.
 */
#define CUSTOMER_LACKS                                                                                       \
    "CASE WHEN external_id IS NULL THEN 'external_id' WHEN state IS NULL THEN 'state' "                      \
    "WHEN operation IS NULL THEN 'operation' WHEN refusals IS NULL THEN 'refusals' "                         \
    "WHEN attempts IS NULL THEN 'attempts' WHEN updated_at IS NULL THEN 'updated_at' "                       \
    "WHEN state = 'created' AND user_id IS NULL THEN 'user_id' "                                             \
    "WHEN state <> 'created' AND user_id IS NOT NULL THEN 'state created, and a user_id' "                   \
    "WHEN state IN ('journalled', 'in_doubt') AND first_sent_at IS NULL THEN 'first_sent_at' "               \
    "WHEN state IN ('journalled', 'in_doubt') AND operation = 'update' THEN 'open create, and is in doubt' " \
    "WHEN first_sent_at IS NOT NULL AND pending_digest IS NULL THEN 'pending_digest' "                       \
    "WHEN digest IS NOT NULL AND member_digests IS NULL THEN 'member_digests' "                              \
    "WHEN pending_digest IS NOT NULL AND pending_member_digests IS NULL THEN 'pending_member_digests' END"
#define EVENT_LACKS                                                                                          \
    "CASE WHEN e.customer IS NULL THEN 'customer' WHEN e.row IS NULL THEN 'row' "                            \
    "WHEN e.operation IS NULL THEN 'operation' WHEN e.outcome IS NULL THEN 'outcome' "                       \
    "WHEN e.attempt IS NULL THEN 'attempt' WHEN e.latency_ms IS NULL THEN 'latency_ms' "                     \
    "WHEN e.at IS NULL THEN 'at' END"
#define RUN_LACKS "CASE WHEN command IS NULL THEN 'command' WHEN started IS NULL THEN 'started' END"

#define CUSTOMER_COLUMNS                                                                                     \
    "id, external_id, state, user_id, digest, member_digests, operation, pending_digest, "                   \
    "pending_member_digests, idempotency_key, refusals, first_sent_at, http_status, code, message, "         \
    "request_id, "                                                                                           \
    "attempts, updated_at, kept, pending_email_digest, updated_run, identity, twin, former_key, "            \
    "verdict, left_out, " CUSTOMER_LACKS

static const char *const sql[LEDGER_SQL_COUNT] = {
    [LEDGER_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [LEDGER_SQL_COMMIT] = "COMMIT",
    [LEDGER_SQL_META] = "SELECT value FROM meta WHERE key = ?1",
    [LEDGER_SQL_META_SET] = "INSERT INTO meta(key, value) VALUES(?1, ?2) "
                            "ON CONFLICT(key) DO UPDATE SET value = excluded.value",
    [LEDGER_SQL_SCAN] =
        "SELECT id, external_id, state, user_id IS NOT NULL, pending_digest IS NOT NULL, digest, "
        "pending_digest IS NOT NULL AND first_sent_at IS NOT NULL, identity FROM customer ORDER BY id",
    [LEDGER_SQL_FIND] = "SELECT " CUSTOMER_COLUMNS " FROM customer WHERE id = ?1",
    [LEDGER_SQL_FIND_KEY] = "SELECT id FROM customer WHERE external_id = ?1",
    [LEDGER_SQL_FIND_USER] = "SELECT id FROM customer WHERE user_id = ?1",
    [LEDGER_SQL_USERS] = "SELECT user_id FROM customer WHERE user_id IS NOT NULL ORDER BY id",
    [LEDGER_SQL_NEXT_USER] =
        "SELECT " CUSTOMER_COLUMNS
        " FROM customer NOT INDEXED WHERE id > ?1 AND user_id IS NOT NULL ORDER BY id LIMIT 1",
    [LEDGER_SQL_GROUPS] =
        "SELECT CASE WHEN state = 'refused' AND pending_digest IS NULL THEN 'unsent' ELSE state END AS standing, "
        "operation, http_status, code, count(*) AS customers FROM customer "
        "GROUP BY standing, operation, http_status, code "
        "ORDER BY customers DESC, standing, operation, http_status, code",
    [LEDGER_SQL_IN_DOUBT] =
        "SELECT " CUSTOMER_COLUMNS " FROM customer "
        "WHERE first_sent_at IS NOT NULL OR state IN ('journalled', 'in_doubt') ORDER BY id LIMIT ?1",
    [LEDGER_SQL_CUSTOMERS] = "SELECT " CUSTOMER_COLUMNS " FROM customer ORDER BY id",
    [LEDGER_SQL_ROWS] = "SELECT customer, row, max(id) FROM event WHERE row > 0 OR row IS NULL "
                        "GROUP BY customer",
    [LEDGER_SQL_NEW] =
        "INSERT INTO customer(external_id, state, operation, pending_digest, pending_member_digests, "
        "pending_email_digest, idempotency_key, first_sent_at, first_run, updated_run, updated_at, identity) "
        "VALUES(?1, 'journalled', 'create', ?2, ?3, ?7, ?4, ?5, ?6, ?6, ?5, ?8) "
        "ON CONFLICT(external_id) DO NOTHING",
    [LEDGER_SQL_SNAPSHOT] =
        "SELECT external_id, state, user_id IS NOT NULL, first_sent_at IS NOT NULL, operation, refusals, "
        "attempts, pending_digest, first_run, " CUSTOMER_LACKS " FROM customer WHERE id = ?1",
    [LEDGER_SQL_JOURNAL] =
        "UPDATE customer SET state = ?2, operation = ?3, pending_digest = ?4, pending_member_digests = ?5, "
        "idempotency_key = ?6, first_sent_at = ?7, http_status = NULL, code = NULL, message = NULL, "
        "request_id = NULL, attempts = ?8, updated_run = ?9, updated_at = ?7, pending_email_digest = ?10, "
        "identity = coalesce(?11, identity), twin = iif(twin = 'allowed', twin, NULL) WHERE id = ?1",
    [LEDGER_SQL_JOURNAL_AGAIN] =
        "UPDATE customer SET state = ?2, attempts = max(attempts, 1), updated_run = ?3, "
        "updated_at = ?4 WHERE id = ?1",
    [LEDGER_SQL_SUPERSEDE] =
        "UPDATE customer SET state = 'in_doubt', pending_digest = ?2, pending_member_digests = ?3, "
        "attempts = max(attempts, 1), updated_run = ?4, updated_at = ?5, pending_email_digest = ?6, "
        "identity = coalesce(?7, identity) "
        "WHERE id = ?1",
    [LEDGER_SQL_ADOPT] =
        "INSERT INTO customer(external_id, state, user_id, operation, first_run, updated_run, updated_at, "
        "verdict) VALUES(?1, 'created', ?2, 'create', ?3, ?3, ?4, ?5)",
    [LEDGER_SQL_SETTLE] =
        "UPDATE customer SET state = 'created', digest = iif(user_id IS NULL AND first_sent_at IS NOT NULL "
        "AND NOT ?6, "
        "pending_digest, NULL), member_digests = iif(user_id IS NULL AND first_sent_at IS NOT NULL AND NOT ?6, "
        "pending_member_digests, NULL), user_id = ?2, pending_digest = "
        "NULL, "
        "pending_member_digests = NULL, pending_email_digest = NULL, first_sent_at = NULL, http_status = "
        "NULL, "
        "code = 'settled', message = NULL, "
        "request_id = NULL, updated_run = ?3, updated_at = ?4, twin = NULL, verdict = coalesce(?5, verdict), "
        "left_out = NULL "
        "WHERE id = ?1",
    [LEDGER_SQL_ABSENT] =
        "UPDATE customer SET state = 'refused', operation = 'create', user_id = NULL, digest = NULL, "
        "member_digests = NULL, pending_digest = NULL, pending_member_digests = NULL, pending_email_digest = "
        "NULL, "
        "first_sent_at = NULL, http_status = NULL, code = 'settled', message = NULL, request_id = NULL, "
        "attempts = max(attempts, 1), updated_run = ?2, updated_at = ?3, twin = iif(twin IS NULL, NULL, "
        "'allowed'), verdict = NULL, left_out = NULL "
        "WHERE id = ?1",
    [LEDGER_SQL_MEMBERS] = "SELECT member_digests, pending_member_digests FROM customer WHERE id = ?1",
    [LEDGER_SQL_MEMBERS_UNKNOWN] = "UPDATE customer SET digest = NULL, member_digests = ?2 WHERE id = ?1",
    [LEDGER_SQL_ACKNOWLEDGE] =
        "UPDATE customer SET state = 'created', user_id = coalesce(?2, user_id), digest = pending_digest, "
        "member_digests = pending_member_digests, pending_digest = NULL, pending_member_digests = NULL, "
        "pending_email_digest = NULL, first_sent_at = NULL, http_status = ?3, code = ?4, message = ?5, "
        "request_id = ?6, attempts = ?7, "
        "updated_run = ?8, updated_at = ?9, kept = coalesce(?10, kept), left_out = NULL WHERE id = ?1",
    [LEDGER_SQL_LEFT_OUT] =
        "UPDATE customer SET digest = NULL, member_digests = ?2, left_out = ?3 WHERE id = ?1",
    [LEDGER_SQL_CONCLUDE] =
        "UPDATE customer SET state = ?2, refusals = ?3, first_sent_at = iif(?4, first_sent_at, NULL), "
        "http_status = iif(?5, ?6, http_status), code = iif(?5, ?7, code), message = iif(?5, ?8, message), "
        "request_id = iif(?5, ?9, request_id), attempts = ?10, updated_run = ?11, updated_at = ?12 WHERE id = ?1",
    [LEDGER_SQL_FORGET] = "UPDATE customer SET pending_digest = NULL, pending_member_digests = NULL, "
                          "pending_email_digest = NULL "
                          "WHERE id = ?1 AND first_sent_at IS NULL",
    [LEDGER_SQL_DELETE] = "DELETE FROM customer WHERE id = ?1",
    [LEDGER_SQL_TWIN] =
        "SELECT id, external_id FROM customer WHERE identity = ?1 AND id <> ?2 AND (user_id IS NOT NULL OR "
        "(first_sent_at IS NOT NULL AND operation = 'create')) ORDER BY id LIMIT 1",
    [LEDGER_SQL_TWIN_NEW] =
        "INSERT INTO customer(external_id, state, operation, pending_digest, pending_member_digests, code, "
        "message, twin, first_run, updated_run, updated_at) "
        "VALUES(?1, 'refused', 'create', ?2, ?3, 'twin', ?4, 'refused', ?5, ?5, ?6)",
    [LEDGER_SQL_TWIN_AGAIN] =
        "UPDATE customer SET pending_digest = ?2, pending_member_digests = ?3, pending_email_digest = NULL, "
        "http_status = NULL, "
        "code = 'twin', message = ?4, request_id = NULL, attempts = iif(twin IS NULL, max(attempts, 1), "
        "attempts), twin = 'refused', updated_run = ?5, updated_at = ?6 WHERE id = ?1",
    [LEDGER_SQL_TWINS_STOPPED] =
        "UPDATE customer SET twin = 'stopped' WHERE twin = 'refused' AND updated_run = ?1",
    [LEDGER_SQL_IDENTITY] =
        "UPDATE customer SET identity = coalesce(?2, identity), digest = coalesce(?3, digest) WHERE id = ?1",
    [LEDGER_SQL_REKEY] =
        "UPDATE customer SET former_key = coalesce(former_key, external_id), external_id = ?2, "
        "digest = iif(?3, NULL, digest), member_digests = ?4, pending_member_digests = ?5, "
        "updated_run = ?6, updated_at = ?7 WHERE id = ?1",
    [LEDGER_SQL_REKEY_MEMBERS] =
        "SELECT external_id, user_id IS NOT NULL, member_digests, pending_member_digests, "
        "twin IN ('refused', 'stopped') AND attempts = 0 AND refusals = 0, "
        "first_sent_at IS NOT NULL AND operation = 'create' "
        "FROM customer WHERE id = ?1",
    [LEDGER_SQL_EVENT] =
        "INSERT INTO event(id, run, customer, row, operation, outcome, user_id, digest, http_status, code, "
        "request_id, attempt, latency_ms, at, chain) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
        "?12, "
        "?13, ?14, ?15)",
    [LEDGER_SQL_LAST_EVENT] = "SELECT id, chain, at FROM event ORDER BY id DESC LIMIT 1",
    [LEDGER_SQL_HEAD_OF_RUN] = "SELECT 1 FROM run WHERE chain_head = ?1 LIMIT 1",
    [LEDGER_SQL_HEAD_OF_EVENT] = "SELECT 1 FROM event WHERE chain = ?1 ORDER BY id DESC LIMIT 1",
    [LEDGER_SQL_EVENTS] =
        "SELECT e.id, e.run, e.customer, c.external_id, e.row, e.operation, e.outcome, e.user_id, "
        "e.digest, e.http_status, e.code, e.request_id, e.attempt, e.latency_ms, e.at, e.chain, "
        "(SELECT r.digest FROM event AS r WHERE r.operation = 'rekey' AND r.customer = e.customer AND r.id > e.id ORDER BY r.id LIMIT 1), " EVENT_LACKS
        " "
        "FROM event AS e LEFT JOIN customer AS c ON c.id = e.customer ORDER BY e.id",
    [LEDGER_SQL_RUNS] = "SELECT id, chain_head, " RUN_LACKS " FROM run ORDER BY id",
    [LEDGER_SQL_HISTORIES] =
        "SELECT customer, id, run, operation, outcome, user_id, digest, http_status, code, request_id, "
        "attempt FROM event ORDER BY customer, id",
    [LEDGER_SQL_CUSTOMER_ROWS] =
        "SELECT id, external_id, state, user_id, digest, member_digests, operation, pending_digest, "
        "pending_member_digests, refusals, first_sent_at, http_status, code, request_id, attempts, "
        "first_run, "
        "updated_run, pending_email_digest, identity, twin, former_key, verdict, left_out, " CUSTOMER_LACKS
        " FROM customer ORDER BY id",
    [LEDGER_SQL_SHARED_USERS] =
        "SELECT user_id, min(id), max(id) FROM customer WHERE user_id IS NOT NULL GROUP BY user_id "
        "HAVING count(*) > 1",
    [LEDGER_SQL_INTEGRITY] = "PRAGMA integrity_check(20)",
    [LEDGER_SQL_NONCE] = "SELECT floor FROM nonce WHERE key_id = ?1",
    [LEDGER_SQL_NONCE_SET] = "INSERT INTO nonce(key_id, floor) VALUES(?1, ?2) "
                             "ON CONFLICT(key_id) DO UPDATE SET floor = excluded.floor",
    [LEDGER_SQL_RUN_START] = "INSERT INTO run(command, started, version, job_digest) VALUES(?1, ?2, ?3, ?4)",
    [LEDGER_SQL_RUN_FINISH] =
        "UPDATE run SET finished = ?2, status = ?3, inputs = ?4, counts = ?5, chain_head = ?6 WHERE id = ?1",
    [LEDGER_SQL_LAST_RUN] =
        "SELECT id, started, finished, status, (SELECT count(*) FROM run), " RUN_LACKS " FROM run "
        "ORDER BY id DESC LIMIT 1",
    [LEDGER_SQL_INCOMPLETE] =
        "SELECT 'customer', id, " CUSTOMER_LACKS " AS lacks FROM customer WHERE lacks IS NOT NULL "
        "UNION ALL SELECT 'run', id, " RUN_LACKS " AS lacks FROM run WHERE lacks IS NOT NULL "
        "UNION ALL SELECT 'nonce', 0, 'floor' FROM nonce WHERE floor IS NULL "
        "UNION ALL SELECT 'meta', 0, 'value' FROM meta WHERE value IS NULL LIMIT 1",
    [LEDGER_SQL_HAS_RUN] = "SELECT 1 FROM run WHERE id = ?1 AND started = ?2",
};

/* SQLite reports a full disk as SQLITE_FULL, but a quota or a file size limit only by the last errno of its
 * two files (that of the connection comes from the clean-up). */
static int errno_of_io(const struct ledger *ledger)
{
    sqlite3_file *wal = NULL;
    int number = 0;
    if (sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) == SQLITE_OK && wal &&
        wal->pMethods)
        wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &number);
    if (number == 0)
        sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
    return number ? number : sqlite3_system_errno(ledger->db);
}

struct reason {
    const char *fact, *hint;
};

static const struct reason disk_full = {"the disk is full",
                                        "free space on it, then run again: the run resumes"};

static struct reason describe_io_error(const struct ledger *ledger)
{
    switch (errno_of_io(ledger)) {
    case ENOSPC:
        return disk_full;
    case EDQUOT:
        return (struct reason){"the disk quota is used up",
                               "free space or raise the quota, then run again: the run resumes"};
    case EFBIG:
        return (struct reason){"it would exceed the file size limit (ulimit -f)",
                               "raise the limit, then run again: the run resumes"};
    default:
        return (struct reason){
            "the disk reported an error",
            "check the disk and the system log, then run again; if the error remains, restore the ledger with its key file from a backup to another disk"};
    }
}

static struct reason describe_read_only(const struct ledger *ledger)
{
    if (access(ledger->path, W_OK) == 0)
        return (struct reason){
            "it could be opened for reading only, although this user may write it",
            "raise the limit on open files (ulimit -n), check the disk and the system log, then run again"};
    return (struct reason){
        "it is read-only",
        "give this user the right to write the file and its folder (and check that the file system is not mounted read-only), then run again"};
}

/* fact NULL: no message of our own. */
static struct reason describe_error(const struct ledger *ledger)
{
    switch (sqlite3_errcode(ledger->db) & 0xff) {
    case SQLITE_FULL:
        return disk_full;
    case SQLITE_IOERR:
        return describe_io_error(ledger);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return describe_read_only(ledger);
    case SQLITE_CORRUPT:
        return (struct reason){"it is damaged",
                               "keep a copy, restore it with its key file from a backup, and check the disk"};
    case SQLITE_NOTADB:
        return (struct reason){
            "it is not a ledger (not a SQLite file)",
            "name another path in the job's ledger, or restore the ledger with its key file from a backup"};
    case SQLITE_NOMEM:
        return (struct reason){
            "there is not enough memory",
            "raise the limit (ulimit -v, or the container's), then run again: the run resumes"};
    case SQLITE_CANTOPEN:
        return (struct reason){"the file, or the -wal and -shm files beside it, cannot be opened",
                               "check the folder and its permissions"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return (struct reason){"another program holds it locked (a sqlite3 shell, a backup)",
                               "end that program, then run again"};
    default:
        return (struct reason){NULL, NULL};
    }
}

int ledger_sqlite_fail(struct ledger *ledger, const char *verb, struct error *error)
{
    struct reason reason = describe_error(ledger);
    if (reason.fact)
        error_set(error, ERROR_LEDGER, "the ledger %s cannot be %s: %s (SQLite: %s)\nhint: %s", ledger->path,
                  verb, reason.fact, sqlite3_errmsg(ledger->db), reason.hint);
    else
        error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be %s: %s (SQLite error %d)\nhint: check that no other program has changed the file, then run again",
            ledger->path, verb, sqlite3_errmsg(ledger->db), sqlite3_extended_errcode(ledger->db));
    /* Also after a failed read: what follows from it must not be committed, and sent. */
    if (!ledger->failed)
        ledger->why = *error;
    ledger->failed = true;
    return -1;
}

int ledger_sqlite_exec(struct ledger *ledger, const char *text, struct error *error)
{
    if (sqlite3_exec(ledger->db, text, NULL, NULL, NULL) != SQLITE_OK)
        return ledger_sqlite_fail(ledger, "read", error);
    return 0;
}

sqlite3_stmt *ledger_sqlite_prepare(struct ledger *ledger, enum ledger_statement which, struct error *error)
{
    sqlite3_stmt **statement = &ledger->statements[which];
    if (!*statement && sqlite3_prepare_v3(ledger->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, statement,
                                          NULL) != SQLITE_OK) {
        ledger_sqlite_fail(ledger, "read", error);
        return NULL;
    }
    return *statement;
}

sqlite3_stmt *ledger_sqlite_prepare_write(struct ledger *ledger, enum ledger_statement which,
                                          struct error *error)
{
    if (ledger->failed) {
        *error = ledger->why;
        return NULL;
    }
    assert(ledger->lock_fd >= 0 && "a ledger opened to be read is never written");
    assert(!sqlite3_get_autocommit(ledger->db) && "every write is between ledger_begin and ledger_commit");
    return ledger_sqlite_prepare(ledger, which, error);
}

void ledger_sqlite_release(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

int ledger_sqlite_write(struct ledger *ledger, sqlite3_stmt *statement, struct error *error)
{
    int code = sqlite3_step(statement);
    assert(code != SQLITE_ROW);
    if (code != SQLITE_DONE)
        ledger_sqlite_fail(ledger, "written", error);
    ledger_sqlite_release(statement);
    return code == SQLITE_DONE ? 0 : -1;
}

int ledger_sqlite_write_unless_taken(struct ledger *ledger, sqlite3_stmt *statement, struct error *error)
{
    if (sqlite3_step(statement) != SQLITE_DONE &&
        sqlite3_extended_errcode(ledger->db) == SQLITE_CONSTRAINT_UNIQUE) {
        ledger_sqlite_release(statement);
        return 1;
    }
    /* Any other failure is reported by the reset of the same statement. */
    int code = sqlite3_reset(statement);
    if (code != SQLITE_OK)
        ledger_sqlite_fail(ledger, "written", error);
    ledger_sqlite_release(statement);
    return code == SQLITE_OK ? 0 : -1;
}

int ledger_sqlite_row(struct ledger *ledger, sqlite3_stmt *statement, struct error *error)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        ledger_sqlite_fail(ledger, "read", error);
    ledger_sqlite_release(statement);
    return code == SQLITE_DONE ? 0 : -1;
}

void ledger_sqlite_bind_text(sqlite3_stmt *statement, int index, struct slice text)
{
    if (text.len > 0)
        sqlite3_bind_text64(statement, index, text.data, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

void ledger_sqlite_bind_blob(sqlite3_stmt *statement, int index, struct slice bytes)
{
    if (bytes.len > 0)
        sqlite3_bind_blob64(statement, index, bytes.data, bytes.len, SQLITE_STATIC);
}

void ledger_sqlite_bind_number(sqlite3_stmt *statement, int index, int64_t number)
{
    sqlite3_bind_int64(statement, index, number);
}

void ledger_sqlite_bind_number_or_null(sqlite3_stmt *statement, int index, int64_t number)
{
    if (number != 0)
        sqlite3_bind_int64(statement, index, number);
}

int ledger_sqlite_fail_lacks(struct ledger *ledger, const char *table, int64_t id, struct slice lacks,
                             struct error *error)
{
    char number[24] = "";
    if (id != 0)
        snprintf(number, sizeof number, " %lld", (long long)id);
    error_set(error, ERROR_LEDGER,
              "the ledger %s is damaged: %s%s has no %.*s\nhint: restore it with its key file from a backup",
              ledger->path, table, number, (int)lacks.len, lacks.data);
    if (!ledger->failed)
        ledger->why = *error;
    ledger->failed = true; /* nothing that follows from it is committed */
    return -1;
}

struct slice ledger_sqlite_lacks(sqlite3_stmt *statement)
{
    return ledger_sqlite_column(statement, sqlite3_column_count(statement) - 1);
}

int ledger_sqlite_check_lacks(struct ledger *ledger, sqlite3_stmt *statement, const char *table, int64_t id,
                              struct error *error)
{
    struct slice lacks = ledger_sqlite_lacks(statement);
    if (lacks.len == 0)
        return 0;
    ledger_sqlite_fail_lacks(ledger, table, id, lacks, error);
    ledger_sqlite_release(statement);
    return -1;
}

struct slice ledger_sqlite_column(sqlite3_stmt *statement, int index)
{
    const void *bytes = sqlite3_column_blob(statement, index);
    return slice_make(bytes, bytes ? (size_t)sqlite3_column_bytes(statement, index) : 0);
}

int ledger_begin(struct ledger *ledger, struct error *error)
{
    /* Roll back what was not committed. */
    if (!sqlite3_get_autocommit(ledger->db) &&
        sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        return ledger_sqlite_fail(ledger, "written", error);
    ledger->failed = false;
    ledger->chain = ledger->committed;
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_BEGIN, error);
    return statement ? ledger_sqlite_write(ledger, statement, error) : -1;
}

int ledger_commit(struct ledger *ledger, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_COMMIT, error);
    failpoint("transaction written");
    if (!statement || ledger_sqlite_write(ledger, statement, error))
        return -1;
    ledger->committed = ledger->chain;
    failpoint("committed");
    return 0;
}
