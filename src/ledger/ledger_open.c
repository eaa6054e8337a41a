#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "ledger/ledger_sqlite.h"

enum {
    BUSY_TIMEOUT_MS = 10000,
    /* For the pages of the two randomly accessed indexes. More gains nothing over the system's page cache,
     * and the whole program has 64 MiB. */
    CACHE_KIB = 16 * 1024,
    /* 66 MB of WAL between two checkpoints, so that an index page is written back once for many batches: a
     * quarter faster than 16 MB at a million customers, and a checkpoint still takes less than 0.3 s. */
    CHECKPOINT_PAGES = 16000,
    WAL_LIMIT_BYTES = 64 * 1024 * 1024,
    CANONICAL_MAX = 64 * 1024,
};

bool ledger_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static char *path_with(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *joined = memory_new(size, 1);
    snprintf(joined, size, "%s%s", path, suffix);
    return joined;
}

/* A ledger has one lock, also when a symbolic link names it; and SQLite must not take a relative name for one
 * of its own (`file:…`, `:memory:`). */
static char *resolve_path(const char *path)
{
    struct stat info;
    char *real = lstat(path, &info) == 0 && S_ISLNK(info.st_mode) ? realpath(path, NULL) : NULL;
    if (real)
        return real;
    return path[0] == '/' ? memory_copy(slice_from(path)) : path_with("./", path);
}

char *ledger_beside(const char *path, const char *suffix)
{
    char *resolved = resolve_path(path);
    char *beside = path_with(resolved, suffix);
    free(resolved);
    return beside;
}

static struct ledger *new_ledger(const char *path)
{
    struct ledger *ledger = memory_new(1, sizeof *ledger);
    ledger->path = resolve_path(path);
    ledger->lock_path = path_with(ledger->path, ".lock");
    ledger->key_path = path_with(ledger->path, ".key");
    ledger->lock_fd = -1;
    buffer_init(&ledger->canonical, CANONICAL_MAX);
    return ledger;
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (size_t i = 0; i < LEDGER_SQL_COUNT; i++)
        sqlite3_finalize(ledger->statements[i]);
    int code = sqlite3_close(ledger->db);
    assert(code == SQLITE_OK);
    (void)code;
    if (ledger->lock_fd >= 0)
        close(ledger->lock_fd);
    digest_hmac_free(ledger->hmac);
    secret_wipe(ledger->key, sizeof ledger->key);
    buffer_clear(&ledger->canonical);
    free(ledger->path);
    free(ledger->lock_path);
    free(ledger->key_path);
    free(ledger);
}

static int read_number(struct ledger *ledger, const char *text, int64_t *number, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(ledger->db, text, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    else
        ledger_sqlite_fail(ledger, "read", error);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 0 : -1;
}

static int set_pragmas(struct ledger *ledger, enum ledger_mode mode, struct error *error)
{
    char text[256];
    snprintf(text, sizeof text,
             "PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF", CACHE_KIB);
    if (sqlite3_exec(ledger->db, text, NULL, NULL, NULL) != SQLITE_OK)
        return ledger_sqlite_fail(ledger, "opened", error);
    if (mode == LEDGER_READ)
        return 0;
    snprintf(text, sizeof text,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = %d; "
             "PRAGMA journal_size_limit = %d",
             CHECKPOINT_PAGES, WAL_LIMIT_BYTES);
    if (sqlite3_exec(ledger->db, text, NULL, NULL, NULL) != SQLITE_OK)
        return ledger_sqlite_fail(ledger, "written", error);
    /* Keep the -wal and -shm files (empty) after the end: without them the ledger could not be read by a user
     * who may not write its folder. */
    int keep = 1;
    sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    return 0;
}

/* 1: a ledger of this format; 0: an empty file, whose creation was cut short; -1: anything else. */
static int check_format(struct ledger *ledger, struct error *error)
{
    int64_t application, version, objects;
    if (read_number(ledger, "PRAGMA application_id", &application, error) ||
        read_number(ledger, "PRAGMA user_version", &version, error) ||
        read_number(ledger, "SELECT count(*) FROM sqlite_schema", &objects, error))
        return -1;
    if (application == 0 && version == 0 && objects == 0)
        return 0;
    if (application != LEDGER_APPLICATION_ID)
        return error_set(
            error, ERROR_LEDGER,
            "%s is a SQLite file, but not a ledger of kyc-import; it was not changed\nhint: name another path in the job's ledger",
            ledger->path);
    if (version != LEDGER_SCHEMA_VERSION)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s has format %lld, but this program reads format %d\nhint: use the version of kyc-import that wrote it",
            ledger->path, (long long)version, LEDGER_SCHEMA_VERSION);
    return 1;
}

/* Reads the key of the job or of the key file; a new ledger gets a key file before its tables. */
static int find_key(struct ledger *ledger, const struct secret *key, bool made, struct error *error)
{
    if (key && key->data) {
        digest_sha256(secret_slice(key), slice_make(NULL, 0), ledger->key);
    } else {
        int found = ledger_file_read_key(ledger, error);
        if (found < 0)
            return -1;
        if (found == 0 && made)
            return error_set(
                error, ERROR_LEDGER,
                "the ledger %s has lost its digest key %s: without it every customer would look changed\nhint: restore the key file from a backup",
                ledger->path, ledger->key_path);
        if (found == 0 && ledger_file_make_key(ledger, error))
            return -1;
    }
    ledger->hmac = digest_hmac_new(DIGEST_SHA256, slice_make((const char *)ledger->key, FINGERPRINT_KEY_LEN));
    return 0;
}

static int open_database(struct ledger *ledger, enum ledger_mode mode, struct error *error)
{
    /* Counting every allocation under a lock costs a tenth of the time. Refused once SQLite is initialized,
     * which is harmless. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int flags = SQLITE_OPEN_NOMUTEX | (mode == LEDGER_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    if (sqlite3_open_v2(ledger->path, &ledger->db, flags, NULL) != SQLITE_OK)
        return ledger_sqlite_fail(ledger, "opened", error);
    sqlite3_busy_timeout(ledger->db, BUSY_TIMEOUT_MS);
    return 0;
}

/* 0 with *there, or -1. */
static int open_parts(struct ledger *ledger, enum ledger_mode mode, const struct ledger_identity *identity,
                      const struct secret *key, bool *there, struct error *error)
{
    /* Before the lock, so that nothing is created beside a link to a device. */
    if (ledger_file_check_kinds(ledger, error))
        return -1;
    *there = ledger_exists(ledger->path);
    if (mode == LEDGER_READ && !*there)
        return 0;
    if (ledger_file_check_system(ledger->path, error))
        return -1;
    if (mode == LEDGER_WRITE) {
        if (ledger_file_lock(ledger, error))
            return -1;
        /* Checked again under the lock: another run may have created it just now. */
        *there = ledger_exists(ledger->path);
        /* Before its key, so that a key without a ledger always proves that a ledger is missing. */
        if (!*there && ledger_file_make(ledger, error))
            return -1;
    }
    if (ledger_file_check_names(ledger, error) || open_database(ledger, mode, error))
        return -1;
    int made = check_format(ledger, error);
    if (made < 0)
        return -1;
    *there = made || mode == LEDGER_WRITE;
    if (!*there)
        return 0;
    if (find_key(ledger, key, made, error) || set_pragmas(ledger, mode, error))
        return -1;
    if (made ? ledger_schema_check(ledger, identity, error) : ledger_schema_make(ledger, identity, error))
        return -1;
    return ledger_chain_load(ledger, error);
}

struct ledger *ledger_open(const char *path, enum ledger_mode mode, const struct ledger_identity *identity,
                           const struct secret *key, struct error *error)
{
    struct ledger *ledger = new_ledger(path);
    bool there = false;
    int result = open_parts(ledger, mode, identity, key, &there, error);
    if (result == 0 && there)
        return ledger;
    if (result == 0)
        error->scope = ERROR_NONE;
    ledger_close(ledger);
    return NULL;
}

const uint8_t *ledger_fingerprint_key(const struct ledger *ledger)
{
    return ledger->key;
}
