/* store_draft: a ledger that is built in a file beside the present one, and takes its name. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/secret.h"
#include "core/text.h"
#include "ledger/sqlite/store_sqlite.h"

#define ASIDE ".before-" /* and the time, as in 20261129T020000 */

enum { LEDGER_MODE = 0600, STAMP_SIZE = 32, KEY_MAX = 4096, FOLD_BUSY_MS = 3000 };

struct store_sqlite_draft {
    struct store_draft draft; /* first */
    const char *ledger;       /* the path of the ledger; the lease's */
    char *present;            /* where the present ledger is; NULL: there is none */
    char *moved_to;
    struct file_draft file;
};

static struct store_sqlite_draft *draft_of(struct store_draft *base)
{
    return (struct store_sqlite_draft *)base;
}

struct store *store_sqlite_lease(const struct ledger_place *place, struct error *error)
{
    struct store_sqlite *store = store_sqlite_new(place->location);

    if (store_sqlite_file_check_system(store->path, error) == 0 && store_sqlite_file_lock(store, error) == 0)
        return &store->store;
    store_sqlite_close(&store->store);
    return NULL;
}

/* The newest name that an earlier try, which was killed, moved the ledger to. */
static char *find_moved(const char *path)
{
    char *folder = file_folder(path), *newest = NULL;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t len = strlen(name);
    DIR *stream = opendir(folder);

    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        const char *stamp = entry->d_name + len + sizeof ASIDE - 1;
        bool is_one = strncmp(entry->d_name, name, len) == 0 &&
                      strncmp(entry->d_name + len, ASIDE, sizeof ASIDE - 1) == 0 && !strpbrk(stamp, ".-");
        char *found = is_one ? file_join(folder, entry->d_name) : NULL;
        if (found && (!newest || strcmp(found, newest) > 0)) {
            free(newest);
            newest = found;
        } else {
            free(found);
        }
    }
    if (stream)
        closedir(stream);
    free(folder);
    return newest;
}

char *store_sqlite_draft_present(struct store *base, struct error *error)
{
    const char *path = store_sqlite_of(base)->path;

    (void)error;
    return store_sqlite_path_exists(path) ? memory_copy(slice_from(path)) : find_moved(path);
}

static bool is_taken(const char *path)
{
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A name that sorts by time, and that nothing has yet. */
static char *choose_name(const char *path)
{
    char at[CLOCK_RFC3339_SIZE], stamp[STAMP_SIZE], suffix[STAMP_SIZE + sizeof ASIDE];
    size_t len = 0;
    char *any = store_sqlite_path_with(path, ASIDE);

    /* What a killed command left may be under the name of another second. */
    file_draft_sweep(any);
    free(any);
    clock_rfc3339(clock_real_ns(), at);
    for (const char *c = at; *c && *c != '.' && len + 1 < sizeof stamp; c++)
        if (*c != '-' && *c != ':' && *c != 'Z')
            stamp[len++] = *c;
    stamp[len] = '\0';
    text_format(suffix, sizeof suffix, ASIDE "%s", stamp);
    char *name = store_sqlite_path_with(path, suffix);
    for (unsigned other = 2; is_taken(name); other++) {
        free(name);
        text_format(suffix, sizeof suffix, ASIDE "%s_%02u", stamp, other);
        name = store_sqlite_path_with(path, suffix);
    }
    return name;
}

struct store_draft *store_sqlite_draft_new(struct store *base, struct error *error)
{
    struct store_sqlite_draft *draft = memory_new(1, sizeof *draft);

    draft->ledger = store_sqlite_of(base)->path;
    draft->present = store_sqlite_draft_present(base, error);
    draft->file = (struct file_draft){.fd = -1};
    if (draft->present && strcmp(draft->present, draft->ledger) != 0)
        draft->moved_to = memory_copy(slice_from(draft->present));
    else if (draft->present)
        draft->moved_to = choose_name(draft->ledger);
    draft->draft.moved_to = draft->moved_to;
    if (file_draft_open(&draft->file, draft->ledger, LEDGER_MODE) == 0) {
        draft->draft.path = draft->file.draft_path;
        return &draft->draft;
    }
    error_set(
        error, ERROR_LEDGER,
        "the ledger %s cannot be written: %s\nhint: check the folder, its permissions and the space on its disk",
        draft->ledger, strerror(errno));
    store_sqlite_draft_free(&draft->draft);
    return NULL;
}

struct store *store_sqlite_draft_open(struct store_draft *base, const struct ledger_place *place,
                                      uint8_t key[FINGERPRINT_KEY_LEN], struct error *error)
{
    struct ledger_place file = *place;
    bool is_new;

    file.location = base->path;
    return store_sqlite_open(&file, LEDGER_WRITE, key, &is_new, error);
}

/* Leaving WAL mode copies the log into the file, and is refused while another connection is open. A program
 * that has the file open keeps its names: at its end it would remove the log of the ledger that has them by
 * then. A file that cannot be read is moved with its log. */
static int fold_log(const char *path, struct error *error)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL);

    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(db, FOLD_BUSY_MS);
        code = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) & 0xff;
    }
    sqlite3_close(db);
    if (code != SQLITE_BUSY && code != SQLITE_LOCKED)
        return 0;
    return error_set(
        error, ERROR_BUSY,
        "the ledger %s: another program has it open, and would damage the one that takes its place\nhint: end that program (a status, a backup, a sqlite3 shell), then repeat this command",
        path);
}

/* The key of the present ledger is beside its new name before it has that name: a repeated command reads it.
 */
static int copy_key(const struct store_sqlite_draft *draft, struct error *error)
{
    char *from = store_sqlite_path_with(draft->ledger, ".key"),
         *to = store_sqlite_path_with(draft->moved_to, ".key");
    struct buffer key;
    struct error ignored;
    int result = 0;

    buffer_init(&key, KEY_MAX);
    if (file_read(from, &key, &ignored) == 0 && file_replace(to, LEDGER_MODE, buffer_slice(&key)) != 0)
        result = error_set(error, ERROR_LEDGER, "%s: %s\nhint: check the folder and the space on its disk",
                           to, strerror(errno));
    if (key.data)
        secret_wipe(key.data, key.capacity);
    buffer_clear(&key);
    free(from);
    free(to);
    return result;
}

/* The log first: beside another ledger it would be taken for that one's. */
static int move_files(const char *from, const char *to, struct error *error)
{
    static const char *const suffixes[] = {"-wal", "-journal", ""};

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char *old = store_sqlite_path_with(from, suffixes[i]), *new = store_sqlite_path_with(to, suffixes[i]);
        bool is_moved = rename(old, new) == 0 || errno == ENOENT;
        if (!is_moved)
            error_set(
                error, ERROR_LEDGER,
                "the ledger's file %s cannot be moved to %s: %s\nhint: check the folder and its permissions",
                old, new, strerror(errno));
        free(old);
        free(new);
        if (!is_moved)
            return -1;
        failpoint("ledger moved aside");
    }
    char *shared = store_sqlite_path_with(from, "-shm");
    unlink(shared);
    free(shared);
    return 0;
}

/* What SQLite and the lock have beside a draft that was closed. */
static void remove_beside(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal", ".lock"};

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char *file = store_sqlite_path_with(path, suffixes[i]);
        unlink(file);
        free(file);
    }
}

/* The draft's key file gets its place; with a key of the job's there is none. */
static int place_key(const struct store_sqlite_draft *draft, struct error *error)
{
    char *from = store_sqlite_path_with(draft->draft.path, ".key"),
         *to = store_sqlite_path_with(draft->ledger, ".key");
    int result = 0;

    if (rename(from, to) != 0 && errno != ENOENT)
        result = error_set(error, ERROR_LEDGER, "%s: %s\nhint: check the folder and the space on its disk",
                           to, strerror(errno));
    free(from);
    free(to);
    return result;
}

int store_sqlite_draft_place(struct store_draft *base, struct error *error)
{
    struct store_sqlite_draft *draft = draft_of(base);
    bool moves = draft->present && strcmp(draft->present, draft->ledger) == 0;
    int result = 0;

    remove_beside(draft->draft.path);
    if (moves)
        result = fold_log(draft->ledger, error) == 0 ? copy_key(draft, error) : -1;
    if (result == 0 && moves)
        result = move_files(draft->ledger, draft->moved_to, error);
    if (result == 0)
        result = place_key(draft, error);
    failpoint("key restored");
    if (result == 0 && file_draft_commit_new(&draft->file) != 0)
        result = error_set(error, ERROR_LEDGER,
                           "the ledger %s cannot be put in its place: %s\nhint: repeat this command",
                           draft->ledger, strerror(errno));
    return result;
}

void store_sqlite_draft_free(struct store_draft *base)
{
    struct store_sqlite_draft *draft = draft_of(base);

    if (draft->file.draft_path) {
        char *key = store_sqlite_path_with(draft->file.draft_path, ".key");
        remove_beside(draft->file.draft_path);
        unlink(key);
        free(key);
    }
    file_draft_drop(&draft->file);
    free(draft->present);
    free(draft->moved_to);
    free(draft);
}
