#include "pipeline/find_record.h"

#include <string.h>

#include "core/clock.h"
#include "core/text.h"
#include "dispatch/coordinator_queue.h"
#include "job/job_auto.h"
#include "pipeline/customer_index.h"
#include "pipeline/ingest.h"
#include "pipeline/job_ledger.h"

enum { WORKERS = 2, WAIT_S = 10 };

struct finder {
    const struct record_search *search;
    struct coordinator_queue *queue;
    struct customer_index *index;
    struct ingest *ingest;
    struct rule_set *rules;
    struct ledger *ledger;
    struct fingerprint *fingerprint; /* NULL without a ledger */
    uint64_t rows;
};

static int open_ledger(struct finder *finder, struct error *error)
{
    const struct job *job = finder->search->job;
    const struct provider *provider = finder->search->provider;

    finder->ledger = job_ledger_open(job, provider, JOB_LEDGER_READ_ANY, NULL, error);
    if (!finder->ledger)
        return error->scope == ERROR_NONE ? 0 : -1;
    finder->fingerprint = fingerprint_new(ledger_fingerprint_key(finder->ledger), provider->fields);
    return customer_index_load(finder->index, finder->ledger, error);
}

static int open_all(struct finder *finder, struct error *error)
{
    struct job *job = finder->search->job;
    const struct provider_fields *fields = finder->search->provider->fields;
    int32_t today = (int32_t)(clock_real_ns() / CLOCK_NS_PER_S / 86400);

    finder->ingest = ingest_open(job, -1, error);
    if (!finder->ingest)
        return -1;
    const struct reader_header *header = ingest_header(finder->ingest);
    if (job_auto_match(job, fields, header->columns, header->column_count, error) != 0)
        return -1;
    finder->rules = rule_set_new(job, fields, header->names, header->name_count, today, error);
    if (!finder->rules || open_ledger(finder, error) != 0)
        return -1;
    const struct ingest_rules rules = {
        .set = finder->rules,
        .fields = fields,
        .fingerprint_key = finder->ledger ? ledger_fingerprint_key(finder->ledger) : NULL,
        .limit = job->input.skip_footer ? 0 : finder->search->row, /* a part has no footer */
        .identify = true,
    };
    return ingest_start(finder->ingest, &rules, WORKERS, finder->queue, error);
}

/* Compares the normal form, or the source text where the key is invalid. */
static bool has_key(const struct finder *finder, const struct record *record, const char *key)
{
    const size_t *columns;

    if (!record->cells)
        return false;
    if (record->values && record->values[FIELD_EXTERNAL_ID].state == VALUE_PRESENT)
        return slice_is(record->values[FIELD_EXTERNAL_ID].text, key);
    const struct job_mapping *mapping = rule_set_source(finder->rules, FIELD_EXTERNAL_ID, &columns);
    for (size_t i = 0; mapping && i < mapping->column_count; i++)
        if (columns[i] < record->cell_count && slice_is(text_trim(record->cells[columns[i]]), key))
            return true;
    return false;
}

static bool is_wanted(const struct finder *finder, const struct record *record)
{
    const struct record_search *search = finder->search;

    return search->row ? record->input == 0 && record->row == search->row
                       : has_key(finder, record, search->key);
}

/* Decides as the coordinator would, and reports the record to the caller. 1, or -1. */
static int report_match(struct finder *finder, struct record *record, struct arena *arena,
                        void (*found)(void *context, const struct found_record *found), void *context,
                        struct error *error)
{
    const struct record_search *search = finder->search;
    const struct decide_context decider = {.index = finder->index,
                                           .ledger = finder->ledger,
                                           .job = search->job,
                                           .provider = search->provider,
                                           .fingerprint = finder->fingerprint,
                                           .is_dry = true};
    struct found_record match = {.record = record,
                                 .header = ingest_header(finder->ingest),
                                 .rules = finder->rules,
                                 .arena = arena,
                                 .has_ledger = finder->ledger != NULL};
    struct ledger_customer customer;

    if (!record->rejected && !record->skipped && decide(&decider, record, arena, &match.decision, error) != 0)
        return -1;
    const struct customer_index_entry *known =
        finder->ledger && record->unique_known & 1
            ? customer_index_find(finder->index, record->unique_hash[0])
            : NULL;
    if (known) {
        int result = ledger_find(finder->ledger, (int64_t)known->id, arena, &customer, error);
        if (result < 0)
            return -1;
        match.customer = result ? &customer : NULL;
    }
    found(context, &match);
    return 1;
}

static bool was_sent(const struct finder *finder, const struct record *record)
{
    const struct customer_index_entry *known =
        finder->ledger ? customer_index_find(finder->index, record->unique_hash[0]) : NULL;

    return known && !known->is_unsent;
}

/* 1: found and reported; 0: not in this batch; -1. */
static int search_batch(struct finder *finder, struct batch *batch,
                        void (*found)(void *context, const struct found_record *found), void *context,
                        struct error *error)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct record *record = &batch->records[i];
        finder->rows++;
        customer_index_check_unique(finder->index, finder->search->job, record, &batch->arena);
        if (customer_index_check_erased(finder->index, record, &batch->arena, error) != 0)
            return -1;
        if (is_wanted(finder, record))
            return report_match(finder, record, &batch->arena, found, context, error);
        /* A run would create it, so a later record of the same person is its twin. */
        if (!record->rejected && !record->skipped && record->identity_hash && !was_sent(finder, record))
            customer_index_mark_identity(finder->index, record);
    }
    return 0;
}

int find_record(const struct record_search *search,
                void (*found)(void *context, const struct found_record *found), void *context, uint64_t *rows,
                struct error *error)
{
    struct finder finder = {.search = search};
    struct coordinator_queue_arrivals arrivals = {0};
    int result;

    finder.queue = coordinator_queue_new(ingest_batches(WORKERS));
    finder.index = customer_index_new(search->job->unique_count);
    result = open_all(&finder, error);
    while (result == 0 && !arrivals.ended) {
        coordinator_queue_wait(finder.queue, true, clock_mono_ns() + WAIT_S * CLOCK_NS_PER_S, &arrivals);
        if (!arrivals.batch)
            continue;
        result = search_batch(&finder, arrivals.batch, found, context, error);
        ingest_recycle(finder.ingest, arrivals.batch);
    }
    if (result == 0)
        result = ingest_result(finder.ingest, error);
    *rows = finder.rows;
    ingest_close(finder.ingest);
    fingerprint_free(finder.fingerprint);
    ledger_close(finder.ledger);
    customer_index_free(finder.index);
    rule_set_free(finder.rules);
    coordinator_queue_free(finder.queue);
    return result;
}
