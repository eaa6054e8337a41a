/* merge: the shards of a check (check --shard I/N) as one report. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/check_shard.h"
#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/run_report.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/plural.h"
#include "core/quantity.h"
#include "job/job_load.h"
#include "pipeline/shard_merge.h"
#include "pipeline/shard_repeats.h"
#include "pipeline/signals.h"
#include "report/report_file.h"
#include "report/shard_folder.h"

enum {
    COMMAND_MAX = 1 << 16,
    WAIT_HOURS_MAX = 24 * 365,
    POLL_S = 1,
    ROUNDS_MAX = 5, /* shards that have failed, others, repeats, identities, and one more */
};

struct merge {
    const struct options *options;
    struct job *job;
    const struct provider *provider;
    struct buffer overrides;
    char *repeats_path;
    char **folders; /* owned */
    size_t folder_count;
    uint64_t until_ns;       /* of clock_mono_ns: the end of --wait */
    uint64_t *failed_before; /* [SHARD_PLAN_MAX]: when a shard ended that had failed before the wait; 0: none.
                                Owned; NULL: not looked yet */
};

/* The folders that were given, or those of --shards in the report folder. */
static int find_folders(struct merge *merge, struct error *error)
{
    const struct options *options = merge->options;

    if ((options->folder_count > 0) == (options->shards > 0))
        return error_set(
            error, ERROR_USAGE,
            "merge needs the folders of the shards, or --shards N for those in the report folder, not both\nhint: kyc-import merge %s --shards N",
            options->argument);
    if (options->shards > SHARD_PLAN_MAX)
        return error_set(error, ERROR_USAGE, "--shards is at most %d", SHARD_PLAN_MAX);
    merge->folder_count = options->shards ? options->shards : options->folder_count;
    merge->folders = memory_new(merge->folder_count, sizeof *merge->folders);
    for (size_t i = 0; i < merge->folder_count; i++)
        merge->folders[i] = options->shards ? shard_folder_path(merge->job->report_folder, (uint32_t)i,
                                                                (uint32_t)options->shards)
                                            : memory_copy(slice_from(options->folders[i]));
    return 0;
}

static int read_wait(struct merge *merge, struct error *error)
{
    char fault[QUANTITY_FAULT_SIZE];
    uint64_t wait_ns = 0;

    if (merge->options->wait && !quantity_read(slice_from(merge->options->wait), &quantity_duration, "--wait",
                                               1, WAIT_HOURS_MAX * CLOCK_NS_PER_HOUR, &wait_ns, fault))
        return error_set(error, ERROR_USAGE, "--wait: %s", fault);
    merge->until_ns = clock_mono_ns() + wait_ns;
    return 0;
}

static struct shard_merge begin(const struct merge *merge)
{
    return (struct shard_merge){
        .job = merge->job,
        .provider = merge->provider,
        .overrides = buffer_slice(&merge->overrides),
        .folders = (const char *const *)merge->folders,
        .folder_count = merge->folder_count,
        .of = (uint32_t)merge->options->shards,
    };
}

static uint64_t ended_ns(const struct shard_merge *shards, const struct shard_merge_problem *problem)
{
    return shards->shards[problem->shard].file.finished_ns;
}

/* Before the wait: the shards that have failed already are those of an earlier try, perhaps. */
static void note_failed(struct merge *merge, const struct shard_merge *shards)
{
    merge->failed_before = memory_new(SHARD_PLAN_MAX, sizeof *merge->failed_before);
    for (size_t i = 0; i < shards->problem_count; i++)
        if (shards->problems[i].has_failed)
            merge->failed_before[shards->problems[i].shard] = ended_ns(shards, &shards->problems[i]);
}

/* True when a shard has failed for good, so that there is nothing to wait for. It has if it did so since the
 * wait began; with --again, one that did before is made once more, to see. */
static bool has_failed(const struct merge *merge, const struct shard_merge *shards)
{
    for (size_t i = 0; i < shards->problem_count; i++) {
        const struct shard_merge_problem *problem = &shards->problems[i];
        if (problem->has_failed &&
            (merge->options->again || ended_ns(shards, problem) != merge->failed_before[problem->shard]))
            return true;
    }
    return false;
}

/* Reads the shards, and with --wait again and again until all are there, or one has failed for good: then
 * that one alone is the problem. */
static int read_shards(struct merge *merge, struct shard_merge *shards, struct error *error)
{
    bool has_said = false;

    for (;;) {
        *shards = begin(merge);
        int result = shard_merge_read(shards, error);
        bool is_whole = result == 0 && shards->problem_count == 0;
        if (is_whole || clock_mono_ns() >= merge->until_ns || (result != 0 && shards->of))
            return result;
        if (result == 0 && !has_said && shard_merge_check_header(shards, error) != 0)
            return -1;
        if (result == 0 && !merge->failed_before)
            note_failed(merge, shards);
        if (result == 0 && has_failed(merge, shards)) {
            shard_merge_keep_failed(shards);
            return 0;
        }
        if (!has_said && result == 0)
            log_info("waiting for the shards: %s%s", shards->problems[0].text,
                     shards->problem_count > 1 ? ", and others" : "");
        has_said = has_said || result == 0;
        shard_merge_clear(shards);
        nanosleep(&(struct timespec){.tv_sec = POLL_S}, NULL);
    }
}

/* Where a shard is, or is to be made. Owner: the caller frees. */
static char *folder_of(const struct merge *merge, const struct shard_merge *shards, uint32_t shard)
{
    const char *given = shards->shards[shard].folder;

    return given ? memory_copy(slice_from(given))
                 : shard_folder_path(merge->job->report_folder, shard, shards->of);
}

/* Takes the folder into the list, unless it is there. Takes it over. */
static void list_folder(struct merge *merge, char *folder)
{
    for (size_t i = 0; i < merge->folder_count; i++)
        if (strcmp(merge->folders[i], folder) == 0) {
            free(folder);
            return;
        }
    merge->folders = memory_resize(merge->folders, merge->folder_count + 1, sizeof *merge->folders);
    merge->folders[merge->folder_count++] = folder;
}

/* The one command for all of them. */
static void report_again(const struct merge *merge, const struct shard_merge *shards)
{
    struct buffer command;

    buffer_init(&command, COMMAND_MAX);
    check_shard_append_merge(merge->options, &command);
    log_error("%zu of %" PRIu32 " shards %s to be made before the merge; --again does it here\nhint: %s",
              shards->problem_count, shards->of, shards->problem_count == 1 ? "is" : "are", command.data);
    buffer_clear(&command);
}

/* One error for each problem, with the command that mends it. Returns the exit status. */
static int report_problems(const struct merge *merge, const struct shard_merge *shards)
{
    bool can_be_made = true;

    for (size_t i = 0; i < shards->problem_count; i++) {
        const struct shard_merge_problem *problem = &shards->problems[i];
        struct buffer command;
        buffer_init(&command, COMMAND_MAX);
        char *folder = problem->shard < shards->of ? folder_of(merge, shards, problem->shard) : NULL;
        const struct check_shard which = {problem->shard, shards->of, folder,
                                          problem->needs_repeats ? merge->repeats_path : NULL};
        if (folder)
            check_shard_append_command(merge->options, &which, &command);
        free(folder);
        can_be_made = can_be_made && command.len > 0;
        if (command.len)
            log_error("%s\nhint: %s", problem->text, command.data);
        else
            log_error("%s", problem->text);
        buffer_clear(&command);
    }
    if (can_be_made && !merge->options->again)
        report_again(merge, shards);
    return (int)ERROR_INPUT;
}

/* The report where an input breaks off: one process reads nothing behind that place, and shards have read
 * other inputs. Returns the exit status. */
static int check_whole(const struct options *options)
{
    struct options whole = *options;

    log_info("an input cannot be read to its end: one process makes the report up to there");
    whole.shard_key = NULL;
    return command_check(&whole);
}

/* --again: makes the shards that have a problem. 0, or the exit status that ends the merge. */
static int make_shards(struct merge *merge, const struct shard_merge *shards)
{
    for (size_t i = 0; i < shards->problem_count; i++)
        if (shards->problems[i].shard >= shards->of)
            return report_problems(merge, shards);
    for (size_t i = 0; i < shards->problem_count; i++) {
        const struct shard_merge_problem *problem = &shards->problems[i];
        char *folder = folder_of(merge, shards, problem->shard);
        const struct check_shard which = {problem->shard, shards->of, folder,
                                          problem->needs_repeats ? merge->repeats_path : NULL};
        log_info("%s: making this shard", problem->text);
        int status = check_shard_run(merge->options, &which, true);
        list_folder(merge, folder);
        if (status == (int)ERROR_INPUT)
            return check_whole(merge->options);
        if (status > 1)
            return status;
        signals_unblock(); /* as before: the check has blocked them; one that came too late for it ends this
                            */
    }
    return 0;
}

/* Reads and compares, until there is no problem. 0, or the exit status. */
static int settle(struct merge *merge, struct shard_merge *shards)
{
    struct error error;

    for (int round = 1;; round++) {
        if (read_shards(merge, shards, &error) != 0 ||
            (shards->problem_count == 0 && shard_merge_compare(shards, merge->repeats_path, &error) != 0))
            return output_error(&error);
        if (shards->problem_count == 0)
            return 0;
        if (!merge->options->again || round > ROUNDS_MAX)
            return report_problems(merge, shards);
        shard_merge_keep_failed(shards);                /* first: one that fails again ends the merge */
        bool is_rest = !shards->problems[0].has_failed; /* else others may be on their way still */
        int status = make_shards(merge, shards);
        if (status != 0)
            return status;
        shard_merge_clear(shards);
        if (is_rest)
            merge->until_ns = 0;
    }
}

/* The report of all shards, unless one was made again meanwhile: then there is a problem. Returns the exit
 * status. */
static int join(const struct merge *merge, struct shard_merge *shards)
{
    struct run_stats *stats = run_report_new(merge->job, true, true);
    struct metrics *metrics = metrics_new(merge->job);
    struct error error;
    int status;

    if (shard_merge_join(shards, stats, &status, &error) != 0) {
        status = error_worse_status(status, output_error(&error));
    } else if (shards->problem_count == 0) {
        log_info("%" PRIu64 " unique value%s of %" PRIu32 " shard%s compared", shards->keys,
                 plural_s(shards->keys), shards->of, plural_s(shards->of));
        run_report_estimate(merge->job, merge->provider, stats);
        stats->status = status;
        stats->finished_ns = clock_real_ns();
        stats->seconds = (double)(stats->finished_ns - stats->started_ns) / (double)CLOCK_NS_PER_S;
        status = run_report_save(merge->job, stats, metrics, NULL, status);
        status = run_report_print(merge->options, merge->job, stats, NULL, status);
    }
    metrics_free(metrics);
    run_stats_free(stats);
    return status;
}

/* Once more where a shard was made again meanwhile. Returns the exit status. */
static int settle_and_join(struct merge *merge, struct shard_merge *shards)
{
    int status;

    for (int round = 1; (status = settle(merge, shards)) == 0; round++) {
        status = join(merge, shards);
        if (shards->problem_count == 0)
            return status;
        if (round > ROUNDS_MAX)
            return report_problems(merge, shards);
        log_info("%s: merging once more", shards->problems[0].text);
        shard_merge_clear(shards);
    }
    return status;
}

static int merge_shards(struct merge *merge)
{
    struct shard_merge shards = {.of = 0};
    struct error error;
    int status;

    buffer_init(&merge->overrides, 1 << 24);
    check_shard_append_overrides(merge->options, &merge->overrides);
    merge->repeats_path = file_join(merge->job->report_folder, SHARD_REPEATS_FILE_NAME);
    if (find_folders(merge, &error) != 0 || read_wait(merge, &error) != 0)
        status = output_error(&error);
    else if (file_make_folder(merge->job->report_folder) != 0)
        status = run_report_merge_status(report_file_fail(merge->job->report_folder, &error), &error, 0);
    else
        status = settle_and_join(merge, &shards);
    shard_merge_clear(&shards);
    for (size_t i = 0; i < merge->folder_count; i++)
        free(merge->folders[i]);
    free(merge->folders);
    free(merge->failed_before);
    free(merge->repeats_path);
    buffer_clear(&merge->overrides);
    return status;
}

int command_merge(const struct options *options)
{
    struct merge merge = {.options = options};
    struct error error;
    merge.job = load_job(options, LOAD_JOB_CHECK, &merge.provider, &error);
    int status = merge.job ? merge_shards(&merge) : output_error(&error);

    job_free(merge.job);
    return status;
}
