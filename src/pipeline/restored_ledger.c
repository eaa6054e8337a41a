#include "pipeline/restored_ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/secret.h"
#include "core/text.h"
#include "ledger/ledger_erase.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"
#include "pipeline/restored_mark.h"

enum {
    LEDGER_MODE = 0600,
    TEXT_SIZE = 512,
    RESERVED_S = 60,
    RUNS_UNKNOWN = 60,
    STAMP_SIZE = 32,
    KEY_MAX = 4096
};

#define ASIDE ".before-"

struct restoring {
    const struct job *job;
    const struct provider *provider;
    struct ledger_identity identity;
    char *path;    /* of the ledger, without a symbolic link */
    char *present; /* where the present ledger is; NULL: there is none */
    struct ledger *backup, *old, *copy;
    struct file_draft draft;
    struct restored_ledger *restored;
    bool is_present_current; /* it can be read, and has the last recorded run */
    int64_t recorded_run;    /* the last one that is recorded; 0: none */
};

void restored_ledger_clear(struct restored_ledger *restored)
{
    free(restored->moved_to);
    restored->moved_to = NULL;
}

static void keep_first(void *context, const struct ledger_finding *finding)
{
    char *first = context;

    if (!first[0])
        text_format(first, TEXT_SIZE, "%.*s", (int)finding->text.len, finding->text.data);
}

static bool is_ledger(const struct restoring *restoring, const char *file)
{
    struct stat backup, ledger;

    return stat(file, &backup) == 0 && stat(restoring->path, &ledger) == 0 &&
           backup.st_dev == ledger.st_dev && backup.st_ino == ledger.st_ino;
}

/* The job's ledger at another location. */
static struct ledger_place place_at(const struct restoring *restoring, const char *location)
{
    struct ledger_place place = job_ledger_place(restoring->job);

    place.location = location;
    return place;
}

/* The backup, proven; and what it has. */
static int open_backup(struct restoring *restoring, const char *file, struct error *error)
{
    struct restored_ledger *restored = restoring->restored;
    char finding[TEXT_SIZE] = "";

    if (is_ledger(restoring, file))
        return error_set(
            error, ERROR_USAGE,
            "%s: this is the ledger itself, and no backup of it\nhint: name the file that kyc-import backup made",
            file);
    const struct ledger_place place = place_at(restoring, file);
    int found = ledger_exists(&place, error);
    if (found < 0)
        return -1;
    if (found == 0)
        return error_set(error, ERROR_USAGE,
                         "%s: there is no such backup\nhint: name a file that kyc-import backup made", file);
    restoring->backup = ledger_open(&place, LEDGER_READ, &restoring->identity, error);
    if (!restoring->backup)
        return error->scope == ERROR_NONE
                   ? error_set(error, ERROR_LEDGER, "%s: the backup is empty\nhint: use another one", file)
                   : -1;
    if (ledger_verify(restoring->backup, "", keep_first, finding, &restored->verified, error) != 0)
        return -1;
    if (restored->verified.findings > 0)
        return error_set(error, ERROR_LEDGER, "%s: the backup does not verify: %s\nhint: use another one",
                         file, finding);
    clock_rfc3339(ledger_newest_ns(restoring->backup), restored->at);
    return 0;
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

static void open_present(struct restoring *restoring)
{
    struct restored_ledger *restored = restoring->restored;

    struct ledger_place place = place_at(restoring, restoring->path);

    restoring->present = ledger_exists(&place, &restored->why_not) == 1
                             ? memory_copy(slice_from(restoring->path))
                             : find_moved(restoring->path);
    if (!restoring->present)
        return;
    place.location = restoring->present;
    restoring->old = ledger_open(&place, LEDGER_READ, &restoring->identity, &restored->why_not);
    restored->took_over = restoring->old != NULL;
    if (!restoring->old && restored->why_not.scope == ERROR_NONE)
        error_set(&restored->why_not, ERROR_LEDGER, "%s is empty", restoring->present);
}

/* See the header. */
static int find_newest(struct restoring *restoring, struct error *error)
{
    struct restored_ledger *restored = restoring->restored;
    char recorded[LEDGER_HEAD_SIZE], head[LEDGER_HEAD_SIZE], old[LEDGER_HEAD_SIZE] = "";
    struct ledger_run run = {.id = 0};
    struct arena arena;

    arena_init(&arena, TEXT_SIZE);
    int found = ledger_last_run(restoring->backup, &arena, &run, error);
    bool is_ended = found == 1 && run.finished.len > 0;
    arena_clear(&arena);
    if (found < 0 || ledger_continuity_last(restoring->job, restoring->provider, recorded,
                                            &restoring->recorded_run, error) != 0)
        return -1;
    ledger_chain_head(restoring->backup, head);
    if (restoring->old) {
        struct error ignored;
        ledger_chain_head(restoring->old, old);
        restoring->is_present_current =
            restored_mark_check(restoring->job, restoring->provider, restoring->old, &ignored) == 0 &&
            ledger_continuity_check(restoring->job, restoring->provider, restoring->old, &ignored) == 0;
    }
    restored->took_over_newest = restoring->is_present_current;
    restored->last_run = run.id;
    restored->is_newest = restoring->is_present_current
                              ? strcmp(old, head) == 0
                              : is_ended && recorded[0] && strcmp(recorded, head) == 0;
    restored->lost_runs = restoring->recorded_run >= run.id ? restoring->recorded_run - run.id : -1;
    return 0;
}

/* A copy of the backup that is a ledger already, under a name of its own. */
static int open_copy(struct restoring *restoring, struct error *error)
{
    struct file_draft *draft = &restoring->draft;

    if (file_draft_open(draft, restoring->path, LEDGER_MODE) != 0)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be written: %s\nhint: check the folder, its permissions and the space on its disk",
            restoring->path, strerror(errno));
    if (ledger_copy(restoring->backup, draft->draft_path, error) != 0)
        return -1;
    char *key_path = ledger_beside(draft->draft_path, ".key");
    int written = restoring->job->ledger_key.data ? 0 : ledger_write_key(restoring->backup, key_path);
    if (written != 0)
        error_set(error, ERROR_LEDGER, "%s: %s\nhint: check the folder and the space on its disk", key_path,
                  strerror(errno));
    free(key_path);
    if (written != 0)
        return -1;
    const struct ledger_place place = place_at(restoring, draft->draft_path);
    restoring->copy = ledger_open(&place, LEDGER_WRITE, &restoring->identity, error);
    failpoint("backup copied");
    return restoring->copy ? 0 : -1;
}

static uint64_t nonce_floor(const struct restoring *restoring)
{
    int64_t lost = restoring->restored->lost_runs;
    uint64_t runs = lost >= 0 ? (uint64_t)lost + 1 : RUNS_UNKNOWN;

    return clock_real_ns() + runs * RESERVED_S * CLOCK_NS_PER_S;
}

static int mark_copy(struct restoring *restoring, struct error *error)
{
    struct restored_ledger *restored = restoring->restored;
    struct ledger *copy = restoring->copy;

    if (ledger_begin(copy, error) != 0 ||
        ledger_run_start(copy, "restore", KYC_VERSION, "", clock_real_ns(), error) != 0 ||
        ledger_copied_clear(copy, error) != 0 ||
        (!restored->is_newest && ledger_restored_set(copy, slice_from(restored->at), error) != 0) ||
        (!restoring->is_present_current &&
         ledger_nonce_reserve_all(copy, nonce_floor(restoring), error) != 0) ||
        ledger_commit(copy, error) != 0)
        return -1;
    if (restoring->old && ledger_take_over(copy, restoring->old, &restored->taken, error) != 0)
        return -1;
    if (ledger_begin(copy, error) != 0 ||
        ledger_run_finish(copy, 0, slice_make(NULL, 0), slice_make(NULL, 0), clock_real_ns(), error) != 0 ||
        ledger_commit(copy, error) != 0)
        return -1;
    return 0;
}

/* The present ledger and the backup may have customers that are forgotten later. */
static int note_backups(struct restoring *restoring, const char *file, struct error *error)
{
    struct ledger_backup backup = {.at_ns = ledger_newest_ns(restoring->backup)};
    char *absolute = file_absolute(file);

    backup.path = absolute ? absolute : file;
    ledger_chain_head(restoring->backup, backup.head);
    int result = ledger_note_backup(restoring->copy, &backup, error);
    if (result == 0 && restoring->restored->moved_to) {
        backup = (struct ledger_backup){.at_ns = clock_real_ns(), .path = restoring->restored->moved_to};
        if (restoring->old)
            ledger_chain_head(restoring->old, backup.head);
        result = ledger_note_backup(restoring->copy, &backup, error);
    }
    free(absolute);
    return result;
}

static int build(struct restoring *restoring, const char *file, struct error *error)
{
    if (open_copy(restoring, error) != 0 || mark_copy(restoring, error) != 0 ||
        note_backups(restoring, file, error) != 0 || ledger_compact(restoring->copy, error) != 0)
        return -1;
    failpoint("copy ready");
    return 0;
}

static bool is_taken(const char *path)
{
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A name that sorts by time, and that nothing has yet. */
static void choose_name(struct restoring *restoring)
{
    char at[CLOCK_RFC3339_SIZE], stamp[STAMP_SIZE], suffix[STAMP_SIZE + sizeof ASIDE];
    size_t len = 0;

    if (!restoring->present)
        return;
    if (strcmp(restoring->present, restoring->path) != 0) {
        restoring->restored->moved_to = memory_copy(slice_from(restoring->present));
        return;
    }
    /* What a killed command left may be under the name of another second. */
    char *any = ledger_beside(restoring->path, ASIDE);
    file_draft_sweep(any);
    free(any);
    clock_rfc3339(clock_real_ns(), at);
    for (const char *c = at; *c && *c != '.' && len + 1 < sizeof stamp; c++)
        if (*c != '-' && *c != ':' && *c != 'Z')
            stamp[len++] = *c;
    stamp[len] = '\0';
    text_format(suffix, sizeof suffix, ASIDE "%s", stamp);
    char *name = ledger_beside(restoring->path, suffix);
    for (unsigned other = 2; is_taken(name); other++) {
        free(name);
        text_format(suffix, sizeof suffix, ASIDE "%s_%02u", stamp, other);
        name = ledger_beside(restoring->path, suffix);
    }
    restoring->restored->moved_to = name;
}

static int place_key(const struct restoring *restoring, const char *path, struct error *error)
{
    char *key = ledger_beside(path, ".key");
    int result = 0;

    if (!restoring->job->ledger_key.data && ledger_write_key(restoring->backup, key) != 0)
        result = error_set(error, ERROR_LEDGER, "%s: %s\nhint: check the folder and the space on its disk",
                           key, strerror(errno));
    free(key);
    return result;
}

/* The key of the present ledger is beside its new name before it has that name: a repeated command reads it.
 */
static int copy_key(const struct restoring *restoring, struct error *error)
{
    char *from = ledger_beside(restoring->path, ".key"),
         *to = ledger_beside(restoring->restored->moved_to, ".key");
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

static int place(struct restoring *restoring, struct error *error)
{
    struct restored_ledger *restored = restoring->restored;
    char *draft_path = memory_copy(slice_from(restoring->draft.draft_path));
    bool moves = restored->moved_to && strcmp(restoring->present, restoring->path) == 0;
    int result = 0;

    ledger_close(restoring->copy);
    restoring->copy = NULL;
    ledger_remove_beside(draft_path);
    free(draft_path);
    ledger_close(restoring->old);
    restoring->old = NULL;
    if (moves)
        result = ledger_fold_log(restoring->path, error) == 0 ? copy_key(restoring, error) : -1;
    if (result == 0 && moves)
        result = ledger_move(restoring->path, restored->moved_to, error);
    if (result == 0)
        result = place_key(restoring, restoring->path, error);
    failpoint("key restored");
    if (result == 0 && file_draft_commit_new(&restoring->draft) != 0)
        result = error_set(error, ERROR_LEDGER,
                           "the ledger %s cannot be put in its place: %s\nhint: repeat this command",
                           restoring->path, strerror(errno));
    return result;
}

static int restore(struct restoring *restoring, const char *file, struct error *error)
{
    if (open_backup(restoring, file, error) != 0)
        return -1;
    open_present(restoring);
    choose_name(restoring);
    return find_newest(restoring, error) == 0 && build(restoring, file, error) == 0 ? place(restoring, error)
                                                                                    : -1;
}

static void end(struct restoring *restoring)
{
    if (restoring->copy) {
        ledger_close(restoring->copy);
        ledger_remove_beside(restoring->draft.draft_path);
    }
    file_draft_drop(&restoring->draft);
    ledger_close(restoring->backup);
    ledger_close(restoring->old);
    free(restoring->path);
    free(restoring->present);
}

int restored_ledger_make(const struct job *job, const struct provider *provider, const char *file,
                         struct restored_ledger *restored, struct error *error)
{
    struct restoring restoring = {
        .job = job,
        .provider = provider,
        .identity = {.job = job->name,
                     .provider = provider->name,
                     .base_url = provider_base_url(provider, job)},
        .path = ledger_beside(job->ledger_path, ""),
        .draft = {.fd = -1},
        .restored = restored,
    };

    *restored = (struct restored_ledger){.lost_runs = -1};
    const struct ledger_place place = job_ledger_place(job);
    struct ledger_lease *lease = ledger_lease_take(&place, error);
    int result = lease ? restore(&restoring, file, error) : -1;
    end(&restoring);
    ledger_lease_end(lease);
    return result;
}
