#include "pipeline/pipeline.h"

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/json.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/process.h"
#include "delivery/key_slots.h"
#include "dispatch/refresh_counts.h"
#include "job/job_auto.h"
#include "pipeline/absent_columns.h"
#include "pipeline/coordinator.h"
#include "pipeline/existing_users.h"
#include "pipeline/input_checks.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"
#include "pipeline/restored_mark.h"
#include "pipeline/signals.h"
#include "report/rejects.h"
#include "report/summary_json.h"
#include "rules/rule_set.h"

enum {
    BASE_FD_COUNT = 40, /* open at once beside connections, locks and documents: about 20, with a reserve */
};

struct pipeline {
    const struct pipeline_settings *settings;
    const struct job *job;
    struct run_stats *stats;
    size_t workers;
    struct coordinator_queue *queue;
    struct signals signals;
    struct ingest *ingest;
    struct rule_set *rules;
    struct ledger *ledger;
    struct fingerprint *fingerprint; /* NULL without a ledger */
    struct customer_index *customer_index;
    struct rejects *rejects;
    struct dispatcher *dispatcher;
    bool is_recorded; /* the run's row is in the ledger */
};

/* A ledger that adopt has begun and not ended lacks customers that the provider has. */
static int check_adopted(const struct pipeline *pipeline, struct error *error)
{
    bool is_adopting;

    if (restored_mark_check(pipeline->job, pipeline->settings->provider, pipeline->ledger, error) != 0 ||
        ledger_adopting(pipeline->ledger, &is_adopting, error) != 0)
        return -1;
    if (!is_adopting)
        return 0;
    return error_set(
        error, ERROR_LEDGER,
        "%s: kyc-import adopt began to build this ledger and has not ended: every customer that it lacks would be created again\nhint: kyc-import adopt %s continues; or create the others by --new-ledger",
        pipeline->job->ledger_path, pipeline->job->path);
}

/* The check of a pass that only reads the ledger, which may be NULL. In the first pass of --strict its
 * failure is that of the run. A dry run warns and continues: what it plans is then not what a run would do.
 */
static int check_continuity(const struct pipeline *pipeline, struct error *error)
{
    const struct pipeline_settings *settings = pipeline->settings;

    if (settings->new_ledger ||
        (ledger_continuity_check(pipeline->job, settings->provider, pipeline->ledger, error) == 0 &&
         (!pipeline->ledger || check_adopted(pipeline, error) == 0)))
        return 0;
    if (settings->is_first_pass)
        return -1;
    log_warning("%s", error->text);
    log_warning("a run would stop here; this dry run continues %s",
                pipeline->ledger ? "with this ledger" : "as if every customer were new");
    return 0;
}

static void add_in_doubt(void *context, const struct ledger_customer *customer)
{
    struct run_stats *stats = context;
    uint64_t *oldest_ns = &stats->ledger_in_doubt.oldest_ns;

    stats->ledger_in_doubt.customers++;
    if (*oldest_ns == 0 || customer->first_sent_at < *oldest_ns)
        *oldest_ns = customer->first_sent_at;
}

/* How many customers of the ledger are in doubt, and since when. Without any it costs nothing; else one pass
 * over the ledger. 0, or -1. */
static int count_in_doubt(struct pipeline *pipeline, struct error *error)
{
    struct run_stats *stats = pipeline->stats;

    memset(&stats->ledger_in_doubt, 0, sizeof stats->ledger_in_doubt);
    if ((customer_index_open_count(pipeline->customer_index) > 0 || stats->in_doubt > 0) &&
        ledger_each_in_doubt(pipeline->ledger, UINT64_MAX >> 1, add_in_doubt, stats, error) != 0)
        return -1;
    stats->ledger_in_doubt.is_known = true;
    return 0;
}

/* The first metrics of this run: it has the ledger's lock now, so that no other run is writing the file. */
static int begin_metrics(struct pipeline *pipeline, struct error *error)
{
    const struct metrics_progress progress = {.share = 0};

    if (!pipeline->settings->metrics)
        return 0;
    if (count_in_doubt(pipeline, error) != 0)
        return -1;
    metrics_update(pipeline->settings->metrics, pipeline->stats, &progress, clock_mono_ns());
    return 0;
}

static int open_ledger(struct pipeline *pipeline, struct error *error)
{
    const struct pipeline_settings *settings = pipeline->settings;
    enum job_ledger_mode mode = !settings->send        ? JOB_LEDGER_READ_ANY
                                : settings->new_ledger ? JOB_LEDGER_RECREATE
                                                       : JOB_LEDGER_CREATE;

    pipeline->ledger =
        job_ledger_open(pipeline->job, settings->provider, mode, &pipeline->signals.stop_fd, error);
    if (!pipeline->ledger && error->scope != ERROR_NONE)
        return -1;
    if (!settings->send && check_continuity(pipeline, error) != 0)
        return -1;
    if (!pipeline->ledger)
        return 0;
    pipeline->fingerprint =
        fingerprint_new(ledger_fingerprint_key(pipeline->ledger), settings->provider->fields);
    return customer_index_load(pipeline->customer_index, pipeline->ledger, error);
}

/* The first night of a job whose ledger is in a database: --new-ledger was needed to make the ledger, and
 * says nothing of the users that the provider has. Repeated, it does. */
static bool is_first_night(const struct pipeline *pipeline)
{
    struct error ignored;

    return ledger_is_remote(pipeline->job->ledger_path) && ledger_is_made(pipeline->ledger) &&
           ledger_continuity_check(pipeline->job, pipeline->settings->provider, NULL, &ignored) == 0;
}

/* Before anything is sent: whether the ledger knows the users that the provider has. --new-ledger says that
 * it does. */
static int check_users(struct pipeline *pipeline, struct error *error)
{
    const struct pipeline_settings *settings = pipeline->settings;
    const struct existing_users_parts parts = {
        .job = settings->job,
        .provider = settings->provider,
        .ledger = pipeline->ledger,
        .queue = pipeline->queue,
        .limit = settings->limit,
    };

    if (!settings->send)
        return 0;
    if (!settings->new_ledger || is_first_night(pipeline))
        return check_adopted(pipeline, error) == 0 ? existing_users_check(&parts, error) : -1;
    if (ledger_begin(pipeline->ledger, error) != 0 ||
        ledger_adopting_set(pipeline->ledger, false, error) != 0 ||
        ledger_restored_set(pipeline->ledger, slice_make(NULL, 0), error) != 0)
        return -1;
    return ledger_commit(pipeline->ledger, error);
}

static int start_run(struct pipeline *pipeline, struct error *error)
{
    uint8_t digest[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1];
    const struct dispatcher_parts parts = {
        .job = pipeline->job,
        .provider = pipeline->settings->provider,
        .ledger = pipeline->ledger,
        .fingerprint = pipeline->fingerprint,
        .queue = pipeline->queue,
        .rejects = pipeline->rejects,
        .stats = pipeline->stats,
    };

    digest_sha256(pipeline->job->text, slice_make(NULL, 0), digest);
    if (ledger_begin(pipeline->ledger, error) != 0 ||
        ledger_run_start(pipeline->ledger, pipeline->stats->command, KYC_VERSION,
                         digest_hex(digest, sizeof digest, hex), pipeline->stats->started_ns, error) != 0 ||
        ledger_commit(pipeline->ledger, error) != 0)
        return -1;
    pipeline->is_recorded = true;
    if (ledger_continuity_record(pipeline->job, pipeline->settings->provider, pipeline->ledger, error) != 0)
        return -1;
    pipeline->dispatcher = dispatcher_open(&parts, error);
    return pipeline->dispatcher ? 0 : -1;
}

/* Checked at the start: a limit reached during a run looks like a failing provider or disk. */
static int need_files(const struct pipeline *pipeline, struct error *error)
{
    const struct pipeline_settings *settings = pipeline->settings;
    size_t count = BASE_FD_COUNT + pipeline->workers;
    uint32_t each;

    if (settings->send) /* libcurl keeps as many idle connections as busy ones */
        count += KEY_SLOT_LOCKS_MAX * pipeline->job->provider.credential_count +
                 2 * (size_t)key_slots_in_flight(pipeline->job, settings->provider, &each);
    return process_need_files(count, error);
}

/* Reads only the inputs of this shard, and collects what the merge needs. */
static int open_shard(struct pipeline *pipeline, struct error *error)
{
    struct shard_check *shard = pipeline->settings->shard;
    size_t count = shard->plan->input_count;
    bool *selected = memory_new(count, sizeof *selected);

    for (size_t i = 0; i < count; i++)
        selected[i] = shard->plan->inputs[i].shard == shard->shard;
    ingest_select(pipeline->ingest, selected);
    free(selected);
    if (shard_check_open(shard, pipeline->job,
                         pipeline->ledger ? ledger_fingerprint_key(pipeline->ledger) : NULL, error) != 0)
        return -1;
    customer_index_divide(pipeline->customer_index, shard);
    shard_stats_collect(shard->stats, pipeline->stats);
    return 0;
}

/* Everything that must succeed before the first record is processed. */
static int open_pipeline(struct pipeline *pipeline, struct error *error)
{
    const struct job *job = pipeline->job;
    const struct provider_fields *fields = pipeline->settings->provider->fields;
    int32_t today = (int32_t)(pipeline->stats->started_ns / CLOCK_NS_PER_S / 86400);

    if (need_files(pipeline, error) != 0 || signals_start(&pipeline->signals, pipeline->queue, error) != 0)
        return -1;
    pipeline->ingest = ingest_open(job, pipeline->signals.stop_fd, error);
    if (!pipeline->ingest)
        return -1;
    if (pipeline->settings->snapshot && input_snapshot_check(pipeline->settings->snapshot, error) != 0)
        return -1;
    const struct reader_header *header = ingest_header(pipeline->ingest);
    if (job_auto_match(pipeline->settings->job, fields, header->columns, header->column_count, error) != 0)
        return -1;
    pipeline->rules = rule_set_new(job, fields, header->names, header->name_count, today, error);
    if (!pipeline->rules || open_ledger(pipeline, error) != 0 || begin_metrics(pipeline, error) != 0 ||
        check_users(pipeline, error) != 0)
        return -1;
    input_checks_map_fields(pipeline->rules, pipeline->stats);
    if (pipeline->settings->shard && open_shard(pipeline, error) != 0)
        return -1;
    const struct rejects_header rejects_header = {header->source_columns, header->column_count, header->raw,
                                                  header->is_given};
    pipeline->rejects = rejects_open(job->report_folder, &job->input, &rejects_header, error);
    if (!pipeline->rejects || (pipeline->settings->send && start_run(pipeline, error) != 0))
        return -1;
    struct shard_check *shard = pipeline->settings->shard;
    if (shard && rejects_divide(pipeline->rejects, &shard->rejected, &shard->broken, error) != 0)
        return -1;
    const struct ingest_rules rules = {
        .set = pipeline->rules,
        .fields = fields,
        .fingerprint_key = pipeline->ledger ? ledger_fingerprint_key(pipeline->ledger) : NULL,
        .limit = pipeline->settings->limit,
        .identify = !pipeline->settings->send && job->delivery.refuse_twins,
        .shard = shard,
    };
    return ingest_start(pipeline->ingest, &rules, pipeline->workers, pipeline->queue, error);
}

static void close_pipeline(struct pipeline *pipeline)
{
    ingest_close(pipeline->ingest);
    dispatcher_close(pipeline->dispatcher);
    rejects_drop(pipeline->rejects);
    fingerprint_free(pipeline->fingerprint);
    ledger_close(pipeline->ledger);
    customer_index_free(pipeline->customer_index);
    rule_set_free(pipeline->rules);
    signals_stop(&pipeline->signals);
    coordinator_queue_free(pipeline->queue);
}

/* Logs an error and returns the status that counts. */
static int log_and_merge_status(int status, const struct error *error)
{
    log_failure(error);
    return error_worse_status(status, (int)error->scope);
}

/* Checks that the inputs were read to their end, and had enough records. In a run that was stopped (status)
 * no input is complete; a broken input is reported all the same. */
static int check_input(struct pipeline *pipeline, int status)
{
    struct run_stats *stats = pipeline->stats;
    struct error error;

    for (size_t i = 0; i < stats->input_count; i++)
        stats->inputs[i].complete = status == 0 && ingest_is_complete(pipeline->ingest, i);
    if (ingest_result(pipeline->ingest, &error) != 0)
        return log_and_merge_status(status, &error);
    bool is_whole_export = !pipeline->settings->limit && !pipeline->settings->shard &&
                           !ingest_header(pipeline->ingest)->is_reject_file;
    if (is_whole_export && input_checks_min_records(pipeline->job, stats, &error) != 0)
        return log_and_merge_status(status, &error);
    return status;
}

static bool is_complete(const struct run_stats *stats)
{
    for (size_t i = 0; i < stats->input_count; i++)
        if (!stats->inputs[i].complete)
            return false;
    return true;
}

/* The last transaction: the run's row, without the head, which depends on it. 0, or -1. */
static int record_end(struct pipeline *pipeline, int status, struct slice inputs, struct slice counts,
                      uint64_t at_ns, struct error *error)
{
    struct ledger *ledger = pipeline->ledger;

    if (ledger_begin(ledger, error) != 0 ||
        (pipeline->dispatcher && dispatcher_record_end(pipeline->dispatcher, error) != 0) ||
        ledger_run_finish(ledger, status, inputs, counts, at_ns, error) != 0 ||
        ledger_commit(ledger, error) != 0)
        return -1;
    return ledger_continuity_record(pipeline->job, pipeline->settings->provider, ledger, error);
}

/* With the counts of the run. */
static int finish_ledger(struct pipeline *pipeline, int status, struct error *error)
{
    struct buffer counts, inputs;
    struct json_writer writer;

    buffer_init(&counts, 1 << 24);
    buffer_init(&inputs, 1 << 24);
    summary_json_write(pipeline->stats, &counts);
    json_write_begin(&writer, &inputs);
    summary_json_write_inputs(pipeline->stats, &writer);
    int result = record_end(pipeline, status, buffer_slice(&inputs), buffer_slice(&counts),
                            pipeline->stats->finished_ns, error);
    buffer_clear(&counts);
    buffer_clear(&inputs);
    return result;
}

/* A run that failed before its first record. What failed was reported. */
static void finish_unstarted(struct pipeline *pipeline, int status)
{
    struct slice none = slice_make(NULL, 0);
    struct error ignored;

    if (!pipeline->is_recorded)
        return;
    if (pipeline->dispatcher)
        dispatcher_finish(pipeline->dispatcher);
    (void)record_end(pipeline, status, none, none, clock_real_ns(), &ignored);
}

/* The ledger has failed, or another program has it: nothing else is busy once a run is under way. */
static bool is_broken(const struct pipeline *pipeline, int status)
{
    return status == ERROR_LEDGER || status == ERROR_BUSY ||
           (pipeline->ledger && ledger_has_failed(pipeline->ledger));
}

/* What the report changes of the status is recorded in the ledger too, behind the head that the report has.
 */
static int report(struct pipeline *pipeline, int status)
{
    const struct pipeline_settings *settings = pipeline->settings;
    struct error ignored; /* the report's failure is the one that counts */

    if (!settings->report)
        return status;
    int reported = settings->report(settings->report_context, pipeline->stats, status);
    if (reported != status && settings->send)
        (void)finish_ledger(pipeline, reported, &ignored);
    return reported;
}

static int finish(struct pipeline *pipeline, int status, bool ended)
{
    struct run_stats *stats = pipeline->stats;
    struct error error;

    if (pipeline->dispatcher)
        dispatcher_finish(pipeline->dispatcher);
    run_stats_finish(stats);
    for (size_t i = 0; i < stats->input_count; i++)
        stats->inputs[i].bytes = ingest_bytes(pipeline->ingest, i);
    if (ended)
        status = check_input(pipeline, status);
    if (pipeline->settings->snapshot && ended &&
        input_snapshot_check(pipeline->settings->snapshot, &error) != 0)
        status = log_and_merge_status(status, &error);
    if (pipeline->settings->is_first_pass && status == 0 && stats->rejected == 0)
        return PIPELINE_ALL_VALID;
    if (pipeline->ledger && is_complete(stats)) {
        stats->absent = customer_index_missing_count(pipeline->customer_index);
        stats->in_doubt_absent = customer_index_missing_in_doubt(pipeline->customer_index);
    }
    /* The records of a reject file are a selection, in which a column may well be empty. */
    if (ended && status == 0 && !ingest_header(pipeline->ingest)->is_reject_file &&
        !pipeline->settings->shard)
        absent_columns_warn(pipeline->job, pipeline->rules, stats);
    if (ended && !pipeline->settings->shard)
        absent_columns_note_conditions(pipeline->job, stats);
    if (pipeline->settings->shard)
        customer_index_count(pipeline->customer_index, pipeline->settings->shard);
    stats->has_reject_files = rejects_commit(pipeline->rejects, &error) == 0;
    if (!stats->has_reject_files)
        status = log_and_merge_status(status, &error);
    pipeline->rejects = NULL;
    stats->is_partial = pipeline->settings->limit || ingest_header(pipeline->ingest)->is_reject_file;
    /* A dry run validates the export, and resolves nothing. */
    bool left_in_doubt = pipeline->settings->send && stats->in_doubt_absent > 0;
    if (status == 0 && (stats->rejected || stats->refused || stats->in_doubt || stats->unsent ||
                        left_in_doubt || stats->provider_warned))
        status = 1;
    if (pipeline->settings->send && !is_broken(pipeline, status) &&
        (refresh_counts_read_run(pipeline->ledger, stats, &error) != 0 ||
         count_in_doubt(pipeline, &error) != 0))
        status = log_and_merge_status(status, &error);
    stats->finished_ns = clock_real_ns();
    stats->status = status;
    bool was_broken = is_broken(pipeline, status); /* and reported */
    if (pipeline->settings->send && finish_ledger(pipeline, status, &error) != 0 && !was_broken) {
        status = stats->status = log_and_merge_status(status, &error);
        (void)finish_ledger(pipeline, status,
                            &error); /* where it has the run's row, with the status before */
    }
    if (pipeline->ledger)
        ledger_chain_head(pipeline->ledger, stats->chain_head);
    return report(pipeline, status);
}

static size_t worker_count(void)
{
    cpu_set_t cores; /* those that this process may use: taskset and containers restrict them */

    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? (size_t)CPU_COUNT(&cores) : 1;
}

int pipeline_run(const struct pipeline_settings *settings, struct run_stats *stats)
{
    struct pipeline pipeline = {
        .settings = settings,
        .job = settings->job,
        .stats = stats,
        .workers = worker_count(),
    };
    uint64_t started_ns = clock_mono_ns();
    struct error error = {0};
    int status = 0;

    pipeline.queue = coordinator_queue_new(ingest_batches(pipeline.workers));
    pipeline.customer_index = customer_index_new(settings->job->unique_count);
    if (open_pipeline(&pipeline, &error) == 0) {
        const struct coordinator_parts parts = {
            .settings = settings,
            .ingest = pipeline.ingest,
            .queue = pipeline.queue,
            .decide = {.index = pipeline.customer_index,
                       .ledger = pipeline.ledger,
                       .job = settings->job,
                       .provider = settings->provider,
                       .fingerprint = pipeline.fingerprint,
                       .retry_refused = settings->retry_refused,
                       .is_dry = !settings->send},
            .rejects = pipeline.rejects,
            .dispatcher = pipeline.dispatcher,
            .stats = stats,
        };
        bool ended;
        status = coordinator_run(&parts, &ended);
        stats->seconds = (double)(clock_mono_ns() - started_ns) / (double)CLOCK_NS_PER_S;
        status = finish(&pipeline, status, ended);
    } else {
        status = log_and_merge_status(status, &error);
        finish_unstarted(&pipeline, status);
    }
    close_pipeline(&pipeline);
    return status;
}
