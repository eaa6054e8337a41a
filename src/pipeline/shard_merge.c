#include "pipeline/shard_merge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "job/job_auto.h"
#include "pipeline/absent_columns.h"
#include "pipeline/input_checks.h"
#include "pipeline/inputs.h"
#include "pipeline/job_ledger.h"
#include "pipeline/shard_repeats.h"
#include "report/rejects_join.h"
#include "report/report_file.h"
#include "report/shard_stats.h"

static void add_problem(struct shard_merge *merge, uint32_t shard, bool needs_repeats, const char *format,
                        ...) __attribute__((format(printf, 4, 5)));

static void add_problem(struct shard_merge *merge, uint32_t shard, bool needs_repeats, const char *format,
                        ...)
{
    struct error text;
    va_list arguments;

    va_start(arguments, format);
    error_set_va(&text, ERROR_INPUT, format, arguments);
    va_end(arguments);
    merge->problems = memory_resize(merge->problems, merge->problem_count + 1, sizeof *merge->problems);
    merge->problems[merge->problem_count++] =
        (struct shard_merge_problem){shard, needs_repeats, false, memory_copy(slice_from(text.text))};
}

/* A file of a folder that was given, before it is known which shard it is. */
struct found {
    const char *folder;
    struct shard_file file;
    bool is_read;
    const char *fault; /* of a file that is there and cannot be used; else NULL */
    struct error error;
};

static void read_folder(struct found *found)
{
    char *path = file_join(found->folder, SHARD_FILE_NAME);

    found->is_read = shard_file_read(&found->file, path, &found->error) == 0;
    bool is_there = found->is_read || access(path, F_OK) == 0 || errno != ENOENT;
    found->fault = is_there && !found->is_read ? found->error.text : NULL;
    free(path);
}

/* How many shards most of the folders say there are; 0: none was read. */
static uint32_t find_count(const struct found *found, size_t count)
{
    uint32_t best = 0;
    size_t best_votes = 0;

    for (size_t i = 0; i < count; i++) {
        size_t votes = 0;
        for (size_t k = 0; found[i].is_read && k < count; k++)
            votes += found[k].is_read && found[k].file.of == found[i].file.of;
        if (votes > best_votes) {
            best_votes = votes;
            best = found[i].file.of;
        }
    }
    return best;
}

/* Puts a folder in its place among the shards; the file is the shard's then. */
static void place_folder(struct shard_merge *merge, struct found *found)
{
    const struct shard_file *file = &found->file;

    if (!found->is_read) {
        /* It may be the one that is missing, which is reported as such. */
        log_debug("%s", found->error.text);
        return;
    }
    if (file->of != merge->of || file->shard >= merge->of) {
        add_problem(merge, SHARD_PLAN_MAX, false,
                    "%s is shard %" PRIu32 " of %" PRIu32 ", and the others are of %" PRIu32
                    "\nhint: leave this folder out",
                    found->folder, file->shard, file->of, merge->of);
        return;
    }
    struct shard_merge_shard *shard = &merge->shards[file->shard];
    if (shard->folder) {
        add_problem(merge, SHARD_PLAN_MAX, false,
                    "%s and %s are both shard %" PRIu32 " of %" PRIu32 "\nhint: leave one of the folders out",
                    shard->folder, found->folder, file->shard, file->of);
        return;
    }
    shard->folder = found->folder;
    shard->file = found->file;
    found->is_read = false;
}

/* An input that is not as one of the shards read it; NULL: none is known. */
static const char *find_changed(const struct shard_merge *merge)
{
    for (uint32_t i = 0; i < merge->of; i++)
        for (size_t k = 0; merge->shards[i].folder && k < merge->shards[i].file.own_count; k++) {
            const struct shard_file_input *was = &merge->shards[i].file.inputs[k];
            if (was->index < merge->plan.input_count &&
                (merge->plan.inputs[was->index].size != was->size ||
                 merge->plan.inputs[was->index].mtime_ns != was->mtime_ns))
                return merge->job->input.paths[was->index];
        }
    return NULL;
}

/* A shard of another plan: what differs. */
static void report_foreign(struct shard_merge *merge, uint32_t index, const char *changed)
{
    const struct shard_merge_shard *shard = &merge->shards[index];
    const char *folder = shard->folder;

    if (strcmp(shard->file.version, KYC_VERSION) != 0)
        add_problem(merge, index, false, "%s was made by version %s of kyc-import, and this is %s", folder,
                    shard->file.version, KYC_VERSION);
    else if (memcmp(shard->file.job, merge->plan.job_digest, sizeof shard->file.job) != 0)
        add_problem(merge, index, false,
                    "%s was made by another job file, or with other --set or --input options", folder);
    else if (shard->file.input_count != merge->plan.input_count)
        add_problem(merge, index, false, "%s was made of %" PRIu64 " inputs, and now there are %zu", folder,
                    shard->file.input_count, merge->plan.input_count);
    else if (changed)
        add_problem(merge, index, false, "%s was made before %s changed", folder, changed);
    else
        add_problem(merge, index, false, "%s was made of other inputs", folder);
}

/* The shard has ended with another status than 0 or 1. */
static void add_status(struct shard_merge *merge, uint32_t index)
{
    const struct shard_merge_shard *shard = &merge->shards[index];
    bool has_failed = shard->file.status == (int)ERROR_INPUT;

    add_problem(merge, index, false, "%s: this shard ended with status %d%s", shard->folder,
                shard->file.status, has_failed ? ": an input could not be read to its end" : "");
    merge->problems[merge->problem_count - 1].has_failed = has_failed;
}

/* Of this job, of the present inputs and of this version. */
static bool is_of_plan(const struct shard_merge *merge, const struct shard_file *file)
{
    return memcmp(file->plan, merge->plan.digest, sizeof file->plan) == 0 &&
           strcmp(file->version, KYC_VERSION) == 0;
}

/* The shard that began last: with it the ledger is compared, which a check reads at its begin, and the key.
 * NULL: none is of this plan. */
static const struct shard_file *find_last(const struct shard_merge *merge)
{
    const struct shard_file *last = NULL;

    for (uint32_t i = 0; i < merge->of; i++) {
        const struct shard_merge_shard *shard = &merge->shards[i];
        if (shard->folder && is_of_plan(merge, &shard->file) &&
            (!last || shard->file.started_ns > last->started_ns))
            last = &shard->file;
    }
    return last;
}

/* No folder is this shard's. fault: of a folder that may be; NULL: there is none. */
static void add_missing(struct shard_merge *merge, uint32_t index, const char *fault)
{
    size_t len = fault ? text_find_hint(slice_from(fault)) : 0;

    add_problem(merge, index, false, "shard %" PRIu32 " of %" PRIu32 " is missing%s%.*s", index, merge->of,
                fault ? ": " : "", (int)len, fault ? fault : "");
}

static void add_outdated(struct shard_merge *merge, uint32_t index)
{
    add_problem(merge, index, false, "%s was compared with the ledger before it changed",
                merge->shards[index].folder);
}

/* `forget` removes a reject file that names an erased customer. */
static void check_rejects(struct shard_merge *merge, uint32_t index)
{
    const struct shard_merge_shard *shard = &merge->shards[index];
    const struct rejects_join_shard files = {shard->folder, &shard->file.rejected, &shard->file.broken};
    const char *cut = rejects_join_find_cut(&files, merge->job->input.format);
    char *path = file_join(shard->folder, SHARD_FILE_NAME);

    if (cut && shard_file_is_same(&shard->file, path)) /* else they are of another one than was read */
        add_problem(merge, index, false, "%s/%s is missing, or was cut", shard->folder, cut);
    free(path);
}

static void check_shard(struct shard_merge *merge, uint32_t index, const char *changed,
                        const struct shard_file *last, const char *fault)
{
    const struct shard_merge_shard *shard = &merge->shards[index];

    if (!shard->folder)
        add_missing(merge, index, fault);
    else if (!is_of_plan(merge, &shard->file))
        report_foreign(merge, index, changed);
    else if (shard->file.status > 1)
        add_status(merge, index);
    else if (last && (strcmp(shard->file.chain_head, last->chain_head) != 0 ||
                      shard->file.sent != last->sent || shard->file.open != last->open))
        add_outdated(merge, index);
    else if (last && memcmp(shard->file.check, last->check, sizeof shard->file.check) != 0)
        add_problem(
            merge, index, false,
            "%s was made with another key than the shard that began last (--shard-key, or the ledger's)",
            shard->folder);
    else
        check_rejects(merge, index);
}

/* Rules about ages and dates ask which day it is (UTC). */
static void warn_of_days(const struct shard_merge *merge)
{
    uint64_t day = merge->shards[0].file.started_ns / CLOCK_NS_PER_S / 86400;

    for (uint32_t i = 1; i < merge->of; i++)
        if (merge->shards[i].file.started_ns / CLOCK_NS_PER_S / 86400 != day) {
            log_warning(
                "the shards were made on different days (UTC), so that an age or a date may have been judged by different days");
            return;
        }
}

/* All shards agree, and a run may have come after all of them. Where the ledger is not on this machine, or
 * there is none, they are compared with each other alone. 0, or -1. */
static int compare_with_ledger(struct shard_merge *merge, struct error *error)
{
    char head[LEDGER_HEAD_SIZE];
    struct ledger *ledger = job_ledger_open(merge->job, merge->provider, JOB_LEDGER_READ_ANY, NULL, error);

    if (!ledger)
        return error->scope == ERROR_NONE ? 0 : -1;
    ledger_chain_head(ledger, head);
    ledger_close(ledger);
    for (uint32_t i = 0; i < merge->of; i++)
        if (strcmp(merge->shards[i].file.chain_head, head) != 0)
            add_outdated(merge, i);
    return 0;
}

int shard_merge_read(struct shard_merge *merge, struct error *error)
{
    struct found *found = memory_new(merge->folder_count, sizeof *found);
    bool is_in_order = merge->of != 0; /* then a folder is of the shard that it would be */
    const char *fault = NULL;
    int result = 0;

    for (size_t i = 0; i < merge->folder_count; i++) {
        found[i].folder = merge->folders[i];
        read_folder(&found[i]);
        fault = fault ? fault : found[i].fault;
    }
    if (!merge->of)
        merge->of = find_count(found, merge->folder_count);
    if (!merge->of)
        result =
            error_set(error, ERROR_INPUT, "%s\nhint: give the folders that kyc-import check --shard made",
                      found[0].error.text);
    else
        result = shard_plan_make(&merge->plan, merge->job, merge->overrides, merge->of, error);
    if (result == 0) {
        merge->shards = memory_new(merge->of, sizeof *merge->shards);
        for (size_t i = 0; i < merge->folder_count; i++)
            place_folder(merge, &found[i]);
        const char *changed = find_changed(merge);
        const struct shard_file *last = find_last(merge);
        for (uint32_t i = 0; i < merge->of; i++)
            check_shard(merge, i, changed, last, is_in_order ? found[i].fault : fault);
        if (merge->problem_count == 0)
            result = compare_with_ledger(merge, error);
    }
    for (size_t i = 0; i < merge->folder_count; i++)
        if (found[i].is_read)
            shard_file_clear(&found[i].file);
    free(found);
    return result;
}

/* True when a shard was made with these repeats, or with none and none concerns it. */
static bool is_current(const char *made_with, const char *wanted, bool is_concerned)
{
    return strcmp(made_with, wanted) == 0 || (!is_concerned && made_with[0] == '\0');
}

/* Identities are those of records to be created: final once the other repeats are applied. */
static int judge_repeats(struct shard_merge *merge, struct shard_repeats_merge *repeats, struct error *error)
{
    bool any = false, identities = false;

    for (uint32_t i = 0; i < merge->of; i++)
        any =
            any || !is_current(merge->shards[i].file.unique, repeats->digests.unique, repeats->has_unique[i]);
    identities = !any;
    for (uint32_t i = 0; i < merge->of; i++) {
        const struct shard_file *file = &merge->shards[i].file;
        if (!is_current(file->unique, repeats->digests.unique, repeats->has_unique[i]))
            add_problem(merge, i, true,
                        "%s has values that must be unique and that an earlier shard has, too",
                        merge->shards[i].folder);
        else if (identities &&
                 !is_current(file->identities, repeats->digests.identities, repeats->has_identities[i]))
            add_problem(merge, i, true, "%s has customers that an earlier shard has, too, under another key",
                        merge->shards[i].folder);
    }
    if (merge->problem_count == 0 || shard_repeats_merge_save(repeats, identities) == 0)
        return 0;
    return report_file_fail(repeats->out_path, error);
}

int shard_merge_compare(struct shard_merge *merge, const char *repeats_path, struct error *error)
{
    char **paths = memory_new(merge->of, sizeof *paths);
    struct shard_repeats_merge repeats = {
        .paths = (const char *const *)paths,
        .count = merge->of,
        .plan = merge->plan.digest,
        .check = merge->shards[0].file.check,
        .out_path = repeats_path,
    };

    for (uint32_t i = 0; i < merge->of; i++)
        paths[i] = file_join(merge->shards[i].folder, SHARD_KEYS_FILE_NAME);
    int result = shard_repeats_merge(&repeats, error);
    if (result == 0) {
        result = judge_repeats(merge, &repeats, error);
    } else if (repeats.failed < merge->of) {
        add_problem(merge, (uint32_t)repeats.failed, false, "%s", error->text);
        result = 0;
    }
    merge->keys = repeats.keys;
    shard_repeats_merge_clear(&repeats);
    for (uint32_t i = 0; i < merge->of; i++)
        free(paths[i]);
    free(paths);
    return result;
}

/* The counts of all shards. */
static int add_shards(struct shard_merge *merge, struct run_stats *stats, struct error *error)
{
    struct shard_stats *rules = shard_stats_new();
    uint64_t sent_seen = 0, open_seen = 0;
    int result = 0;

    for (uint32_t i = 0; i < merge->of && result == 0; i++) {
        char *path = file_join(merge->shards[i].folder, SHARD_FILE_NAME);
        result = shard_file_add(path, stats, rules, error);
        free(path);
        sent_seen += merge->shards[i].file.sent_seen;
        open_seen += merge->shards[i].file.open_seen;
        if (i == 0 || merge->shards[i].file.started_ns < stats->started_ns)
            stats->started_ns = merge->shards[i].file.started_ns;
    }
    if (result == 0)
        shard_stats_join(rules, stats);
    shard_stats_free(rules);
    stats->absent = merge->shards[0].file.sent - sent_seen;
    stats->in_doubt_absent = merge->shards[0].file.open - open_seen;
    memcpy(stats->chain_head, merge->shards[0].file.chain_head, sizeof stats->chain_head);
    run_stats_finish(stats);
    return result;
}

/* An engine may start a shard twice, and its folder is replaced whole: what was read of the two does not fit
 * together. True when there is one. */
static bool find_replaced(struct shard_merge *merge)
{
    for (uint32_t i = 0; i < merge->of; i++) {
        char *path = file_join(merge->shards[i].folder, SHARD_FILE_NAME);
        if (!shard_file_is_same(&merge->shards[i].file, path))
            add_problem(merge, i, false, "%s was made again while it was merged", merge->shards[i].folder);
        free(path);
    }
    return merge->problem_count > 0;
}

static bool is_as_read(void *merge)
{
    return !find_replaced(merge);
}

/* As rejects_join. */
static int join_rejects(struct shard_merge *merge, struct error *error)
{
    struct rejects_join_shard *shards = memory_new(merge->of, sizeof *shards);

    for (uint32_t i = 0; i < merge->of; i++)
        shards[i] = (struct rejects_join_shard){merge->shards[i].folder, &merge->shards[i].file.rejected,
                                                &merge->shards[i].file.broken};
    int result = rejects_join(merge->job->report_folder, merge->job->input.format, shards, merge->of,
                              is_as_read, merge, error);
    free(shards);
    return result;
}

/* What one process finds out at the end of the whole input. rules: of its header. */
static void check_whole(const struct shard_merge *merge, const struct rule_set *rules,
                        struct run_stats *stats, int *status)
{
    struct error error;

    if (!stats->is_partial && input_checks_min_records(merge->job, stats, &error) != 0) {
        log_failure(&error);
        *status = error_worse_status(*status, (int)error.scope);
    }
    if (!stats->is_partial && *status == 0)
        absent_columns_warn(merge->job, rules, stats);
    absent_columns_note_conditions(merge->job, stats);
}

/* The job's rules for the header of the inputs. NULL with an error. */
static struct rule_set *open_rules(const struct shard_merge *merge, const struct inputs *inputs,
                                   uint64_t now_ns, struct error *error)
{
    const struct reader_header *header = inputs_header(inputs);
    const struct provider_fields *fields = merge->provider->fields;

    if (job_auto_match(merge->job, fields, header->columns, header->column_count, error) != 0)
        return NULL;
    return rule_set_new(merge->job, fields, header->names, header->name_count,
                        (int32_t)(now_ns / CLOCK_NS_PER_S / 86400), error);
}

int shard_merge_check_header(struct shard_merge *merge, struct error *error)
{
    struct inputs *inputs = inputs_open(&merge->job->input, -1, error);
    struct rule_set *rules = inputs ? open_rules(merge, inputs, clock_real_ns(), error) : NULL;
    int result = rules ? 0 : -1;

    rule_set_free(rules);
    inputs_close(inputs);
    return result;
}

void shard_merge_keep_failed(struct shard_merge *merge)
{
    size_t kept = 0;

    for (size_t i = 0; i < merge->problem_count; i++)
        kept += merge->problems[i].has_failed;
    if (kept == 0)
        return;
    kept = 0;
    for (size_t i = 0; i < merge->problem_count; i++)
        if (merge->problems[i].has_failed)
            merge->problems[kept++] = merge->problems[i];
        else
            free(merge->problems[i].text);
    merge->problem_count = kept;
}

int shard_merge_join(struct shard_merge *merge, struct run_stats *stats, int *status, struct error *error)
{
    struct inputs *inputs = inputs_open(&merge->job->input, -1, error);
    struct rule_set *rules = inputs ? open_rules(merge, inputs, stats->started_ns, error) : NULL;
    int result = -1;

    *status = 0;
    if (inputs)
        stats->is_partial = inputs_header(inputs)->is_reject_file;
    if (rules && add_shards(merge, stats, error) == 0) {
        warn_of_days(merge);
        input_checks_map_fields(rules, stats);
        check_whole(merge, rules, stats, status);
        result = join_rejects(merge, error);
        stats->has_reject_files = result == 0;
    }
    /* What failed may have been of a shard that was replaced. */
    if (result == 1 || (result != 0 && inputs && find_replaced(merge)))
        result = 0;
    if (*status == 0 && (stats->rejected || stats->refused || stats->in_doubt || stats->unsent))
        *status = 1;
    rule_set_free(rules);
    inputs_close(inputs);
    return result;
}

void shard_merge_clear(struct shard_merge *merge)
{
    for (uint32_t i = 0; merge->shards && i < merge->of; i++)
        if (merge->shards[i].folder)
            shard_file_clear(&merge->shards[i].file);
    for (size_t i = 0; i < merge->problem_count; i++)
        free(merge->problems[i].text);
    free(merge->shards);
    free(merge->problems);
    shard_plan_clear(&merge->plan);
    merge->shards = NULL;
    merge->problems = NULL;
    merge->problem_count = 0;
}
