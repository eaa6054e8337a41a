#include "pipeline/coordinator.h"

#include <inttypes.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "pipeline/run_progress.h"

enum {
    COMPARED_MIN = 1000, /* known customers compared before the share of changed ones is meaningful */
    EXPENSIVE_MIN = 100, /* records read before the share of expensive ones is meaningful */
    TWINS_MIN = 10,      /* a few customers that register again never stop a run */
};

struct coordinator {
    struct coordinator_parts parts;
    struct batch *batch; /* in process; NULL: none */
    size_t next_record;
    uint64_t expensive;         /* records with a value on which a pattern exceeded its match limit */
    uint64_t compared, changed; /* customers with a user */
    uint64_t creates, twins;    /* records to be created, and the twins among them that no earlier run had
                                   refused */
    bool twins_warned;          /* a dry run has warned that a run would stop */
    bool prefetches;            /* what a round reads of the ledger is read at once */
    struct ledger_wanted wanted;
    bool ended;    /* every batch was received */
    bool stopping; /* no further record is processed */
    unsigned interrupts;
    int status;
    struct run_progress progress;
};

/* Logs the reason and stops before the next record. at_once: drops requests in flight. */
static void request_stop(struct coordinator *coordinator, const struct error *reason, bool at_once)
{
    log_failure(reason);
    coordinator->status = error_worse_status(coordinator->status, (int)reason->scope);
    coordinator->stopping = true;
    if (coordinator->parts.dispatcher)
        dispatcher_stop(coordinator->parts.dispatcher, at_once);
}

static void stop_if_many_expensive(struct coordinator *coordinator, const struct record *record)
{
    const struct run_stats *stats = coordinator->parts.stats;
    struct error error;

    for (size_t i = 0; i < record->verdict_count; i++) {
        if (strcmp(record->verdicts[i].rule, RULE_EXPENSIVE) != 0)
            continue;
        coordinator->expensive++;
        break;
    }
    if (stats->read >= EXPENSIVE_MIN && coordinator->expensive * 100 >= stats->read &&
        coordinator->expensive > 0) {
        error_set(
            &error, ERROR_USAGE,
            "%s: a pattern of the job exceeds the match limit on 1 %% of the rows (rule `expensive` in the report)\nhint: rewrite the pattern",
            coordinator->parts.settings->job->path);
        request_stop(coordinator, &error, false);
    }
}

/* A renamed column must not rewrite every user. */
static void stop_if_many_changed(struct coordinator *coordinator, const struct decision *decision)
{
    const struct pipeline_settings *settings = coordinator->parts.settings;
    uint32_t max = settings->job->delivery.updated_share;
    struct error error;

    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): decide fills it for such a record. */
    coordinator->compared += decision->is_known;
    coordinator->changed +=
        decision->is_known && decision->kind != DECISION_UNCHANGED && !decision->is_repeat;
    if (!coordinator->parts.dispatcher || settings->accept_updates || coordinator->compared < COMPARED_MIN ||
        coordinator->changed * 100 <= coordinator->compared * max)
        return;
    error_set(
        &error, ERROR_PROVIDER,
        "%" PRIu64 " of %" PRIu64
        " known customers have changed, more than delivery.stop_after.updated_share (%" PRIu32
        " %%)\nhint: check whether a column was renamed or reformatted (kyc-import explain shows a row step by step); if the changes are right, run again with --accept-updates",
        coordinator->changed, coordinator->compared, max);
    coordinator->parts.stats->stopped =
        "more customers changed than delivery.stop_after.updated_share allows";
    request_stop(coordinator, &error, false);
}

/* A key column that was reformatted turns every customer into a new one. */
static int stop_if_many_twins(struct coordinator *coordinator, const struct decision *decision,
                              struct error *error)
{
    const struct coordinator_parts *parts = &coordinator->parts;
    uint32_t share = parts->settings->job->delivery.twins_share;
    struct error why;

    coordinator->creates += decision->kind == DECISION_CREATE || (decision->is_twin && !decision->twin_known);
    coordinator->twins += decision->is_twin && !decision->twin_known;
    if (!decision->is_twin || coordinator->stopping || coordinator->twins_warned || share >= 100 ||
        coordinator->twins < TWINS_MIN || coordinator->twins * 100 < coordinator->creates * share)
        return 0;
    error_set(
        &why, ERROR_PROVIDER,
        "%" PRIu64 " of %" PRIu64
        " customers to create are known under another key (e-mail, names and birth date agree), at least delivery.stop_after.twins (%" PRIu32
        " %%): was the key column reformatted?\nhint: restore the old keys; or give the known customers their new keys by a CSV file with the columns old_external_id and new_external_id: kyc-import resolve %s --rekey FILE",
        coordinator->twins, coordinator->creates, share, parts->settings->job->path);
    coordinator->twins_warned = true;
    if (!parts->dispatcher) {
        log_warning("a run would stop: %s", why.text);
        return 0;
    }
    parts->stats->stopped = "customers are known under another key: was the key column reformatted?";
    request_stop(coordinator, &why, false);
    return dispatcher_stop_twins(parts->dispatcher, error);
}

/* Every row was valid in the first pass. */
static void stop_if_strict(struct coordinator *coordinator, const struct record *record)
{
    const struct coordinator_parts *parts = &coordinator->parts;
    struct error error;

    if (!parts->settings->snapshot || !parts->dispatcher)
        return;
    error_set(
        &error, ERROR_INPUT,
        "%s: row %" PRIu64
        " was valid in the first pass (--strict) and is not valid any more: the file, or a document that it names, changed; no further row is sent\nhint: wait until the export is complete, then run again",
        parts->stats->inputs[record->input].path, record->row);
    request_stop(coordinator, &error, false);
}

static int add_refused(struct coordinator *coordinator, const struct record *record,
                       const struct decision *decision, struct error *error)
{
    struct coordinator_parts *parts = &coordinator->parts;
    const struct verdict verdict = {.field = decision->field,
                                    .level = VERDICT_REJECT,
                                    .rule = decision->rule,
                                    .message = decision->message};

    *(decision->is_twin ? &parts->stats->plan.twins : &parts->stats->plan.refused) += 1;
    if (!parts->dispatcher)
        return 0;
    run_stats_count(parts->stats, RUN_STATS_REFUSED);
    if (decision->is_twin && !decision->twin_known &&
        dispatcher_record_twin(parts->dispatcher, record, decision, error) != 0)
        return -1;
    run_stats_add_refusal(parts->stats, record, decision->field, decision->rule, "");
    return rejects_add_refused(parts->rejects, record, &verdict, error);
}

/* Counts a valid record and, in a run, sends it. 0, or -1. */
static int apply_decision(struct coordinator *coordinator, const struct record *record,
                          const struct decision *decision, struct error *error)
{
    struct coordinator_parts *parts = &coordinator->parts;
    struct run_stats *stats = parts->stats;
    bool hold = !parts->settings->job->delivery.settle;

    switch (decision->kind) {
    case DECISION_CREATE:
        stats->plan.create++;
        break;
    case DECISION_UPDATE:
        stats->plan.update++;
        break;
    case DECISION_UNCHANGED:
        stats->plan.unchanged++;
        if (parts->dispatcher)
            run_stats_count(stats, RUN_STATS_UNCHANGED);
        return 0;
    case DECISION_REFUSED:
        return add_refused(coordinator, record, decision, error);
    case DECISION_RECONCILE:
    case DECISION_HELD:
        stats->plan.settle++;
        if (!hold && decision->kind == DECISION_RECONCILE)
            break;
        if (parts->dispatcher)
            run_stats_count(stats, RUN_STATS_IN_DOUBT);
        return 0;
    }
    if (!parts->dispatcher)
        return 0;
    if (coordinator->stopping) { /* since this record: too many have changed */
        run_stats_count(stats, RUN_STATS_UNSENT);
        return 0;
    }
    return dispatcher_add(parts->dispatcher, record, decision, error);
}

/* Writes what the row of a known customer adds to the ledger; an update has it in its journal entry. */
static int record_identity(struct coordinator *coordinator, const struct record *record,
                           const struct decision *decision, struct error *error)
{
    bool is_known =
        decision->is_known && (decision->kind == DECISION_UNCHANGED || decision->kind == DECISION_REFUSED);

    if (!coordinator->parts.dispatcher || !is_known || !(decision->lacks_identity || decision->agrees))
        return 0;
    return dispatcher_record_identity(coordinator->parts.dispatcher, record, decision, error);
}

static int process_record(struct coordinator *coordinator, struct record *record, struct error *error)
{
    struct coordinator_parts *parts = &coordinator->parts;
    struct arena *arena = &coordinator->batch->arena;
    struct decision decision;
    int result = 0;

    customer_index_check_unique(parts->decide.index, parts->settings->job, record, arena);
    if (customer_index_check_erased(parts->decide.index, record, arena, error) != 0)
        return -1;
    if (record->skipped) {
        run_stats_add_record(parts->stats, record);
        return 0;
    }
    if (!record->rejected)
        result = decide(&parts->decide, record, arena, &decision, error);
    run_stats_add_record(parts->stats, record);
    if (record->verdict_count)
        stop_if_many_expensive(coordinator, record);
    if (record->rejected) {
        stop_if_strict(coordinator, record);
        return customer_index_is_erased(record) ? 0 : rejects_add(parts->rejects, record, error);
    }
    if (parts->settings->is_first_pass || (result != 0 && parts->dispatcher))
        run_stats_count(parts->stats, RUN_STATS_UNSENT);
    if (result != 0)
        return -1;
    stop_if_many_changed(coordinator, &decision);
    if (apply_decision(coordinator, record, &decision, error) != 0 ||
        record_identity(coordinator, record, &decision, error) != 0)
        return -1;
    return stop_if_many_twins(coordinator, &decision, error);
}

static bool wants_record(const struct coordinator *coordinator)
{
    return !coordinator->stopping &&
           (!coordinator->parts.dispatcher || dispatcher_has_capacity(coordinator->parts.dispatcher));
}

/* Processes the current batch as far as there is capacity. 0, or -1. */
static int process_records(struct coordinator *coordinator, struct error *error)
{
    while (coordinator->batch && wants_record(coordinator)) {
        struct batch *batch = coordinator->batch;
        if (coordinator->next_record < batch->count) {
            if (process_record(coordinator, &batch->records[coordinator->next_record++], error) != 0)
                return -1;
        } else {
            coordinator->batch = NULL;
            ingest_recycle(coordinator->parts.ingest, batch);
        }
    }
    return 0;
}

static void start_batch(struct coordinator *coordinator, struct batch *batch)
{
    coordinator->batch = batch;
    coordinator->next_record = 0;
    for (size_t i = 0; i < batch->count; i++)
        customer_index_prefetch(coordinator->parts.decide.index, &batch->records[i]);
}

static void handle_signals(struct coordinator *coordinator, unsigned interrupts)
{
    struct error error;

    if (interrupts == coordinator->interrupts)
        return;
    bool at_once = interrupts > 1;
    coordinator->interrupts = interrupts;
    error_set(
        &error, ERROR_INTERRUPTED,
        at_once
            ? "interrupted twice: dropping requests in flight; the next run will check what became of them"
            : "interrupted: finishing the requests in flight (interrupt again to stop at once)\nhint: run again to resume");
    request_stop(coordinator, &error, at_once);
}

static uint64_t show_progress(struct coordinator *coordinator, uint64_t now_ns)
{
    const struct run_progress_now now = {
        .compared = coordinator->compared,
        .changed = coordinator->changed,
        .ended = coordinator->ended && !coordinator->batch,
        .drops = coordinator->interrupts > 1,
    };

    return run_progress_show(&coordinator->progress, &now, now_ns);
}

static void update_metrics(struct coordinator *coordinator, uint64_t now_ns)
{
    const struct coordinator_parts *parts = &coordinator->parts;
    struct metrics *metrics = parts->settings->metrics;

    if (!metrics || !parts->dispatcher || !metrics_is_due(metrics, now_ns))
        return;
    bool is_estimate;
    uint64_t total = ingest_total(parts->ingest, &is_estimate), done = run_stats_concluded(parts->stats);
    const struct metrics_progress progress = {
        .share = total == 0     ? -1
                 : done < total ? (double)done / (double)total
                                : 1,
        .in_doubt = dispatcher_in_doubt_count(parts->dispatcher),
    };
    dispatcher_read_figures(parts->dispatcher);
    metrics_update(metrics, parts->stats, &progress, now_ns);
}

/* Waits for a batch, an outcome, a timer or a signal. */
static void wait_for_arrivals(struct coordinator *coordinator, struct coordinator_queue_arrivals *arrivals)
{
    const struct coordinator_parts *parts = &coordinator->parts;
    uint64_t now_ns = clock_mono_ns(), until_ns = now_ns + 10 * CLOCK_NS_PER_S;
    uint64_t redraw_ns = show_progress(coordinator, now_ns);
    bool want_batch = !coordinator->batch && !coordinator->ended && wants_record(coordinator);

    update_metrics(coordinator, now_ns);
    if (redraw_ns < until_ns)
        until_ns = redraw_ns;
    if (parts->dispatcher && dispatcher_next_ns(parts->dispatcher) < until_ns)
        until_ns = dispatcher_next_ns(parts->dispatcher);
    if (coordinator->batch && wants_record(coordinator))
        until_ns = 0;
    coordinator_queue_wait(parts->queue, want_batch, until_ns, arrivals);
}

/* Its own error: another failure of the same round is logged too. */
static void stop_if_provider_stopped(struct coordinator *coordinator)
{
    struct run_stats *stats = coordinator->parts.stats; /* outlives dispatcher */
    struct dispatcher *dispatcher = coordinator->parts.dispatcher;
    struct error error;

    if (!dispatcher || !dispatcher_stop_reason(dispatcher) || stats->stopped)
        return;
    error_set(&error, ERROR_PROVIDER, "%s", dispatcher_stop_reason(dispatcher));
    text_format(stats->stopped_text, sizeof stats->stopped_text, "%s", dispatcher_stop_reason(dispatcher));
    text_format(stats->stopped_brief, sizeof stats->stopped_brief, "%s", dispatcher_stop_brief(dispatcher));
    stats->stopped = stats->stopped_text;
    request_stop(coordinator, &error, false);
}

/* Opens the round's transaction (of a dry run there is none), and reads ahead. 0, or -1. */
static int begin_round(struct coordinator *coordinator, const struct coordinator_queue_arrivals *arrivals,
                       struct error *error)
{
    const struct coordinator_parts *parts = &coordinator->parts;
    struct ledger_wanted *wanted = &coordinator->wanted;

    if (parts->dispatcher && dispatcher_begin(parts->dispatcher, error) != 0)
        return -1;
    if (!coordinator->prefetches)
        return 0;
    ledger_wanted_reset(wanted);
    for (size_t i = 0; arrivals->batch && i < arrivals->batch->count; i++)
        decide_want(&parts->decide, &arrivals->batch->records[i], wanted);
    return parts->dispatcher ? dispatcher_prefetch(parts->dispatcher, &arrivals->deliveries, wanted, error)
                             : ledger_prefetch(parts->decide.ledger, wanted, error);
}

/* One round: arrivals, then everything that follows from them, then one commit. */
static void run_round(struct coordinator *coordinator)
{
    struct dispatcher *dispatcher = coordinator->parts.dispatcher;
    struct coordinator_queue_arrivals arrivals;
    struct error error = {0};
    bool failed;

    wait_for_arrivals(coordinator, &arrivals);
    handle_signals(coordinator, arrivals.interrupts);
    if (arrivals.batch)
        start_batch(coordinator, arrivals.batch);
    coordinator->ended = coordinator->ended || arrivals.ended;
    failed = begin_round(coordinator, &arrivals, &error) != 0;
    if (failed && dispatcher)
        dispatcher_fail(dispatcher);
    if (dispatcher && dispatcher_receive(dispatcher, &arrivals.deliveries, &error) != 0)
        failed = true;
    stop_if_provider_stopped(coordinator);
    if (!failed && process_records(coordinator, &error) != 0)
        failed = true;
    if (dispatcher && dispatcher_commit(dispatcher, &error) != 0)
        failed = true;
    if (failed)
        request_stop(coordinator, &error, false);
}

static bool is_done(const struct coordinator *coordinator)
{
    bool no_more = coordinator->stopping || (coordinator->ended && !coordinator->batch);

    return no_more && (!coordinator->parts.dispatcher || dispatcher_is_idle(coordinator->parts.dispatcher));
}

int coordinator_run(const struct coordinator_parts *parts, bool *ended)
{
    struct coordinator coordinator = {
        .parts = *parts,
        .prefetches = parts->decide.ledger && ledger_is_remote(parts->settings->job->ledger_path),
    };
    const struct run_progress_parts progress = {parts->stats, parts->ingest, parts->decide.index,
                                                parts->dispatcher};

    run_progress_start(&coordinator.progress, &progress, clock_mono_ns());
    while (!is_done(&coordinator))
        run_round(&coordinator);
    run_progress_end(&coordinator.progress);
    ledger_wanted_clear(&coordinator.wanted);
    *ended = coordinator.ended && !coordinator.batch;
    return coordinator.status;
}
