#include "cmd/check_shard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/run_report.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/shell_word.h"
#include "core/text.h"
#include "job/job_load.h"
#include "pipeline/pipeline.h"
#include "report/report_file.h"
#include "report/shard_file.h"
#include "report/shard_folder.h"

void check_shard_append_overrides(const struct options *options, struct buffer *out)
{
    for (size_t i = 0; i < options->set_count; i++)
        buffer_append(out, slice_make(options->sets[i], strlen(options->sets[i]) + 1));
    for (size_t i = 0; i < options->input_count; i++)
        buffer_append(out, slice_make(options->inputs[i], strlen(options->inputs[i]) + 1));
}

int check_shard_load_key(const struct options *options, struct secret *key, struct error *error)
{
    struct error reason;

    *key = (struct secret){0};
    if (!options->shard_key)
        return 0;
    if (secret_load(key, options->shard_key, ".", &reason) != 0)
        return error_set(error, ERROR_USAGE, "--shard-key: %s", reason.text);
    const char *weakness = secret_find_weakness(key);
    return weakness ? error_set(error, ERROR_USAGE, "--shard-key: the key %s", weakness) : 0;
}

static void append_option(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, " %s ", name);
    shell_word_append(out, slice_from(value));
}

/* The command, the job, and what the shards and their merge have in common. */
static void append_common(struct buffer *out, const char *command, const struct options *options)
{
    buffer_append_text(out, command);
    shell_word_append(out, slice_from(options->argument));
    for (size_t i = 0; i < options->set_count; i++)
        append_option(out, "--set", options->sets[i]);
    for (size_t i = 0; i < options->input_count; i++)
        append_option(out, "--input", options->inputs[i]);
    if (options->shard_key)
        append_option(out, "--shard-key", options->shard_key);
}

void check_shard_append_command(const struct options *options, const struct check_shard *which,
                                struct buffer *out)
{
    append_common(out, "kyc-import check ", options);
    buffer_printf(out, " --shard %" PRIu32 "/%" PRIu32, which->shard, which->of);
    if (which->repeats)
        append_option(out, "--repeats", which->repeats);
    if (which->folder)
        append_option(out, "--report", which->folder);
}

void check_shard_append_merge(const struct options *options, struct buffer *out)
{
    append_common(out, "kyc-import merge ", options);
    if (options->report)
        append_option(out, "--report", options->report);
    for (size_t i = 0; i < options->folder_count; i++) {
        buffer_append_char(out, ' ');
        shell_word_append(out, slice_from(options->folders[i]));
    }
    if (options->shards)
        buffer_printf(out, " --shards %" PRIu64, options->shards);
    buffer_append_text(out, " --again");
}

static void fill_file(struct shard_file *file, const struct shard_check *check, const struct run_stats *stats)
{
    const struct shard_plan *plan = check->plan;

    *file = (struct shard_file){
        .shard = check->shard,
        .of = plan->of,
        .input_count = plan->input_count,
        .status = stats->status,
        .started_ns = stats->started_ns,
        .finished_ns = stats->finished_ns,
        .sent = check->sent,
        .sent_seen = check->sent_seen,
        .open = check->open,
        .open_seen = check->open_seen,
        .rejected = check->rejected,
        .broken = check->broken,
    };
    text_format(file->version, sizeof file->version, "%s", KYC_VERSION);
    memcpy(file->plan, plan->digest, sizeof file->plan);
    memcpy(file->job, plan->job_digest, sizeof file->job);
    memcpy(file->check, check->check, sizeof file->check);
    memcpy(file->chain_head, stats->chain_head, sizeof file->chain_head);
    if (check->repeats) {
        const struct shard_repeats_digests *digests = shard_repeats_made_of(check->repeats);
        memcpy(file->unique, digests->unique, sizeof file->unique);
        memcpy(file->identities, digests->identities, sizeof file->identities);
    }
    file->inputs = memory_new(plan->input_count, sizeof *file->inputs);
    for (size_t i = 0; i < plan->input_count; i++)
        if (plan->inputs[i].shard == check->shard)
            file->inputs[file->own_count++] =
                (struct shard_file_input){(uint32_t)i, plan->inputs[i].size, plan->inputs[i].mtime_ns};
}

/* keys.bin and shard.json, into the folder. */
static int save_shard(struct shard_check *check, const struct run_stats *stats, const char *folder,
                      struct error *error)
{
    char *keys = file_join(folder, SHARD_KEYS_FILE_NAME), *path = file_join(folder, SHARD_FILE_NAME);
    struct shard_file file;
    int result = shard_keys_save(check->keys, keys, check->plan->digest, check->check, check->shard) == 0
                     ? 0
                     : report_file_fail(keys, error);

    fill_file(&file, check, stats);
    if (result == 0)
        result = shard_file_save(&file, stats, check->stats, path, error);
    free(file.inputs);
    free(keys);
    free(path);
    return result;
}

/* True when another process has made this shard of the same inputs, and to its end: an engine may start it
 * twice, and one of the two may be on a host that cannot read them. */
static bool is_made(const struct shard_check *check, const char *folder)
{
    char *path = file_join(folder, SHARD_FILE_NAME);
    struct shard_file file;
    struct error ignored;
    bool result = shard_file_read(&file, path, &ignored) == 0;

    if (result) {
        result = file.status <= 1 && file.shard == check->shard &&
                 memcmp(file.plan, check->plan->digest, sizeof file.plan) == 0;
        shard_file_clear(&file);
    }
    free(path);
    return result;
}

/* Writes the report, and puts the folder in place. Returns the exit status. */
static int finish(const struct options *options, struct job *job, struct shard_check *check,
                  struct run_stats *stats, struct shard_folder *folder, int status, bool is_quiet)
{
    struct metrics *metrics = metrics_new(job);
    struct error error;

    status = run_report_save(job, stats, metrics, NULL, status);
    status = run_report_merge_status(save_shard(check, stats, folder->draft, &error), &error, status);
    metrics_free(metrics);
    if (status == (int)ERROR_USAGE || status == (int)ERROR_INTERRUPTED)
        return status;
    if (status > 1 && is_made(check, folder->path)) {
        log_info("%s stays as it is: it has this shard, made of the same inputs to their end", folder->path);
        return status;
    }
    job->report_folder = folder->path;
    if (shard_folder_commit(folder, &error) != 0)
        return run_report_merge_status(-1, &error, status);
    return is_quiet ? status : run_report_print(options, job, stats, NULL, status);
}

static int run_shard(const struct options *options, struct job *job, const struct provider *provider,
                     struct shard_check *check, const char *given, bool is_quiet)
{
    char *path = given ? memory_copy(slice_from(given))
                       : shard_folder_path(job->report_folder, check->shard, check->plan->of);
    const char *report_folder = job->report_folder;
    struct shard_folder folder;
    struct error error;
    int status;

    if (shard_folder_open(&folder, path, &error) != 0) {
        free(path);
        return output_error(&error);
    }
    job->report_folder = folder.draft;
    const struct pipeline_settings settings = {.job = job, .provider = provider, .shard = check};
    struct run_stats *stats = run_report_new(job, true, true);
    status = pipeline_run(&settings, stats);
    job_forget_secrets(job);
    run_report_estimate(job, provider, stats);
    if (stats->finished_ns)
        status = finish(options, job, check, stats, &folder, status, is_quiet);
    job->report_folder = report_folder;
    shard_check_clear(check);
    run_stats_free(stats);
    shard_folder_close(&folder);
    free(path);
    return status;
}

static int plan_and_run(const struct options *options, struct job *job, const struct provider *provider,
                        const struct check_shard *which, bool is_quiet)
{
    struct shard_check check = {.shard = which->shard, .repeats_path = which->repeats};
    struct shard_plan plan;
    struct buffer overrides;
    struct secret key;
    struct error error;
    int status;

    buffer_init(&overrides, 1 << 24);
    check_shard_append_overrides(options, &overrides);
    if (check_shard_load_key(options, &key, &error) != 0 ||
        shard_plan_make(&plan, job, buffer_slice(&overrides), which->of, &error) != 0) {
        status = output_error(&error);
    } else {
        check.plan = &plan;
        check.key = &key;
        status = run_shard(options, job, provider, &check, which->folder, is_quiet);
        shard_plan_clear(&plan);
    }
    secret_clear(&key);
    buffer_clear(&overrides);
    return status;
}

int check_shard_run(const struct options *options, const struct check_shard *which, bool is_quiet)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, LOAD_JOB_CHECK, &provider, &error);
    int status = job ? plan_and_run(options, job, provider, which, is_quiet) : output_error(&error);

    job_free(job);
    return status;
}
