#include "pipeline/adopt_export.h"

#include "core/clock.h"
#include "job/job_auto.h"
#include "pipeline/customer_index.h"
#include "pipeline/decide.h"
#include "pipeline/ingest.h"
#include "rules/rule_set.h"

enum { WORKERS = 2, WAIT_S = 10 };

struct adopt_export {
    const struct adopt_export_parts *parts;
    struct adopt_plan *plan;
    struct adopt_export_counts *counts;
    struct customer_index *index;
    struct ingest *ingest;
    struct rule_set *rules;
    struct fingerprint *fingerprint;
};

static int open_all(struct adopt_export *export, struct error *error)
{
    const struct adopt_export_parts *parts = export->parts;
    const struct provider_fields *fields = parts->provider->fields;
    int32_t today = (int32_t)(clock_real_ns() / CLOCK_NS_PER_S / 86400);

    export->ingest = ingest_open(parts->job, parts->stop_fd, error);
    if (!export->ingest)
        return -1;
    const struct reader_header *header = ingest_header(export->ingest);
    if (job_auto_match(parts->job, fields, header->columns, header->column_count, error) != 0)
        return -1;
    export->rules = rule_set_new(parts->job, fields, header->names, header->name_count, today, error);
    if (!export->rules || (parts->ledger && customer_index_load(export->index, parts->ledger, error) != 0))
        return -1;
    const struct ingest_rules rules = {
        .set = export->rules, .fields = fields, .fingerprint_key = parts->key, .limit = parts->limit};
    return ingest_start(export->ingest, &rules, WORKERS, parts->queue, error);
}

/* A record whose customer has a user. */
static int count_known(struct adopt_export *export, struct record *record, struct arena *arena,
                       struct error *error)
{
    const struct adopt_export_parts *parts = export->parts;
    const struct decide_context decider = {.index = export->index,
                                           .ledger = parts->ledger,
                                           .job = parts->job,
                                           .provider = parts->provider,
                                           .fingerprint = export->fingerprint,
                                           .is_dry = true};
    struct decision decision;

    if (decide(&decider, record, arena, &decision, error) != 0)
        return -1;
    export->counts->update += decision.kind == DECISION_UPDATE;
    export->counts->unchanged += decision.kind == DECISION_UNCHANGED;
    export->counts->refused += decision.kind == DECISION_REFUSED;
    return 0;
}

static int add_record(struct adopt_export *export, struct record *record, struct arena *arena,
                      struct error *error)
{
    struct ledger *ledger = export->parts->ledger;
    struct ledger_customer customer;

    customer_index_check_unique(export->index, export->parts->job, record, arena);
    if (customer_index_check_erased(export->index, record, arena, error) != 0)
        return -1;
    export->counts->read++;
    export->counts->skipped += record->skipped;
    export->counts->rejected += record->rejected;
    if (record->skipped || record->rejected)
        return 0;
    const struct customer_index_entry *known =
        ledger ? customer_index_find(export->index, record->unique_hash[0]) : NULL;
    if (known && known->has_user_id)
        return count_known(export, record, arena, error);
    if (known && ledger_find_known(ledger, (int64_t)known->id, arena, &customer, error) != 0)
        return -1;
    adopt_plan_add_record(export->plan, record, known ? &customer : NULL);
    return 0;
}

static int read_all(struct adopt_export *export, struct error *error)
{
    struct coordinator_queue_arrivals arrivals = {0};
    int result = 0;

    while (result == 0 && !arrivals.ended) {
        coordinator_queue_wait(export->parts->queue, true, clock_mono_ns() + WAIT_S * CLOCK_NS_PER_S,
                               &arrivals);
        if (arrivals.interrupts)
            return error_set(error, ERROR_INTERRUPTED, "interrupted: the export was not read to its end");
        if (!arrivals.batch)
            continue;
        for (size_t i = 0; i < arrivals.batch->count && result == 0; i++)
            result = add_record(export, &arrivals.batch->records[i], &arrivals.batch->arena, error);
        ingest_recycle(export->ingest, arrivals.batch);
    }
    return result == 0 ? ingest_result(export->ingest, error) : -1;
}

struct coordinator_queue *adopt_export_queue(void)
{
    return coordinator_queue_new(ingest_batches(WORKERS));
}

int adopt_export_read(const struct adopt_export_parts *parts, struct adopt_plan *plan,
                      struct adopt_export_counts *counts, struct error *error)
{
    struct adopt_export export = {.parts = parts, .plan = plan, .counts = counts};

    *counts = (struct adopt_export_counts){.read = 0};
    export.index = customer_index_new(parts->job->unique_count);
    export.fingerprint = fingerprint_new(parts->key, parts->provider->fields);
    int result = open_all(&export, error);
    if (result == 0)
        result = read_all(&export, error);
    if (result == 0)
        adopt_plan_end_records(plan);
    ingest_close(export.ingest);
    fingerprint_free(export.fingerprint);
    customer_index_free(export.index);
    rule_set_free(export.rules);
    return result;
}
