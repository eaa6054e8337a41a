/* store_backup: copies of a ledger, and the table of those that were made. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/failpoint.h"
#include "core/memory.h"
#include "ledger/sqlite/store_sqlite.h"

enum {
    STEP_PAGES = 256, /* 1 MiB */
    SYNC_STEPS = 64,  /* so that what is written reaches the disk in small parts: the commits of a run wait
                         behind it */
    BUSY_MS = 10000,
};

static int fail_copy(sqlite3 *copy, const char *path, int code, struct error *error)
{
    int number = (code & 0xff) == SQLITE_FULL ? ENOSPC : copy ? sqlite3_system_errno(copy) : 0;
    bool is_full = number == ENOSPC || number == EDQUOT || number == EFBIG;

    return error_set(error, ERROR_LEDGER, "the backup %s cannot be written: %s\nhint: %s", path,
                     number ? strerror(number) : sqlite3_errstr(code),
                     is_full ? "free space on that disk, or name a file on another one"
                             : "check the folder, its permissions and the disk");
}

static void sync_copy(sqlite3 *copy)
{
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(copy, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file->pMethods)
        file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

/* Within the read transaction of the source, so that a commit meanwhile neither changes nor restarts the
 * copy. Returns SQLite's code. */
static int copy_pages(sqlite3 *source, sqlite3 *copy)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", source, "main");
    int code = SQLITE_OK;

    if (!backup)
        return sqlite3_errcode(copy);
    for (unsigned step = 1; code == SQLITE_OK; step++) {
        code = sqlite3_backup_step(backup, STEP_PAGES);
        failpoint("backup step");
        if (step % SYNC_STEPS == 0)
            sync_copy(copy);
    }
    int ended = sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? ended : code;
}

/* The copied header says that there is a log (WAL) beside the file: bytes 18 and 19 are the versions that
 * write and read it, 1 without one (sqlite.org/fileformat.html). */
static int clear_log_mark(const char *path, struct error *error)
{
    static const char versions[2] = {1, 1};
    FILE *file = fopen(path, "r+be");
    bool is_set = file && fseek(file, 18, SEEK_SET) == 0 && fwrite(versions, sizeof versions, 1, file) == 1;

    if (file && fclose(file) != 0)
        is_set = false;
    return is_set ? 0
                  : error_set(error, ERROR_LEDGER,
                              "the backup %s cannot be written: %s\nhint: check the folder and the disk",
                              path, strerror(errno));
}

int store_sqlite_copy(struct store *base, const char *path, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3 *copy = NULL;
    int code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_exec(copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = copy_pages(store->db, copy);
    bool is_of_source = code != SQLITE_OK && (sqlite3_errcode(store->db) & 0xff) == SQLITE_CORRUPT;
    if (is_of_source)
        store_sqlite_fail(store, "read", error);
    else if (code != SQLITE_OK)
        fail_copy(copy, path, code, error);
    sqlite3_close(copy);
    return code == SQLITE_OK ? clear_log_mark(path, error) : -1;
}

/* Returns SQLite's code. */
static int set_meta(sqlite3 *db, const char *key, struct slice value)
{
    static const char set[] = "INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_exec(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(db, set, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text64(statement, 2, value.data, value.len, SQLITE_STATIC, SQLITE_UTF8);
    code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

int store_sqlite_mark_copy(const char *path, const char *key, struct slice value, struct error *error)
{
    sqlite3 *copy = NULL;
    int code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL);

    if (code == SQLITE_OK)
        code = set_meta(copy, key, value);
    if (code != SQLITE_OK)
        fail_copy(copy, path, code, error);
    sqlite3_close(copy);
    return code == SQLITE_OK ? 0 : -1;
}

/* The table of backups. */

/* A connection of its own: the store may be open to be read only, and a run may hold the ledger's lock. What
 * it commits is outside the proof, so the run's state stays right. */
static int open_to_write(const struct store_sqlite *store, sqlite3 **db)
{
    int keep = 1;
    int code = sqlite3_open_v2(store->path, db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL);

    if (code != SQLITE_OK)
        return code;
    sqlite3_busy_timeout(*db, BUSY_MS);
    sqlite3_file_control(*db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    return sqlite3_exec(*db,
                        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0",
                        NULL, NULL, NULL);
}

/* In a transaction of its own. */
static int insert_backup(sqlite3 *db, const struct ledger_backup *backup)
{
    static const char insert[] = "INSERT INTO backup(at, path, chain_head) VALUES(?1, ?2, ?3)";
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_exec(db, "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS " STORE_BACKUP_TABLE, NULL, NULL, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(db, insert, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    sqlite3_bind_int64(statement, 1, (int64_t)backup->at_ns);
    sqlite3_bind_text(statement, 2, backup->path, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, backup->head, -1, SQLITE_STATIC);
    code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) : code;
}

int store_sqlite_note_backup(struct store *base, const struct ledger_backup *backup, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3 *db = NULL;

    if (store->is_made)
        return insert_backup(store->db, backup) == SQLITE_OK ? 0 : store_sqlite_fail(store, "written", error);
    int code = open_to_write(store, &db);
    if (code == SQLITE_OK)
        code = insert_backup(db, backup);
    if (code != SQLITE_OK) {
        struct store_sqlite other = {.db = db, .path = store->path};
        store_sqlite_fail(&other, "written", error);
    }
    sqlite3_close(db);
    return code == SQLITE_OK ? 0 : -1;
}

int store_sqlite_each_backup(struct store *base,
                             void (*each)(void *context, const struct ledger_backup *backup), void *context,
                             struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_HAS_BACKUPS, error);
    int row = statement ? store_sqlite_next_row(store, statement, error) : -1;

    if (row != 1)
        return row;
    store_sqlite_release(statement);
    statement = store_sqlite_prepare(store, STORE_SQL_BACKUPS, error);
    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1) {
        struct slice path = store_sqlite_column(statement, 1), head = store_sqlite_column(statement, 2);
        struct ledger_backup backup = {.at_ns = (uint64_t)sqlite3_column_int64(statement, 0)};
        char *text = memory_copy(path);
        snprintf(backup.head, sizeof backup.head, "%.*s", (int)head.len, head.len > 0 ? head.data : "");
        backup.path = text;
        each(context, &backup);
        free(text);
    }
    return statement ? row : -1;
}
