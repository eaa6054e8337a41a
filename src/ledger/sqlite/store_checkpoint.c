#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "core/memory.h"
#include "ledger/sqlite/store_sqlite.h"

/* A checkpoint copies the log (WAL) into the file and syncs both: 66 MB at a time, so that an index page is
 * written back once for many batches, and for that long the writer would wait. So a thread with a connection
 * of its own copies while the writer continues, again and again until the rest that was written meanwhile is
 * small; the writer copies that rest itself, because the log begins anew only when all of it was copied and
 * nobody writes. */

enum {
    CYCLE_FRAMES = 16000, /* pages in the log at which the copying begins */
    REST_FRAMES = 2500, /* four commits of 256 at a million customers; a smaller rest takes more passes, which
                           copy the same pages again */
    PASSES_MAX = 3,     /* a disk that the writer outruns: the writer copies the rest, whatever it is */
    LOG_FRAMES_MAX = 3 * CYCLE_FRAMES, /* the writer waits for the thread */
};

struct store_checkpointer {
    /* The writer's. */
    int frames; /* in the log after the last commit */
    int base;   /* of them copied when the last cycle ended */
    int passes; /* of this cycle; 0: none is under way */
    int copied_before;
    bool has_thread;

    /* The thread's. */
    struct store_sqlite *store;
    pthread_t thread;

    /* Of both, under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_wanted, is_ended, has_failed;
    int copied; /* frames, by the last pass */
    struct error why;
};

/* One pass over what is in the log, as far as no reader needs the older pages. */
static int copy_log(struct store_sqlite *store, int *copied, struct error *error)
{
    int frames;
    int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, copied);
    /* Busy: another process copies it. */
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY ? 0 : store_sqlite_fail(store, "written", error);
}

/* SQLite syncs the file only in the pass that copies the last page: the writer's, which would wait for all
 * the pages that were copied beside it. An error is the writer's too: each descriptor reports it. */
static void sync_file(struct store_sqlite *store)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK)
        file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static void *copy_in_background(void *context)
{
    struct store_checkpointer *checkpointer = context;

    pthread_mutex_lock(&checkpointer->mutex);
    for (;;) {
        while (!checkpointer->is_wanted && !checkpointer->is_ended)
            pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
        if (checkpointer->is_ended)
            break;
        pthread_mutex_unlock(&checkpointer->mutex);
        struct error error;
        int copied = 0;
        int result = copy_log(checkpointer->store, &copied, &error);
        if (result == 0 && copied > 0)
            sync_file(checkpointer->store);
        pthread_mutex_lock(&checkpointer->mutex);
        if (result != 0 && !checkpointer->has_failed) {
            checkpointer->has_failed = true;
            checkpointer->why = error;
        }
        checkpointer->copied = copied;
        checkpointer->is_wanted = false;
        pthread_cond_broadcast(&checkpointer->changed);
    }
    pthread_mutex_unlock(&checkpointer->mutex);
    return NULL;
}

static int note_frames(void *context, sqlite3 *db, const char *name, int frames)
{
    struct store_checkpointer *checkpointer = context;
    (void)db, (void)name;
    if (frames < checkpointer->frames) {
        /* The log began anew: a pass had copied all of it before this transaction began. */
        checkpointer->base = 0;
        checkpointer->passes = 0;
    }
    checkpointer->frames = frames;
    return SQLITE_OK;
}

static void close_connection(struct store_sqlite *store)
{
    if (!store)
        return;
    int code = sqlite3_close(store->db);
    assert(code == SQLITE_OK);
    (void)code;
    free(store->path);
    free(store);
}

/* NULL: it cannot be opened. */
static struct store_sqlite *open_connection(const struct store_sqlite *store)
{
    struct store_sqlite *own = memory_new(1, sizeof *own);
    int keep = 1;
    own->path = memory_copy(slice_from(store->path));
    own->lock_fd = -1;
    if (sqlite3_open_v2(own->path, &own->db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL) ==
            SQLITE_OK &&
        sqlite3_exec(own->db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0", NULL, NULL, NULL) ==
            SQLITE_OK &&
        sqlite3_file_control(own->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep) == SQLITE_OK)
        return own;
    close_connection(own);
    return NULL;
}

void store_sqlite_checkpointer_open(struct store_sqlite *store)
{
    struct store_checkpointer *checkpointer = memory_new(1, sizeof *checkpointer);
    pthread_mutex_init(&checkpointer->mutex, NULL);
    pthread_cond_init(&checkpointer->changed, NULL);
    sqlite3_wal_hook(store->db, note_frames, checkpointer);
    store->checkpointer = checkpointer;
}

void store_sqlite_checkpointer_close(struct store_sqlite *store)
{
    struct store_checkpointer *checkpointer = store->checkpointer;
    if (!checkpointer)
        return;
    if (checkpointer->has_thread) {
        pthread_mutex_lock(&checkpointer->mutex);
        checkpointer->is_ended = true;
        pthread_cond_broadcast(&checkpointer->changed);
        pthread_mutex_unlock(&checkpointer->mutex);
        pthread_join(checkpointer->thread, NULL);
    }
    close_connection(checkpointer->store);
    pthread_cond_destroy(&checkpointer->changed);
    pthread_mutex_destroy(&checkpointer->mutex);
    free(checkpointer);
    store->checkpointer = NULL;
}

/* The first cycle of a process starts the thread: a small run has none. Without one (too few files may be
 * open) the writer copies everything. */
static void start_thread(struct store_sqlite *store)
{
    struct store_checkpointer *checkpointer = store->checkpointer;
    sigset_t all, kept;

    if (!checkpointer->store)
        checkpointer->store = open_connection(store);
    if (!checkpointer->store)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &kept);
    checkpointer->has_thread =
        pthread_create(&checkpointer->thread, NULL, copy_in_background, checkpointer) == 0;
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
}

static void end_cycle(struct store_checkpointer *checkpointer)
{
    checkpointer->base = checkpointer->frames;
    checkpointer->passes = 0;
}

/* The writer copies what is left, and ends the cycle. */
static void copy_rest(struct store_sqlite *store)
{
    struct store_checkpointer *checkpointer = store->checkpointer;
    struct error error;
    int copied;

    if (copy_log(store, &copied, &error) != 0) {
        pthread_mutex_lock(&checkpointer->mutex);
        checkpointer->has_failed = true;
        checkpointer->why = error;
        pthread_mutex_unlock(&checkpointer->mutex);
    }
    end_cycle(checkpointer);
}

static void request_pass(struct store_checkpointer *checkpointer, int copied_before)
{
    checkpointer->copied_before = copied_before;
    checkpointer->passes++;
    pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->is_wanted = true;
    pthread_cond_broadcast(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->mutex);
}

/* False while the thread copies; may_wait: waits for its end. */
static bool is_idle(struct store_checkpointer *checkpointer, bool may_wait, int *copied)
{
    pthread_mutex_lock(&checkpointer->mutex);
    while (checkpointer->is_wanted && may_wait)
        pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
    bool idle = !checkpointer->is_wanted;
    *copied = checkpointer->copied;
    pthread_mutex_unlock(&checkpointer->mutex);
    return idle;
}

void store_sqlite_checkpoint(struct store_sqlite *store)
{
    struct store_checkpointer *checkpointer = store->checkpointer;
    if (!checkpointer)
        return;
    int written = checkpointer->frames - checkpointer->base, copied;
    bool is_last = written > LOG_FRAMES_MAX || checkpointer->passes >= PASSES_MAX;

    if (checkpointer->passes == 0 && written < CYCLE_FRAMES)
        return;
    if (!checkpointer->has_thread)
        start_thread(store);
    if (!checkpointer->has_thread) {
        copy_rest(store);
        return;
    }
    if (!is_idle(checkpointer, written > LOG_FRAMES_MAX, &copied))
        return;
    if (checkpointer->passes == 0)
        request_pass(checkpointer, -1);
    else if (copied <= checkpointer->copied_before)
        end_cycle(checkpointer); /* a reader needs the older pages: the next cycle tries again */
    else if (checkpointer->frames - copied <= REST_FRAMES || is_last)
        copy_rest(store);
    else
        request_pass(checkpointer, copied);
}

int store_sqlite_checkpoint_failed(struct store_sqlite *store, struct error *error)
{
    struct store_checkpointer *checkpointer = store->checkpointer;

    if (!checkpointer)
        return 0;
    pthread_mutex_lock(&checkpointer->mutex);
    bool has_failed = checkpointer->has_failed;
    if (has_failed)
        *error = checkpointer->why;
    checkpointer->has_failed = false;
    pthread_mutex_unlock(&checkpointer->mutex);
    if (!has_failed)
        return 0;
    store->why = *error;
    store->failed = true;
    return -1;
}
