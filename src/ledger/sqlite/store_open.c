#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/memory.h"
#include "ledger/sqlite/store_sqlite.h"

enum {
    BUSY_TIMEOUT_MS = 10000,
    /* For the pages of the two randomly accessed indexes. More gains nothing over the system's page cache,
     * and the whole program has 64 MiB. */
    CACHE_KIB = 16 * 1024,
    WAL_LIMIT_BYTES = 128 * 1024 * 1024, /* more than a cycle writes: a file that grows syncs slowly */
    VIEW_TRIES = 1000,
};

struct store_sqlite *store_sqlite_new(const char *location)
{
    struct store_sqlite *store = memory_new(1, sizeof *store);
    store->path = store_sqlite_path_resolve(location);
    store->lock_path = store_sqlite_path_with(store->path, ".lock");
    store->key_path = store_sqlite_path_with(store->path, ".key");
    store->lock_fd = -1;
    return store;
}

void store_sqlite_close(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
    if (!store)
        return;
    store_sqlite_checkpointer_close(store);
    for (size_t i = 0; i < STORE_SQL_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    int code = sqlite3_close(store->db);
    assert(code == SQLITE_OK);
    (void)code;
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->path);
    free(store->lock_path);
    free(store->key_path);
    free(store);
}

const char *store_sqlite_location(const struct store *base)
{
    return ((const struct store_sqlite *)base)->path;
}

const char *store_sqlite_key_location(const struct store *base)
{
    return ((const struct store_sqlite *)base)->key_path;
}

static int read_number(struct store_sqlite *store, const char *text, int64_t *number, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, text, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    else
        store_sqlite_fail(store, "read", error);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 0 : -1;
}

static int set_pragmas(struct store_sqlite *store, enum ledger_mode mode, struct error *error)
{
    char text[256];
    snprintf(text, sizeof text,
             "PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF", CACHE_KIB);
    if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
        return store_sqlite_fail(store, "opened", error);
    if (mode == LEDGER_READ)
        return 0;
    snprintf(text, sizeof text,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
             "PRAGMA journal_size_limit = %d",
             WAL_LIMIT_BYTES);
    if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
        return store_sqlite_fail(store, "written", error);
    /* Keep the -wal and -shm files (empty) after the end: without them the ledger could not be read by a user
     * who may not write its folder. */
    int keep = 1;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    store_sqlite_checkpointer_open(store);
    return 0;
}

/* 1: a ledger of this format; 0: an empty file, whose creation was cut short; -1: anything else. */
static int check_format(struct store_sqlite *store, struct error *error)
{
    int64_t application, version, objects;
    if (read_number(store, "PRAGMA application_id", &application, error) ||
        read_number(store, "PRAGMA user_version", &version, error) ||
        read_number(store, "SELECT count(*) FROM sqlite_schema", &objects, error))
        return -1;
    if (application == 0 && version == 0 && objects == 0)
        return 0;
    if (application != STORE_APPLICATION_ID)
        return error_set(
            error, ERROR_LEDGER,
            "%s is a SQLite file, but not a ledger of kyc-import; it was not changed\nhint: name another path in the job's ledger",
            store->path);
    if (version != STORE_FORMAT)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s has format %lld, but this program reads format %d\nhint: use the version of kyc-import that wrote it",
            store->path, (long long)version, STORE_FORMAT);
    return 1;
}

/* Reads the key of the job or of the key file; a new ledger gets a key file before its tables. */
static int find_key(const struct store_sqlite *store, const struct secret *job_key, bool is_made,
                    uint8_t key[FINGERPRINT_KEY_LEN], struct error *error)
{
    if (job_key && job_key->data) {
        digest_sha256(secret_slice(job_key), slice_make(NULL, 0), key);
        return 0;
    }
    int found = store_sqlite_file_read_key(store, key, error);
    if (found < 0)
        return -1;
    if (found == 0 && is_made)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s has lost its digest key %s: without it every customer would look changed\nhint: restore the key file from a backup; or, if the job has a ledger_key, set the variable or file that it names",
            store->path, store->key_path);
    return found == 0 ? store_sqlite_file_make_key(store, key, error) : 0;
}

static int open_database(struct store_sqlite *store, enum ledger_mode mode, struct error *error)
{
    /* Counting every allocation under a lock costs a tenth of the time. Refused once SQLite is initialized,
     * which is harmless. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int flags = SQLITE_OPEN_NOMUTEX | (mode == LEDGER_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK)
        return store_sqlite_fail(store, "opened", error);
    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
    return 0;
}

/* 0 with *is_there, or -1. */
static int open_parts(struct store_sqlite *store, enum ledger_mode mode, const struct secret *job_key,
                      uint8_t key[FINGERPRINT_KEY_LEN], bool *is_there, bool *is_new, struct error *error)
{
    /* Before the lock, so that nothing is created beside a link to a device. */
    if (store_sqlite_file_check_kinds(store, error))
        return -1;
    *is_there = store_sqlite_path_exists(store->path);
    if (mode == LEDGER_READ && !*is_there)
        return 0;
    if (store_sqlite_file_check_system(store->path, error))
        return -1;
    if (mode != LEDGER_READ) {
        if (store_sqlite_file_lock(store, error))
            return -1;
        /* Checked again under the lock: another run may have created it just now. The file comes before its
         * key, so that a key without a ledger always proves that a ledger is missing. */
        if (!store_sqlite_path_exists(store->path) && store_sqlite_file_make(store, error))
            return -1;
    }
    if (store_sqlite_file_check_names(store, error) || open_database(store, mode, error))
        return -1;
    int made = check_format(store, error);
    if (made < 0)
        return -1;
    *is_new = !made;
    *is_there = made || mode != LEDGER_READ;
    if (!*is_there)
        return 0;
    return find_key(store, job_key, made, key, error) || set_pragmas(store, mode, error) ? -1 : 0;
}

struct store *store_sqlite_open(const struct ledger_place *place, enum ledger_mode mode,
                                uint8_t key[FINGERPRINT_KEY_LEN], bool *is_new, struct error *error)
{
    struct store_sqlite *store = store_sqlite_new(place->location);
    bool is_there = false;
    *is_new = false;
    int result = open_parts(store, mode, place->key, key, &is_there, is_new, error);
    if (result == 0 && is_there)
        return &store->store;
    if (result == 0)
        error->scope = ERROR_NONE;
    store_sqlite_close(&store->store);
    return NULL;
}

struct store *store_sqlite_open_copy(const char *path, struct error *error)
{
    struct store_sqlite *copy = store_sqlite_new(path);
    int made = -1;

    if (store_sqlite_file_check_kinds(copy, error) == 0 && open_database(copy, LEDGER_READ, error) == 0)
        made = check_format(copy, error);
    if (made == 0)
        error_set(error, ERROR_LEDGER, "%s is empty\nhint: use another backup", copy->path);
    if (made == 1 && set_pragmas(copy, LEDGER_READ, error) == 0)
        return &copy->store;
    store_sqlite_close(&copy->store);
    return NULL;
}

/* Begins a read transaction in both. 1: they see the same last event, so the same state, because no commit
 * writes rows without an event; 0: a commit came between, and neither has begun; -1. */
static int begin_both(struct store_sqlite *store, struct store_sqlite *view, struct error *error)
{
    struct store_last_event last[2];
    if (store_sqlite_begin_read(&store->store, error) || store_sqlite_begin_read(&view->store, error) ||
        store_sqlite_read_last_event(store, &last[0], error) ||
        store_sqlite_read_last_event(view, &last[1], error))
        return -1;
    if (last[0].chain.last_event == last[1].chain.last_event &&
        memcmp(last[0].chain.head, last[1].chain.head, DIGEST_SHA256_LEN) == 0)
        return 1;
    return store_sqlite_end_read(&store->store, error) || store_sqlite_end_read(&view->store, error) ? -1 : 0;
}

struct store *store_sqlite_open_view(struct store *base, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct store_sqlite *view = store_sqlite_new(store->path);
    int result = open_database(view, LEDGER_READ, error) || set_pragmas(view, LEDGER_READ, error) ? -1 : 0;
    for (int i = 0; i < VIEW_TRIES && result == 0; i++)
        result = begin_both(store, view, error);
    if (result == 1)
        return &view->store;
    if (result == 0)
        error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be read: a run writes it without a pause\nhint: wait until the run ends",
            store->path);
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    store_sqlite_close(&view->store);
    return NULL;
}
