#include "pipeline/restored_ledger.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/arena.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/text.h"
#include "ledger/ledger_draft.h"
#include "ledger/ledger_erase.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"
#include "pipeline/restored_mark.h"

enum {
    TEXT_SIZE = 512,
    RESERVED_S = 60,
    RUNS_UNKNOWN = 60,
};

struct restoring {
    const struct job *job;
    const struct provider *provider;
    struct ledger_identity identity;
    struct ledger_lease *lease;
    char *present; /* where the present ledger is; NULL: there is none */
    struct ledger *backup, *old;
    struct ledger_draft *draft;
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
    char *path = ledger_beside(restoring->job->ledger_path, "");
    bool is_same = path && stat(file, &backup) == 0 && stat(path, &ledger) == 0 &&
                   backup.st_dev == ledger.st_dev && backup.st_ino == ledger.st_ino;

    free(path);
    return is_same;
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

static void open_present(struct restoring *restoring)
{
    struct restored_ledger *restored = restoring->restored;

    restoring->present = ledger_draft_present(restoring->lease, &restored->why_not);
    if (!restoring->present)
        return;
    const struct ledger_place place = place_at(restoring, restoring->present);
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

static uint64_t nonce_floor(const struct restoring *restoring)
{
    int64_t lost = restoring->restored->lost_runs;
    uint64_t runs = lost >= 0 ? (uint64_t)lost + 1 : RUNS_UNKNOWN;

    return clock_real_ns() + runs * RESERVED_S * CLOCK_NS_PER_S;
}

/* The rate holds across a restore: of requests that left since the backup the present ledger has the time; of
 * others it is not known. */
static int take_sending(const struct restoring *restoring, struct error *error)
{
    struct ledger *copy = ledger_draft_ledger(restoring->draft);
    struct ledger_sending sending;
    struct error unknown; /* as without a present ledger */
    int found = ledger_sending(restoring->old ? restoring->old : copy, &sending, &unknown);

    if (found == 0 && restoring->is_present_current)
        return 0;
    sending.under_way = sending.under_way || found < 0 || !restoring->is_present_current;
    return ledger_sending_set(copy, &sending, error);
}

static int mark_copy(struct restoring *restoring, struct error *error)
{
    struct restored_ledger *restored = restoring->restored;
    struct ledger *copy = ledger_draft_ledger(restoring->draft);

    if (ledger_begin(copy, error) != 0 ||
        ledger_run_start(copy, "restore", KYC_VERSION, "", clock_real_ns(), error) != 0 ||
        ledger_copied_clear(copy, error) != 0 || ledger_moved_clear(copy, error) != 0 ||
        (!restored->is_newest && ledger_restored_set(copy, slice_from(restored->at), error) != 0) ||
        take_sending(restoring, error) != 0 ||
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
    struct ledger *copy = ledger_draft_ledger(restoring->draft);
    int result = ledger_note_backup(copy, &backup, error);
    if (result == 0 && restoring->restored->moved_to) {
        backup = (struct ledger_backup){.at_ns = clock_real_ns(), .path = restoring->restored->moved_to};
        if (restoring->old)
            ledger_chain_head(restoring->old, backup.head);
        result = ledger_note_backup(copy, &backup, error);
    }
    free(absolute);
    return result;
}

static int build(struct restoring *restoring, const char *file, struct error *error)
{
    struct restored_ledger *restored = restoring->restored;
    const struct ledger_place place = job_ledger_place(restoring->job);

    restoring->draft =
        ledger_draft_make(restoring->lease, &place, &restoring->identity, restoring->backup, error);
    if (!restoring->draft)
        return -1;
    const char *moved_to = ledger_draft_moved_to(restoring->draft);
    if (moved_to)
        restored->moved_to = memory_copy(slice_from(moved_to));
    if (mark_copy(restoring, error) != 0 || note_backups(restoring, file, error) != 0 ||
        ledger_compact(ledger_draft_ledger(restoring->draft), error) != 0)
        return -1;
    failpoint("copy ready");
    return 0;
}

static int place(struct restoring *restoring, struct error *error)
{
    ledger_close(restoring->old);
    restoring->old = NULL;
    return ledger_draft_place(restoring->draft, error);
}

static int restore(struct restoring *restoring, const char *file, struct error *error)
{
    if (open_backup(restoring, file, error) != 0)
        return -1;
    open_present(restoring);
    return find_newest(restoring, error) == 0 && build(restoring, file, error) == 0 ? place(restoring, error)
                                                                                    : -1;
}

static void end(struct restoring *restoring)
{
    ledger_draft_free(restoring->draft);
    ledger_close(restoring->backup);
    ledger_close(restoring->old);
    ledger_lease_end(restoring->lease);
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
        .restored = restored,
    };

    *restored = (struct restored_ledger){.lost_runs = -1};
    const struct ledger_place place = job_ledger_place(job);
    restoring.lease = ledger_lease_take(&place, error);
    int result = restoring.lease ? restore(&restoring, file, error) : -1;
    end(&restoring);
    return result;
}
