#include "pipeline/pipeline.h"

#include <errno.h>
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
#include "delivery/lanes.h"
#include "job/job_auto.h"
#include "pipeline/coordinator.h"
#include "pipeline/history.h"
#include "pipeline/signals.h"
#include "report/rejects.h"
#include "rules/rule_set.h"

enum {
    FILES_BESIDE = 40, /* open at once beside connections, locks and documents: some 20, and room */
};

struct pipeline {
    const struct pipeline_settings *settings;
    const struct job *job;
    struct tally *tally;
    size_t workers;
    struct inbox *inbox;
    struct signals signals;
    struct intake *intake;
    struct rule_set *rules;
    struct ledger *ledger;
    struct fingerprint *fingerprint; /* NULL without a ledger */
    struct roster *roster;
    struct rejects *rejects;
    struct sending *sending;
};

static struct ledger_identity identity_of(const struct pipeline *pipeline)
{
    return (struct ledger_identity){
        .job = pipeline->job->name,
        .provider = pipeline->settings->provider->name,
        .base_url = provider_base_url(pipeline->settings->provider, pipeline->job),
    };
}

/* The guard of a pass that only reads the ledger, which may be NULL. Where another pass is to send, its error
 * is that of the run. A dry run goes on, and reports it: what it plans is then not what a run would do. */
static int check_history(const struct pipeline *pipeline, const struct ledger_identity *identity,
                         struct error *error)
{
    const struct pipeline_settings *settings = pipeline->settings;
    int result = 0;

    if (settings->new_ledger)
        return 0;
    struct history *history = history_load(pipeline->job, identity, error);
    if (!history)
        result = -1;
    else if (pipeline->ledger)
        result = history_check_ledger(history, pipeline->ledger, error);
    else
        result = history_check_empty(history, error);
    history_free(history);
    if (result == 0 || settings->is_first_pass)
        return result;
    log_warning("%s (a run stops here; this dry run goes on %s)", error->text,
                pipeline->ledger ? "with this ledger" : "as if every customer were new");
    return 0;
}

static int open_ledger(struct pipeline *pipeline, struct error *error)
{
    const struct pipeline_settings *settings = pipeline->settings;
    const struct job *job = pipeline->job;
    const struct ledger_identity identity = identity_of(pipeline);

    if (settings->send) {
        pipeline->ledger = history_open(job, &identity, settings->new_ledger, error);
        if (!pipeline->ledger)
            return -1;
    } else {
        pipeline->ledger = ledger_open(job->ledger_path, LEDGER_READ, &identity, &job->ledger_key, error);
        if (!pipeline->ledger && error->scope != ERROR_NONE)
            return -1;
        if (check_history(pipeline, &identity, error) != 0)
            return -1;
        if (!pipeline->ledger)
            return 0;
    }
    pipeline->fingerprint =
        fingerprint_new(ledger_fingerprint_key(pipeline->ledger), settings->provider->fields);
    return roster_load(pipeline->roster, pipeline->ledger, error);
}

static int start_run(struct pipeline *pipeline, struct error *error)
{
    const struct ledger_identity identity = identity_of(pipeline);
    uint8_t digest[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1];
    const struct sending_parts parts = {
        .job = pipeline->job,
        .provider = pipeline->settings->provider,
        .ledger = pipeline->ledger,
        .fingerprint = pipeline->fingerprint,
        .inbox = pipeline->inbox,
        .rejects = pipeline->rejects,
        .tally = pipeline->tally,
    };

    digest_sha256(pipeline->job->text, slice_make(NULL, 0), digest);
    if (ledger_begin(pipeline->ledger, error) != 0 ||
        ledger_run_start(pipeline->ledger, pipeline->tally->command, KYC_VERSION,
                         digest_hex(digest, sizeof digest, hex), pipeline->tally->started_ns, error) != 0 ||
        ledger_commit(pipeline->ledger, error) != 0 ||
        history_note(pipeline->job, &identity, pipeline->ledger, error) != 0)
        return -1;
    pipeline->sending = sending_open(&parts, error);
    return pipeline->sending ? 0 : -1;
}

static void map_fields(const struct pipeline *pipeline)
{
    for (size_t i = 0; i < field_count(); i++) {
        size_t column;
        const struct job_mapping *mapping = rule_set_source(pipeline->rules, (enum field_id)i, &column);
        if (mapping)
            tally_map_field(pipeline->tally, (enum field_id)i, column, mapping->column);
    }
}

/* A limit that is met in the middle of a run would look like a provider or a disk that fails. */
static int need_files(const struct pipeline *pipeline, struct error *error)
{
    const struct pipeline_settings *settings = pipeline->settings;
    size_t count = FILES_BESIDE + pipeline->workers;
    uint32_t each;

    if (settings->send) /* libcurl keeps as many idle connections as may be busy */
        count += LANE_LOCKS_MAX * pipeline->job->provider.credential_count +
                 2 * (size_t)lanes_in_flight(pipeline->job, settings->provider, &each);
    return process_need_files(count, error);
}

/* Everything that must be right before the first record is taken. */
static int open_pipeline(struct pipeline *pipeline, struct error *error)
{
    const struct job *job = pipeline->job;
    const struct provider_fields *fields = pipeline->settings->provider->fields;
    int32_t today = (int32_t)(pipeline->tally->started_ns / CLOCK_NS_PER_S / 86400);

    if (need_files(pipeline, error) != 0)
        return -1;
    if (signals_start(&pipeline->signals, pipeline->inbox) != 0)
        return error_set(
            error, ERROR_USAGE,
            "cannot wait for signals: %s; raise the limits on processes (ulimit -u) and on open files (ulimit -n)",
            strerror(errno));
    pipeline->intake = intake_open(job, pipeline->signals.stop_fd, error);
    if (!pipeline->intake)
        return -1;
    if (pipeline->settings->strict && strict_check(pipeline->settings->strict, error) != 0)
        return -1;
    const struct reader_header *header = intake_header(pipeline->intake);
    if (job_auto_match(pipeline->settings->job, fields, header->columns, header->column_count, error) != 0)
        return -1;
    pipeline->rules = rule_set_new(job, fields, header->columns, header->column_count, today, error);
    if (!pipeline->rules || open_ledger(pipeline, error) != 0)
        return -1;
    map_fields(pipeline);
    const struct rejects_header rejects_header = {header->source_columns, header->column_count, header->raw};
    pipeline->rejects = rejects_open(job->report_folder, &job->input, &rejects_header, error);
    if (!pipeline->rejects || (pipeline->settings->send && start_run(pipeline, error) != 0))
        return -1;
    const struct intake_rules rules = {
        .set = pipeline->rules,
        .fields = fields,
        .fingerprint_key = pipeline->ledger ? ledger_fingerprint_key(pipeline->ledger) : NULL,
        .limit = pipeline->settings->limit,
        .identify = !pipeline->settings->send && job->delivery.refuse_twins,
    };
    return intake_start(pipeline->intake, &rules, pipeline->workers, pipeline->inbox, error);
}

static void close_pipeline(struct pipeline *pipeline)
{
    intake_close(pipeline->intake);
    sending_close(pipeline->sending);
    rejects_drop(pipeline->rejects);
    fingerprint_free(pipeline->fingerprint);
    ledger_close(pipeline->ledger);
    roster_free(pipeline->roster);
    rule_set_free(pipeline->rules);
    signals_stop(&pipeline->signals);
    inbox_free(pipeline->inbox);
}

/* Logs an error and returns the status that counts. */
static int worse(int status, const struct error *error)
{
    log_error("%s", error->text);
    return error_worse_status(status, (int)error->scope);
}

/* Whether the inputs were read to their end, and held enough. A run that was stopped (status) is not
 * complete, wherever its reading stood; that an input was broken is said all the same. */
static int check_input(struct pipeline *pipeline, int status)
{
    struct tally *tally = pipeline->tally;
    const struct job_input *input = &pipeline->job->input;
    struct error error;

    for (size_t i = 0; i < tally->input_count; i++)
        tally->inputs[i].complete = status == 0 && intake_is_complete(pipeline->intake, i);
    if (intake_result(pipeline->intake, &error) != 0)
        return worse(status, &error);
    if (!pipeline->settings->limit && tally->read < input->min_records) {
        error_set(&error, ERROR_INPUT,
                  "%s%s: %" PRIu64 " records, fewer than input.min_records (%" PRIu64
                  "): is the export complete?",
                  input->paths[0], input->path_count > 1 ? " and the other inputs" : "", tally->read,
                  input->min_records);
        return worse(status, &error);
    }
    return status;
}

static bool is_complete(const struct tally *tally)
{
    for (size_t i = 0; i < tally->input_count; i++)
        if (!tally->inputs[i].complete)
            return false;
    return true;
}

/* The last transaction: the run with its counts. */
static int finish_ledger(struct pipeline *pipeline, int status, struct error *error)
{
    const struct ledger_identity identity = identity_of(pipeline);
    struct buffer counts, inputs;
    struct json_writer writer;
    int result;

    buffer_init(&counts, 1 << 24);
    buffer_init(&inputs, 1 << 24);
    tally_write_json(pipeline->tally, &counts);
    json_write_begin(&writer, &inputs);
    tally_write_inputs(pipeline->tally, &writer);
    result = ledger_begin(pipeline->ledger, error);
    if (result == 0)
        result = sending_note_end(pipeline->sending, error);
    if (result == 0)
        result = ledger_run_finish(pipeline->ledger, status, buffer_slice(&inputs), buffer_slice(&counts),
                                   pipeline->tally->finished_ns, error);
    if (result == 0)
        result = ledger_commit(pipeline->ledger, error);
    if (result == 0)
        result = history_note(pipeline->job, &identity, pipeline->ledger, error);
    buffer_clear(&counts);
    buffer_clear(&inputs);
    return result;
}

static int finish(struct pipeline *pipeline, int status, bool ended)
{
    struct tally *tally = pipeline->tally;
    struct error error;

    if (pipeline->sending)
        sending_finish(pipeline->sending);
    tally_settle(tally);
    for (size_t i = 0; i < tally->input_count; i++)
        tally->inputs[i].bytes = intake_bytes(pipeline->intake, i);
    if (ended)
        status = check_input(pipeline, status);
    if (pipeline->settings->strict && ended && strict_check(pipeline->settings->strict, &error) != 0)
        status = worse(status, &error);
    if (pipeline->settings->is_first_pass) {
        if (status == 0 && tally->rejected == 0)
            return PIPELINE_ALL_VALID;
        tally->unsent = tally->valid;
    }
    if (pipeline->ledger && is_complete(tally)) {
        tally->absent = roster_absent(pipeline->roster);
        tally->in_doubt_absent = roster_absent_in_doubt(pipeline->roster);
    }
    if (rejects_commit(pipeline->rejects, &error) != 0)
        status = worse(status, &error);
    pipeline->rejects = NULL;
    /* A dry run judges the export, and settles nothing. */
    bool left_in_doubt = pipeline->settings->send && tally->in_doubt_absent > 0;
    if (status == 0 && (tally->rejected || tally->refused || tally->in_doubt || tally->unsent ||
                        left_in_doubt || tally->provider_warned))
        status = 1;
    tally->finished_ns = clock_real_ns();
    tally->status = status;
    if (pipeline->ledger)
        ledger_chain_head(pipeline->ledger, tally->chain_head);
    if (pipeline->settings->send && finish_ledger(pipeline, status, &error) != 0 &&
        status != ERROR_LEDGER) /* else the ledger has failed before, and that was told */
        status = tally->status = worse(status, &error);
    return status;
}

static size_t worker_count(void)
{
    cpu_set_t cores; /* those that this process may use: taskset and containers give less than there are */

    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? (size_t)CPU_COUNT(&cores) : 1;
}

int pipeline_run(const struct pipeline_settings *settings, struct tally *tally)
{
    struct pipeline pipeline = {
        .settings = settings,
        .job = settings->job,
        .tally = tally,
        .workers = worker_count(),
    };
    uint64_t started_ns = clock_mono_ns();
    struct error error = {0};
    int status = 0;

    pipeline.inbox = inbox_new(intake_batches(pipeline.workers));
    pipeline.roster = roster_new(settings->job->unique_count);
    if (open_pipeline(&pipeline, &error) == 0) {
        const struct coordinator_parts parts = {
            .settings = settings,
            .intake = pipeline.intake,
            .inbox = pipeline.inbox,
            .decide = {.roster = pipeline.roster,
                       .ledger = pipeline.ledger,
                       .job = settings->job,
                       .provider = settings->provider,
                       .fingerprint = pipeline.fingerprint,
                       .retry_refused = settings->retry_refused,
                       .is_dry = !settings->send},
            .rejects = pipeline.rejects,
            .sending = pipeline.sending,
            .tally = tally,
        };
        bool ended;
        status = coordinator_run(&parts, &ended);
        tally->seconds = (double)(clock_mono_ns() - started_ns) / (double)CLOCK_NS_PER_S;
        status = finish(&pipeline, status, ended);
    } else {
        status = worse(status, &error);
    }
    close_pipeline(&pipeline);
    return status;
}
