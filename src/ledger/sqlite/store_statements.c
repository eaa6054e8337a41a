#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/text.h"
#include "ledger/ledger_store_rows.h"
#include "ledger/sqlite/store_sqlite.h"

/* Marks in a text, for a table's list of columns or one column of customer:
 *   {customer}   their names
 *   {customer?}  a value for each: ?1, ?2, …, by its place in the list
 *   {customer=}  what an UPDATE sets: all but the id and the indexed columns of customer and task
 *   {user_id=}   this column of customer alone */
static const char *const sql[STORE_SQL_COUNT] = {
    [STORE_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_SQL_COMMIT] = "COMMIT",
    [STORE_SQL_META] = "SELECT value FROM meta WHERE key = ?1",
    [STORE_SQL_META_SET] = "INSERT INTO meta(key, value) VALUES(?1, ?2) "
                           "ON CONFLICT(key) DO UPDATE SET value = excluded.value",
    [STORE_SQL_NONCE] = "SELECT floor FROM nonce WHERE key_id = ?1",
    [STORE_SQL_NONCE_SET] = "INSERT INTO nonce(key_id, floor) VALUES(?1, ?2) "
                            "ON CONFLICT(key_id) DO UPDATE SET floor = excluded.floor",
    [STORE_SQL_METAS] = "SELECT key, value FROM meta ORDER BY key",
    [STORE_SQL_NONCES] = "SELECT key_id, floor FROM nonce",
    [STORE_SQL_INCOMPLETE] = "SELECT 'a nonce', 'floor' FROM nonce WHERE floor IS NULL "
                             "UNION ALL SELECT 'meta', 'value' FROM meta WHERE value IS NULL LIMIT 1",
    /* All that may lack a value, and few others: the C code decides. */
    [STORE_SQL_INCOMPLETE_CUSTOMERS] =
        "SELECT {customer} FROM customer NOT INDEXED WHERE NOT ({customer!} AND state IS 'created' "
        "AND ifnull(external_id, '') <> '' AND ifnull(user_id, '') <> '' AND first_sent_at IS NULL "
        "AND (digest IS NULL OR ifnull(member_digests, x'') <> x'') "
        "AND (pending_digest IS NULL OR ifnull(pending_member_digests, x'') <> x''))",
    [STORE_SQL_CUSTOMER] = "SELECT {customer} FROM customer WHERE id = ?1",
    [STORE_SQL_FIND_KEY] = "SELECT id FROM customer WHERE external_id = ?1",
    [STORE_SQL_FIND_USER] = "SELECT id FROM customer WHERE user_id = ?1",
    [STORE_SQL_LAST_CUSTOMER] = "SELECT max(id) FROM customer",
    [STORE_SQL_LAST_EVENTS] = "SELECT customer, row FROM event ORDER BY id DESC",
    [STORE_SQL_CUSTOMER_NEW] = "INSERT INTO customer({customer}) VALUES({customer?})",
    [STORE_SQL_CUSTOMER_SET] = "UPDATE customer SET {customer=} WHERE id = ?1",
    [STORE_SQL_CUSTOMER_SET_USER] = "UPDATE customer SET {customer=}, {user_id=} WHERE id = ?1",
    [STORE_SQL_CUSTOMER_SET_KEY] = "UPDATE customer SET {external_id=} WHERE id = ?1",
    [STORE_SQL_SCAN] = "SELECT id, external_id, state, user_id IS NOT NULL, pending_digest IS NOT NULL, "
                       "digest, first_sent_at IS NOT NULL, identity FROM customer ORDER BY id",
    [STORE_SQL_USERS] = "SELECT user_id, verification_word IS 'deleted' FROM customer "
                        "WHERE user_id IS NOT NULL ORDER BY id",
    [STORE_SQL_IDENTITIES] = "SELECT id, identity FROM customer NOT INDEXED WHERE identity IS NOT NULL",
    [STORE_SQL_GROUPS] =
        "SELECT state, operation, http_status, code, first_sent_at IS NOT NULL OR state IN ('journalled', "
        "'in_doubt') FROM customer NOT INDEXED WHERE external_id IS NOT NULL",
    [STORE_SQL_CUSTOMERS] = "SELECT {customer} FROM customer NOT INDEXED "
                            "WHERE id > ?1 AND external_id IS NOT NULL ORDER BY id LIMIT ?2",
    [STORE_SQL_CUSTOMERS_OPEN] =
        "SELECT {customer} FROM customer NOT INDEXED WHERE id > ?1 AND (first_sent_at IS NOT NULL "
        "OR state IN ('journalled', 'in_doubt')) ORDER BY id LIMIT ?2",
    [STORE_SQL_CUSTOMERS_USERS] = "SELECT {customer} FROM customer NOT INDEXED "
                                  "WHERE id > ?1 AND user_id IS NOT NULL ORDER BY id LIMIT ?2",
    [STORE_SQL_CUSTOMERS_TWINS] =
        "SELECT {customer} FROM customer NOT INDEXED "
        "WHERE updated_run = ?1 AND twin = 'refused' AND external_id IS NOT NULL ORDER BY id LIMIT ?2",
    /* The row of a task's event is the task. */
    [STORE_SQL_RESULT_ROWS] = "SELECT customer, row, max(id) FROM event WHERE (row > 0 OR row IS NULL) "
                              "AND operation NOT IN ('link', 'document') GROUP BY customer",
    [STORE_SQL_CUSTOMER_ROWS] = "SELECT {customer} FROM customer ORDER BY id",
    [STORE_SQL_EVENT_ROWS] = "SELECT {event} FROM event ORDER BY id",
    [STORE_SQL_RUN_ROWS] = "SELECT {run} FROM run ORDER BY id",
    [STORE_SQL_TASK_ROWS] = "SELECT {task} FROM task ORDER BY id",
    [STORE_SQL_READING] = "SELECT at FROM reading WHERE customer = ?1",
    [STORE_SQL_READINGS] = "SELECT customer, at FROM reading ORDER BY customer",
    [STORE_SQL_READING_SET] = "INSERT INTO reading(customer, at) VALUES(?1, ?2) "
                              "ON CONFLICT(customer) DO UPDATE SET at = excluded.at",
    [STORE_SQL_READING_REMOVE] = "DELETE FROM reading WHERE customer = ?1",
    [STORE_SQL_READING_FORGET] = "UPDATE reading SET at = 0 WHERE at > ?1",
    /* ?2: a text of the wanted words, each between commas. */
    [STORE_SQL_NEXT_READING] =
        "SELECT {customer}, ifnull((SELECT at FROM reading WHERE reading.customer = customer.id), 0) "
        "AS read_at FROM customer NOT INDEXED WHERE id > ?1 AND user_id IS NOT NULL "
        "AND instr(?2, ',' || ifnull(verification, 'unknown') || ',') > 0 AND read_at < ?3 "
        "AND (?4 OR verification_word IS NOT 'deleted') ORDER BY id LIMIT 1",
    [STORE_SQL_VERIFICATION_KNOWN] =
        "SELECT EXISTS(SELECT 1 FROM reading) OR EXISTS(SELECT 1 FROM (SELECT verification FROM customer "
        "ORDER BY id DESC LIMIT 1000) WHERE verification IS NOT NULL)",
    [STORE_SQL_VERIFICATIONS] =
        "SELECT verification, verification_word, verification_at, link_at IS NOT NULL, "
        "EXISTS(SELECT 1 FROM reading WHERE reading.customer = customer.id) FROM customer NOT INDEXED "
        "WHERE user_id IS NOT NULL",
    [STORE_SQL_TASK] = "SELECT {task} FROM task WHERE id = ?1",
    [STORE_SQL_FIND_TASK] = "SELECT {task} FROM task WHERE customer = ?1 AND kind = ?2 AND slot = ?3",
    [STORE_SQL_LAST_TASK] = "SELECT max(id) FROM task",
    [STORE_SQL_TASK_NEW] = "INSERT INTO task({task}) VALUES({task?})",
    [STORE_SQL_TASK_SET] = "UPDATE task SET {task=} WHERE id = ?1",
    [STORE_SQL_TASK_SET_SLOT] = "UPDATE task SET slot = ?4 WHERE id = ?1",
    [STORE_SQL_TASKS] = "SELECT {task} FROM task NOT INDEXED WHERE kind = ?1 ORDER BY id",
    [STORE_SQL_TASKS_OF] = "SELECT {task} FROM task WHERE customer = ?1 AND id > ?2 ORDER BY id LIMIT 1",
    [STORE_SQL_EVENT_NEW] = "INSERT INTO event({event}) VALUES({event?})",
    [STORE_SQL_EVENT_CHAIN] = "UPDATE event SET chain = ?2 WHERE id = ?1",
    [STORE_SQL_LAST_EVENT] = "SELECT id, chain, at FROM event ORDER BY id DESC LIMIT 1",
    [STORE_SQL_EVENT] = "SELECT {event} FROM event WHERE id = ?1",
    [STORE_SQL_EVENT_OWNERS] = "SELECT id, customer, user_id FROM event WHERE body_digest IS NULL",
    [STORE_SQL_EVENT_BLANK] = "UPDATE event SET user_id = NULL, digest = NULL, code = NULL, "
                              "request_id = NULL, body_digest = ?2 WHERE id = ?1",
    [STORE_SQL_HEAD_OF_RUN] = "SELECT 1 FROM run WHERE chain_head = ?1 LIMIT 1",
    [STORE_SQL_HEAD_OF_EVENT] = "SELECT 1 FROM event WHERE chain = ?1 ORDER BY id DESC LIMIT 1",
    [STORE_SQL_RUN_NEW] = "INSERT INTO run({run}) VALUES({run?})",
    [STORE_SQL_RUN_SET] = "UPDATE run SET {run=} WHERE id = ?1",
    [STORE_SQL_LAST_RUN] = "SELECT {run} FROM run ORDER BY id DESC LIMIT 1",
    [STORE_SQL_LAST_COMPLETE] =
        "SELECT {run} FROM run WHERE command = ?1 AND finished IS NOT NULL AND status IN (0, 1) "
        "AND id < ?2 ORDER BY id DESC LIMIT 1",
    [STORE_SQL_HAS_RUN] = "SELECT 1 FROM run WHERE id = ?1 AND started = ?2",
    /* By the index of keys: what is between `erased:` and `erased;`. */
    [STORE_SQL_ERASED] = "SELECT external_id FROM customer WHERE external_id >= 'erased:' "
                         "AND external_id < 'erased;' AND state = 'erased' ORDER BY external_id",
    [STORE_SQL_HAS_BACKUPS] = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'backup'",
    /* A restore takes over what both ledgers know. */
    [STORE_SQL_BACKUPS] = "SELECT at, path, chain_head FROM backup GROUP BY at, path, chain_head "
                          "ORDER BY min(id)",
};
_Static_assert(LEDGER_EVENT_BODY_COLUMNS == 4, "the columns that EVENT_BLANK removes");

enum { SQL_MAX = 4096 };
enum { TASK_SLOT = 3 }; /* the last column of task that is indexed: customer and kind never change */

size_t store_sqlite_customer_column(const char *name)
{
    size_t i = 0;
    while (strcmp(ledger_customer_table.columns[i].name, name) != 0) {
        i++;
        assert(i < ledger_customer_table.count && "a column of customer");
    }
    return i;
}

static bool is_set(const struct ledger_table *table, size_t column)
{
    if (column == 0)
        return false;
    if (table == &ledger_task_table)
        return column > TASK_SLOT;
    return table != &ledger_customer_table || (column != store_sqlite_customer_column("external_id") &&
                                               column != store_sqlite_customer_column("user_id"));
}

static void append_mark(struct buffer *text, struct slice mark)
{
    enum { TABLES = 4 };
    static const struct ledger_table *const tables[TABLES] = {&ledger_customer_table, &ledger_event_table,
                                                              &ledger_run_table, &ledger_task_table};
    char kind = mark.data[mark.len - 1];
    struct slice name = slice_make(mark.data, strchr("?=!", kind) ? mark.len - 1 : mark.len);
    const char *comma = "";

    for (size_t t = 0; t < TABLES; t++) {
        bool is_whole = slice_is(name, tables[t]->name);
        for (size_t i = 0; i < tables[t]->count; i++) {
            const char *column = tables[t]->columns[i].name;
            bool is_alone = tables[t] == &ledger_customer_table && slice_is(name, column);
            if (!is_alone && !(is_whole && (kind != '=' || is_set(tables[t], i))))
                continue;
            if (kind == '!' && !tables[t]->columns[i].is_required)
                continue;
            if (kind == '!')
                buffer_printf(text, "%s%s IS NOT NULL", comma[0] ? " AND " : "", column);
            else if (kind == '?')
                buffer_printf(text, "%s?%zu", comma, i + 1);
            else if (kind == '=')
                buffer_printf(text, "%s%s = ?%zu", comma, column, i + 1);
            else
                buffer_printf(text, "%s%s", comma, column);
            comma = ", ";
        }
    }
    assert(comma[0] && "a mark names a table or a column of customer");
}

static void write_sql(enum store_sql which, struct buffer *text)
{
    struct slice rest = slice_from(sql[which]), part, mark;

    buffer_init(text, SQL_MAX);
    while (slice_next_item(&rest, SLICE_LITERAL("{"), &part)) {
        buffer_append(text, part);
        if (rest.data && slice_next_item(&rest, SLICE_LITERAL("}"), &mark))
            append_mark(text, mark);
    }
    assert(!text->overflowed);
}

/* SQLite reports a full disk as SQLITE_FULL, but a quota or a file size limit only by the last errno of its
 * two files (that of the connection comes from the clean-up). */
static int errno_of_io(const struct store_sqlite *store)
{
    sqlite3_file *wal = NULL;
    int number = 0;
    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) == SQLITE_OK && wal &&
        wal->pMethods)
        wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &number);
    if (number == 0)
        sqlite3_file_control(store->db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
    return number ? number : sqlite3_system_errno(store->db);
}

struct reason {
    const char *fact, *hint;
};

static const struct reason disk_full = {"the disk is full",
                                        "free space on it, then run again: the run resumes"};

static const struct reason no_memory = {
    "there is not enough memory",
    "raise the limit (ulimit -v, or the container's), then run again: the run resumes"};

static struct reason describe_io_error(const struct store_sqlite *store)
{
    int code = sqlite3_extended_errcode(store->db);
    if (code == SQLITE_IOERR_NOMEM || code == SQLITE_IOERR_SHMMAP) /* mmap of the -shm file */
        return no_memory;
    switch (errno_of_io(store)) {
    case ENOMEM:
        return no_memory;
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

static struct reason describe_read_only(const struct store_sqlite *store)
{
    if (access(store->path, W_OK) == 0)
        return (struct reason){
            "it could be opened for reading only, although this user may write it",
            "raise the limit on open files (ulimit -n), check the disk and the system log, then run again"};
    return (struct reason){
        "it is read-only",
        "give this user the right to write the file and its folder (and check that the file system is not mounted read-only), then run again"};
}

/* fact NULL: no message of our own. */
static struct reason describe_error(const struct store_sqlite *store)
{
    switch (sqlite3_errcode(store->db) & 0xff) {
    case SQLITE_FULL:
        return disk_full;
    case SQLITE_IOERR:
        return describe_io_error(store);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return describe_read_only(store);
    case SQLITE_CORRUPT:
        return (struct reason){"it is damaged",
                               "keep a copy, restore it with its key file from a backup, and check the disk"};
    case SQLITE_NOTADB:
        return (struct reason){
            "it is not a ledger (not a SQLite file)",
            "name another path in the job's ledger, or restore the ledger with its key file from a backup"};
    case SQLITE_NOMEM:
        return no_memory;
    case SQLITE_CANTOPEN:
        if (access(store->path, R_OK | W_OK) != 0 && errno == EACCES)
            return (struct reason){
                "this user may not open it",
                "run as the account that owns it; or, if a command was run as root, give the file and its key back with chown"};
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

/* Also after a failed read: what follows from it must not be committed, and sent. */
void store_sqlite_fail_transaction(struct store *base, const struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);

    if (!store->failed)
        store->why = *error;
    store->failed = true;
}

int store_sqlite_fail(struct store_sqlite *store, const char *verb, struct error *error)
{
    struct reason reason = describe_error(store);
    if (reason.fact)
        error_set(error, ERROR_LEDGER, "the ledger %s cannot be %s: %s (SQLite: %s)\nhint: %s", store->path,
                  verb, reason.fact, sqlite3_errmsg(store->db), reason.hint);
    else
        error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be %s: %s (SQLite error %d)\nhint: check that no other program has changed the file, then run again",
            store->path, verb, sqlite3_errmsg(store->db), sqlite3_extended_errcode(store->db));
    store_sqlite_fail_transaction(&store->store, error);
    return -1;
}

int store_sqlite_fail_damaged(struct store_sqlite *store, struct error *error, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    text_format_va(text, sizeof text, format, arguments);
    va_end(arguments);
    ledger_store_rows_fail_damaged(error, store->path, text);
    store_sqlite_fail_transaction(&store->store, error);
    return -1;
}

int store_sqlite_execute(struct store_sqlite *store, const char *text, const char *verb, struct error *error)
{
    return sqlite3_exec(store->db, text, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : store_sqlite_fail(store, verb, error);
}

sqlite3_stmt *store_sqlite_prepare(struct store_sqlite *store, enum store_sql which, struct error *error)
{
    sqlite3_stmt **statement = &store->statements[which];
    if (!*statement) {
        struct buffer text;
        write_sql(which, &text);
        if (sqlite3_prepare_v3(store->db, text.data, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) !=
            SQLITE_OK)
            store_sqlite_fail(store, "read", error);
        buffer_clear(&text);
    }
    return *statement;
}

sqlite3_stmt *store_sqlite_prepare_write(struct store_sqlite *store, enum store_sql which,
                                         struct error *error)
{
    if (store->failed) {
        *error = store->why;
        return NULL;
    }
    assert((store->lock_fd >= 0 || store->is_made) && "a ledger opened to be read is never written");
    assert(!sqlite3_get_autocommit(store->db) && "every write is between store_begin and store_commit");
    return store_sqlite_prepare(store, which, error);
}

void store_sqlite_release(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

int store_sqlite_write(struct store_sqlite *store, sqlite3_stmt *statement, struct error *error)
{
    int code = sqlite3_step(statement);
    assert(code != SQLITE_ROW);
    if (code != SQLITE_DONE)
        store_sqlite_fail(store, "written", error);
    store_sqlite_release(statement);
    return code == SQLITE_DONE ? 0 : -1;
}

int store_sqlite_write_row(struct store_sqlite *store, sqlite3_stmt *statement, struct error *error)
{
    if (store_sqlite_write(store, statement, error) != 0)
        return -1;
    if (sqlite3_changes(store->db) == 1)
        return 0;
    return store_sqlite_fail_damaged(store, error,
                                     "a row that was written is missing, or a trigger prevents it");
}

int store_sqlite_next_row(struct store_sqlite *store, sqlite3_stmt *statement, struct error *error)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        store_sqlite_fail(store, "read", error);
    store_sqlite_release(statement);
    return code == SQLITE_DONE ? 0 : -1;
}

void store_sqlite_bind_text(sqlite3_stmt *statement, int index, struct slice text)
{
    if (text.len > 0)
        sqlite3_bind_text64(statement, index, text.data, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

void store_sqlite_bind_blob(sqlite3_stmt *statement, int index, struct slice bytes)
{
    if (bytes.len > 0)
        sqlite3_bind_blob64(statement, index, bytes.data, bytes.len, SQLITE_STATIC);
}

static void bind_value(sqlite3_stmt *statement, const struct ledger_table *table, size_t column,
                       const struct ledger_value *value)
{
    int index = (int)column + 1;
    /* A required value may be empty, and SQLite takes no address for NULL. */
    const char *data = value->bytes.len > 0 ? value->bytes.data : "";
    if (value->is_null)
        return;
    switch (table->columns[column].type) {
    case LEDGER_NUMBER:
        sqlite3_bind_int64(statement, index, value->number);
        break;
    case LEDGER_TEXT:
        sqlite3_bind_text64(statement, index, data, value->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case LEDGER_BLOB:
        sqlite3_bind_blob64(statement, index, data, value->bytes.len, SQLITE_STATIC);
        break;
    }
}

void store_sqlite_bind_row(sqlite3_stmt *statement, const struct ledger_table *table,
                           const struct ledger_value *values)
{
    int count = sqlite3_bind_parameter_count(statement);
    for (size_t i = 0; i < table->count && (int)i < count; i++)
        bind_value(statement, table, i, &values[i]);
}

void store_sqlite_read_row(sqlite3_stmt *statement, const struct ledger_table *table,
                           struct ledger_value *values)
{
    static const int types[] = {
        [LEDGER_NUMBER] = SQLITE_INTEGER, [LEDGER_TEXT] = SQLITE_TEXT, [LEDGER_BLOB] = SQLITE_BLOB};

    for (size_t i = 0; i < table->count; i++) {
        sqlite3_value *value = sqlite3_column_value(statement, (int)i);
        enum ledger_type type = table->columns[i].type;
        values[i] = (struct ledger_value){.is_null = sqlite3_value_type(value) != types[type]};
        if (values[i].is_null)
            continue;
        if (type == LEDGER_NUMBER) {
            values[i].number = sqlite3_value_int64(value);
        } else {
            const char *data = sqlite3_value_blob(value);
            values[i].bytes = slice_make(data, data ? (size_t)sqlite3_value_bytes(value) : 0);
        }
    }
}

struct slice store_sqlite_column(sqlite3_stmt *statement, int index)
{
    const void *bytes = sqlite3_column_blob(statement, index);
    return slice_make(bytes, bytes ? (size_t)sqlite3_column_bytes(statement, index) : 0);
}

int store_sqlite_read_customer(struct store_sqlite *store, sqlite3_stmt *statement, struct arena *arena,
                               struct ledger_customer *customer, struct error *error)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    store_sqlite_read_row(statement, &ledger_customer_table, values);
    const char *lacks = ledger_row_from_values(&ledger_customer_table, values, arena, customer);
    if (!lacks)
        lacks = ledger_customer_lacks(customer);
    if (!lacks)
        return 0;
    store_sqlite_fail_damaged(store, error, "customer %lld has no %s", (long long)values[0].number, lacks);
    store_sqlite_release(statement);
    return -1;
}

int store_sqlite_read_run(struct store_sqlite *store, sqlite3_stmt *statement, struct arena *arena,
                          struct ledger_run *run, struct error *error)
{
    struct ledger_value values[LEDGER_RUN_COLUMNS];
    store_sqlite_read_row(statement, &ledger_run_table, values);
    const char *lacks = ledger_row_from_values(&ledger_run_table, values, arena, run);
    if (!lacks)
        return 0;
    store_sqlite_fail_damaged(store, error, "run %lld has no %s", (long long)values[0].number, lacks);
    store_sqlite_release(statement);
    return -1;
}

int store_sqlite_read_task_row(struct store_sqlite *store, sqlite3_stmt *statement, struct arena *arena,
                               struct ledger_task *task, struct error *error)
{
    struct ledger_value values[LEDGER_TASK_COLUMNS];
    store_sqlite_read_row(statement, &ledger_task_table, values);
    const char *lacks = ledger_row_from_values(&ledger_task_table, values, arena, task);
    if (!lacks)
        return 0;
    store_sqlite_fail_damaged(store, error, "task %lld has no %s", (long long)values[0].number, lacks);
    store_sqlite_release(statement);
    return -1;
}
